//! The rights in Redis that we name are enough: in no shape is anything denied to a cluster that is used.

use roomcast_redis::processes::{ClusterProcesses, RedisProcess, WatchedProcesses};
use tokio::task::block_in_place;

use crate::audit::Allowed;
use crate::cluster::Nodes;
use crate::fleet::Fleet;
use crate::http::ask_with_key;

const USERS: &str = include_str!("../../../../deploy/redis/users.acl");
const CLUSTER: &str =
    include_str!("../../../../k8s/overlays/redis-cluster/redis-cluster/cluster.acl");
/// What a master behind sentinels is asked besides, as docs/operations.md says.
const WATCHED: &str = "+role";
/// The user of the gateways, in those files.
const USER: &str = "user roomcast ";

/// Lets the gateways' user in, with its own rights and these.
fn let_in(redis: &RedisProcess, more: &str) {
    let knows_setinfo = !redis
        .run(&["INFO", "server"])
        .contains("redis_version:7.0.");
    let lines = USERS.lines().skip_while(|line| !line.starts_with(USER));
    let more = more.lines().take_while(|line| !line.starts_with("user "));
    let mut rules = vec!["ACL", "SETUSER", "roomcast"];
    for line in lines.chain(more).filter(|line| !line.starts_with('#')) {
        let (rights, from) = line.split_once(" from ").unwrap_or((line, "7.0"));
        if from == "7.0" || knows_setinfo {
            rules.extend(rights.strip_prefix(USER).unwrap_or(rights).split(' '));
        }
    }
    rules.retain(|rule| !rule.is_empty());
    for rule in &mut rules {
        if *rule == "#PASSWORD_SHA256" {
            *rule = ">secret";
        }
    }
    assert_eq!(redis.run(&rules), "+OK\r\n", "{rules:?}");
}

fn with_login(url: &str) -> String {
    url.replace("://", "://roomcast:secret@")
}

/// Uses what a cluster offers, and looks whether Redis denied anything.
async fn nothing_is_denied(url: &str, flags: &[&str], servers: &[RedisProcess]) {
    let nodes = Nodes::at(url, flags).await;
    let fleet = Fleet::busy(&nodes).await;
    for (method, path, body) in [
        ("PUT", "/v1/rooms/den/bans/eve", r#"{"for_ms":60000}"#),
        ("GET", "/v1/rooms/den/bans", ""),
        ("DELETE", "/v1/rooms/den/bans/eve", ""),
        ("GET", "/v1/rooms/den/members", ""),
        ("GET", "/v1/rooms/den/reads", ""),
        ("GET", "/v1/users/eve", ""),
    ] {
        let answer = ask_with_key(nodes.nodes[0].address, method, path, None, body).await;
        let status = answer.map(|answer| answer.status);
        assert!(
            matches!(status, Some(200 | 204)),
            "{method} {path}: {status:?}"
        );
    }
    fleet.finish(&nodes, Allowed::Nothing).await;
    for redis in servers {
        assert_eq!(redis.run(&["ACL", "LOG"]), "*0\r\n");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rights_that_are_shipped_are_enough_on_one_redis() {
    let redis = RedisProcess::with_append_only_file();
    let_in(&redis, "");
    nothing_is_denied(&with_login(&redis.url()), &[], &[redis]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rights_that_are_shipped_are_enough_on_a_cluster() {
    let cluster = block_in_place(ClusterProcesses::start);
    cluster.nodes.iter().for_each(|node| let_in(node, CLUSTER));
    let durable = ["--redis-durable-replicas", "1"];
    nothing_is_denied(&with_login(&cluster.url()), &durable, &cluster.nodes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rights_that_are_named_are_enough_behind_sentinels() {
    let watched = block_in_place(WatchedProcesses::start);
    watched
        .servers
        .iter()
        .for_each(|server| let_in(server, WATCHED));
    let durable = ["--redis-durable-replicas", "1"];
    nothing_is_denied(&with_login(&watched.url()), &durable, &watched.servers).await;
}
