//! Rule `doors`: one place per foreign thing (rule 5 of the house style).
//!
//! Owns the table of doors. Clippy's `disallowed_methods` holds the clocks and `process::exit`;
//! here stands what clippy can't say, because it depends on the file. Patterns are looked for in
//! code without comments and strings; test code may pass through any door but those marked
//! `even_in_tests`.

use std::collections::BTreeMap;

use super::finding::Finding;
use super::source::Source;

/// A foreign thing and the places that may touch it.
struct Door {
    /// What its use looks like in code; begins at a word.
    patterns: &'static [&'static str],
    /// Beginnings of paths; `*` stands for one part of a path.
    allowed: &'static [&'static str],
    even_in_tests: bool,
    why: &'static str,
}

const DOORS: &[Door] = &[
    Door {
        patterns: &["env::var", "env::vars", "env::var_os", "env::vars_os"],
        allowed: &[
            "crates/server/src/config",
            "crates/xtask/src/environment.rs",
        ],
        even_in_tests: false,
        why: "the environment is read in crates/server/src/config; pass the typed setting on",
    },
    Door {
        patterns: &["env::args", "env::args_os"],
        allowed: &[
            "crates/server/src/config",
            "crates/*/src/main.rs",
            "crates/*/src/bin/",
            "loadtest/src/main.rs",
        ],
        even_in_tests: false,
        why: "arguments are read in main.rs or crates/server/src/config; pass what they mean on",
    },
    Door {
        patterns: &["serde_json"],
        allowed: &[
            "crates/protocol/",
            "crates/server/src/http",
            "crates/server/src/ops",
            "crates/server/src/config",
            "crates/server/src/auth",
            "crates/server/src/log",
            "crates/xtask/",
            "crates/loadtest/",
            "loadtest/",
        ],
        even_in_tests: false,
        why: "frames have one codec, in crates/protocol; call it, or add what it lacks there",
    },
    Door {
        patterns: &["unbounded_channel", "mpsc::unbounded", "UnboundedSender"],
        allowed: &[],
        even_in_tests: true,
        why: "every queue has a bound, a name and a policy when full; use a bounded channel",
    },
];

/// How Redis keys begin. They are spelled in one file of a crate.
const KEY_PREFIX: &str = "rc:";

/// Checks one file against the table.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    let Some(rust) = &source.rust else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for door in DOORS {
        let is_let_through = source.is_test && !door.even_in_tests;
        if is_let_through
            || door
                .allowed
                .iter()
                .any(|place| begins_with(&source.path, place))
        {
            continue;
        }
        let code = if door.even_in_tests {
            &rust.code
        } else {
            &rust.live
        };
        for pattern in door.patterns {
            for offset in whole_words(code, pattern) {
                findings.push(Finding::new(
                    &source.path,
                    rust.line_of(offset),
                    "doors",
                    door.why,
                ));
            }
        }
    }
    findings
}

/// Checks that each crate spells its Redis keys in one file.
pub(super) fn check_key_spelling(sources: &[Source]) -> Vec<Finding> {
    let mut speller_of: BTreeMap<&str, &str> = BTreeMap::new();
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| !source.is_test) {
        let (Some(rust), Some(folder)) = (&source.rust, source.crate_folder()) else {
            continue;
        };
        let Some(literal) = rust
            .live_literals()
            .find(|l| l.content.starts_with(KEY_PREFIX))
        else {
            continue;
        };
        let speller = *speller_of.entry(folder).or_insert(&source.path);
        if speller != source.path {
            let line = rust.line_of(literal.offset);
            let advice = format!(
                "{speller} spells Redis keys too; all keys of a crate are spelled in one file"
            );
            findings.push(Finding::new(&source.path, line, "doors", advice));
        }
    }
    findings
}

/// Where `pattern` stands in `code` with no word going on before or after it.
fn whole_words<'a>(code: &'a str, pattern: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(pattern)
        .map(|(at, _)| at)
        .filter(move |&at| {
            !code[..at].ends_with(is_word) && !code[at + pattern.len()..].starts_with(is_word)
        })
}

/// Whether a path begins with `place`, part by part; the last part may be a beginning only.
fn begins_with(path: &str, place: &str) -> bool {
    let Some((head, tail)) = place.split_once('*') else {
        return path.starts_with(place);
    };
    path.strip_prefix(head)
        .and_then(|rest| rest.find('/').map(|end| &rest[end..]))
        .is_some_and(|rest| rest.starts_with(tail))
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::{check, check_key_spelling};

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&Source::new(path, text))
            .iter()
            .map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn the_environment_is_read_at_its_door_only() {
        let text = "//! x\nlet a = std::env::var(\"A\");\n";
        assert_eq!(lines("crates/gateway/src/hub.rs", text), [2]);
        assert_eq!(lines("crates/server/src/main.rs", text), [2]);
        assert!(lines("crates/server/src/config/environment.rs", text).is_empty());
        assert!(lines("crates/server/tests/browser.rs", text).is_empty());
        assert!(
            lines(
                "crates/gateway/src/hub.rs",
                "// env::var\nlet a = \"env::var\";"
            )
            .is_empty()
        );
        assert!(
            lines(
                "crates/x/src/a.rs",
                "#[cfg(test)]\nmod tests { fn a() { env::vars(); } }"
            )
            .is_empty()
        );
    }

    #[test]
    fn arguments_are_read_in_main_and_config_only() {
        let text = "use x;\nfor a in std::env::args() {}\n";
        assert!(lines("crates/xtask/src/main.rs", text).is_empty());
        assert!(lines("crates/server/src/config.rs", text).is_empty());
        assert_eq!(lines("crates/server/src/http/main.rs", text), [2]);
    }

    #[test]
    fn json_is_written_and_read_at_its_doors_only() {
        let text = "let a = serde_json::to_string(&b);";
        assert_eq!(lines("crates/gateway/src/outbox.rs", text), [1]);
        assert_eq!(
            lines("crates/server/src/page.rs", "use serde_json as j;"),
            [1]
        );
        assert!(lines("crates/protocol/src/codec.rs", text).is_empty());
        assert!(lines("crates/server/src/http/problem.rs", text).is_empty());
        assert!(lines("crates/gateway/src/outbox.rs", "my_serde_json::x()").is_empty());
    }

    #[test]
    fn unbounded_queues_are_found_even_in_tests() {
        let text = "#[cfg(test)]\nmod tests {\n    use tokio::sync::mpsc::unbounded_channel;\n}\n";
        assert_eq!(lines("crates/gateway/src/outbox.rs", text), [3]);
        assert_eq!(
            lines("crates/gateway/tests/a.rs", "mpsc::unbounded();"),
            [1]
        );
        assert!(lines("crates/gateway/src/outbox.rs", "mpsc::channel(16);").is_empty());
    }

    #[test]
    fn a_second_file_of_a_crate_that_spells_keys_is_found() {
        let spells = "let a = 1;\nlet key = format!(\"rc:{room}\");";
        let sources = [
            Source::new("crates/broker/src/keys.rs", spells),
            Source::new("crates/broker/src/script.rs", spells),
            Source::new("crates/broker/tests/redis.rs", spells),
            Source::new(
                "crates/broker/src/words.rs",
                "let a = \"src:x\"; // \"rc:y\"",
            ),
            Source::new("crates/presence/src/keys.rs", spells),
            Source::new(
                "crates/presence/src/a.rs",
                "#[cfg(test)]\nmod t { const A: &str = \"rc:a\"; }",
            ),
        ];
        let findings = check_key_spelling(&sources);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(
            (findings[0].path.as_str(), findings[0].line),
            ("crates/broker/src/script.rs", 2)
        );
        assert!(findings[0].advice.starts_with("crates/broker/src/keys.rs"));
    }
}
