//! A dashboard as a page: its name, its panels and their places, its variables, its units.
//!
//! Keeps true: what is known of a panel's line in the file is where its text stands first.

use std::collections::BTreeSet;

use serde_json::Value;

/// How many columns Grafana's grid has.
const COLUMNS: u64 = 24;
/// Panels that show no query of their own.
const PLAIN: &[&str] = &["row", "text"];

/// A panel.
pub(super) struct Panel<'a> {
    pub(super) title: String,
    pub(super) value: &'a Value,
    /// Left, top, right, bottom.
    place: Option<[u64; 4]>,
}

impl Panel<'_> {
    fn is_plain(&self) -> bool {
        PLAIN.contains(&text(self.value, "/type"))
    }

    fn overlaps(&self, other: &Self) -> bool {
        match (self.place, other.place) {
            (Some([left, top, right, bottom]), Some([l, t, r, b])) => {
                left < r && l < right && top < b && t < bottom
            }
            _ => false,
        }
    }
}

/// All panels, those inside folded rows included.
pub(super) fn panels(board: &Value) -> Vec<Panel<'_>> {
    let mut found = Vec::new();
    let outer = board.get("panels").and_then(Value::as_array);
    for value in outer.into_iter().flatten() {
        found.push(panel(value));
        let inner = value.get("panels").and_then(Value::as_array);
        found.extend(inner.into_iter().flatten().map(panel));
    }
    found
}

fn panel(value: &Value) -> Panel<'_> {
    let at = |key: &str| {
        value
            .pointer(&format!("/gridPos/{key}"))
            .and_then(Value::as_u64)
    };
    let place = match (at("x"), at("y"), at("w"), at("h")) {
        (Some(x), Some(y), Some(w), Some(h)) => Some([x, y, x + w, y + h]),
        _ => None,
    };
    Panel {
        title: text(value, "/title").to_owned(),
        value,
        place,
    }
}

/// Faults of a page; `source` is the file's text.
pub(super) fn check(file: &str, source: &str, board: &Value, panels: &[Panel]) -> Vec<String> {
    let mut faults = Vec::new();
    for key in ["/uid", "/title", "/description"] {
        if text(board, key).is_empty() {
            faults.push(format!("{file}:1: the dashboard has no {}", &key[1..]));
        }
    }
    let list = board.pointer("/templating/list").and_then(Value::as_array);
    let variables: Vec<&Value> = list.into_iter().flatten().collect();
    let has_source = variables
        .iter()
        .any(|variable| text(variable, "/type") == "datasource");
    if !has_source {
        faults.push(format!(
            "{file}:1: the dashboard has no variable for the data source"
        ));
    }
    let names: BTreeSet<&str> = variables
        .iter()
        .map(|variable| text(variable, "/name"))
        .collect();
    let mut ids = BTreeSet::new();
    for (at, panel) in panels.iter().enumerate() {
        let place = format!(
            "{file}:{}: {:?}",
            line_of(source, &panel.title),
            panel.title
        );
        let mut say = |fault: String| faults.push(format!("{place}: {fault}"));
        match panel.value.get("id").and_then(Value::as_u64) {
            Some(id) if ids.insert(id) => {}
            Some(id) => say(format!("another panel has the id {id}")),
            None => say("it has no id".to_owned()),
        }
        match panel.place {
            None => say("it has no place in the grid".to_owned()),
            Some([_, _, right, _]) if right > COLUMNS => {
                say("it reaches beyond the grid".to_owned())
            }
            Some(_) => {}
        }
        if let Some(other) = panels[..at].iter().find(|other| panel.overlaps(other)) {
            say(format!("it lies over {:?}", other.title));
        }
        if panel.is_plain() {
            continue;
        }
        content(panel).into_iter().for_each(&mut say);
        for name in used(panel.value).difference(&names) {
            say(format!("the dashboard has no variable {name}"));
        }
    }
    faults
}

/// A title, words that say what to do, a unit, and queries of the chosen data source with ids of their own.
fn content(panel: &Panel) -> Vec<String> {
    let mut faults = Vec::new();
    for (key, place) in [("title", "/title"), ("description", "/description")] {
        if text(panel.value, place).is_empty() {
            faults.push(format!("it has no {key}"));
        }
    }
    let units = ["/fieldConfig/defaults/unit", "/options/yAxis/unit"];
    if units
        .iter()
        .all(|place| text(panel.value, place).is_empty())
    {
        faults.push("it has no unit".to_owned());
    }
    let targets = panel.value.get("targets").and_then(Value::as_array);
    let targets: Vec<&Value> = targets.into_iter().flatten().collect();
    if targets.is_empty() {
        faults.push("it has no query".to_owned());
    }
    let mut ids = BTreeSet::new();
    for target in targets {
        if !ids.insert(text(target, "/refId")) {
            faults.push(format!(
                "two queries have the refId {:?}",
                text(target, "/refId")
            ));
        }
        if text(target, "/expr").is_empty() {
            faults.push("a query is empty".to_owned());
        }
        if !text(target, "/datasource/uid").starts_with("${") {
            faults.push("a query is bound to one data source".to_owned());
        }
    }
    faults
}

/// The variables that a panel's queries name; Grafana's own begin with `__`.
fn used(panel: &Value) -> BTreeSet<&str> {
    let targets = panel.get("targets").and_then(Value::as_array);
    let mut names = BTreeSet::new();
    for target in targets.into_iter().flatten() {
        for query in [text(target, "/expr"), text(target, "/datasource/uid")] {
            for rest in query.split('$').skip(1) {
                let rest = rest.trim_start_matches('{');
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
                names.insert(&rest[..end.unwrap_or(rest.len())]);
            }
        }
    }
    names.retain(|name| !name.starts_with("__"));
    names
}

/// The first line in which the JSON text stands; 1 where it doesn't.
pub(super) fn line_of(source: &str, value: &str) -> usize {
    let written = Value::String(value.to_owned()).to_string();
    let found = source.lines().position(|line| line.contains(&written));
    found.map_or(1, |at| at + 1)
}

fn text<'v>(value: &'v Value, place: &str) -> &'v str {
    value
        .pointer(place)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{check, panels};

    fn panel(id: u64, x: u64, y: u64) -> Value {
        json!({
            "id": id, "type": "timeseries", "title": format!("P{id}"), "description": "what to do",
            "gridPos": {"x": x, "y": y, "w": 12, "h": 8},
            "fieldConfig": {"defaults": {"unit": "s"}},
            "targets": [{"refId": "A", "expr": "a{b=\"$job\"}[$__range]", "datasource": {"uid": "${source}"}}]
        })
    }

    fn board(panels: &[Value]) -> Value {
        json!({"uid": "u", "title": "t", "description": "d", "panels": panels, "templating": {"list": [
            {"name": "source", "type": "datasource"}, {"name": "job", "type": "query"}]}})
    }

    fn faults(board: &Value) -> Vec<String> {
        check("f", "{\n\"P2\"\n}", board, &panels(board))
    }

    #[test]
    fn a_page_in_order_has_no_faults() {
        let board = board(&[panel(1, 0, 0), panel(2, 12, 0), panel(3, 0, 8)]);
        assert_eq!(faults(&board), Vec::<String>::new());
    }

    #[test]
    fn ids_places_and_what_a_panel_lacks_are_found_by_line() {
        let mut other = panel(1, 11, 7);
        other["title"] = json!("P2");
        let found = faults(&board(&[panel(1, 0, 0), other]));
        assert_eq!(
            found,
            [
                "f:2: \"P2\": another panel has the id 1",
                "f:2: \"P2\": it lies over \"P1\""
            ]
        );
        for (place, wanted) in [
            ("/description", "no description"),
            ("/fieldConfig/defaults/unit", "no unit"),
            ("/targets", "no query"),
            ("/targets/0/expr", "a query is empty"),
            ("/targets/0/datasource/uid", "bound to one data source"),
            ("/gridPos", "no place"),
        ] {
            let mut one = panel(1, 0, 0);
            *one.pointer_mut(place).expect("it is there") = Value::Null;
            let found = faults(&board(&[one]));
            assert!(
                found.iter().any(|fault| fault.contains(wanted)),
                "{place}: {found:?}"
            );
        }
        let found = faults(&board(&[panel(1, 13, 0)]));
        assert!(found[0].contains("beyond the grid"), "{found:?}");
    }

    #[test]
    fn variables_must_be_there() {
        let mut board = board(&[panel(1, 0, 0)]);
        board["templating"]["list"] = json!([]);
        let found = faults(&board);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[1].contains("no variable job"), "{found:?}");
    }
}
