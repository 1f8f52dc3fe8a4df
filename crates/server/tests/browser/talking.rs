//! Two people in two windows talk: each sees the other, and both see one order.

use crate::browser::Browser;
use crate::node::Node;
use crate::screen::Screen;

#[tokio::test(flavor = "multi_thread")]
async fn two_people_talk_and_see_each_other_and_the_same_order() {
    let node = Node::alone();
    let mut browser = Browser::start().await;
    let alice = browser.window().await;
    alice.enter(node.address(), "Alice", "lobby").await;
    let bob = browser.window().await;
    bob.enter(node.address(), "Bob B.", "lobby").await;
    let both = |screen: &Screen| {
        let mut members = screen.members.clone();
        members.sort();
        screen.count == "2 online" && members == ["Alice", "Bob B."]
    };
    alice.sees("who is there", both).await;
    bob.sees("who is there", both).await;

    bob.type_into("#message", "hello ").await;
    let types = |screen: &Screen| screen.typing.starts_with("Bob B. is typing");
    alice.sees("that Bob types", types).await;
    bob.say("Alice").await;
    let heard = alice.sees_exactly(&["hello Alice"]).await;
    assert_eq!(
        (heard.rows[0].who.as_str(), heard.rows[0].own),
        ("Bob B.", false)
    );
    alice
        .sees("that Bob is done", |screen| screen.typing.is_empty())
        .await;

    let mut said = vec!["hello Alice".to_owned()];
    for round in 1..=4 {
        for (window, name) in [(&alice, "Alice"), (&bob, "Bob")] {
            let text = format!("{name} says {round}");
            window.say(&text).await;
            said.push(text);
        }
    }
    let mut said: Vec<&str> = said.iter().map(String::as_str).collect();
    said.sort_unstable();
    let all_is_there = |screen: &Screen| {
        let mut texts = screen.texts();
        texts.sort_unstable();
        screen.is_settled() && texts == said
    };
    let seen_by_alice = alice.sees("all that was said", all_is_there).await;
    let seen_by_bob = bob.sees("all that was said", all_is_there).await;
    assert_eq!(seen_by_alice.log(), seen_by_bob.log());
    assert_eq!(seen_by_alice.runs(), [(1..=9).collect::<Vec<_>>()]);
    let own = seen_by_alice.messages().filter(|row| row.own).count();
    assert_eq!(own, 4, "the others are Bob's");
    assert_eq!(browser.complaints().await, [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_room_says_so_and_a_room_shows_where_it_begins() {
    let node = Node::alone();
    let mut browser = Browser::start().await;
    let alice = browser.window().await;
    alice.enter(node.address(), "Alice", "lobby").await;
    let empty = |screen: &Screen| screen.edge.starts_with("Nothing has been said here yet");
    alice.sees("that the room is empty", empty).await;
    alice.say("first").await;
    let begins = |screen: &Screen| screen.edge == "This is where lobby begins.";
    alice.sees("that it begins here", begins).await;
    alice.reload().await;
    alice.sees("that it still does", begins).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_in_another_room_is_counted_until_it_is_read() {
    let node = Node::alone();
    let mut browser = Browser::start().await;
    let alice = browser.window().await;
    alice.enter(node.address(), "Alice", "lobby").await;
    alice.type_into("#join-room", "den\n").await;
    let in_the_den = |screen: &Screen| screen.title == "den" && screen.count == "1 online";
    alice.sees("the den", in_the_den).await;
    let bob = browser.window().await;
    bob.enter(node.address(), "Bob", "lobby").await;
    bob.say("anybody here?").await;
    let news = |screen: &Screen| screen.unread == ["1"];
    let den = alice.sees("that there is news", news).await;
    assert_eq!(den.rooms, ["lobby", "den"]);
    assert_eq!(
        den.texts(),
        [] as [&str; 0],
        "a room shows its own messages only"
    );
    alice.click("#rooms > li[data-room=lobby] .open").await;
    let read = |screen: &Screen| {
        screen.unread.is_empty() && screen.title == "lobby" && screen.texts() == ["anybody here?"]
    };
    alice.sees("the news itself", read).await;
    bob.click("#sign-out").await;
    alice
        .sees("that Bob left", |screen| screen.count == "1 online")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reloaded_page_is_the_same_person_with_the_same_messages() {
    let node = Node::alone();
    let mut browser = Browser::start().await;
    let alice = browser.window().await;
    alice.enter(node.address(), "Alice", "lobby").await;
    let bob = browser.window().await;
    bob.enter(node.address(), "Bob", "lobby").await;
    alice.say("before").await;
    alice.sees_exactly(&["before"]).await;
    bob.say("between").await;
    alice.sees_exactly(&["before", "between"]).await;

    alice.reload().await;
    alice.sees_exactly(&["before", "between"]).await;
    bob.sees("Alice is back", |screen| screen.count == "2 online")
        .await;
    bob.say("after").await;
    let whole = ["before", "between", "after"];
    let seen_by_alice = alice.sees_exactly(&whole).await;
    let seen_by_bob = bob.sees_exactly(&whole).await;
    assert_eq!(seen_by_alice.log(), seen_by_bob.log());
    assert_eq!(seen_by_alice.runs(), [[1, 2, 3]]);
    let own: Vec<bool> = seen_by_alice.messages().map(|row| row.own).collect();
    assert_eq!(own, [true, false, false]);
    assert_eq!(browser.complaints().await, [] as [String; 0]);
}
