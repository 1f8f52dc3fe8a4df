//! The node is killed while two people talk, and started again: with its rooms kept, and without.

use roomcast_broker::conformance::RedisProcess;

use crate::browser::Browser;
use crate::node::Node;
use crate::screen::Screen;
use crate::window::Window;

/// Alice and Bob, who have said one thing each.
pub(crate) async fn two_who_talk(browser: &mut Browser, node: &Node) -> (Window, Window) {
    let alice = browser.window().await;
    alice.enter(node.address(), "Alice", "lobby").await;
    let bob = browser.window().await;
    bob.enter(node.address(), "Bob", "lobby").await;
    alice.say("one").await;
    bob.sees_exactly(&["one"]).await;
    bob.say("two").await;
    alice.sees_exactly(&["one", "two"]).await;
    (alice, bob)
}

/// Both see that the line is gone, and Alice says something all the same.
async fn cut_off(node: &mut Node, alice: &Window, bob: &Window) {
    node.kill();
    let cut = |screen: &Screen| screen.state == "reconnecting";
    alice.sees("the cut", cut).await;
    bob.sees("the cut", cut).await;
    alice.say("three").await;
    let waits = |screen: &Screen| {
        let last = screen.rows.last();
        last.is_some_and(|row| row.text == "three" && row.pending && row.seq.is_none())
    };
    alice.sees("the message waits", waits).await;
    let seen_by_bob = bob.screen().await;
    assert_eq!(
        seen_by_bob.texts(),
        ["one", "two"],
        "nothing is lost from sight"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_killed_loses_nothing_and_repeats_nothing_where_redis_keeps_the_rooms() {
    let redis = RedisProcess::start();
    let mut node = Node::on(&redis.url());
    let mut browser = Browser::start().await;
    let (alice, bob) = two_who_talk(&mut browser, &node).await;
    cut_off(&mut node, &alice, &bob).await;
    node.start_again();

    let three = ["one", "two", "three"];
    alice.sees_exactly(&three).await;
    bob.sees_exactly(&three).await;
    bob.say("four").await;
    let four = ["one", "two", "three", "four"];
    let seen_by_alice = alice.sees_exactly(&four).await;
    let seen_by_bob = bob.sees_exactly(&four).await;
    assert_eq!(seen_by_alice.runs(), [[1, 2, 3, 4]]);
    assert_eq!(seen_by_alice.log(), seen_by_bob.log());
    for window in [&alice, &bob] {
        let both = |screen: &Screen| screen.count == "2 online";
        window.sees("who is there", both).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_forgot_its_rooms_is_shown_as_a_gap_and_the_talk_goes_on() {
    let mut node = Node::alone();
    let mut browser = Browser::start().await;
    let (alice, bob) = two_who_talk(&mut browser, &node).await;
    cut_off(&mut node, &alice, &bob).await;
    node.start_again();

    let three = ["one", "two", "three"];
    alice.sees_exactly(&three).await;
    bob.sees_exactly(&three).await;
    bob.say("four").await;
    let four = ["one", "two", "three", "four"];
    for window in [&alice, &bob] {
        let screen = window.sees_exactly(&four).await;
        assert_eq!(
            screen.gaps().len(),
            1,
            "the break is told once: {screen:#?}"
        );
        assert_eq!(screen.runs(), [[1, 2], [1, 2]], "a new life of the room");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_begins_with_a_gap_does_not_claim_to_begin_there() {
    let mut node = Node::alone();
    let mut browser = Browser::start().await;
    let alice = browser.window().await;
    alice.enter(node.address(), "Alice", "lobby").await;
    node.kill();
    let cut = |screen: &Screen| screen.state == "reconnecting";
    alice.sees("the cut", cut).await;
    node.start_again();
    alice.say("one").await;
    let screen = alice.sees_exactly(&["one"]).await;
    assert_eq!(screen.runs(), [vec![], vec![1]]);
    assert_eq!(screen.edge, "");
}
