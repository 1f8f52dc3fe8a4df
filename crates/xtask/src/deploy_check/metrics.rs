//! Part `metrics`: what a gateway exports, by its sources and by docs/operations.md, which must say the same.
//!
//! Owns the table of metrics that queries may ask for. Keeps true: a metric's name stands in the sources as
//! one literal, where it is registered.

use std::collections::{BTreeMap, BTreeSet};

use super::verdict::Verdict;
use super::workshop::{Workshop, files_below, read};

const PAGE: &str = "docs/operations.md";
const SOURCES: &[&str] = &["crates/gateway/src", "crates/server/src"];
const PREFIX: &str = "roomcast_";
/// What the client library counts of any process: its names stand in no source of ours.
const PROCESS: &str = "process_";
/// A metric, as the page describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Metric {
    pub(super) kind: String,
    pub(super) labels: BTreeSet<String>,
    pub(super) line: usize,
}

/// Compares the page with the sources.
pub(super) fn check(workshop: &Workshop) -> Result<Verdict, String> {
    let table = table(workshop)?;
    let mut sources = BTreeMap::new();
    for folder in SOURCES {
        for file in files_below(&workshop.root().join(folder), &[".rs"]) {
            let text = read(&file)?;
            let place = file.strip_prefix(workshop.root()).unwrap_or(&file);
            for (line, name) in literals(&text) {
                sources
                    .entry(name)
                    .or_insert_with(|| format!("{}:{line}", place.display()));
            }
        }
    }
    let mut faults = Vec::new();
    for (name, place) in &sources {
        if !table.contains_key(name) {
            faults.push(format!("{place}: {PAGE} has no row for {name}"));
        }
    }
    for (name, metric) in &table {
        if name.starts_with(PREFIX) && !sources.contains_key(name) {
            faults.push(format!("{PAGE}:{}: no gateway exports {name}", metric.line));
        }
        if metric.kind.is_empty() {
            faults.push(format!("{PAGE}:{}: {name} has no type", metric.line));
        }
    }
    Ok(Verdict::new(format!("{} metrics", table.len()), faults))
}

/// The metrics of the page, by name.
///
/// # Errors
/// A sentence, when it can't be read or has none.
pub(super) fn table(workshop: &Workshop) -> Result<BTreeMap<String, Metric>, String> {
    let table = rows(&read(&workshop.root().join(PAGE))?);
    if table.is_empty() {
        return Err(format!("{PAGE} has no table of metrics"));
    }
    Ok(table)
}

/// Rows such as ``| `roomcast_x_total{reason}` | counter | … |``.
fn rows(page: &str) -> BTreeMap<String, Metric> {
    let mut table = BTreeMap::new();
    for (at, line) in page.lines().enumerate() {
        let Some(rest) = line.strip_prefix("| `") else {
            continue;
        };
        let Some((name, rest)) = rest.split_once("` |") else {
            continue;
        };
        if !name.starts_with(PREFIX) && !name.starts_with(PROCESS) {
            continue;
        }
        let (name, labels) = name.split_once('{').unwrap_or((name, ""));
        let labels = labels.trim_end_matches('}').split(',').map(str::trim);
        let kind = rest.split('|').next().unwrap_or_default().trim();
        let metric = Metric {
            kind: kind.to_owned(),
            labels: labels
                .filter(|label| !label.is_empty())
                .map(str::to_owned)
                .collect(),
            line: at + 1,
        };
        table.insert(name.to_owned(), metric);
    }
    table
}

/// Literals that are such a name and nothing else, with their lines.
fn literals(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let words = line.split('"').skip(1).step_by(2);
        let names = words.filter(|word| {
            let is_plain = word
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            word.starts_with(PREFIX) && is_plain
        });
        found.extend(names.map(|name| (at + 1, name.to_owned())));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{literals, rows};

    #[test]
    fn a_row_tells_type_and_labels() {
        let page = "| metric | type |\n| `roomcast_a_total{x, y}` | counter | z |\n\
                    | `roomcast_b_seconds` | histogram | z |\n| `process_c` | gauge | z |\n\
                    | `listen` | a | b |\n";
        let table = rows(page);
        assert_eq!(table.len(), 3);
        assert_eq!(table["roomcast_a_total"].labels.len(), 2);
        assert_eq!(table["roomcast_b_seconds"].kind, "histogram");
        assert_eq!(table["roomcast_b_seconds"].line, 3);
    }

    #[test]
    fn names_are_found_where_they_stand_alone_in_a_literal() {
        let text =
            "counter(\"roomcast_a_total\", \"Words of roomcast_b.\");\n\"roomcast_c=debug\"\n";
        assert_eq!(literals(text), [(1, "roomcast_a_total".to_owned())]);
    }
}
