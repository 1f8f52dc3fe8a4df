//! Part `dashboards`: Grafana's dashboards, by all that can be known without a Grafana.
//!
//! Owns what Grafana does to a query before it asks. What a query may name is `known`'s business; the look of a dashboard
//! is `dashboards/layout.rs`'s business. Whether a query parses is promtool's word, which it gives on rules: so
//! each query is made one.

mod layout;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use self::layout::{Panel, panels};
use super::known::{Known, Query};
use super::verdict::Verdict;
use super::workshop::{Workshop, files, read};

const FOLDER: &str = "deploy/grafana/dashboards";
/// What Grafana puts in before it asks. Any other `$name` is put in as a text.
const RANGES: &[&str] = &["$__rate_interval", "$__interval", "$__range"];

/// Checks every file.
pub(super) fn check(workshop: &Workshop) -> Result<Verdict, String> {
    let known = Known::gather(workshop)?;
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
        let Query { place, text } = query;
        faults.extend(known.strangers(&Query {
            place: place.clone(),
            text: filled_in(text),
        }));
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
    use super::filled_in;

    #[test]
    fn variables_are_filled_in_before_a_query_is_read() {
        assert_eq!(
            filled_in("a{b=~\"$c\"}[$__rate_interval]"),
            "a{b=~\"c\"}[5m]"
        );
    }
}
