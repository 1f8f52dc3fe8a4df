//! The top of the page: the verdict in one glance, the figures that matter, and how to do it again.

use std::fmt::{self, Formatter};

use super::escape::Text;
use crate::audit::verdict::Outcome as Word;
use crate::figures::{WRONGS, Wrong, why};
use crate::outcome::Outcome;
use crate::units::{clock, counted, date, grouped, maybe_us, short};

/// Shapes as well as colours tell the verdicts apart.
const TICK: &str = "<path d=\"M14 25l7 7 14-16\"/>";
const CROSS: &str = "<path d=\"M16 16l16 16M32 16L16 32\"/>";
const QUESTION: &str =
    "<path d=\"M18 19c0-8 13-8 13 0 0 5-6.5 5-6.5 10\"/><path d=\"M24.5 35v.1\"/>";

pub(super) fn write(f: &mut Formatter<'_>, outcome: &Outcome) -> fmt::Result {
    let (word, shape) = match outcome.word() {
        Word::Passed => ("passed", TICK),
        Word::Failed => ("failed", CROSS),
        Word::Inconclusive => ("inconclusive", QUESTION),
    };
    let run = &outcome.run;
    writeln!(
        f,
        "<header class=\"{word}\" id=\"verdict\">\n<p class=\"run\"><b>Roomcast load test</b> \
         <span>{}</span></p>\n<h1>{}</h1>\n<p class=\"facts\">{}</p>\n\
         <div class=\"verdict\"><svg viewBox=\"0 0 48 48\" aria-hidden=\"true\">\
         <circle cx=\"24\" cy=\"24\" r=\"22\"/>{shape}</svg>\n<div><p class=\"word\">{}</p>\n\
         <p class=\"why\">{}</p></div></div>",
        date(run.began_unix_ms),
        Text(&run.scenario),
        facts(outcome),
        capital(word),
        Text(&why(outcome)),
    )?;
    figures(f, outcome)?;
    again(f, &run.command)?;
    f.write_str("</header>\n")
}

fn facts(outcome: &Outcome) -> String {
    let run = &outcome.run;
    let some = |count: usize, noun: &str| (count > 0).then(|| counted(count as u64, noun));
    let took = match run.took_ms {
        0..60_000 => format!("{} s", run.took_ms / 1_000),
        60_000..3_600_000 => format!("{} min", clock(run.took_ms)),
        _ => format!("{} h", clock(run.took_ms)),
    };
    let facts = [
        Some(counted(run.clients.into(), "client")),
        Some(counted(run.rooms.into(), "room")),
        some(outcome.nodes.len(), "node"),
        Some(took),
        some(outcome.faults.len(), "fault"),
    ];
    let facts: Vec<String> = facts.into_iter().flatten().collect();
    // A fact is not broken over two lines.
    facts
        .join(" · ")
        .replace(' ', "\u{a0}")
        .replace("\u{a0}·\u{a0}", " · ")
}

fn figures(f: &mut Formatter<'_>, outcome: &Outcome) -> fmt::Result {
    let facts = &outcome.audit.facts;
    let delivery = &outcome.latency.delivery;
    f.write_str("<dl class=\"figures\" id=\"figures\">\n")?;
    let seconds = (outcome.run.took_ms as f64 / 1e3).max(1.0);
    let rate = |count: u64| format!("{} a second", short((count as f64 / seconds) as u64));
    large(
        f,
        "messages acked",
        &grouped(facts.acked),
        &rate(facts.acked),
    )?;
    large(
        f,
        "deliveries",
        &grouped(facts.deliveries),
        &rate(facts.deliveries),
    )?;
    let within = |time_us: u64| maybe_us((delivery.count > 0).then_some(time_us));
    for (name, time_us, note) in [
        (
            "half delivered in",
            delivery.p50_us,
            "p50, since it was due",
        ),
        (
            "99 % delivered in",
            delivery.p99_us,
            "p99, since it was due",
        ),
    ] {
        large(f, name, &within(time_us), note)?;
    }
    for wrong in &WRONGS {
        zero(f, outcome, wrong)?;
    }
    f.write_str("</dl>\n")
}

fn large(f: &mut Formatter<'_>, name: &str, figure: &str, note: &str) -> fmt::Result {
    // The unit is set smaller than the number.
    let (number, unit) = figure.split_once(' ').unwrap_or((figure, ""));
    writeln!(
        f,
        "<div class=\"large\"><dt>{name}</dt><dd>{number}<small>{unit}</small></dd>\
         <dd class=\"note\">{note}</dd></div>"
    )
}

/// What ought to be zero. It is green only where the run proves it.
fn zero(f: &mut Formatter<'_>, outcome: &Outcome, wrong: &Wrong) -> fmt::Result {
    let count = wrong.count(&outcome.audit);
    let class = match count {
        Some(0) if outcome.audit.outcome == Word::Inconclusive => "unproven",
        Some(0) => "good",
        Some(_) => "bad",
        None => "unproven",
    };
    let cases = short(wrong.cases(&outcome.audit));
    let note = match (count, outcome.audit.facts.forgotten) {
        (None, _) => "not looked at".into(),
        (Some(_), forgotten) if forgotten > 0 && wrong.name == "lost" => {
            format!(
                "in {cases} cases; {} forgotten where a fault let it",
                grouped(forgotten)
            )
        }
        (Some(_), _) => format!("in {cases} cases"),
    };
    let figure = count.map_or_else(|| "–".into(), grouped);
    writeln!(
        f,
        "<div class=\"zero {class}\"><dt>{}</dt><dd>{figure}</dd><dd class=\"note\">{note}</dd></div>",
        wrong.name
    )
}

fn again(f: &mut Formatter<'_>, command: &str) -> fmt::Result {
    writeln!(
        f,
        "<div class=\"again\"><span>Run it again</span><code id=\"command\">{}</code>\
         <button type=\"button\" id=\"copy\" hidden>Copy</button></div>",
        Text(command)
    )
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}
