//! Nodes that stand, and what is done to them.

use std::net::SocketAddr;

use loadtest::fault::deed::Deed;
use loadtest::rig::Rig;
use loadtest::rig::error::RigError;
use loadtest::rig::options::{BalancerWish, RigOptions};
use loadtest::rig::probe::probe;
use loadtest::stage::Stage;

use crate::program::roomcast;
use crate::socket::Socket;
use crate::waiting::until;

fn options(nodes: usize) -> RigOptions {
    RigOptions {
        nodes,
        balancer: BalancerWish::No,
        settings: vec!["--drain-ms".into(), "500".into()],
        ..RigOptions::new(roomcast())
    }
}

fn names(processes: &[(String, u32)]) -> Vec<&str> {
    processes.iter().map(|(name, _)| name.as_str()).collect()
}

#[tokio::test]
async fn a_cluster_of_three_nodes_stands_and_ends_without_a_trace() {
    let mut rig = Rig::start(&options(3)).await.unwrap();
    assert_eq!(rig.nodes(), ["gateway-1", "gateway-2", "gateway-3"]);
    assert_eq!(rig.targets().len(), 3);
    for (_, ops) in rig.ops() {
        assert_eq!(probe(ops, "/readyz").await, Some(200));
    }
    for target in rig.targets() {
        assert!(Socket::open(&target).await.is_open().await);
    }
    let processes = rig.processes();
    let all = ["gateway-1", "gateway-2", "gateway-3", "redis"];
    assert_eq!(names(&processes), all);
    assert!(rig.last_lines().contains("--- gateway-3"));
    assert_eq!(rig.trouble(), Vec::<String>::new());

    let (directory, ops) = (rig.directory().to_owned(), rig.ops());
    rig.close().await;
    assert!(!directory.exists());
    for (_, ops) in ops {
        assert_eq!(probe(ops, "/livez").await, None);
    }
    for (name, pid) in processes {
        let still = std::path::Path::new("/proc").join(pid.to_string());
        assert!(!still.exists(), "{name}");
    }
}

#[tokio::test]
async fn what_is_done_to_a_node_shows_and_is_undone() {
    let rig = Rig::start(&options(1)).await.unwrap();
    let (_, ops) = rig.ops().remove(0);
    let target = rig.targets().remove(0);
    let mut stage = Stage::ours(rig);
    let node = || "gateway-1".to_owned();

    killed(&mut stage, Deed::Kill { node: node() }, ops).await;
    assert!(Socket::open(&target).await.is_open().await, "the old port");
    killed(&mut stage, Deed::Drain { node: node() }, ops).await;
    assert!(Socket::open(&target).await.is_open().await, "the old port");
    mute(&mut stage, Deed::Stop { node: node() }, ops, &target).await;
    mute(&mut stage, Deed::Starve { node: node() }, ops, &target).await;

    assert_eq!(stage.trouble(), Vec::<String>::new());
    stage.close().await.unwrap();
}

/// The node goes away, and comes back under its address as another process.
async fn killed(stage: &mut Stage, deed: Deed, ops: SocketAddr) {
    let before = stage.processes();
    stage.begin(&deed).await.unwrap();
    until("its end", async || probe(ops, "/livez").await.is_none()).await;
    stage.end(&deed).await.unwrap();
    assert_eq!(probe(ops, "/readyz").await, Some(200), "{deed:?}");
    let after = stage.processes();
    assert_eq!(names(&before), names(&after));
    assert_ne!(before[0], after[0], "{deed:?}");
}

/// The node answers nobody new, keeps whom it has, and answers again afterwards.
async fn mute(stage: &mut Stage, deed: Deed, ops: SocketAddr, target: &str) {
    let before = stage.processes();
    let mut session = Socket::open(target).await;
    stage.begin(&deed).await.unwrap();
    // A signal may take a moment to arrive.
    until("its silence", async || probe(ops, "/livez").await.is_none()).await;
    assert!(session.is_open().await, "{deed:?}");
    stage.end(&deed).await.unwrap();
    until("its voice", async || {
        probe(ops, "/livez").await == Some(200)
    })
    .await;
    assert!(session.is_open().await, "{deed:?}");
    assert_eq!(before, stage.processes());
}

#[tokio::test]
async fn what_ends_unasked_is_told_and_logs_are_kept_on_request() {
    let options = RigOptions {
        keep: true,
        ..options(1)
    };
    let mut rig = Rig::start(&options).await.unwrap();
    let (name, pid) = rig.processes().remove(0);
    let killed = std::process::Command::new("kill")
        .args(["-9", &pid.to_string()])
        .status();
    assert!(killed.unwrap().success());
    until("its end", async || !rig.trouble().is_empty()).await;
    let trouble = rig.trouble().join("\n");
    assert!(
        trouble.contains(&name) && trouble.contains("unasked"),
        "{trouble}"
    );
    let directory = rig.directory().to_owned();
    rig.close().await;
    let log = std::fs::read_to_string(directory.join("gateway-1.log")).unwrap();
    assert!(log.contains("serving"), "{log}");
    std::fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn a_cluster_that_does_not_come_up_says_why() {
    let mut wrong = options(1);
    wrong.settings = vec!["--drain-ms".into(), "soon".into()];
    let error = Rig::start(&wrong).await.err().unwrap();
    assert!(matches!(&error, RigError::Ended { name, .. } if name == "gateway-1"));
    assert!(error.to_string().contains("soon"), "{error}");

    wrong.roomcast = "no/such/program".into();
    let error = Rig::start(&wrong).await.err().unwrap().to_string();
    assert!(
        error.contains("no/such/program") && error.contains("cargo build"),
        "{error}"
    );

    wrong.nodes = 0;
    let error = Rig::start(&wrong).await.err().unwrap().to_string();
    assert!(error.contains("from 1 to 64"), "{error}");
}
