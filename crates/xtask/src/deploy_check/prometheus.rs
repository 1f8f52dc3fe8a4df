//! Part `prometheus`: the scrape configuration, the rules and their tests, and what alerts refer to.

use std::collections::BTreeSet;

use super::known::{Known, Query};
use super::verdict::Verdict;
use super::workshop::{Workshop, files, read};

const FOLDER: &str = "deploy/prometheus";
const CONFIG: &str = "deploy/prometheus/prometheus.yml";
const YAML: &[&str] = &[".yml", ".yaml"];
/// The annotation by which an alert names its section.
const RUNBOOK: &str = "runbook:";

/// Runs promtool on all of it.
pub(super) fn check(workshop: &Workshop) -> Result<Verdict, String> {
    let folder = workshop.root().join(FOLDER);
    let mut rules = files(&folder, YAML);
    rules.retain(|file| !file.ends_with("prometheus.yml"));
    let tests = files(&folder.join("tests"), YAML);
    let mut faults = Vec::new();
    let counted = format!("{} files of rules, {} of tests", rules.len(), tests.len());
    if rules.is_empty() || tests.is_empty() {
        faults.push(format!(
            "{FOLDER}: there must be rules, and tests/ for them"
        ));
    }
    let shown = |files: &[std::path::PathBuf]| -> Vec<String> {
        files
            .iter()
            .map(|file| file.display().to_string())
            .collect()
    };
    let (rule_names, test_names) = (shown(&rules), shown(&tests));
    let words = |words: &[&'static str], names: &[String]| -> Vec<String> {
        words
            .iter()
            .map(|&word| word.to_owned())
            .chain(names.iter().cloned())
            .collect()
    };
    for arguments in [
        words(&["check", "config", CONFIG], &[]),
        words(&["check", "rules"], &rule_names),
        words(&["test", "rules"], &test_names),
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let said = workshop.run("promtool.out", "promtool", &arguments, &[])?;
        if !said.well {
            faults.extend(said.faults("promtool"));
        }
    }
    let known = Known::gather(workshop)?;
    let mut alerts = 0;
    for file in &rules {
        let text = read(file)?;
        alerts += text
            .lines()
            .filter(|line| line.trim_start().starts_with("- alert:"))
            .count();
        let place = file.strip_prefix(workshop.root()).unwrap_or(file);
        for query in queries(&place.display().to_string(), &text) {
            faults.extend(known.strangers(&query));
        }
        let of = |page: &str| read(&workshop.root().join(page));
        faults.extend(runbook_faults(&place.display().to_string(), &text, of));
    }
    Ok(Verdict::new(format!("{counted}, {alerts} alerts"), faults))
}

/// The queries of a file of rules, on one line or in a block.
fn queries(file: &str, text: &str) -> Vec<Query> {
    let lines: Vec<&str> = text.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(query) = line.trim_start().strip_prefix("expr:") else {
            continue;
        };
        let query = query.trim();
        let is_block = query.starts_with(['|', '>']);
        let block = lines[at + 1..].iter();
        let block = block.take_while(|next| indent(next) > indent(line));
        let text = match is_block {
            true => block.copied().collect::<Vec<_>>().join("\n"),
            false => query.to_owned(),
        };
        let place = format!("{file}:{}", at + 1);
        found.push(Query { place, text });
    }
    found
}

/// Each alert names a section, and that section is there.
fn runbook_faults(
    place: &str,
    text: &str,
    page: impl Fn(&str) -> Result<String, String>,
) -> Vec<String> {
    let mut faults = Vec::new();
    let mut alert: Option<(usize, &str)> = None;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim_start();
        if let Some(name) = line.strip_prefix("- alert:") {
            faults.extend(alert.map(|alert| without_runbook(place, alert)));
            alert = Some((at + 1, name.trim()));
        } else if let Some(reference) = line.strip_prefix(RUNBOOK) {
            alert = None;
            let (file, anchor) = reference.trim().split_once('#').unwrap_or_default();
            let fault = match page(file) {
                Ok(text) if anchors(&text).contains(anchor) => continue,
                Ok(_) => format!("{file} has no section #{anchor}"),
                Err(why) => why,
            };
            faults.push(format!("{place}:{}: {fault}", at + 1));
        }
    }
    faults.extend(alert.map(|alert| without_runbook(place, alert)));
    faults
}

fn without_runbook(place: &str, (line, name): (usize, &str)) -> String {
    format!("{place}:{line}: {name} has no `{RUNBOOK}`; say which section tells what to do")
}

/// The names by which a page's headings can be linked to.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    let named = headings.map(|line| {
        let words = line.trim_start_matches('#').trim().to_lowercase();
        let kept = words
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::{queries, runbook_faults};

    #[test]
    fn queries_are_read_from_lines_and_blocks() {
        let text =
            "- record: a\n  expr: up == 1\n- alert: b\n  expr: |\n    c\n      > 1\n  for: 1m\n";
        let found = queries("r.yml", text);
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].place.as_str(), found[0].text.as_str()),
            ("r.yml:2", "up == 1")
        );
        assert_eq!(
            (found[1].place.as_str(), found[1].text.trim()),
            ("r.yml:4", "c\n      > 1")
        );
    }

    #[test]
    fn an_alert_without_a_section_and_a_section_that_is_not_there_are_found() {
        let text = "- alert: A\n  runbook: a.md#alert-node-down\n- alert: B\n- alert: C\n  \
                    runbook: a.md#gone\n- alert: D\n";
        let page = |_: &str| Ok("# A\n### Alert: node down\n".to_owned());
        let faults = runbook_faults("r.yml", text, page);
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(faults[0].starts_with("r.yml:3: B has no"), "{faults:?}");
        assert_eq!(faults[1], "r.yml:5: a.md has no section #gone");
        assert!(faults[2].starts_with("r.yml:6: D has no"), "{faults:?}");
    }
}
