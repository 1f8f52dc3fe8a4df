//! What a run must have been to prove anything, each requirement by name.

use super::faults::seconds;
use super::plan::Plan;
use super::survey::Survey;
use super::tally::Tally;
use super::verdict::Missing;

/// All that the run lacks.
pub(super) fn missing(survey: &Survey, plan: &Plan, tally: &Tally) -> Vec<Missing> {
    let mut missing = Vec::new();
    amounts(survey, plan, &mut missing);
    faults(survey, plan, &mut missing);
    rest(survey, plan, &mut missing);
    for check in plan
        .tried
        .iter()
        .filter(|check| tally.of(**check).cases == 0)
    {
        let why = format!("{} had no case", check.name());
        push(&mut missing, "every_check_is_tried", why);
    }
    missing
}

fn push(missing: &mut Vec<Missing>, requirement: &'static str, why: String) {
    missing.push(Missing { requirement, why });
}

fn amounts(survey: &Survey, plan: &Plan, missing: &mut Vec<Missing>) {
    let facts = &survey.facts;
    let wanted = [
        (
            "enough_acked",
            "messages acked",
            facts.acked,
            plan.acked_min,
        ),
        (
            "enough_deliveries",
            "deliveries",
            facts.deliveries,
            plan.deliveries_min,
        ),
        (
            "enough_resumes",
            "resumes from a position",
            facts.resumes,
            plan.resumes_min,
        ),
        (
            "enough_sessions_at_rest",
            "sessions open at rest",
            facts.live_at_rest,
            plan.live_at_rest_min,
        ),
        (
            "two_rooms",
            "rooms in the session that had the most",
            facts.rooms_of_a_session,
            if plan.two_rooms { 2 } else { 0 },
        ),
    ];
    for (requirement, what, is, min) in wanted {
        if is < min {
            push(missing, requirement, format!("{is} {what}, not {min}"));
        }
    }
    if facts.cut > 0 && facts.resumes == 0 {
        let why = format!("{} sessions were cut and none resumed", facts.cut);
        push(missing, "cuts_are_resumed", why);
    }
    let unproven = [
        (
            "every_ack_can_be_proven",
            "acked messages that nobody saw, and that the log no longer reaches or wasn't read for",
            facts.unprovable,
        ),
        (
            "every_log_is_read",
            "rooms whose head or log was not read at the end",
            facts.rooms_unread,
        ),
        (
            "every_message_is_written_down",
            "messages of clients whose ledger was cut short",
            facts.unwritten,
        ),
    ];
    for (requirement, what, count) in unproven {
        if count > 0 {
            push(missing, requirement, format!("{count} {what}"));
        }
    }
}

fn faults(survey: &Survey, plan: &Plan, missing: &mut Vec<Missing>) {
    let happened = survey.faults.all.len() as u64;
    if happened < plan.faults {
        let why = format!(
            "{happened} faults, not the {} that were planned",
            plan.faults
        );
        push(missing, "every_fault_happened", why);
    }
    for fault in survey.faults.all.values() {
        if fault.ended_us.is_none_or(|end| end < fault.began_us) {
            let why = format!("{} has no end", fault.name);
            push(missing, "every_fault_ended", why);
        }
    }
}

fn rest(survey: &Survey, plan: &Plan, missing: &mut Vec<Missing>) {
    let fault_end_us = survey.faults.last_end_us().unwrap_or(0);
    let last_us = fault_end_us.max(survey.last_sent_us);
    for file in &survey.files {
        let path = file.path.display();
        match file.rest_us {
            // A process without sessions has nobody who must settle.
            None if file.sessions.is_empty() => {}
            None => push(missing, "every_ledger_rests", format!("{path} has no rest")),
            Some(rest) if rest < last_us.saturating_add(plan.settle_us) => {
                let (rest, last) = (seconds(rest), seconds(last_us));
                let why = format!(
                    "{path} rests at {rest}, less than {} after {last}, the last fault or word",
                    seconds(plan.settle_us)
                );
                push(missing, "rest_is_late_enough", why);
            }
            Some(_) => {}
        }
        if !file.is_whole {
            let why = format!("{path} was cut short");
            push(missing, "every_ledger_is_whole", why);
        }
    }
}
