//! The back end takes somebody out of a room, or bans them from it: the page says so, and knows the way
//! back.

use crate::browser::Browser;
use crate::node::{API_KEY, Node};
use crate::screen::Screen;
use crate::window::Window;

async fn two_in_the_lobby(browser: &mut Browser, node: &Node) -> (Window, Window) {
    let alice = browser.window().await;
    alice.enter(node.address(), "Alice", "lobby").await;
    let bob = browser.window().await;
    bob.enter(node.address(), "Bob", "lobby").await;
    bob.say("before").await;
    alice.sees_exactly(&["before"]).await;
    (alice, bob)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_taken_out_is_told_why_and_may_come_back_to_what_was_missed() {
    let node = Node::with(&["--api-key", API_KEY]);
    let mut browser = Browser::start().await;
    let (alice, bob) = two_in_the_lobby(&mut browser, &node).await;
    node.api("DELETE", "/v1/rooms/lobby/members/alice", "");
    let told = |screen: &Screen| screen.out == "You were taken out of lobby.";
    let out = alice.sees("that she was taken out", told).await;
    assert_eq!(out.texts(), ["before"], "what was said stays in sight");
    assert_eq!(out.rooms, ["lobby"]);
    assert!(out.members.is_empty(), "{:?}", out.members);
    let alone = |screen: &Screen| screen.members == ["Bob"];
    bob.sees("that Alice is gone", alone).await;

    bob.say("meanwhile").await;
    bob.sees_exactly(&["before", "meanwhile"]).await;
    let still_out = alice.screen().await;
    assert_eq!(still_out.texts(), ["before"]);
    alice.click("#rejoin").await;
    let back = |screen: &Screen| screen.out.is_empty() && screen.count == "2 online";
    alice.sees("that she is back", back).await;
    alice.say("hello again").await;
    let all = ["before", "meanwhile", "hello again"];
    let seen = alice.sees_exactly(&all).await;
    assert_eq!(seen.runs(), [[1, 2, 3]]);
    bob.sees_exactly(&all).await;
    assert_eq!(browser.complaints().await, [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_banned_is_told_so_and_comes_back_when_the_ban_is_lifted() {
    let node = Node::with(&["--api-key", API_KEY]);
    let mut browser = Browser::start().await;
    let (alice, bob) = two_in_the_lobby(&mut browser, &node).await;
    node.api("PUT", "/v1/rooms/lobby/bans/alice", r#"{"for_ms":3600000}"#);
    let banned = |screen: &Screen| screen.out.starts_with("You are banned from lobby until ");
    alice.sees("that she is banned", banned).await;
    let can_join = alice.element("#rejoin").await.is_enabled().await.unwrap();
    assert!(!can_join, "it would be refused");

    // The ban is state: a page that is loaded anew finds it.
    alice.reload().await;
    alice.sees("that she still is", banned).await;
    bob.say("meanwhile").await;
    bob.sees_exactly(&["before", "meanwhile"]).await;
    node.api("DELETE", "/v1/rooms/lobby/bans/alice", "");
    alice.reload().await;
    let back = |screen: &Screen| screen.out.is_empty() && screen.count == "2 online";
    alice.sees("that she is back", back).await;
    alice.sees_exactly(&["before", "meanwhile"]).await;
}
