//! A word to one person: both have the whole conversation, in one order and once, whatever happens to
//! the line, and nobody else has any of it.

use roomcast_broker::conformance::RedisProcess;

use crate::browser::Browser;
use crate::node::Node;
use crate::screen::Screen;

const TO_BOB: &str = "#directs > li[data-room='@bob'] .open";
const TO_ALICE: &str = "#directs > li[data-room='@alice'] .open";

#[tokio::test(flavor = "multi_thread")]
async fn a_direct_conversation_goes_on_both_ways_over_an_outage_and_a_reload() {
    let redis = RedisProcess::start();
    let mut node = Node::on(&redis.url());
    let mut browser = Browser::start().await;
    let alice = browser.window().await;
    alice.enter(node.address(), "Alice", "lobby").await;
    let bob = browser.window().await;
    bob.enter(node.address(), "Bob", "lobby").await;
    let here = |screen: &Screen| screen.members == ["Alice", "Bob"];
    alice.sees("that Bob is here", here).await;

    alice.click("#members > li[data-user=bob] button").await;
    let opened = |screen: &Screen| screen.title == "Bob" && screen.directs == ["Bob"];
    alice.sees("the conversation", opened).await;
    alice.say("psst").await;
    alice.sees_exactly(&["psst"]).await;
    let news = |screen: &Screen| screen.directs == ["Alice"] && screen.unread_directs == ["1"];
    let lobby = bob.sees("that somebody wrote", news).await;
    assert_eq!(lobby.texts(), [] as [&str; 0], "it is not for the room");
    bob.click(TO_ALICE).await;
    let heard = bob.sees_exactly(&["psst"]).await;
    assert_eq!(
        (heard.title.as_str(), heard.rows[0].who.as_str()),
        ("Alice", "Alice")
    );
    assert!(heard.unread_directs.is_empty(), "it is read");
    bob.say("what?").await;
    alice.sees_exactly(&["psst", "what?"]).await;

    node.kill();
    let cut = |screen: &Screen| screen.state == "reconnecting";
    alice.sees("the cut", cut).await;
    bob.sees("the cut", cut).await;
    alice.say("lunch?").await;
    bob.say("are you there?").await;
    node.start_again();
    let settled = |screen: &Screen| screen.is_settled() && screen.texts().len() == 4;
    let seen_by_alice = alice.sees("all of it", settled).await;
    let seen_by_bob = bob.sees("all of it", settled).await;
    for screen in [&seen_by_alice, &seen_by_bob] {
        assert_eq!(screen.runs(), [[1, 2, 3, 4]], "each once, nothing missing");
        assert_eq!(screen.texts()[..2], ["psst", "what?"]);
        let mut later = screen.texts()[2..].to_vec();
        later.sort_unstable();
        assert_eq!(later, ["are you there?", "lunch?"]);
    }

    bob.reload().await;
    let again = bob.sees("the same after a reload", settled).await;
    assert_eq!(again.log(), seen_by_bob.log());
    assert_eq!(again.title, "Alice");
    alice.say("yes").await;
    bob.sees("what came after it", |screen: &Screen| {
        screen.is_settled() && screen.texts().last() == Some(&"yes")
    })
    .await;
    assert_eq!(bob.screen().await.runs(), [[1, 2, 3, 4, 5]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_to_somebody_away_waits_for_them_person_by_person() {
    let node = Node::with(&["--grace-ms", "300"]);
    let mut browser = Browser::start().await;
    let alice = browser.window().await;
    alice.enter(node.address(), "Alice", "lobby").await;
    let carol = browser.window().await;
    carol.enter(node.address(), "Carol", "lobby").await;
    for (window, texts) in [(&carol, &["from Carol"][..]), (&alice, &["one", "two"])] {
        // Bob has never been here; his name is enough.
        window.type_into("#join-room", "@bob\n").await;
        let opened = |screen: &Screen| screen.title == "bob";
        window.sees("the conversation", opened).await;
        for text in texts {
            window.say(text).await;
        }
        window.sees_exactly(texts).await;
    }
    let bob = browser.window().await;
    bob.enter(node.address(), "Bob", "lobby").await;
    let waiting = |screen: &Screen| {
        screen.directs == ["Alice", "Carol"] && screen.unread_directs == ["2", "1"]
    };
    bob.sees("who wrote to him", waiting).await;
    bob.click(TO_ALICE).await;
    bob.sees_exactly(&["one", "two"]).await;
    let carols = |screen: &Screen| screen.unread_directs == ["1"] && screen.first_new == "one";
    bob.sees("that Alice's are read, and Carol's is not", carols)
        .await;
    bob.say("three").await;
    bob.sees_exactly(&["one", "two", "three"]).await;

    // Neither the page that is loaded anew nor another one holds it all for read.
    bob.reload().await;
    let still = |screen: &Screen| {
        screen.is_settled() && screen.unread_directs == ["1"] && screen.texts().len() == 3
    };
    bob.sees("that Carol's still is not", still).await;
    bob.click("#directs > li[data-room='@carol'] .open").await;
    bob.sees_exactly(&["from Carol"]).await;
    let none = |screen: &Screen| screen.unread_directs.is_empty();
    bob.sees("that nothing is unread", none).await;
    assert_eq!(browser.complaints().await, [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_was_closed_comes_back_with_the_next_message() {
    let node = Node::alone();
    let mut browser = Browser::start().await;
    let alice = browser.window().await;
    alice.enter(node.address(), "Alice", "lobby").await;
    let bob = browser.window().await;
    bob.enter(node.address(), "Bob", "lobby").await;
    bob.click("#members > li[data-user=alice] button").await;
    bob.say("one").await;
    bob.sees_exactly(&["one"]).await;
    let listed = |screen: &Screen| screen.directs == ["Bob"];
    alice.sees("the conversation", listed).await;
    alice.click(TO_BOB).await;
    alice.sees_exactly(&["one"]).await;
    alice.click("#directs > li[data-room='@bob'] .leave").await;
    let closed = |screen: &Screen| screen.directs.is_empty() && screen.title == "lobby";
    alice.sees("that it is closed", closed).await;
    alice.reload().await;
    let settled = |screen: &Screen| closed(screen) && screen.count == "2 online";
    alice.sees("that it stays closed", settled).await;
    bob.say("two").await;
    let again = |screen: &Screen| listed(screen) && screen.unread_directs == ["1"];
    alice.sees("that it is back", again).await;
    alice.click(TO_BOB).await;
    alice.sees_exactly(&["one", "two"]).await;
}
