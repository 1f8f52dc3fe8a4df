//! Which metrics and labels a query names. Pure: a query in, names out.
//!
//! Leaves to promtool whether it is a query at all; of one that isn't, what is said here means nothing.

use std::collections::BTreeSet;

/// Words after which a list of labels stands.
const LABEL_LISTS: &[&str] = &[
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
];
/// Words that are neither metrics nor functions.
const KEYWORDS: &[&str] = &[
    "and", "or", "unless", "bool", "offset", "inf", "nan", "start", "end",
];
/// Functions that may stand before `by (…)`, and not only before their own brackets.
const AGGREGATORS: &[&str] = &[
    "sum",
    "min",
    "max",
    "avg",
    "count",
    "count_values",
    "topk",
    "bottomk",
    "quantile",
    "stddev",
    "stdvar",
    "group",
];

/// What a query names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) metrics: BTreeSet<String>,
    pub(super) labels: BTreeSet<String>,
}

/// Reads a query's names.
pub(super) fn names(query: &str) -> Names {
    let words = words(query);
    let mut names = Names::default();
    let (mut in_braces, mut in_list) = (false, false);
    for (at, word) in words.iter().enumerate() {
        let before = at.checked_sub(1).map_or("", |at| words[at]);
        let after = words.get(at + 1).copied().unwrap_or_default();
        match *word {
            "{" => in_braces = true,
            "}" => in_braces = false,
            "(" => in_list = LABEL_LISTS.contains(&before),
            ")" => in_list = false,
            _ if !is_name(word) => {}
            _ if in_list => {
                names.labels.insert((*word).to_owned());
            }
            _ if in_braces => {
                if matches!(after, "=" | "!" | "~") {
                    names.labels.insert((*word).to_owned());
                }
            }
            _ => {
                let lower = word.to_ascii_lowercase();
                let is_other = after == "("
                    || [LABEL_LISTS, KEYWORDS, AGGREGATORS]
                        .concat()
                        .contains(&lower.as_str());
                if !is_other {
                    names.metrics.insert((*word).to_owned());
                }
            }
        }
    }
    names
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == ':')
}

/// Names, numbers and single signs; without texts, ranges and comments.
fn words(query: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = query;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '\'' | '`' => text_length(rest, first),
            '[' => rest.find(']').map_or(rest.len(), |end| end + 1),
            '#' => rest.find('\n').unwrap_or(rest.len()),
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (word, left) = rest.split_at(length);
        let is_skipped = matches!(first, '"' | '\'' | '`' | '[' | '#') || first.is_whitespace();
        if !is_skipped {
            words.push(word);
        }
        rest = left;
    }
    words
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.')
}

/// How long the text at the beginning is, quotes included.
fn text_length(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if quote != '`' => is_escaped = true,
            _ if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn metrics_and_labels_are_told_from_functions_and_words() {
        let query = "histogram_quantile(0.99, sum by (le, x) (rate(a_bucket{job=~\"b|c\", y!=\"d\"}[5m]))) \
                     and on (instance) (up{z=\"1\"} == 0) # e\nor sum(f:g:rate1m offset 5m) without (h) > bool 1e3";
        let found = names(query);
        let metrics: Vec<&str> = found.metrics.iter().map(String::as_str).collect();
        let labels: Vec<&str> = found.labels.iter().map(String::as_str).collect();
        assert_eq!(metrics, ["a_bucket", "f:g:rate1m", "up"]);
        assert_eq!(labels, ["h", "instance", "job", "le", "x", "y", "z"]);
    }

    #[test]
    fn texts_and_ranges_hide_nothing_after_them() {
        let found = names(r#"a{x="\"}b"} / rate(c[5m:1m])"#);
        let metrics: Vec<&str> = found.metrics.iter().map(String::as_str).collect();
        assert_eq!(metrics, ["a", "c"]);
    }
}
