//! The smaller tables: what was expected, nodes, what servers cost, and which run it was.

use std::fmt::{self, Formatter};

use super::escape::Text;
use super::grid::{Cell, Head, table};
use crate::outcome::{Expectation, NodeOutcome, Outcome, ServerCost};
use crate::units::{bytes, counted, date, grouped, maybe_bytes, maybe_ns, us};

pub(super) fn expectations(f: &mut Formatter<'_>, expectations: &[Expectation]) -> fmt::Result {
    if expectations.is_empty() {
        return Ok(());
    }
    f.write_str("<section id=\"expectations\">\n<h2>Expectations</h2>\n")?;
    let heads = [
        Head::words("What was expected"),
        Head::words("Measured"),
        Head::words(""),
    ];
    let rows = expectations.iter().map(|expectation| {
        [
            Cell::plain(&expectation.what),
            Cell::plain(&expectation.measured),
            Cell::judged(expectation.is_met, "met", "not met"),
        ]
    });
    table(f, heads, rows)?;
    f.write_str("</section>\n")
}

pub(super) fn nodes(f: &mut Formatter<'_>, nodes: &[NodeOutcome]) -> fmt::Result {
    if nodes.is_empty() {
        return Ok(());
    }
    f.write_str("<section id=\"nodes\">\n<h2>Nodes</h2>\n")?;
    let heads = [
        Head::words("Node"),
        Head::number("Sessions opened"),
        Head::number("Deliveries"),
        Head::number("Delivery p50"),
        Head::number("Delivery p99"),
    ];
    let rows = nodes.iter().map(|node| {
        [
            Cell::name(&node.name),
            Cell::plain(grouped(node.sessions)),
            Cell::plain(grouped(node.delivered)),
            Cell::plain(us(node.p50_us)),
            Cell::plain(us(node.p99_us)),
        ]
    });
    table(f, heads, rows)?;
    f.write_str("</section>\n")
}

pub(super) fn servers(f: &mut Formatter<'_>, servers: &[ServerCost]) -> fmt::Result {
    if servers.is_empty() {
        return Ok(());
    }
    f.write_str("<section id=\"servers\">\n<h2>What the servers cost</h2>\n")?;
    let heads = [
        Head::words("Process"),
        Head::number("Number"),
        Head::number("Processor time"),
        Head::number("For each delivery"),
        Head::number("Memory, idle"),
        Head::number("Memory, peak"),
        Head::number("For each session"),
    ];
    let rows = servers.iter().map(|server| {
        [
            Cell::name(&server.name),
            Cell::plain(server.pid.to_string()),
            Cell::plain(us(server.cpu_us)),
            Cell::plain(maybe_ns(server.cpu_ns_per_delivery)),
            Cell::plain(bytes(server.idle_bytes)),
            Cell::plain(bytes(server.peak_bytes)),
            Cell::plain(maybe_bytes(server.bytes_per_session)),
        ]
    });
    table(f, heads, rows)?;
    f.write_str(
        "<p class=\"note\">Processor time is user and system, while messages were sent; a delivery is one \
         of the whole cluster. Memory for each session is what each one added while nobody talked.</p>\n\
         </section>\n",
    )
}

/// Which run it was, and what was counted in it.
pub(super) fn run(f: &mut Formatter<'_>, outcome: &Outcome) -> fmt::Result {
    let (run, t) = (&outcome.run, &outcome.totals);
    f.write_str("<section id=\"run\">\n<h2>The run</h2>\n<dl class=\"pairs\">\n")?;
    let pairs = [
        ("Began", date(run.began_unix_ms)),
        ("Seed", run.seed.to_string()),
        ("Targets", run.targets.join(", ")),
        ("Made by", made_by(outcome)),
        ("Messages due", grouped(t.due)),
        ("Tries to send", grouped(t.sent)),
        ("Held back by the client", grouped(t.held_back)),
        ("Acks", grouped(t.acked)),
        ("Refusals", grouped(t.refused)),
        ("Messages received", grouped(t.delivered)),
        ("Gaps told", grouped(t.gaps)),
        ("Joins from a position", grouped(t.resumed)),
        ("Sessions opened", grouped(t.opened)),
        ("Attempts turned away", grouped(t.turned_away)),
        ("Sessions cut", grouped(t.cut)),
        ("Typing, reading, coming, going", grouped(t.signals)),
        ("Read by clients", bytes(t.bytes_in)),
        ("Written by clients", bytes(t.bytes_out)),
    ];
    for (name, value) in pairs {
        writeln!(f, "<div><dt>{name}</dt><dd>{}</dd></div>", Text(&value))?;
    }
    f.write_str("</dl>\n</section>\n")
}

fn made_by(outcome: &Outcome) -> String {
    let run = &outcome.run;
    let processes = match run.processes {
        1 => "1 process".into(),
        more => format!("{more} processes"),
    };
    let cpus = counted(run.cpus.into(), "processor");
    format!("loadtest {}, {processes} on {cpus}", run.version)
}
