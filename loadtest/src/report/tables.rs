//! The smaller tables: what was expected, nodes, what servers cost, and which run it was.

use std::fmt::{self, Formatter};

use super::escape::Text;
use crate::outcome::{Expectation, NodeOutcome, Outcome, ServerCost};
use crate::units::{bytes, counted, date, grouped, maybe_bytes, maybe_ns, us};

pub(super) fn expectations(f: &mut Formatter<'_>, expectations: &[Expectation]) -> fmt::Result {
    if expectations.is_empty() {
        return Ok(());
    }
    f.write_str(
        "<section id=\"expectations\">\n<h2>Expectations</h2>\n<div class=\"wide\"><table>\n\
         <thead><tr><th>What was expected</th><th>Measured</th><th></th></tr></thead>\n<tbody>\n",
    )?;
    for expectation in expectations {
        let (class, word) = if expectation.is_met {
            ("good", "met")
        } else {
            ("bad", "not met")
        };
        writeln!(
            f,
            "<tr><td>{}</td><td>{}</td><td><span class=\"tag {class}\">{word}</span></td></tr>",
            Text(&expectation.what),
            Text(&expectation.measured),
        )?;
    }
    f.write_str("</tbody>\n</table></div>\n</section>\n")
}

pub(super) fn nodes(f: &mut Formatter<'_>, nodes: &[NodeOutcome]) -> fmt::Result {
    if nodes.is_empty() {
        return Ok(());
    }
    f.write_str(
        "<section id=\"nodes\">\n<h2>Nodes</h2>\n<div class=\"wide\"><table>\n<thead><tr><th>Node</th>\
         <th class=\"n\">Sessions opened</th><th class=\"n\">Deliveries</th><th class=\"n\">p50</th>\
         <th class=\"n\">p99</th></tr></thead>\n<tbody>\n",
    )?;
    for node in nodes {
        writeln!(
            f,
            "<tr><td><b>{}</b></td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td></tr>",
            Text(&node.name),
            grouped(node.sessions),
            grouped(node.delivered),
            us(node.p50_us),
            us(node.p99_us),
        )?;
    }
    f.write_str("</tbody>\n</table></div>\n</section>\n")
}

pub(super) fn servers(f: &mut Formatter<'_>, servers: &[ServerCost]) -> fmt::Result {
    if servers.is_empty() {
        return Ok(());
    }
    f.write_str(
        "<section id=\"servers\">\n<h2>What the servers cost</h2>\n<div class=\"wide\"><table>\n<thead>\
         <tr><th>Process</th><th class=\"n\">Processor time</th><th class=\"n\">For each delivery</th>\
         <th class=\"n\">Memory, idle</th><th class=\"n\">Memory, peak</th>\
         <th class=\"n\">For each session</th></tr></thead>\n<tbody>\n",
    )?;
    for server in servers {
        writeln!(
            f,
            "<tr><td><b>{}</b> <small>pid {}</small></td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            Text(&server.name),
            server.pid,
            us(server.cpu_us),
            maybe_ns(server.cpu_ns_per_delivery),
            bytes(server.idle_bytes),
            bytes(server.peak_bytes),
            maybe_bytes(server.bytes_per_session),
        )?;
    }
    f.write_str(
        "</tbody>\n</table></div>\n<p class=\"note\">Processor time is of the time in which messages were \
         sent, user and system. Each delivery is one of the whole cluster.</p>\n</section>\n",
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
