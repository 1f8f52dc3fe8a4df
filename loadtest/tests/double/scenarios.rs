//! Each scenario, as small as it can be, played to its end against an honest double.

use serde_json::Value;

use crate::called::{Called, play};
use crate::server::Double;

/// Plays it on two nodes that are honest; its audit must pass. What else is expected of it are times, and
/// the machine may be slow.
async fn proven(scenario: &str, more: &str) -> (Called, Value) {
    let double = Double::start(2, None, 1).await;
    let own = format!("--pid node-1={}", std::process::id());
    let more = format!("--seed 7 --settle 1s {own} {more}");
    let run = play(scenario, &double.urls, &more).await;
    let result = run.result();
    assert_eq!(result["audit"]["outcome"], "passed", "{run}");
    assert_eq!(result["run"]["scenario"], scenario);
    (run, result)
}

#[tokio::test]
async fn idle_tells_what_a_session_costs() {
    let (_, result) = proven("idle", "--clients 20 --rooms 2 --for 1s --rate 5").await;
    let servers = result["servers"].as_array().unwrap();
    let node = servers.iter().find(|one| one["name"] == "node-1").unwrap();
    assert!(node["idle_bytes"].as_u64() > Some(0), "{node}");
    assert!(node["peak_bytes"].as_u64() >= node["idle_bytes"].as_u64());
}

#[tokio::test]
async fn a_storm_cuts_everybody_and_all_come_back() {
    let load = "--clients 20 --rooms 2 --rate 20 --for 4s --idle 0s";
    let (_, result) = proven("reconnect-storm", load).await;
    assert_eq!(result["faults"][0]["cut"], 20);
    assert!(result["totals"]["resumed"].as_u64() >= Some(20), "{result}");
}

#[tokio::test]
async fn a_fault_that_need_not_cut_anybody_asks_for_no_resume() {
    let load =
        "--clients 10 --rooms 2 --rate 10 --for 2s --idle 0s --reloads 0 --fault run:true@1s";
    let (run, result) = proven("chatter", load).await;
    assert_eq!(result["totals"]["resumed"], 0);
    assert_eq!(run.code, Some(0), "{run}");
}

#[tokio::test]
async fn a_fault_that_begins_long_after_the_talk_would_have_ended_is_waited_for() {
    let load =
        "--clients 10 --rooms 2 --rate 10 --for 1s --idle 0s --patience 10s --fault run:true@13s";
    let (_, result) = proven("chatter", load).await;
    assert_eq!(result["faults"][0]["name"], "run:true@13s");
}

#[tokio::test]
async fn who_lets_a_connection_lie_comes_back_over_another() {
    let load = "--clients 10 --rooms 2 --rate 10 --for 4s --idle 0s --reloads 0 \
                --fault half-open:2@1s+2s";
    let (_, result) = proven("chatter", load).await;
    // Both of them, into each of their rooms.
    assert!(result["totals"]["resumed"].as_u64() >= Some(2), "{result}");
}

#[tokio::test]
async fn readers_that_are_slow_are_told_apart_from_the_others() {
    let load = "--clients 20 --rooms 2 --slow 2 --rate 20 --for 9s --idle 0s";
    let (_, result) = proven("slow-readers", load).await;
    let expectations = result["expectations"].as_array().unwrap();
    let of_others = |one: &&Value| one["what"].as_str().unwrap().contains("p99 of the others");
    let others = expectations.iter().find(of_others).unwrap();
    let measured = others["measured"].as_str().unwrap();
    assert!(measured.contains(" µs before, "), "{measured}");
    // What the slow ones left lying by themselves is no delay of the cluster.
    let timed = result["latency"]["delivery"]["count"].as_u64();
    assert!(timed < result["totals"]["delivered"].as_u64(), "{result}");
}

#[tokio::test]
async fn saturate_goes_on_until_a_rate_is_not_kept() {
    let load = "--clients 10 --rooms 2 --rate 10 --factor 500 --waiting 1 --for 2s --idle 0s";
    let (_, result) = proven("saturate", load).await;
    let steps = result["steps"].as_array().unwrap();
    let kept: Vec<_> = steps.iter().map(|step| step["is_kept"] == true).collect();
    assert_eq!(kept.last(), Some(&false), "{kept:?}");
}
