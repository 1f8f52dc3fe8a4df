//! Rooms with more people than one answer names: the list is completed where it can be, and counted on
//! where it can't.

use std::collections::VecDeque;

use futures_util::future::join_all;

use crate::browser::Browser;
use crate::guest::{Guest, Staying};
use crate::node::Node;
use crate::screen::Screen;

/// Guests who enter at a time; all at once would only queue.
const ENTER_AT_ONCE: usize = 50;

/// Lets guests with these numbers come in, and stay.
async fn crowd(node: &Node, numbers: std::ops::Range<usize>) -> VecDeque<Staying> {
    let mut staying = VecDeque::new();
    let all: Vec<usize> = numbers.collect();
    for some in all.chunks(ENTER_AT_ONCE) {
        let entering = some.iter().map(|number| async move {
            let (user, name) = (format!("g{number:04}"), format!("Guest {number:04}"));
            let guest = Guest::enter(node.address(), &user, &name, "lobby").await;
            guest.stay()
        });
        staying.extend(join_all(entering).await);
    }
    staying
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_of_more_than_a_page_is_listed_whole_and_kept_right() {
    let node = Node::with(&["--grace-ms", "300"]);
    let mut guests = crowd(&node, 0..230).await;
    let mut browser = Browser::start().await;
    let alice = browser.window().await;
    alice.enter(node.address(), "Alice", "lobby").await;
    let is_whole = |count: usize, first: &'static str| {
        move |screen: &Screen| {
            let told = screen.count == format!("{count} online");
            told && screen.members.len() == count && screen.members[1] == first
        }
    };
    let whole = is_whole(231, "Guest 0000");
    let screen = alice.sees("all of them", whole).await;
    assert_eq!(screen.members.last().unwrap(), "Guest 0229");
    assert_eq!(screen.rest, "");

    drop(guests.pop_front());
    drop(guests.pop_front());
    let fewer = is_whole(229, "Guest 0002");
    alice.sees("that two went", fewer).await;
    guests.extend(crowd(&node, 230..233).await);
    let more = is_whole(232, "Guest 0002");
    let screen = alice.sees("that three came", more).await;
    assert_eq!(screen.members.last().unwrap(), "Guest 0232");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_only_the_count_is_told_a_list_that_can_be_had_is_asked_for_anew() {
    let few = ["--presence-each-max", "2", "--presence-named-max", "3"];
    let node = Node::with(&[&["--grace-ms", "300"], &few[..]].concat());
    let mut guests = crowd(&node, 0..4).await;
    let mut browser = Browser::start().await;
    let alice = browser.window().await;
    alice.enter(node.address(), "Alice", "lobby").await;
    let five = |screen: &Screen| screen.count == "5 online" && screen.members.len() == 5;
    alice.sees("all of them", five).await;
    guests.extend(crowd(&node, 4..5).await);
    let six = |screen: &Screen| screen.members.iter().any(|name| name == "Guest 0004");
    alice
        .sees("who came, though only a number was told", six)
        .await;
    drop(guests.pop_front());
    let without = |screen: &Screen| {
        let is_gone = screen.members.iter().all(|name| name != "Guest 0000");
        is_gone && screen.members.len() == 5 && screen.count == "5 online"
    };
    alice
        .sees("who went, though only a number was told", without)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_room_beyond_a_thousand_some_are_listed_and_the_others_counted() {
    let node = Node::with(&["--grace-ms", "300"]);
    let _guests = crowd(&node, 0..1_010).await;
    let mut browser = Browser::start().await;
    let alice = browser.window().await;
    alice.enter(node.address(), "Alice", "lobby").await;
    let counted = |screen: &Screen| {
        let listed = screen.members.len();
        // Those who are asked for, and oneself.
        let others = 1_011_usize.saturating_sub(listed);
        let is_counted = screen.rest == format!("and {others} others");
        screen.count == "1,011 online" && is_counted && listed > 1
    };
    let screen = alice.sees("how many there are", counted).await;
    assert_eq!(screen.members[..2], ["Alice", "Guest 0000"]);
}
