//! What is shown of a run that is going on, as text.

use super::{LINES, Live, Snapshot};
use crate::lively;
use crate::outcome::{Outcome, Second, Totals};

/// A run at one of its seconds.
fn at<'a>(outcome: &'a Outcome, second: usize, fault: Option<&'a str>) -> Snapshot<'a> {
    let now = &outcome.seconds[second];
    Snapshot {
        phase: "load",
        elapsed_ms: u64::from(now.at_s) * 1_000,
        planned_ms: Some(600_000),
        clients: 10_000,
        second: now,
        totals: &outcome.totals,
        p50_us: now.p50_us,
        p99_us: now.p99_us,
        fault,
        history: &outcome.seconds[..=second],
    }
}

/// What each call of `show` wrote.
fn shown(live: &mut Live, snapshots: &[Snapshot<'_>]) -> Vec<String> {
    let written = snapshots.iter().map(|now| {
        let mut to = Vec::new();
        live.show(now, &mut to).unwrap();
        String::from_utf8(to).unwrap()
    });
    written.collect()
}

/// A writer that counts writes.
#[derive(Default)]
struct Writes(usize);

impl std::io::Write for Writes {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += 1;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_terminal_shows_a_block_with_all_figures() {
    let outcome = lively::passed();
    let mut live = Live::new(true, 100).with_colour(false);
    let text = shown(&mut live, &[at(&outcome, 372, Some("kill gateway-2"))]).concat();
    let wanted = [
        "load        ━",
        "  6:12 of 10:00",
        "open         10,000  ",
        "sent         ",
        "/s  ",
        "██",
        "p50 1.",
        "p99 ",
        "settled 10,000 of 10,000",
        "acks awaited",
        "cut 1",
        "gaps ",
        "fault     kill gateway-2",
    ];
    for wanted in wanted {
        assert!(text.contains(wanted), "no {wanted:?} in\n{text}");
    }
    assert_eq!(text.lines().count(), LINES);
}

#[test]
fn a_block_is_redrawn_in_place_with_one_write_a_frame() {
    let outcome = lively::passed();
    let mut live = Live::new(true, 80);
    let frames = shown(
        &mut live,
        &[at(&outcome, 10, None), at(&outcome, 11, Some("x"))],
    );
    assert!(!frames[0].starts_with("\x1b[8A"));
    assert!(frames[1].starts_with("\x1b[8A\r"));
    assert!(
        frames
            .iter()
            .all(|frame| frame.matches('\n').count() == LINES)
    );
    let mut writes = Writes::default();
    live.show(&at(&outcome, 12, None), &mut writes).unwrap();
    live.finish(&at(&outcome, 13, None), &mut writes).unwrap();
    assert_eq!(writes.0, 2);
    let next = shown(&mut live, &[at(&outcome, 14, None)]).concat();
    assert!(
        !next.starts_with("\x1b[8A"),
        "what was finished is not drawn over"
    );
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let outcome = lively::passed();
    let long = "a fault with a very long name ".repeat(9);
    for width in [0, 1, 2, 20, 39, 80, 200] {
        let mut live = Live::new(true, width).with_colour(false);
        let text = shown(&mut live, &[at(&outcome, 400, Some(&long))]).concat();
        let widths = text
            .lines()
            .map(|line| line.replace("\x1b[K", "").chars().count());
        assert!(widths.max() < Some(width.max(1)), "{width}\n{text}");
    }
}

#[test]
fn colours_are_left_out_where_none_are_wanted() {
    let outcome = lively::passed();
    let now = [at(&outcome, 400, Some("x"))];
    let plain = shown(&mut Live::new(true, 80).with_colour(false), &now).concat();
    assert!(!plain.replace("\x1b[K", "").contains('\x1b'));
    assert!(
        shown(&mut Live::new(true, 80), &now)
            .concat()
            .contains("\x1b[1;31mx\x1b[0m")
    );
}

#[test]
fn a_log_gets_a_line_each_five_seconds_and_at_each_change() {
    let outcome = lively::passed();
    let mut live = Live::new(false, 80);
    let mut settling = at(&outcome, 9, Some("x"));
    settling.phase = "settling";
    let written = shown(
        &mut live,
        &[
            at(&outcome, 1, None),
            at(&outcome, 2, None),
            at(&outcome, 6, None),
            at(&outcome, 7, Some("x")),
            at(&outcome, 8, Some("x")),
            settling,
        ],
    );
    let is_told: Vec<bool> = written.iter().map(|text| !text.is_empty()).collect();
    assert_eq!(is_told, [true, false, true, true, false, true]);
    assert!(written.iter().all(|text| text.lines().count() <= 1));
    let mut end = Vec::new();
    live.finish(&settling, &mut end).unwrap();
    assert!(end.is_empty(), "the end was told already");
}

#[test]
fn a_line_of_a_log_is_made_of_keys_and_values() {
    let (second, totals) = (Second::default(), Totals::default());
    let now = Snapshot {
        phase: "connecting",
        elapsed_ms: 1_250,
        planned_ms: None,
        clients: 5,
        second: &second,
        totals: &totals,
        p50_us: None,
        p99_us: Some(8_400),
        fault: Some("a \"b\"\nc"),
        history: &[],
    };
    assert_eq!(
        shown(&mut Live::new(false, 80), &[now]).concat(),
        "live at_s=1.2 phase=\"connecting\" clients=5 open=0 settled=0 due_per_s=0 acked_per_s=0 \
         delivered_per_s=0 p50_us=none p99_us=8400 waiting=0 acked=0 delivered=0 gaps=0 refused=0 \
         cut=0 fault=\"a \\\"b\\\"\\nc\"\n"
    );
    let block = shown(&mut Live::new(true, 80).with_colour(false), &[now]).concat();
    assert!(
        block.contains("connecting  0:01") && block.contains("p50 –"),
        "{block}"
    );
}
