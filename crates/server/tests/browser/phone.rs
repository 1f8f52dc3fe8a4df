//! The page on a phone: what one needs is in sight, and nothing sticks out at the side.

use serde_json::json;

use crate::browser::Browser;
use crate::guest::Guest;
use crate::node::Node;
use crate::screen::Screen;

/// Whether an element is wholly inside the screen and is what a finger would touch at its middle.
const IN_REACH: &str = r#"
    const element = document.querySelector(arguments[0]);
    const box = element.getBoundingClientRect();
    const inside = box.width > 0 && box.height > 0 && box.left >= 0 && box.top >= 0
        && box.right <= innerWidth && box.bottom <= innerHeight;
    const touched = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    return inside && element.contains(touched);
"#;

#[tokio::test(flavor = "multi_thread")]
async fn on_a_phone_one_can_sign_in_read_write_and_see_who_is_there() {
    let node = Node::alone();
    let mut browser = Browser::phone().await;
    let alice = browser.window().await;
    alice.open(node.address(), "/#den").await;
    let size = alice
        .run("return [innerWidth, innerHeight]", Vec::new())
        .await;
    assert_eq!(size, json!([390, 844]));
    for needed in ["#name", "#room", "#enter"] {
        alice.until(IN_REACH, vec![json!(needed)], true).await;
    }
    alice.type_into("#name", "Alice").await;
    alice.click("#enter").await;
    let entered = |screen: &Screen| screen.title == "den" && screen.count == "1 online";
    alice.sees("the room of the address", entered).await;

    let mut said = Vec::new();
    for line in 1..=12 {
        // Longer than the screen is wide, in a word without a break.
        let text = format!("{line} {}", "longword".repeat(12));
        alice.say(&text).await;
        said.push(text);
    }
    let said: Vec<&str> = said.iter().map(String::as_str).collect();
    alice.sees_exactly(&said).await;
    let newest = "#messages > li:last-child .text";
    for needed in ["#message", "#send", "#state", newest] {
        alice.until(IN_REACH, vec![json!(needed)], true).await;
    }
    let width = "return document.scrollingElement.scrollWidth";
    assert_eq!(
        alice.run(width, Vec::new()).await,
        390,
        "nothing sticks out"
    );

    alice.click("#open-people").await;
    let member = json!("#members > li[data-user=alice]");
    alice.until(IN_REACH, vec![member], true).await;
    assert_eq!(browser.complaints().await, [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_phone_one_can_go_from_a_room_to_a_person_and_back() {
    let node = Node::alone();
    let mut browser = Browser::phone().await;
    let alice = browser.window().await;
    alice.enter(node.address(), "Alice", "den").await;
    alice.say("to all").await;
    alice.sees_exactly(&["to all"]).await;
    let _bob = Guest::enter(node.address(), "bob", "Bob", "den").await;
    let both = |screen: &Screen| screen.count == "2 online";
    alice.sees("that Bob came", both).await;
    alice.click("#open-people").await;
    let bob = json!("#members > li[data-user=bob] button");
    alice.until(IN_REACH, vec![bob], true).await;
    alice.click("#members > li[data-user=bob] button").await;
    let alone = |screen: &Screen| screen.title == "Bob" && screen.directs == ["Bob"];
    alice.sees("the conversation with Bob", alone).await;
    alice.until(IN_REACH, vec![json!("#message")], true).await;
    alice.say("psst").await;
    alice.sees_exactly(&["psst"]).await;
    alice.click("#open-rooms").await;
    for needed in ["#directs .open", "#rooms .open"] {
        alice.until(IN_REACH, vec![json!(needed)], true).await;
    }
    alice.click("#rooms .open").await;
    alice.sees_exactly(&["to all"]).await;
    assert_eq!(browser.complaints().await, [] as [String; 0]);
}
