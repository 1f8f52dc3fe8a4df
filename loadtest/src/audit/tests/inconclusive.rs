//! Runs that prove nothing, and ledgers that make no sense.

use super::history::History;
use super::sound;
use super::step::Step;
use crate::audit::verdict::Outcome;
use crate::ledger::record::{Place, Record};

fn run() -> History {
    let steps = [
        Step::Forget { room: 0, lost: 0 },
        Step::Cut { client: 2 },
        Step::Say {
            client: 1,
            room: 1,
            fate: 0,
        },
        Step::Back { client: 2 },
    ];
    sound(&steps)
}

/// The run must be inconclusive for this requirement and break nothing.
fn lacks(requirement: &str, change: impl FnOnce(&mut History)) {
    let mut run = run();
    change(&mut run);
    let verdict = run.audit();
    assert_eq!(verdict.outcome, Outcome::Inconclusive, "{verdict}");
    let named = verdict
        .missing
        .iter()
        .any(|missing| missing.requirement == requirement);
    assert!(named, "{requirement}: {verdict}");
}

fn without(run: &mut History, is_it: impl Fn(&Record) -> bool) {
    for records in &mut run.files {
        records.retain(|(_, record)| !is_it(record));
    }
}

#[test]
fn a_run_that_is_not_what_was_planned_is_inconclusive_by_name() {
    assert_eq!(run().audit().outcome, Outcome::Passed, "{}", run().audit());
    lacks("enough_acked", |run| run.plan.acked_min = 1_000_000);
    lacks("enough_deliveries", |run| {
        run.plan.deliveries_min = 1_000_000
    });
    lacks("enough_resumes", |run| run.plan.resumes_min = 1_000);
    lacks("enough_sessions_at_rest", |run| {
        run.plan.live_at_rest_min = 1_000
    });
    lacks("every_fault_happened", |run| run.plan.faults = 2);
    lacks("every_fault_ended", |run| {
        without(run, |record| matches!(record, Record::FaultEnded { .. }));
    });
    lacks("rest_is_late_enough", |run| run.plan.settle_us = 60_000_000);
    lacks("every_log_is_read", |run| {
        // An empty answer, where something was said in that epoch.
        let of_room =
            |record: &Record| matches!(record, Record::Logged { room, .. } if room.0 == 0);
        without(run, of_room);
        run.each(|record| match record {
            Record::Head { room, messages, .. } if room.0 == 0 => *messages = 0,
            _ => {}
        });
    });
    lacks("every_ledger_rests", |run| {
        run.files[0].retain(|(_, record)| *record != Record::Rest);
    });
    lacks("every_log_is_read", |run| {
        without(run, |record| matches!(record, Record::Logged { .. }));
    });
    lacks("every_log_is_read", |run| {
        without(run, |record| {
            matches!(record, Record::Logged { .. } | Record::Head { .. })
        });
    });
    lacks("every_check_is_tried", |run| {
        run.plan
            .tried
            .push(crate::audit::check::Check::RefusedIsNotSaid);
    });
}

#[test]
fn cut_sessions_that_never_resume_prove_nothing_about_resuming() {
    lacks("cuts_are_resumed", |run| {
        run.plan.resumes_min = 0;
        let closed = run.find(|record| matches!(record, Record::Closed { .. }));
        for (file, index) in closed {
            let Record::Closed { session, .. } = *run.peek((file, index)) else {
                continue;
            };
            let (client, until) = (client_of(run, file, session), index + 1);
            // Whoever was cut is not seen again.
            let ended = sessions_of(run, file, client);
            let mut at = 0;
            run.files[file].retain(|(_, record)| {
                at += 1;
                at <= until || !speaks_of(record, &ended, client)
            });
        }
        without(run, |record| matches!(record, Record::Present { .. }));
    });
}

fn client_of(run: &History, file: usize, of: crate::ledger::record::Session) -> u32 {
    let found = run.files[file].iter().find_map(|(_, record)| match record {
        Record::Opened {
            session, client, ..
        } if *session == of => Some(*client),
        _ => None,
    });
    found.unwrap()
}

fn sessions_of(run: &History, file: usize, of: u32) -> Vec<crate::ledger::record::Session> {
    let all = run.files[file].iter();
    all.filter_map(|(_, record)| match record {
        Record::Opened {
            session, client, ..
        } if *client == of => Some(*session),
        _ => None,
    })
    .collect()
}

/// Whether a record is of one of the sessions, but for what the client said: that has been heard.
fn speaks_of(record: &Record, of: &[crate::ledger::record::Session], _: u32) -> bool {
    match record {
        Record::Opened { session, .. }
        | Record::Closed { session, .. }
        | Record::JoinAsked { session, .. }
        | Record::Joined { session, .. }
        | Record::Left { session, .. }
        | Record::Received { session, .. }
        | Record::GapTold { session, .. } => of.contains(session),
        _ => false,
    }
}

#[test]
fn a_client_of_two_processes_and_a_session_that_never_opened_make_no_sense() {
    let mut twice = run();
    let opened = twice.files[0][0].clone();
    let Record::Opened { .. } = opened.1 else {
        panic!("a client's file begins with a session");
    };
    twice.files[2].insert(0, opened);
    let why = twice.try_audit().unwrap_err().to_string();
    assert!(why.contains("another client has"), "{why}");

    let mut unopened = run();
    unopened.files[0].remove(0);
    let why = unopened.try_audit().unwrap_err().to_string();
    assert!(why.contains("never opened"), "{why}");
}

#[test]
fn an_ack_that_nobody_could_see_and_the_log_no_longer_has_is_not_proven() {
    lacks("every_ack_can_be_proven", |run| {
        let (room, head) = run.heads()[1];
        // Before the first position that the log can have.
        let place = Place { seq: 0, ..head };
        let acked = run.find(|r| matches!(r, Record::Acked { room: of, .. } if *of == room));
        let said = match *run.peek(acked[0]) {
            Record::Acked { said, .. } => said,
            _ => unreachable!("found as an ack"),
        };
        let said = crate::payload::Said {
            number: 77_777,
            ..said
        };
        let sent = Record::Sent {
            said,
            room,
            key: None,
            scheduled_us: 0,
        };
        let ack = Record::Acked {
            said,
            room,
            at: place,
            duplicate: false,
        };
        run.insert_after(acked[0], ack);
        run.insert_after(acked[0], sent);
        // Before everything else of that client, so that its order is kept.
        let (file, index) = acked[0];
        let moved: Vec<_> = run.files[file].drain(index + 1..index + 3).collect();
        let first = run.files[file]
            .iter()
            .position(|(_, r)| matches!(r, Record::Joined { .. }));
        let at_us = run.files[file][first.unwrap()].0;
        for (offset, (_, record)) in moved.into_iter().enumerate() {
            run.files[file].insert(first.unwrap() + 1 + offset, (at_us, record));
        }
    });
}
