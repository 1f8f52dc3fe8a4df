//! What a rule has to say: a place, the rule's name, and what to do instead.

use std::fmt;

/// One breach of a rule; shown as `path:line: rule: what to do instead`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    /// Relative to the workspace, with `/`.
    pub(super) path: String,
    /// From 1.
    pub(super) line: usize,
    pub(super) rule: &'static str,
    pub(super) advice: String,
}

impl Finding {
    pub(super) fn new(
        path: &str,
        line: usize,
        rule: &'static str,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            path: path.to_owned(),
            line,
            rule,
            advice: advice.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: {}: {}",
            self.path, self.line, self.rule, self.advice
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Finding;

    #[test]
    fn a_finding_reads_as_place_rule_and_advice() {
        let finding = Finding::new("crates/x/src/a.rs", 7, "size", "cut it in two");
        assert_eq!(
            finding.to_string(),
            "crates/x/src/a.rs:7: size: cut it in two"
        );
    }
}
