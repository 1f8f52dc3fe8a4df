//! What the page sends when nobody presses a button: typing and read marks, no more often than is asked.

use serde_json::json;

use crate::browser::Browser;
use crate::guest::Guest;
use crate::node::Node;
use crate::screen::Screen;

/// Notes each frame that the page sends from now on, and when, in milliseconds.
const LISTEN_IN: &str = "
    window.__sent = [];
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) {
        window.__sent.push({ ...JSON.parse(data), at: performance.now() });
        return send.call(this, data);
    };";

/// The times between the frames of which this is true.
const TIMES_BETWEEN: &str = "
    const wanted = window.__sent.filter(({ type, typing }) => type === arguments[0] && typing !== false);
    return wanted.slice(1).map(({ at }, before) => at - wanted[before].at);";

#[tokio::test(flavor = "multi_thread")]
async fn typing_is_told_every_three_seconds_at_most_and_ends_when_nothing_is_left() {
    let node = Node::alone();
    let mut browser = Browser::start().await;
    let alice = browser.window().await;
    alice.enter(node.address(), "Alice", "lobby").await;
    alice.run(LISTEN_IN, Vec::new()).await;
    for _ in 0..8 {
        alice.type_into("#message", "some words ").await;
        tokio::time::sleep(crate::LOOK_EVERY).await;
    }
    alice.element("#message").await.clear().await.unwrap();
    let told =
        "return window.__sent.filter(({ type, typing }) => type === 'typing' && !typing).length";
    alice.until(told, Vec::new(), 1).await;
    let between = alice.run(TIMES_BETWEEN, vec![json!("typing")]).await;
    let between = between.as_array().unwrap().iter();
    let all: Vec<f64> = between.map(|time| time.as_f64().unwrap()).collect();
    assert!(all.iter().all(|time_ms| *time_ms >= 3_000.0), "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_is_told_once_a_second_at_most_and_up_to_the_last() {
    let node = Node::alone();
    let mut browser = Browser::start().await;
    let alice = browser.window().await;
    alice.enter(node.address(), "Alice", "lobby").await;
    alice.run(LISTEN_IN, Vec::new()).await;
    let mut bob = Guest::enter(node.address(), "bob", "Bob", "lobby").await;
    for line in 1..=40 {
        let chat = json!({ "type": "chat", "id": line + 1, "room": "lobby", "message": "line" });
        bob.ask(chat, "ack").await;
        tokio::time::sleep(crate::LOOK_EVERY / 2).await;
    }
    let all = |screen: &Screen| screen.texts().len() == 40;
    alice.sees("all that was said", all).await;
    let last = "return window.__sent.findLast(({ type }) => type === 'read')?.seq ?? 0";
    alice.until(last, Vec::new(), 40).await;
    let between = alice.run(TIMES_BETWEEN, vec![json!("read")]).await;
    let between = between.as_array().unwrap().iter();
    let all: Vec<f64> = between.map(|time| time.as_f64().unwrap()).collect();
    // A timer may be a little early by the page's other clock.
    assert!(all.iter().all(|time_ms| *time_ms >= 990.0), "{all:?}");
}
