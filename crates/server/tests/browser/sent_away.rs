//! A node lets its sessions go while two people talk: their pages come back and have lost nothing.

use tokio::time::{Instant, sleep};

use crate::browser::Browser;
use crate::node::Node;
use crate::outages::two_who_talk;
use crate::screen::Screen;
use crate::{LOOK_EVERY, PATIENCE};

/// Waits until so many sessions have begun since the node started.
async fn have_begun(node: &Node, sessions: usize) {
    let counted = format!("\nroomcast_sessions_opened_total {sessions}\n");
    let until = Instant::now() + PATIENCE;
    while !node.metrics().contains(&counted) {
        assert!(Instant::now() < until, "{}", node.metrics());
        sleep(LOOK_EVERY).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_sent_away_comes_back_by_itself_and_loses_nothing() {
    let node = Node::alone();
    let mut browser = Browser::start().await;
    let (alice, bob) = two_who_talk(&mut browser, &node).await;
    node.rebalance();
    alice.say("three").await;
    have_begun(&node, 4).await;
    bob.say("four").await;
    let four = ["one", "two", "three", "four"];
    for window in [&alice, &bob] {
        let is_back = |screen: &Screen| screen.state == "connected" && screen.count == "2 online";
        window.sees("everybody back", is_back).await;
        let screen = window.sees_exactly(&four).await;
        assert_eq!(screen.runs(), [[1, 2, 3, 4]], "{screen:#?}");
    }
    let metrics = node.metrics();
    assert!(metrics.contains("roomcast_rebalanced_sessions_total 2\n"));
}
