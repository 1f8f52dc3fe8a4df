//! What is done to Redis.

use std::collections::HashSet;
use std::time::Duration;

use loadtest::fault::deed::Deed;
use loadtest::rig::Rig;
use loadtest::rig::options::{BalancerWish, RigOptions};
use loadtest::stage::Stage;
use redis::{AsyncConnectionConfig, Client, FromRedisValue, RedisResult, cmd};

use crate::program::roomcast;
use crate::waiting::{PATIENCE, until};

/// Asks Redis over a new connection.
async fn ask<T: FromRedisValue>(url: &str, words: &[&str], patience: Duration) -> RedisResult<T> {
    let settings = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(patience))
        .set_response_timeout(Some(patience));
    let client = Client::open(url)?;
    let mut link = client
        .get_multiplexed_async_connection_with_config(&settings)
        .await?;
    let mut command = cmd(words[0]);
    for word in &words[1..] {
        command.arg(word);
    }
    command.query_async(&mut link).await
}

/// The numbers of the links of one kind, and for commands without that of who asks.
async fn links(url: &str, kind: &str) -> HashSet<String> {
    let list: String = ask(url, &["CLIENT", "LIST", "TYPE", kind], PATIENCE)
        .await
        .unwrap();
    let is_other = |line: &&str| !line.contains("cmd=client");
    let number = |line: &str| line.split_whitespace().next().unwrap().to_owned();
    list.lines().filter(is_other).map(number).collect()
}

#[tokio::test]
async fn what_is_done_to_redis_shows_and_is_undone() {
    let options = RigOptions {
        nodes: 1,
        balancer: BalancerWish::No,
        ..RigOptions::new(roomcast())
    };
    let rig = Rig::start(&options).await.unwrap();
    let url = rig.redis_url().to_owned();
    let mut stage = Stage::ours(rig);

    forgets_nothing_when_killed(&mut stage, &url).await;
    stage.begin(&Deed::RedisFlush).await.unwrap();
    stage.end(&Deed::RedisFlush).await.unwrap();
    let kept: Option<String> = ask(&url, &["GET", "kept"], PATIENCE).await.unwrap();
    assert_eq!(kept, None);

    has_no_memory(&mut stage, &url).await;
    stands_still(&mut stage, &url).await;
    cuts(&mut stage, &url, &Deed::CutFeed, "pubsub").await;
    cuts(&mut stage, &url, &Deed::CutCommands, "normal").await;

    assert_eq!(stage.trouble(), Vec::<String>::new());
    stage.close().await.unwrap();
}

async fn forgets_nothing_when_killed(stage: &mut Stage, url: &str) {
    let _: () = ask(url, &["SET", "kept", "yes"], PATIENCE).await.unwrap();
    let before = stage.processes();
    stage.begin(&Deed::RedisRestart).await.unwrap();
    assert!(ask::<()>(url, &["PING"], PATIENCE).await.is_err());
    stage.end(&Deed::RedisRestart).await.unwrap();
    let kept: Option<String> = ask(url, &["GET", "kept"], PATIENCE).await.unwrap();
    assert_eq!(kept.as_deref(), Some("yes"));
    assert_ne!(before, stage.processes());
}

async fn has_no_memory(stage: &mut Stage, url: &str) {
    let _: () = ask(url, &["CONFIG", "SET", "maxmemory", "100mb"], PATIENCE)
        .await
        .unwrap();
    stage.begin(&Deed::RedisFull).await.unwrap();
    let set = ask::<()>(url, &["SET", "more", "yes"], PATIENCE).await;
    let error = set.unwrap_err().to_string();
    assert!(
        error.contains("OOM") || error.contains("maxmemory"),
        "{error}"
    );
    stage.end(&Deed::RedisFull).await.unwrap();
    let _: () = ask(url, &["SET", "more", "yes"], PATIENCE).await.unwrap();
    let bound: Vec<String> = ask(url, &["CONFIG", "GET", "maxmemory"], PATIENCE)
        .await
        .unwrap();
    assert_eq!(bound[1], "104857600");
}

async fn stands_still(stage: &mut Stage, url: &str) {
    stage.begin(&Deed::RedisStop).await.unwrap();
    let short = Duration::from_millis(200);
    assert!(ask::<()>(url, &["PING"], short).await.is_err());
    stage.end(&Deed::RedisStop).await.unwrap();
    ask::<()>(url, &["PING"], PATIENCE).await.unwrap();
}

/// All links of a kind are cut; the nodes make new ones.
async fn cuts(stage: &mut Stage, url: &str, deed: &Deed, kind: &str) {
    until("links", async || !links(url, kind).await.is_empty()).await;
    let before = links(url, kind).await;
    stage.begin(deed).await.unwrap();
    assert!(links(url, kind).await.is_disjoint(&before), "{deed:?}");
    stage.end(deed).await.unwrap();
    until("new links", async || !links(url, kind).await.is_empty()).await;
}
