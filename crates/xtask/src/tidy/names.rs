//! Rule `names`: no drawers for odds and ends, and `foo.rs` + `foo/` rather than `mod.rs`.

use super::finding::Finding;
use super::source::Source;

/// Names that say nothing of what is inside.
const DRAWERS: &[&str] = &[
    "util", "utils", "helper", "helpers", "common", "manager", "managers", "misc",
];

/// Checks one file's path and the modules written inside it.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    let Some(rust) = &source.rust else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    if source.file_name() == "mod.rs" {
        let advice = "name the file after its folder, next to it: foo.rs + foo/";
        findings.push(Finding::new(&source.path, 1, "names", advice));
    }
    let parts = source
        .path
        .split('/')
        .map(|part| part.trim_end_matches(".rs"));
    for drawer in parts.filter(|part| DRAWERS.contains(part)) {
        findings.push(drawer_found(&source.path, 1, drawer));
    }
    let mut words = rust
        .code
        .split_inclusive(|c: char| !(c.is_alphanumeric() || c == '_'));
    let mut offset = 0;
    let mut follows_mod = false;
    for word in &mut words {
        let name = word.trim_end_matches(|c: char| !(c.is_alphanumeric() || c == '_'));
        if follows_mod && DRAWERS.contains(&name) {
            findings.push(drawer_found(&source.path, rust.line_of(offset), name));
        }
        // Several spaces between `mod` and the name are empty words.
        follows_mod = name == "mod" || (follows_mod && name.is_empty());
        offset += word.len();
    }
    findings
}

fn drawer_found(path: &str, line: usize, drawer: &str) -> Finding {
    let advice = format!("`{drawer}` is a drawer; name the module after the one thing it owns");
    Finding::new(path, line, "names", advice)
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::check;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&Source::new(path, text))
            .iter()
            .map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn names_that_say_something_pass() {
        assert!(
            lines(
                "crates/x/src/hub.rs",
                "mod outbox;\nlet utils = 1;\n// mod utils;"
            )
            .is_empty()
        );
        assert!(lines("crates/x/tests/node.rs", "mod redis_process;").is_empty());
        assert!(lines("web/common.css", "").is_empty());
    }

    #[test]
    fn drawers_are_found_as_files_folders_and_modules() {
        assert_eq!(lines("crates/x/src/utils.rs", ""), [1]);
        assert_eq!(lines("crates/x/tests/common/node.rs", ""), [1]);
        assert_eq!(
            lines(
                "crates/x/src/a.rs",
                "mod b;\npub(crate) mod  helpers {\n}\n"
            ),
            [2]
        );
        assert_eq!(lines("crates/x/src/a.rs", "mod manager;"), [1]);
    }

    #[test]
    fn a_mod_rs_is_found() {
        assert_eq!(lines("crates/x/src/a/mod.rs", ""), [1]);
    }
}
