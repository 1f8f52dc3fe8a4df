//! Two people in a room: each sees the other come, type, read and go.

use crate::browser::Browser;
use crate::guest::Guest;
use crate::node::Node;
use crate::screen::Screen;

/// So short a grace that who goes is seen to go.
const SHORT_GRACE: &[&str] = &["--grace-ms", "300"];

#[tokio::test(flavor = "multi_thread")]
async fn two_people_see_each_other_come_type_read_and_go() {
    let node = Node::with(SHORT_GRACE);
    let mut browser = Browser::start().await;
    let alice = browser.window().await;
    alice.enter(node.address(), "Alice", "lobby").await;
    alice.say("anybody?").await;
    let sent = |screen: &Screen| screen.rows.last().is_some_and(|row| row.tick == "Sent");
    let alone = alice.sees("that the room has it", sent).await;
    assert_eq!(alone.members, ["Alice"]);

    let bob = browser.window().await;
    bob.enter(node.address(), "Bob", "lobby").await;
    let came = |screen: &Screen| screen.members == ["Alice", "Bob"] && screen.count == "2 online";
    alice.sees("that Bob came", came).await;
    let read = |screen: &Screen| {
        let row = screen.rows.last();
        row.is_some_and(|row| row.tick == "Seen by Bob" && row.readers == "Seen by Bob")
    };
    alice.sees("that Bob has read", read).await;

    bob.type_into("#message", "y").await;
    let types = |screen: &Screen| screen.typing == "Bob is typing…";
    alice.sees("that Bob types", types).await;
    let said_nothing = bob.screen().await;
    assert_eq!(said_nothing.typing, "", "nobody is told of oneself");
    bob.type_into("#message", "\u{8}").await;
    let done = |screen: &Screen| screen.typing.is_empty();
    alice.sees("that Bob wrote nothing after all", done).await;

    bob.say("me").await;
    let seen = alice.sees_exactly(&["anybody?", "me"]).await;
    assert_eq!(seen.rows[0].readers, "Seen by Bob");
    let read = |screen: &Screen| {
        screen
            .rows
            .last()
            .is_some_and(|row| row.readers == "Seen by Alice")
    };
    bob.sees("that Alice has read", read).await;
    bob.click("#sign-out").await;
    let gone = |screen: &Screen| screen.members == ["Alice"] && screen.count == "1 online";
    let left = alice.sees("that Bob went", gone).await;
    assert_eq!(
        left.rows[0].readers, "Seen by Bob",
        "who has gone has read it all the same"
    );
    assert_eq!(browser.complaints().await, [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_type_are_named_and_three_are_counted() {
    let node = Node::with(SHORT_GRACE);
    let mut browser = Browser::start().await;
    let alice = browser.window().await;
    alice.enter(node.address(), "Alice", "lobby").await;
    let mut guests = Vec::new();
    for (user, name) in [("bob", "Bob"), ("carol", "Carol"), ("dave", "Dave")] {
        guests.push(Guest::enter(node.address(), user, name, "lobby").await);
    }
    // It lasts six seconds; on a slow machine all three may have to say so again.
    let mut wanted = [
        "Bob is typing…",
        "Bob and Carol are typing…",
        "3 people are typing…",
    ]
    .iter();
    for count in 1..=3 {
        let text = wanted.next().unwrap();
        let mut screen = alice.screen().await;
        let until = tokio::time::Instant::now() + crate::PATIENCE;
        while screen.typing != **text {
            assert!(tokio::time::Instant::now() < until, "{text}: {screen:#?}");
            for guest in &mut guests[..count] {
                guest.types("lobby").await;
            }
            tokio::time::sleep(crate::LOOK_EVERY).await;
            screen = alice.screen().await;
        }
    }
    drop(guests);
    let nobody = |screen: &Screen| screen.typing.is_empty() && screen.members == ["Alice"];
    alice
        .sees("that they are gone, and type no more", nobody)
        .await;
}
