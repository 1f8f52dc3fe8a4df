//! What came while one looked elsewhere: counted, marked where it begins, and read when it was seen.

use crate::browser::Browser;
use crate::node::Node;
use crate::screen::Screen;
use crate::window::Window;

const LOBBY: &str = "#rooms > li[data-room=lobby] .open";

/// Alice, who was in the lobby and looks at the den, and Bob in the lobby.
async fn alice_looks_away(browser: &mut Browser, node: &Node) -> (Window, Window) {
    let alice = browser.window().await;
    alice.enter(node.address(), "Alice", "lobby").await;
    let bob = browser.window().await;
    bob.enter(node.address(), "Bob", "lobby").await;
    bob.say("known").await;
    let known = |screen: &Screen| {
        screen
            .rows
            .last()
            .is_some_and(|row| row.readers == "Seen by Alice")
    };
    bob.sees("that Alice has read it", known).await;
    alice.type_into("#join-room", "den\n").await;
    let in_the_den = |screen: &Screen| screen.title == "den" && screen.count == "1 online";
    alice.sees("the den", in_the_den).await;
    (alice, bob)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_meanwhile_is_counted_also_by_a_page_that_was_reloaded() {
    let node = Node::alone();
    let mut browser = Browser::start().await;
    let (alice, bob) = alice_looks_away(&mut browser, &node).await;
    bob.say("one").await;
    bob.say("two").await;
    let two = |screen: &Screen| screen.unread == ["2"] && screen.title == "den";
    alice.sees("that two are unread", two).await;
    alice.reload().await;
    alice.sees("that two still are", two).await;
    bob.say("three").await;
    let three = |screen: &Screen| screen.unread == ["3"];
    alice.sees("that it is three now", three).await;
    let bobs = bob.sees_exactly(&["known", "one", "two", "three"]).await;
    let readers: Vec<&str> = bobs.messages().map(|row| row.readers.as_str()).collect();
    assert_eq!(
        readers,
        ["Seen by Alice", "", "", ""],
        "nobody has seen the new ones"
    );

    alice.click(LOBBY).await;
    let marked = |screen: &Screen| screen.first_new == "one" && screen.unread.is_empty();
    alice.sees("where the new begins", marked).await;
    let read = |screen: &Screen| {
        screen
            .rows
            .last()
            .is_some_and(|row| row.readers == "Seen by Alice")
    };
    bob.sees("that Alice has read it all", read).await;
    alice.say("I see").await;
    let done = |screen: &Screen| screen.first_new.is_empty() && screen.is_settled();
    alice.sees("that nothing is new any more", done).await;
    alice.reload().await;
    let calm = |screen: &Screen| {
        screen.is_settled() && screen.texts().len() == 5 && screen.unread.is_empty()
    };
    let again = alice.sees("the same after a reload", calm).await;
    assert_eq!(again.first_new, "");
    assert_eq!(browser.complaints().await, [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_doesnt_fit_on_the_screen_is_read_only_when_the_end_was_seen() {
    let node = Node::alone();
    let mut browser = Browser::start().await;
    let (alice, bob) = alice_looks_away(&mut browser, &node).await;
    for line in 1..=30 {
        bob.say(&format!("line {line}")).await;
    }
    let all = |screen: &Screen| screen.unread == ["30"];
    alice.sees("that all are unread", all).await;
    alice.click(LOBBY).await;
    let at_the_first = |screen: &Screen| screen.first_new == "line 1" && screen.title == "lobby";
    let screen = alice.sees("the first of them", at_the_first).await;
    assert_eq!(screen.unread, ["30"], "the last ones are out of sight");
    let in_sight = "
        const mark = document.querySelector('#messages .new').getBoundingClientRect();
        const box = document.querySelector('#stream').getBoundingClientRect();
        return mark.top >= box.top && mark.bottom <= box.bottom;";
    alice.until(in_sight, Vec::new(), true).await;
    alice.click("#jump").await;
    let read = |screen: &Screen| screen.unread.is_empty() && screen.first_new == "line 1";
    alice.sees("that all is read at the end", read).await;
    let seen = |screen: &Screen| {
        screen
            .rows
            .last()
            .is_some_and(|row| row.readers == "Seen by Alice")
    };
    bob.sees("that Alice has read", seen).await;
}
