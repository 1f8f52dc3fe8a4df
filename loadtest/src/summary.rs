//! What is printed when a run is over: the verdict first, then the figures, on about a screen of plain text.
//!
//! Owns what is left out. All of it stands in the report and the JSON file. Keeps true: what was broken is
//! always told, and words that come from outside can't move a terminal's cursor.

use std::fmt::{self, Display, Formatter};

use crate::audit::verdict::Outcome as Word;
use crate::figures::{WRONGS, Wrong, why};
use crate::outcome::{FaultOutcome, Outcome, Spread};
use crate::printable::Printable;
use crate::units::{
    bytes, clock, counted, grouped, maybe, maybe_bytes, maybe_ms, maybe_ns, ms, short, us,
};

/// Examples of one violation.
const EXAMPLES_MAX: usize = 3;

/// The run in plain text, with a line break at its end.
pub fn summary(outcome: &Outcome) -> String {
    Summary(outcome).to_string()
}

struct Summary<'a>(&'a Outcome);

impl Display for Summary<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let outcome = self.0;
        verdict(f, outcome)?;
        figures(f, outcome)?;
        times(f, outcome)?;
        faults(f, &outcome.faults)?;
        steps(f, outcome)?;
        servers(f, outcome)?;
        wrongs(f, outcome)?;
        writeln!(f, "\nagain: {}", Printable(&outcome.run.command))
    }
}

fn verdict(f: &mut Formatter<'_>, outcome: &Outcome) -> fmt::Result {
    let scenario = Printable(&outcome.run.scenario);
    let why = why(outcome);
    writeln!(f, "{}  {scenario}: {}", outcome.word(), Printable(&why))
}

fn figures(f: &mut Formatter<'_>, outcome: &Outcome) -> fmt::Result {
    let (run, facts) = (&outcome.run, &outcome.audit.facts);
    writeln!(
        f,
        "\n  {} acked, {} deliveries, {} in {}, {}, seed {}",
        counted(facts.acked, "message"),
        grouped(facts.deliveries),
        counted(run.clients.into(), "client"),
        counted(run.rooms.into(), "room"),
        clock(run.took_ms),
        run.seed,
    )?;
    let count = |wrong: &Wrong| maybe(wrong.count(&outcome.audit));
    let wrongs = WRONGS.map(|wrong| format!("{} {}", wrong.name, count(&wrong)));
    writeln!(f, "  {}", wrongs.join(" · "))?;
    let t = &outcome.totals;
    writeln!(
        f,
        "  due {} · held back {} · refused {} · cut {} · turned away {} · gaps {} · resumed {}",
        short(t.due),
        short(t.held_back),
        short(t.refused),
        short(t.cut),
        short(t.turned_away),
        short(t.gaps),
        short(t.resumed),
    )?;
    if facts.forgotten > 0 {
        let forgotten = counted(facts.forgotten, "acked message");
        writeln!(
            f,
            "  {forgotten} forgotten by the store where a fault let it"
        )?;
    }
    Ok(())
}

/// Where time went.
fn times(f: &mut Formatter<'_>, outcome: &Outcome) -> fmt::Result {
    let of = &outcome.latency;
    let spreads = [
        ("delivery", &of.delivery),
        ("ack", &of.ack),
        ("connect", &of.connect),
        ("join", &of.join),
        ("resume", &of.resume),
        ("away", &of.away),
    ];
    let has_any = |(_, spread): &(&str, &Spread)| spread.count > 0;
    let mut spreads = spreads.into_iter().filter(has_any).peekable();
    if spreads.peek().is_some() {
        let head = ["p50", "p90", "p99", "p99.9", "max"].map(|head| format!("{head:>10}"));
        writeln!(f, "\n  {:<10}{:>14}{}", "", "count", head.concat())?;
    }
    for (name, spread) in spreads {
        let Spread {
            p50_us,
            p90_us,
            p99_us,
            p999_us,
            max_us,
            ..
        } = *spread;
        let words =
            [p50_us, p90_us, p99_us, p999_us, max_us].map(|time| format!("{:>10}", us(time)));
        writeln!(
            f,
            "  {name:<10}{:>14}{}",
            grouped(spread.count),
            words.concat()
        )?;
    }
    Ok(())
}

fn faults(f: &mut Formatter<'_>, faults: &[FaultOutcome]) -> fmt::Result {
    if faults.is_empty() {
        return Ok(());
    }
    let head = ["at", "lasted", "cut", "back p99", "silence"].map(|head| format!("{head:>10}"));
    writeln!(f, "\n  {:<24}{}", "fault", head.concat())?;
    for fault in faults {
        let words = [
            clock(fault.began_ms),
            ms(fault.ended_ms.saturating_sub(fault.began_ms)),
            grouped(fault.cut),
            maybe_ms(fault.back_p99_ms),
            ms(fault.silence_ms),
        ];
        let words = words.map(|word| format!("{word:>10}")).concat();
        let verdict = if fault.failures.is_empty() {
            "as expected"
        } else {
            "NOT AS EXPECTED"
        };
        let name = Printable(&fault.name).to_string();
        writeln!(f, "  {name:<24}{words}  {verdict}")?;
        for failure in &fault.failures {
            writeln!(f, "      {}", Printable(failure))?;
        }
    }
    Ok(())
}

fn steps(f: &mut Formatter<'_>, outcome: &Outcome) -> fmt::Result {
    if outcome.steps.is_empty() {
        return Ok(());
    }
    let head = ["due/s", "acked/s", "delivered/s", "p50", "p99"].map(|head| format!("{head:>12}"));
    writeln!(f, "\n{}", head.concat())?;
    for step in &outcome.steps {
        let words = [
            grouped(step.rate),
            grouped(step.acked),
            grouped(step.delivered),
            us(step.p50_us),
            us(step.p99_us),
        ];
        let words = words.map(|word| format!("{word:>12}")).concat();
        let verdict = if step.is_kept {
            "kept up"
        } else {
            "FELL BEHIND"
        };
        writeln!(f, "{words}  {verdict}")?;
    }
    Ok(())
}

fn servers(f: &mut Formatter<'_>, outcome: &Outcome) -> fmt::Result {
    if outcome.servers.is_empty() {
        return Ok(());
    }
    let head = ["cpu", "a delivery", "idle", "peak", "a session"].map(|head| format!("{head:>12}"));
    writeln!(f, "\n  {:<14}{}", "server", head.concat())?;
    for server in &outcome.servers {
        let words = [
            us(server.cpu_us),
            maybe_ns(server.cpu_ns_per_delivery),
            bytes(server.idle_bytes),
            bytes(server.peak_bytes),
            maybe_bytes(server.bytes_per_session),
        ];
        let name = Printable(&server.name).to_string();
        writeln!(
            f,
            "  {name:<14}{}",
            words.map(|word| format!("{word:>12}")).concat()
        )?;
    }
    Ok(())
}

/// What was broken, what was not as expected, and what is missing.
fn wrongs(f: &mut Formatter<'_>, outcome: &Outcome) -> fmt::Result {
    let audit = &outcome.audit;
    for checked in audit.checks.iter().filter(|checked| checked.violations > 0) {
        let (violations, cases) = (grouped(checked.violations), grouped(checked.cases));
        let name = checked.check.name();
        writeln!(f, "\n  BROKEN {name}: {violations} of {cases}")?;
        for words in checked.first.iter().take(EXAMPLES_MAX) {
            writeln!(f, "      {}", Printable(words))?;
        }
        let told = checked.first.len().min(EXAMPLES_MAX) as u64;
        if checked.violations > told {
            writeln!(f, "      and {} more", grouped(checked.violations - told))?;
        }
    }
    let unmet = outcome.expectations.iter().filter(|e| !e.is_met);
    for (place, unmet) in unmet.enumerate() {
        let break_before = if place == 0 { "\n" } else { "" };
        let (what, measured) = (Printable(&unmet.what), Printable(&unmet.measured));
        writeln!(f, "{break_before}  NOT AS EXPECTED {what}: {measured}")?;
    }
    let word = match outcome.word() {
        Word::Inconclusive => "PROVES NOTHING",
        Word::Passed | Word::Failed => "MISSING",
    };
    for (place, missing) in audit.missing.iter().enumerate() {
        let break_before = if place == 0 { "\n" } else { "" };
        let why = Printable(&missing.why);
        writeln!(f, "{break_before}  {word} {}: {why}", missing.requirement)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::summary;
    use crate::lively;

    fn has(text: &str, wanted: &[&str]) {
        for wanted in wanted {
            assert!(text.contains(wanted), "no {wanted:?} in\n{text}");
        }
    }

    #[test]
    fn a_run_that_passed_says_so_first_and_fits_on_a_screen() {
        let text = summary(&lively::passed());
        assert!(
            text.starts_with("PASSED  steady, with faults: 17 checks held"),
            "{text}"
        );
        has(
            &text,
            &["lost 0 · repeated 0 · out of order 0 · unexplained gaps 0 · otherwise wrong 0"],
        );
        has(
            &text,
            &["37 acked messages forgotten by the store where a fault let it"],
        );
        has(
            &text,
            &[
                "delivery  ",
                "away  ",
                "kill gateway-2",
                "as expected",
                "2.03 µs",
            ],
        );
        has(&text, &["\nagain: loadtest run steady "]);
        assert!(!text.contains("BROKEN") && !text.contains("NOT AS") && !text.contains("PROVES"));
        assert!(text.lines().count() <= 30, "{text}");
        assert!(
            text.lines().all(|line| line.chars().count() <= 100),
            "{text}"
        );
    }

    #[test]
    fn a_run_that_failed_shows_what_was_broken_and_the_first_examples() {
        let text = summary(&lively::failed());
        assert!(
            text.starts_with(
                "FAILED  steady, with faults: 2 of 17 checks broken: no_duplicate (11)"
            )
        );
        has(
            &text,
            &[
                "BROKEN no_duplicate: 11 of ",
                "      client 4711 got seq 812",
                "and 8 more",
            ],
        );
        has(
            &text,
            &[
                "BROKEN presence_at_rest: 1 of ",
                "repeated 11",
                "otherwise wrong 1",
            ],
        );
        has(
            &text,
            &[
                "rolling restart",
                "NOT AS EXPECTED\n      99 % were back after 7.84 s",
            ],
        );
        has(
            &text,
            &["NOT AS EXPECTED 99 % back in every room within 5 s of a fault's end: 7.84 s"],
        );
    }

    #[test]
    fn an_inconclusive_run_says_what_it_lacks() {
        let text = summary(&lively::inconclusive());
        assert!(text.starts_with("INCONCLUSIVE  "));
        has(
            &text,
            &["PROVES NOTHING every_fault_happened: 5 faults, not the 6"],
        );
        has(&text, &["PROVES NOTHING every_check_is_tried: "]);
    }

    #[test]
    fn a_run_of_nothing_has_no_tables_and_claims_no_zeros() {
        let text = summary(&lively::empty());
        has(
            &text,
            &["0 messages acked, 0 deliveries", "lost – · repeated –"],
        );
        assert!(!text.contains("p99") && !text.contains("fault  ") && !text.contains("server  "));
    }

    #[test]
    fn a_saturated_run_shows_each_rate() {
        let text = summary(&lively::saturated());
        has(&text, &["due/s", "8,000", "  kept up\n", "  FELL BEHIND\n"]);
    }

    #[test]
    fn words_from_outside_do_not_move_the_cursor() {
        let mut outcome = lively::passed();
        outcome.faults[0].name = "kill\u{1b}[2J\nPASSED".into();
        let text = summary(&outcome);
        assert!(
            !text.contains('\u{1b}') && text.contains("kill [2J PASSED"),
            "{text}"
        );
    }
}
