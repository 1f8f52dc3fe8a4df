//! Telling code from comments and strings, without parsing Rust.
//!
//! Keeps true: the scrubbed code has the same bytes count and the same line breaks as the text,
//! so an offset in one is an offset in the other.

/// A string literal's content and where its quote opens.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Literal {
    pub(super) offset: usize,
    pub(super) content: String,
}

/// Rust code with comments, string contents and character literals turned into spaces.
#[derive(Debug)]
pub(super) struct Scrubbed {
    pub(super) code: String,
    pub(super) literals: Vec<Literal>,
}

/// Scrubs one file.
pub(super) fn scrub(text: &str) -> Scrubbed {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut literals = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let (span, next) = token(text, at);
        if let Some((start, end, is_string)) = span {
            if is_string {
                literals.push(Literal {
                    offset: start - 1,
                    content: text[start..end].to_owned(),
                });
            }
            for byte in &mut code[start..end] {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
        }
        at = next;
    }
    let code = String::from_utf8(code).expect("whole characters are copied or turned into spaces");
    Scrubbed { code, literals }
}

/// What to blank (start, end, is it a string's content), if anything begins here.
type Span = Option<(usize, usize, bool)>;

/// Reads what begins at `at`: the span to blank and where to go on.
fn token(text: &str, at: usize) -> (Span, usize) {
    let rest = &text.as_bytes()[at..];
    match rest {
        [b'/', b'/', ..] => {
            let end = at + rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
            (Some((at, end, false)), end)
        }
        [b'/', b'*', ..] => {
            let end = at + block_comment_length(rest);
            (Some((at, end, false)), end)
        }
        [b'"', ..] => {
            let length = string_length(&rest[1..]);
            (
                Some((at + 1, at + 1 + length, true)),
                (at + length + 2).min(text.len()),
            )
        }
        [b'\'', ..] => match char_length(&text[at + 1..]) {
            Some(length) => (Some((at + 1, at + 1 + length, false)), at + length + 2),
            None => (None, at + 1),
        },
        [first, ..] if is_word(*first) => word(text, at),
        _ => (None, at + 1),
    }
}

/// Skips an identifier or number whole, unless it is the prefix of a raw string.
fn word(text: &str, at: usize) -> (Span, usize) {
    let rest = &text.as_bytes()[at..];
    let length = rest.iter().position(|&b| !is_word(b)).unwrap_or(rest.len());
    let end = at + length;
    if !matches!(&text[at..end], "r" | "br" | "cr") {
        return (None, end);
    }
    let after = &text[end..];
    let hashes = after.bytes().take_while(|&b| b == b'#').count();
    if after.as_bytes().get(hashes) != Some(&b'"') {
        return (None, end);
    }
    let start = end + hashes + 1;
    let closing = format!("\"{}", "#".repeat(hashes));
    let content = text[start..].find(&closing).unwrap_or(text.len() - start);
    (
        Some((start, start + content, true)),
        (start + content + closing.len()).min(text.len()),
    )
}

/// Letters, digits, underscore, and every byte of a character beyond ASCII.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Block comments nest.
fn block_comment_length(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] if depth == 1 => return at + 2,
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    at
}

/// The length of a string's content up to its closing quote.
fn string_length(rest: &[u8]) -> usize {
    let mut at = 0;
    while at < rest.len() {
        match rest[at] {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of a character literal's content, or none where the quote begins a lifetime.
fn char_length(rest: &str) -> Option<usize> {
    let first = rest.chars().next()?;
    if first == '\\' {
        // The escaped character may itself be a quote.
        let length = 2 + rest.get(2..)?.find('\'')?;
        return Some(length);
    }
    let length = first.len_utf8();
    (rest.as_bytes().get(length) == Some(&b'\'')).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::scrub;

    fn code(text: &str) -> String {
        let scrubbed = scrub(text);
        assert_eq!(scrubbed.code.len(), text.len(), "offsets moved");
        assert_eq!(
            scrubbed.code.lines().count(),
            text.lines().count(),
            "lines moved"
        );
        scrubbed
            .code
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn comments_of_all_kinds_go() {
        assert_eq!(code("a // b \" {\nc"), "a c");
        assert_eq!(code("//! top\n/// doc }\nx"), "x");
        assert_eq!(code("a /* { /* nested \" */ } */ b"), "a b");
        assert_eq!(code("a /* never closed {"), "a");
    }

    #[test]
    fn strings_go_and_are_kept_as_literals() {
        let text = "f(\"a \\\" { // b\", r#\"c \" d\"#, b\"e\", r\"f\\\")";
        assert_eq!(code(text), "f(\" \", r#\" \"#, b\" \", r\" \")");
        let contents: Vec<String> = scrub(text)
            .literals
            .into_iter()
            .map(|l| l.content)
            .collect();
        assert_eq!(contents, ["a \\\" { // b", "c \" d", "e", "f\\"]);
    }

    #[test]
    fn characters_go_and_lifetimes_stay() {
        assert_eq!(
            code("'{' '\\'' '\"' b'}' '\\u{7f}' 'ä' x"),
            "' ' ' ' ' ' b' ' ' ' ' ' x"
        );
        assert_eq!(
            code("fn f<'a>(x: &'a str, y: &'static str) {}"),
            "fn f<'a>(x: &'a str, y: &'static str) {}"
        );
    }

    #[test]
    fn raw_identifiers_and_words_that_end_in_r_open_no_string() {
        assert_eq!(code("r#type bar\"{\" x"), "r#type bar\" \" x");
        assert_eq!(code("let ünïr = 1; \"}\""), "let ünïr = 1; \" \"");
    }

    #[test]
    fn a_string_that_never_ends_breaks_nothing() {
        assert_eq!(code("a \"b"), "a \"");
        assert_eq!(code("a \"b\\"), "a \"");
        assert_eq!(code("a r#\"b\""), "a r#\"");
        assert_eq!(code("a '\\"), "a '\\");
    }
}
