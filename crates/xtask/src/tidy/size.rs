//! Rule `size`: small rooms. Files, functions and the two front documents have a length.
//!
//! A function's length is counted from its `fn` line to its last brace, by matching braces in
//! code without comments and strings.

use super::finding::Finding;
use super::rust::{Rust, closing};
use super::source::Source;

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;
/// A document, and what to do with what doesn't fit.
const DOCUMENTS: &[(&str, usize, &str)] = &[
    (
        "README.md",
        150,
        "move what a first reader doesn't need into docs/",
    ),
    (
        "ARCHITECTURE.md",
        200,
        "a newcomer reads it in one sitting; move detail into the sources",
    ),
];

/// Checks one file.
pub(super) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lines = source.text.lines().count();
    for (name, lines_max, advice) in DOCUMENTS {
        if source.file_name() == *name && lines > *lines_max {
            let advice = format!("{lines} lines are more than {lines_max}; {advice}");
            findings.push(Finding::new(&source.path, *lines_max + 1, "size", advice));
        }
    }
    let Some(rust) = &source.rust else {
        return findings;
    };
    if lines > FILE_LINES_MAX {
        let advice = format!("{lines} lines are more than {FILE_LINES_MAX}; split by job");
        findings.push(Finding::new(
            &source.path,
            FILE_LINES_MAX + 1,
            "size",
            advice,
        ));
    }
    for Function { name, line, lines } in functions(rust) {
        if lines > FUNCTION_LINES_MAX {
            let advice = format!(
                "fn {name} has {lines} lines, more than {FUNCTION_LINES_MAX}; give its steps names"
            );
            findings.push(Finding::new(&source.path, line, "size", advice));
        }
    }
    findings
}

struct Function<'a> {
    name: &'a str,
    /// Where it begins, from 1.
    line: usize,
    lines: usize,
}

fn functions(rust: &Rust) -> Vec<Function<'_>> {
    let code = rust.code.as_str();
    let begins_word = |at: usize| {
        let before = code[..at].chars().next_back();
        before.is_none_or(|c| !(c.is_alphanumeric() || c == '_'))
    };
    code.match_indices("fn ")
        .filter(|(at, _)| begins_word(*at))
        .filter_map(|(at, word)| {
            let after = code[at + word.len()..].trim_start();
            let end = after
                .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                .unwrap_or(0);
            let name = &after[..end];
            if name.is_empty() {
                return None;
            }
            let body = body(code, code.len() - after.len() + end)?;
            let line = rust.line_of(at);
            let lines = rust.line_of(closing(code, body) - 1) - line + 1;
            Some(Function { name, line, lines })
        })
        .collect()
}

/// Where the body opens, after a function's name; none for a function without a body.
fn body(code: &str, mut at: usize) -> Option<usize> {
    loop {
        match code.as_bytes().get(at)? {
            b'(' | b'[' => at = closing(code, at),
            b'{' => return Some(at),
            b';' => return None,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::check;

    fn advice(path: &str, text: &str) -> Vec<String> {
        check(&Source::new(path, text))
            .into_iter()
            .map(|f| f.to_string())
            .collect()
    }

    fn function(body_lines: usize) -> String {
        format!(
            "//! x\nfn first() {{}}\n\npub async fn long<T>(a: [u8; 4]) -> T\nwhere\n    T: X,\n{{\n{}}}\nfn last() {{}}\n",
            "    a();\n".repeat(body_lines)
        )
    }

    #[test]
    fn a_function_at_the_limit_passes_and_one_line_more_is_found() {
        assert!(advice("a.rs", &function(65)).is_empty());
        let found = advice("a.rs", &function(66));
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("a.rs:4: size: fn long has 71 lines"),
            "{found:?}"
        );
    }

    #[test]
    fn braces_in_strings_and_comments_and_bodiless_functions_confuse_nothing() {
        let text = format!(
            "trait T {{ fn a(&self, f: fn (u8) -> u8) -> [u8; 2]; }}\nfn b() {{ \"{{\"; '{{'; /* {{ */ }}\n{}",
            "// filler\n".repeat(80)
        );
        assert!(advice("a.rs", &text).is_empty());
    }

    #[test]
    fn a_file_at_the_limit_passes_and_one_line_more_is_found() {
        assert!(advice("crates/x/tests/a.rs", &"//! x\n".repeat(400)).is_empty());
        let found = advice("crates/x/tests/a.rs", &"//! x\n".repeat(401));
        assert!(
            found[0].starts_with("crates/x/tests/a.rs:401: size: 401 lines"),
            "{found:?}"
        );
        assert!(advice("a.css", &"x\n".repeat(401)).is_empty());
    }

    #[test]
    fn the_front_documents_have_their_own_limits() {
        assert!(advice("README.md", &"x\n".repeat(150)).is_empty());
        assert_eq!(advice("README.md", &"x\n".repeat(151)).len(), 1);
        assert!(advice("ARCHITECTURE.md", &"x\n".repeat(200)).is_empty());
        assert_eq!(advice("ARCHITECTURE.md", &"x\n".repeat(201)).len(), 1);
        assert!(advice("docs/protocol.md", &"x\n".repeat(900)).is_empty());
    }
}
