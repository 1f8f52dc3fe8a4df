//! Nodes behind a balancer.

use loadtest::fault::deed::Deed;
use loadtest::rig::Rig;
use loadtest::rig::options::{BalancerWish, RigOptions};
use loadtest::stage::Stage;

use crate::program::roomcast;
use crate::socket::Socket;
use crate::waiting::until;

/// What the balancer thinks of a node.
async fn view(stage: &Stage, node: &str) -> String {
    let view = stage.rig().unwrap().balancer_view().await;
    let named = view.into_iter().find(|(name, _)| name == node);
    named.unwrap_or_default().1
}

#[tokio::test]
async fn a_dead_node_is_out_of_the_balance_until_it_is_back_and_a_lost_redis_cuts_nobody() {
    let options = RigOptions {
        nodes: 2,
        balancer: BalancerWish::Yes,
        settings: vec!["--drain-ms".into(), "500".into()],
        ..RigOptions::new(roomcast())
    };
    let rig = Rig::start(&options).await.unwrap();
    let targets = rig.targets();
    assert_eq!(targets.len(), 1, "the balancer alone");
    let mut stage = Stage::ours(rig);
    let node = || "gateway-1".to_owned();

    for deed in [
        Deed::Kill { node: node() },
        Deed::Stop { node: node() },
        Deed::Drain { node: node() },
    ] {
        // One on each node.
        let mut sessions = [
            Socket::open(&targets[0]).await,
            Socket::open(&targets[0]).await,
        ];
        stage.begin(&deed).await.unwrap();
        until("that it is out", async || {
            view(&stage, "gateway-1").await.starts_with("DOWN")
        })
        .await;
        // A stopped node doesn't end its sessions; the balancer does.
        until("that its sessions are cut", async || {
            let [one, other] = &mut sessions;
            one.is_open().await != other.is_open().await
        })
        .await;
        assert!(Socket::open(&targets[0]).await.is_open().await, "{deed:?}");
        stage.end(&deed).await.unwrap();
        until("that it is in", async || {
            view(&stage, "gateway-1").await == "UP"
        })
        .await;
    }

    let mut session = Socket::open(&targets[0]).await;
    stage.begin(&Deed::RedisStop).await.unwrap();
    for node in ["gateway-1", "gateway-2"] {
        until("that it gets nobody new", async || {
            view(&stage, node).await.starts_with("NOLB")
        })
        .await;
    }
    assert!(session.is_open().await);
    stage.end(&Deed::RedisStop).await.unwrap();
    for node in ["gateway-1", "gateway-2"] {
        until("that it is in", async || view(&stage, node).await == "UP").await;
    }
    assert!(session.is_open().await);
    assert_eq!(stage.trouble(), Vec::<String>::new());
    stage.close().await.unwrap();
}
