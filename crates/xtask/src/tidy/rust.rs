//! What the rules need to know of a Rust file: its code, its strings, and which of it is test.
//!
//! Keeps true: all views keep the offsets of the text. Test code is what stands under
//! `#[cfg(test)]` or `#[cfg(all(test, …))]`; a file that such a `mod` line brings in is not known
//! here, because that line stands in another file: see [`Rust::test_modules`].

use super::scrub::{Literal, scrub};

/// The views of one file.
#[derive(Debug)]
pub(super) struct Rust {
    /// Comments and strings blanked.
    pub(super) code: String,
    /// Like `code`, with test code blanked as well.
    pub(super) live: String,
    pub(super) literals: Vec<Literal>,
    /// Modules in files of their own that exist only for tests: `#[cfg(test)] mod tests;`.
    pub(super) test_modules: Vec<String>,
}

impl Rust {
    pub(super) fn read(text: &str) -> Self {
        let scrubbed = scrub(text);
        let mut live = scrubbed.code.clone().into_bytes();
        let mut test_modules = Vec::new();
        for (start, end) in test_spans(&scrubbed.code) {
            test_modules.extend(module_in_file(&scrubbed.code[start..end]));
            for byte in live[start..end].iter_mut().filter(|byte| **byte != b'\n') {
                *byte = b' ';
            }
        }
        let live = String::from_utf8(live).expect("spans begin and end at ASCII characters");
        Self {
            code: scrubbed.code,
            live,
            literals: scrubbed.literals,
            test_modules,
        }
    }

    /// The string literals outside test code.
    pub(super) fn live_literals(&self) -> impl Iterator<Item = &Literal> {
        self.literals
            .iter()
            .filter(|literal| !self.live[literal.offset..].starts_with(' '))
    }

    /// The line, from 1, in which an offset stands.
    pub(super) fn line_of(&self, offset: usize) -> usize {
        line_of(&self.code, offset)
    }
}

/// The line, from 1, in which an offset of `text` stands.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset]
        .iter()
        .filter(|&&byte| byte == b'\n')
        .count()
        + 1
}

/// The offset after the bracket that closes the one at `open`, or the end of the code.
pub(super) fn closing(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

/// From each test attribute to the end of the item under it.
fn test_spans(code: &str) -> Vec<(usize, usize)> {
    let mut spans: Vec<(usize, usize)> = Vec::new();
    let starts = ["#[cfg(test)]", "#[cfg(all(test", "#![cfg(test)]"];
    let mut found: Vec<usize> = starts
        .iter()
        .flat_map(|start| code.match_indices(start))
        .map(|(at, _)| at)
        .collect();
    found.sort_unstable();
    for start in found {
        if spans.last().is_some_and(|&(_, end)| start < end) {
            continue;
        }
        let is_whole_file = code[start..].starts_with("#!");
        let end = if is_whole_file {
            code.len()
        } else {
            item_end(code, start)
        };
        spans.push((start, end));
    }
    spans
}

/// The end of the item whose first attribute begins at `start`: its `;` or its last brace.
fn item_end(code: &str, start: usize) -> usize {
    let mut at = start;
    while let Some(byte) = code.as_bytes().get(at) {
        match byte {
            b'(' | b'[' => at = closing(code, at),
            b'{' => return closing(code, at),
            b';' => return at + 1,
            _ => at += 1,
        }
    }
    code.len()
}

/// The name in `… mod name;`.
fn module_in_file(item: &str) -> Option<String> {
    let words: Vec<&str> = item.strip_suffix(';')?.split_whitespace().collect();
    match words.as_slice() {
        [.., "mod", name] => Some((*name).to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Rust, line_of};

    fn live(text: &str) -> String {
        Rust::read(text)
            .live
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn items_under_a_test_attribute_are_not_live() {
        assert_eq!(
            live("a; #[cfg(test)] mod tests { fn f() { \"}\" } } b;"),
            "a; b;"
        );
        assert_eq!(live("#[cfg(test)]\n#[path = \"x\"]\nmod tests;\nb;"), "b;");
        assert_eq!(
            live("#[cfg(all(test, unix))] fn f(x: [u8; 3]) -> u8 { 1 } b;"),
            "b;"
        );
        assert_eq!(live("#![cfg(test)]\nfn f() {}"), "");
        assert_eq!(
            live("#[cfg(unix)] mod m { fn f() {} }"),
            "#[cfg(unix)] mod m { fn f() {} }"
        );
    }

    #[test]
    fn modules_that_only_tests_have_are_known_by_name() {
        let rust = Rust::read("mod a;\n#[cfg(test)]\nmod model;\n#[cfg(test)] mod tests { }");
        assert_eq!(rust.test_modules, ["model"]);
    }

    #[test]
    fn literals_in_test_code_are_not_live() {
        let rust =
            Rust::read("const A: &str = \"a\";\n#[cfg(test)] mod t { const B: &str = \"b\"; }");
        let contents: Vec<&str> = rust.live_literals().map(|l| l.content.as_str()).collect();
        assert_eq!(contents, ["a"]);
        assert_eq!(rust.literals.len(), 2);
    }

    #[test]
    fn lines_count_from_one() {
        assert_eq!(line_of("a\nb\nc", 0), 1);
        assert_eq!(line_of("a\nb\nc", 4), 3);
    }
}
