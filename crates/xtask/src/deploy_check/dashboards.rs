//! Part `dashboards`: Grafana's dashboards, by all that can be known without a Grafana.
//!
//! Owns what is asked of queries: they parse, and name metrics and labels that are there. The look of a dashboard
//! is `dashboards/layout.rs`'s business. Whether a query parses is promtool's word, which it gives on rules: so
//! each query is made one.

mod layout;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use self::layout::{Panel, panels};
use super::metrics::{self, Metric};
use super::promql;
use super::verdict::Verdict;
use super::workshop::{Workshop, files, read};

const FOLDER: &str = "deploy/grafana/dashboards";
const RECORDING: &str = "deploy/prometheus/recording.yml";
/// What Prometheus itself adds.
const ALWAYS_THERE: &[&str] = &["up", "ALERTS"];
/// Labels of targets, of alerts and of histograms, and what our rules add.
const LABELS: &[&str] = &[
    "job",
    "instance",
    "le",
    "alertname",
    "alertstate",
    "severity",
];
/// What Grafana puts in before it asks. Any other `$name` is put in as a text.
const RANGES: &[&str] = &["$__rate_interval", "$__interval", "$__range"];

/// What a file's queries may name.
struct Known<'a> {
    series: BTreeMap<String, &'a Metric>,
    recorded: BTreeSet<String>,
}

/// A query and where it stands.
struct Query {
    place: String,
    text: String,
}

/// Checks every file.
pub(super) fn check(workshop: &Workshop) -> Result<Verdict, String> {
    let table = metrics::table(workshop)?;
    let rules = read(&workshop.root().join(RECORDING)).unwrap_or_default();
    let known = Known {
        series: metrics::series(&table),
        recorded: recorded(&rules),
    };
    let files = files(&workshop.root().join(FOLDER), &[".json"]);
    let mut faults = Vec::new();
    let (mut queries, mut uids, mut count) = (Vec::new(), BTreeMap::new(), 0);
    if files.is_empty() {
        faults.push(format!("{FOLDER}: there is no dashboard"));
    }
    for file in &files {
        let place = file
            .strip_prefix(workshop.root())
            .unwrap_or(file)
            .display()
            .to_string();
        let text = read(file)?;
        let board: Value =
            serde_json::from_str(&text).map_err(|why| format!("{place}:{}: {why}", why.line()))?;
        let of_board = panels(&board);
        count += of_board.len();
        faults.extend(layout::check(&place, &text, &board, &of_board));
        let uid = board.get("uid").and_then(Value::as_str).unwrap_or_default();
        if let Some(other) = uids.insert(uid.to_owned(), place.clone()) {
            faults.push(format!("{place}: {other} has the uid {uid:?} too"));
        }
        queries.extend(queries_of(&place, &text, &board, &of_board));
    }
    for query in &queries {
        faults.extend(known.strangers(query));
    }
    faults.extend(unparsed(workshop, &queries)?);
    Ok(Verdict::new(
        format!(
            "{} dashboards, {count} panels, {} queries",
            files.len(),
            queries.len()
        ),
        faults,
    ))
}

impl Known<'_> {
    /// Metrics that nobody exports, and labels that none of the query's metrics has.
    fn strangers(&self, query: &Query) -> Vec<String> {
        let names = promql::names(&filled_in(&query.text));
        let mut faults = Vec::new();
        let mut labels: BTreeSet<&str> = LABELS.iter().copied().collect();
        for name in &names.metrics {
            match self.series.get(name) {
                Some(metric) => labels.extend(metric.labels.iter().map(String::as_str)),
                None if ALWAYS_THERE.contains(&name.as_str()) || self.recorded.contains(name) => {}
                None => faults.push(format!("{}: no gateway exports {name}", query.place)),
            }
        }
        let strangers = names
            .labels
            .iter()
            .filter(|label| !labels.contains(label.as_str()));
        faults.extend(
            strangers.map(|label| format!("{}: no metric of it has a label {label}", query.place)),
        );
        faults
    }
}

/// The names that rules give to what they record.
fn recorded(rules: &str) -> BTreeSet<String> {
    let lines = rules
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("- record:"));
    lines.map(|name| name.trim().to_owned()).collect()
}

fn queries_of(file: &str, text: &str, board: &Value, panels: &[Panel]) -> Vec<Query> {
    let mut found = Vec::new();
    let mut add = |of: &str, holder: &Value| {
        if let Some(query) = holder.get("expr").and_then(Value::as_str) {
            let place = format!("{file}:{}: {of}", layout::line_of(text, query));
            found.push(Query {
                place,
                text: query.to_owned(),
            });
        }
    };
    for panel in panels {
        let targets = panel.value.get("targets").and_then(Value::as_array);
        targets
            .into_iter()
            .flatten()
            .for_each(|target| add(&panel.title, target));
    }
    let annotations = board.pointer("/annotations/list").and_then(Value::as_array);
    annotations
        .into_iter()
        .flatten()
        .for_each(|annotation| add("annotations", annotation));
    found
}

/// The query as Prometheus would get it.
fn filled_in(query: &str) -> String {
    let mut text = query.to_owned();
    for range in RANGES {
        text = text.replace(range, "5m");
    }
    text.replace('$', "")
}

/// What promtool can't read.
fn unparsed(workshop: &Workshop, queries: &[Query]) -> Result<Vec<String>, String> {
    let folder = workshop.empty_folder("queries")?;
    let file = folder.join("queries.yml");
    write_rules(&file, queries)?;
    let shown = file.display().to_string();
    let said = workshop.run("queries.out", "promtool", &["check", "rules", &shown], &[])?;
    if said.well {
        return Ok(Vec::new());
    }
    let mut faults = Vec::new();
    for line in said.out.lines().chain(said.err.lines()) {
        // `…: 7:13: group "queries", rule 3, "query_2": could not parse expression: 1:5: …`
        let number = line
            .split("\"query_")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let query = number.and_then(|number| queries.get(number.parse::<usize>().ok()?));
        if let Some(query) = query {
            let (_, why) = line
                .rsplit_once("could not parse expression: ")
                .unwrap_or(("", line));
            faults.push(format!("{}: {why} in {}", query.place, query.text));
        }
    }
    if faults.is_empty() {
        faults = said.faults("promtool");
    }
    Ok(faults)
}

fn write_rules(file: &Path, queries: &[Query]) -> Result<(), String> {
    let mut rules = "groups:\n  - name: queries\n    rules:\n".to_owned();
    for (at, query) in queries.iter().enumerate() {
        // A JSON text is a YAML text.
        let text = Value::String(filled_in(&query.text));
        rules.push_str(&format!(
            "      - record: query_{at}\n        expr: {text}\n"
        ));
    }
    fs::write(file, rules).map_err(|why| format!("can't write {}: {why}", file.display()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Known, Query, filled_in, metrics::Metric, recorded};

    #[test]
    fn strangers_among_metrics_and_labels_are_found() {
        let metric = Metric {
            kind: "counter".into(),
            labels: ["reason".to_owned()].into(),
            ..Metric::default()
        };
        let known = Known {
            series: BTreeMap::from([("roomcast_a_total".to_owned(), &metric)]),
            recorded: recorded("  - record: roomcast:a:sum\n"),
        };
        let found = |text: &str| {
            let query = Query {
                place: "f:1: p".into(),
                text: text.into(),
            };
            known.strangers(&query)
        };
        let good = "sum by (reason) (rate(roomcast_a_total{job=~\"$job\"}[$__rate_interval])) / roomcast:a:sum";
        assert!(found(good).is_empty());
        assert_eq!(
            found("up + roomcast_b_total"),
            ["f:1: p: no gateway exports roomcast_b_total"]
        );
        assert_eq!(
            found("sum by (code) (roomcast_a_total)"),
            ["f:1: p: no metric of it has a label code"]
        );
    }

    #[test]
    fn variables_are_filled_in_before_a_query_is_read() {
        assert_eq!(
            filled_in("a{b=~\"$c\"}[$__rate_interval]"),
            "a{b=~\"c\"}[5m]"
        );
    }
}
