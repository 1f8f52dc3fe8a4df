//! Places for plots. The script draws into them; what a plot shows is said in words beside it.

use std::fmt::{self, Formatter};

use super::escape::Text;
use super::grid::{Cell, Head, table};
use super::series::seconds_a_point;
use crate::figures::kept;
use crate::outcome::{Latencies, Outcome, Spread, StepOutcome};
use crate::units::{counted, grouped, us};

/// What happened when, one plot above the other on the same timeline.
pub(super) fn over_time(f: &mut Formatter<'_>, outcome: &Outcome) -> fmt::Result {
    if outcome.seconds.is_empty() {
        return Ok(());
    }
    f.write_str("<section id=\"time\">\n<h2>Over time</h2>\n")?;
    lead(f, outcome)?;
    let is_any = |of: fn(&Outcome) -> u64| of(outcome) > 0;
    let has_nodes =
        outcome.nodes.len() > 1 && !outcome.seconds.iter().all(|s| s.by_node.is_empty());
    let has_trouble = is_any(|o| o.totals.gaps + o.totals.refused + o.totals.cut);
    let has_latency = outcome.seconds.iter().any(|second| second.p50_us.is_some());
    if has_latency {
        let note = "from when a message was due to its arrival; log scale";
        place(f, "latency", "Delivery latency", note)?;
    }
    place(f, "messages", "Messages a second", "due, and acked")?;
    place(f, "deliveries", "Deliveries a second", "")?;
    place(
        f,
        "sessions",
        "Sessions",
        "open, and in every room of theirs",
    )?;
    if has_nodes {
        place(f, "nodes", "Sessions by node", "")?;
    }
    if has_trouble {
        let note = "sessions cut, gaps told, refusals; log scale";
        place(f, "trouble", "Trouble a second", note)?;
    }
    f.write_str(
        "<noscript><p class=\"note\">The plots are drawn by a script.</p></noscript>\n</section>\n",
    )
}

fn lead(f: &mut Formatter<'_>, outcome: &Outcome) -> fmt::Result {
    let mut words = Vec::new();
    if outcome.faults.iter().any(|fault| fault.cut > 0) {
        words.push("Bands are faults; hatched, until 99 % of those who were cut were back.".into());
    } else if !outcome.faults.is_empty() {
        words.push("Bands are faults.".into());
    }
    let step_s = seconds_a_point(&outcome.seconds);
    if step_s > 1 {
        words.push(format!(
            "Each point stands for {}: rates on average, sessions at their lowest, times at their worst.",
            counted(step_s.into(), "second")
        ));
    }
    if words.is_empty() {
        return Ok(());
    }
    writeln!(f, "<p class=\"lead\">{}</p>", words.join(" "))
}

/// How long things took.
pub(super) fn spread(f: &mut Formatter<'_>, latency: &Latencies) -> fmt::Result {
    let rows = [
        (
            "Delivery",
            "from due to arrival at a member",
            &latency.delivery,
        ),
        ("Ack", "from due to its ack", &latency.ack),
        (
            "Connect",
            "from the first SYN to connected",
            &latency.connect,
        ),
        ("Join", "from join to joined", &latency.join),
        ("Resume", "likewise, from a position", &latency.resume),
        (
            "Away",
            "from losing a session to being back in every room",
            &latency.away,
        ),
    ];
    if rows.iter().all(|(_, _, spread)| spread.count == 0) {
        return Ok(());
    }
    f.write_str("<section id=\"latency\">\n<h2>How long things took</h2>\n<div class=\"pair\">\n")?;
    if latency.delivery.count > 0 {
        place(
            f,
            "histogram",
            "Deliveries by latency",
            "both scales are logarithmic",
        )?;
    }
    place(f, "tails", "The slow end", "what share took no longer")?;
    f.write_str("</div>\n")?;
    let heads = [
        Head::words(""),
        Head::words(""),
        Head::number("Count"),
        Head::number("Mean"),
        Head::number("p50"),
        Head::number("p90"),
        Head::number("p99"),
        Head::number("p99.9"),
        Head::number("Max"),
    ];
    let rows = rows.into_iter().filter(|(_, _, spread)| spread.count > 0);
    table(
        f,
        heads,
        rows.map(|(name, what, spread)| spread_row(name, what, spread)),
    )?;
    f.write_str("</section>\n")
}

fn spread_row(name: &str, what: &str, spread: &Spread) -> [Cell; 9] {
    [
        Cell::name(name),
        Cell::plain(what),
        Cell::plain(grouped(spread.count)),
        Cell::plain(us(spread.mean_us)),
        Cell::plain(us(spread.p50_us)),
        Cell::plain(us(spread.p90_us)),
        Cell::plain(us(spread.p99_us)),
        Cell::plain(us(spread.p999_us)),
        Cell::plain(us(spread.max_us)),
    ]
}

/// Rates that were tried one after the other.
pub(super) fn steps(f: &mut Formatter<'_>, steps: &[StepOutcome]) -> fmt::Result {
    if steps.is_empty() {
        return Ok(());
    }
    let words = match kept(steps) {
        Some(step) => format!(
            "Kept up to {} messages a second: {} deliveries a second, p99 {}.",
            grouped(step.rate),
            grouped(step.delivered),
            us(step.p99_us)
        ),
        None => "It did not keep up with the lowest of these rates.".into(),
    };
    write!(
        f,
        "<section id=\"steps\">\n<h2>Where it ends</h2>\n<p class=\"lead\">{}</p>\n<div class=\"pair\">\n",
        Text(&words)
    )?;
    place(
        f,
        "kept",
        "Acked a second, by what was due",
        "dashed: all of it",
    )?;
    place(f, "knee", "Delivery latency, by what was due", "log scale")?;
    f.write_str("</div>\n")?;
    let heads = [
        Head::number("Due a second"),
        Head::number("Acked a second"),
        Head::number("Deliveries a second"),
        Head::number("Delivery p50"),
        Head::number("Delivery p99"),
        Head::words(""),
    ];
    let rows = steps.iter().map(|step| {
        [
            Cell::plain(grouped(step.rate)),
            Cell::plain(grouped(step.acked)),
            Cell::plain(grouped(step.delivered)),
            Cell::plain(us(step.p50_us)),
            Cell::plain(us(step.p99_us)),
            Cell::judged(step.is_kept, "kept up", "fell behind"),
        ]
    });
    table(f, heads, rows)?;
    f.write_str("</section>\n")
}

fn place(f: &mut Formatter<'_>, plot: &str, title: &str, note: &str) -> fmt::Result {
    writeln!(
        f,
        "<figure data-plot=\"{plot}\"><figcaption><b>{title}</b> <span>{note}</span></figcaption>\
         <div class=\"canvas\"></div></figure>"
    )
}
