//! A chat over plain pub/sub, as it is mostly written, under the load: the audit names what it breaks.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[allow(dead_code, reason = "another test uses the rest")]
#[path = "../double/called.rs"]
mod called;
mod servers;

use std::slice::from_ref;

use called::{play, violations};
use servers::{PlainChat, Redis};

#[tokio::test]
async fn a_chat_over_plain_pub_sub_has_holes_and_is_told_so() {
    let redis = Redis::start().await;
    let chat = PlainChat::start(&redis.url).await;
    let load = "--clients 24 --rooms 2 --speakers 12 --rate 400 --for 6s --idle 0s --settle 2s --seed 7 \
                --fault reconnect@3s";
    let run = play("fanout", from_ref(&chat.url), load).await;
    assert_eq!(run.code, Some(1), "{run}");
    let result = run.result();
    assert_eq!(result["audit"]["outcome"], "failed");
    for checked in result["audit"]["checks"].as_array().unwrap() {
        println!("{}: {}", checked["check"], checked["violations"]);
    }
    // Who was away is neither given what was said meanwhile, nor told that something was.
    assert!(violations(&result, "no_silent_hole") > 0, "{run}");
    assert!(violations(&result, "joined_is_true") > 0, "{run}");
    // A number is taken, then the message is published: others come in between.
    assert!(violations(&result, "order_per_client") > 0, "{run}");
    // Only itself is known to each session.
    assert!(violations(&result, "presence_at_rest") > 0, "{run}");
}
