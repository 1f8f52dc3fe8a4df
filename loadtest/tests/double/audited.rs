//! The load tool's own program against the double: an honest cluster passes, each lie is found by the
//! check that it breaks, and a run that proves nothing says so.
//!
//! Of what a run shows only what is certain is looked at: a lie is told so often that it is told.

use futures_util::future::join_all;
use serde_json::Value;

use crate::called::{Called, checked, play, violations};
use crate::lie::{Hitches, Lie};
use crate::server::Double;

/// Two rooms in which three of six talk, and are cut once; each hears some fifty messages.
const TALK: &str = "--clients 12 --rooms 2 --speakers 3 --rate 30 --for 3s --idle 0s --settle 2s --seed 7 \
                    --fault reconnect@1s";

/// A run against nodes of which one lie is told, or none.
async fn judged(lie: Option<Lie>, hitches: Hitches, scenario: &str, more: &str) -> Called {
    let double = Double::start(2, lie, 1).await;
    double.hitch(hitches);
    play(scenario, &double.urls, more).await
}

/// Messages are refused for a moment, one in so many; half of these are kept all the same.
fn refused(one_in: u32) -> Hitches {
    Hitches {
        refuse_one_in: Some(one_in),
        unanswered_one_in: None,
    }
}

fn outcome(result: &Value) -> &str {
    result["audit"]["outcome"].as_str().unwrap()
}

fn fact(result: &Value, name: &str) -> u64 {
    result["audit"]["facts"][name].as_u64().unwrap()
}

#[tokio::test]
async fn an_honest_cluster_passes_with_resumes_and_retries() {
    let hitches = Hitches {
        unanswered_one_in: Some(50),
        ..refused(5)
    };
    let load = "--clients 20 --rooms 5 --rate 20 --for 5s --idle 0s --settle 2s --seed 7 \
                --reloads 10 --direct 20 --processes 2 --fault reconnect@2s";
    let run = judged(None, hitches, "chatter", load).await;
    assert_eq!(run.code, Some(0), "{run}");
    let result = run.result();
    assert_eq!(outcome(&result), "passed");
    assert_eq!(result["audit"]["missing"], Value::Array(Vec::new()));
    // Each of them was cut once, and had a room in which to go on.
    assert!(fact(&result, "resumes") >= 20, "{run}");
    assert!(fact(&result, "duplicates") > 0, "{run}");
    assert!(fact(&result, "refused") > 0, "{run}");
    assert_eq!(fact(&result, "live_at_rest"), 20);
    assert_eq!(result["faults"][0]["name"], "reconnect@2s");
    assert_eq!(result["run"]["processes"], 2);
    assert!(run.said.contains("PASSED"), "{run}");
    assert!(run.left("report.html").exists());
    assert!(run.ledgers().is_empty(), "nobody asked for them");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_lie_is_found_by_the_check_that_it_breaks() {
    let cases = [
        (Lie::DropDelivery { one_in: 20 }, "no_silent_hole"),
        (Lie::RepeatOnResume, "no_duplicate"),
        (Lie::LoseAcked { one_in: 5 }, "acked_is_kept"),
        (Lie::SwapDeliveries { one_in: 10 }, "order_per_client"),
        (Lie::ResetSeq { after: 10 }, "one_message_per_position"),
        (Lie::NewEpochSilently { after: 10 }, "no_silent_hole"),
        (Lie::AckElsewhere { one_in: 5 }, "ack_agrees"),
        (Lie::WrongRoom { one_in: 5 }, "nothing_from_nowhere"),
        (Lie::AlterText { one_in: 20 }, "one_message_per_position"),
        (Lie::HoldBackLast, "convergence"),
        (Lie::FalseGap { one_in: 20 }, "gap_is_true"),
        (Lie::Ghost, "presence_at_rest"),
        (Lie::ForgetKeys, "retry_safe"),
        (Lie::RefuseAndKeep { one_in: 5 }, "refused_is_not_said"),
    ];
    // All at the same time: most of what they do is to wait.
    let runs = cases.map(|(lie, check)| async move {
        let run = judged(Some(lie), refused(5), "fanout", TALK).await;
        not_found(&run, check).map(|why| format!("{lie:?}: {why}\n{run}"))
    });
    let unseen: Vec<String> = join_all(runs).await.into_iter().flatten().collect();
    assert!(unseen.is_empty(), "{}", unseen.join("\n"));
}

#[tokio::test]
async fn an_inbox_that_never_opens_is_found_where_people_write_to_it() {
    let load = "--clients 12 --rooms 2 --rate 30 --for 2s --idle 0s --settle 1s --seed 7 \
                --reloads 0 --direct 30 --patience 8s";
    let lie = Some(Lie::ShutInbox { one_in: 4 });
    let run = judged(lie, Hitches::default(), "chatter", load).await;
    assert_eq!(not_found(&run, "convergence"), None, "{run}");
}

#[tokio::test]
async fn the_same_talk_without_a_lie_passes() {
    let run = judged(None, refused(5), "fanout", TALK).await;
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(outcome(&run.result()), "passed");
}

/// What is missing of a verdict that names this check; none if nothing is.
fn not_found(run: &Called, check: &str) -> Option<String> {
    if run.code != Some(1) {
        return Some(format!("the code is {:?}", run.code));
    }
    let result = run.result();
    if outcome(&result) != "failed" {
        return Some(format!("the audit says {}", outcome(&result)));
    }
    if violations(&result, check) == 0 {
        return Some(format!("{check} found nothing"));
    }
    let first = checked(&result, check)["first"][0].as_str();
    let is_shown = first.is_some_and(|first| !first.is_empty() && run.said.contains(first));
    let is_kept = !run.ledgers().is_empty();
    match (is_shown, is_kept) {
        (false, _) => Some(format!("{check} is not shown: {first:?}")),
        (_, false) => Some("its ledgers are gone".into()),
        (true, true) => None,
    }
}

#[tokio::test]
async fn a_run_in_which_nothing_is_said_proves_nothing() {
    // The first word is due in an hour or so.
    let load = "--clients 4 --rooms 2 --rate 0.0001 --for 1s --idle 0s --settle 1s --seed 7";
    for scenario in ["fanout", "chatter"] {
        let run = judged(None, Hitches::default(), scenario, load).await;
        assert_eq!(run.code, Some(3), "{run}");
        let result = run.result();
        assert_eq!(outcome(&result), "inconclusive");
        let missing = result["audit"]["missing"].as_array().unwrap();
        let lacks = |requirement| missing.iter().any(|one| one["requirement"] == requirement);
        let lacks_both = lacks("enough_acked") && lacks("every_check_is_tried");
        assert!(lacks_both, "{missing:?}");
        assert!(run.said.contains("INCONCLUSIVE"), "{run}");
        assert!(!run.ledgers().is_empty(), "they may tell why");
    }
}

#[tokio::test]
async fn a_fault_that_could_not_be_done_is_told_and_nothing_passes() {
    let load = "--clients 4 --rooms 2 --rate 20 --for 2s --idle 0s --settle 1s --seed 7 \
                --fault run:false@1s";
    let run = judged(None, Hitches::default(), "chatter", load).await;
    assert_eq!(run.code, Some(1), "{run}");
    let result = run.result();
    assert_eq!(result["faults"][0]["name"], "run:false@1s");
    let failures = result["faults"][0]["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 1, "{failures:?}");
}
