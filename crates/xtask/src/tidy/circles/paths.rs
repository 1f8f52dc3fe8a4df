//! The paths a Rust file spells: its `use` trees, taken apart, and paths in the code.
//!
//! Works on code without comments and strings. Knows nothing of which modules exist.

/// A path as spelled, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spelled {
    /// `["crate", "a", "B"]`; without the `*` of a glob.
    pub(super) segments: Vec<String>,
    /// From 1.
    pub(super) line: usize,
    /// Modules written inside the file around this place, outermost first.
    pub(super) inside: Vec<String>,
    pub(super) kind: Kind,
}

/// What a path is part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// An expression or a type.
    Plain,
    /// A `use` that binds this name; `pub` if others can reach it through this file.
    Use { binds: String, is_pub: bool },
    /// A `use …::*`.
    Glob { is_pub: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Token<'a> {
    text: &'a str,
    line: usize,
}

/// All paths in a file, `use` trees taken apart.
pub(super) fn spelled(code: &str) -> Vec<Spelled> {
    let tokens = tokens(code);
    let mut paths = Vec::new();
    // Modules written inside the file, with the depth of braces at which each ends.
    let mut inside: Vec<(String, usize)> = Vec::new();
    let (mut depth, mut at) = (0_usize, 0);
    while at < tokens.len() {
        let around = || {
            inside
                .iter()
                .map(|(name, _)| name.clone())
                .collect::<Vec<_>>()
        };
        let text = |offset: usize| tokens.get(at + offset).map_or("", |token| token.text);
        match text(0) {
            "mod" if text(2) == "{" => {
                inside.push((text(1).to_owned(), depth));
                (depth, at) = (depth + 1, at + 3);
            }
            "{" => (depth, at) = (depth + 1, at + 1),
            "}" => {
                depth = depth.saturating_sub(1);
                inside.retain(|(_, ends)| *ends < depth);
                at += 1;
            }
            // `impl Trait + use<'a>` names what is captured, not a path.
            "use" if text(1) != "<" => {
                let is_pub = at > 0 && matches!(tokens[at - 1].text, "pub" | ")");
                let mut tree = UseTree {
                    tokens: &tokens,
                    at: at + 1,
                    is_pub,
                    leaves: Vec::new(),
                };
                tree.branch(&[]);
                at = tree.at;
                paths.extend(tree.leaves.into_iter().map(|leaf| Spelled {
                    inside: around(),
                    ..leaf
                }));
            }
            // `pub(in path)` is about who may see, not about what is used.
            "in" if at > 1 && tokens[at - 2].text == "pub" => {
                at = skip_past(&tokens, at, ")");
            }
            _ => {
                let (segments, next) = plain_path(&tokens, at);
                if segments.len() > 1 {
                    let line = tokens[at].line;
                    paths.push(Spelled {
                        segments,
                        line,
                        inside: around(),
                        kind: Kind::Plain,
                    });
                }
                at = next;
            }
        }
    }
    paths
}

fn skip_past(tokens: &[Token<'_>], at: usize, end: &str) -> usize {
    let length = tokens[at..].iter().position(|token| token.text == end);
    length.map_or(tokens.len(), |length| at + length + 1)
}

/// A path that begins at `at`, and where to go on.
fn plain_path(tokens: &[Token<'_>], at: usize) -> (Vec<String>, usize) {
    let mut segments = Vec::new();
    let mut next = at;
    while let Some(token) = tokens.get(next).filter(|token| is_name(token.text)) {
        segments.push(token.text.to_owned());
        next += 1;
        if tokens.get(next).is_none_or(|token| token.text != "::") {
            return (segments, next);
        }
        next += 1;
    }
    // `::std::x` and `<T as X>::y` go on from something that is not a module of ours.
    if segments.is_empty() && tokens[at].text == "::" {
        let is_part = |token: &&Token<'_>| is_name(token.text) || token.text == "::";
        return (
            segments,
            at + tokens[at..].iter().take_while(is_part).count(),
        );
    }
    (segments, next.max(at + 1))
}

/// A reader of one `use` tree.
struct UseTree<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    is_pub: bool,
    leaves: Vec<Spelled>,
}

impl UseTree<'_> {
    /// Reads `a::b`, `a::{…}`, `a::*` or `a as b` below `stem`; stands after it when done.
    fn branch(&mut self, stem: &[String]) {
        let mut segments = stem.to_vec();
        let line = self.tokens.get(self.at).map_or(1, |token| token.line);
        loop {
            match self.text() {
                "{" => {
                    self.at += 1;
                    while !matches!(self.text(), "}" | ";" | "") {
                        self.branch(&segments);
                        if self.text() == "," {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                "*" => {
                    self.at += 1;
                    self.leaf(
                        segments,
                        line,
                        Kind::Glob {
                            is_pub: self.is_pub,
                        },
                    );
                    return;
                }
                "::" => self.at += 1,
                text if is_name(text) && text != "as" => {
                    segments.push(text.to_owned());
                    self.at += 1;
                }
                _ => break,
            }
        }
        // `a::{self}` binds `a`.
        if segments.len() > 1 && segments.last().is_some_and(|last| last == "self") {
            segments.pop();
        }
        let mut binds = segments.last().cloned().unwrap_or_default();
        if self.text() == "as" {
            self.at += 1;
            binds = self.text().to_owned();
            self.at += 1;
        }
        if segments.is_empty() {
            // Not a tree after all (a macro's `use $path`): step on, so that the reading ends.
            self.at += usize::from(!matches!(self.text(), "}" | ";" | ""));
            return;
        }
        self.leaf(
            segments,
            line,
            Kind::Use {
                binds,
                is_pub: self.is_pub,
            },
        );
    }

    fn leaf(&mut self, segments: Vec<String>, line: usize, kind: Kind) {
        self.leaves.push(Spelled {
            segments,
            line,
            inside: Vec::new(),
            kind,
        });
    }

    fn text(&self) -> &str {
        self.tokens.get(self.at).map_or("", |token| token.text)
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Names, `::` and single characters; `r#name` is read as `name`.
fn tokens(code: &str) -> Vec<Token<'_>> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (code, 1);
    while let Some(first) = rest.chars().next() {
        let length = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        let (text, after) = rest.split_at(length);
        if text == "r" && after.starts_with('#') {
            rest = &after[1..];
            continue;
        }
        if text == "\n" {
            line += 1;
        } else if !first.is_whitespace() {
            tokens.push(Token { text, line });
        }
        rest = after;
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::{Kind, spelled};

    /// Paths in short: `line path`, with `=name` for what a `use` binds and `*` for a glob.
    fn short(code: &str) -> Vec<String> {
        let short = |path: super::Spelled| {
            let end = match path.kind {
                Kind::Plain => String::new(),
                Kind::Use {
                    binds,
                    is_pub: false,
                } => format!("={binds}"),
                Kind::Use {
                    binds,
                    is_pub: true,
                } => format!("=pub {binds}"),
                Kind::Glob { is_pub } => format!("::*{}", if is_pub { " pub" } else { "" }),
            };
            format!("{} {}{end}", path.line, path.segments.join("::"))
        };
        spelled(code).into_iter().map(short).collect()
    }

    #[test]
    fn use_trees_are_taken_apart() {
        let code = "use a::b;\nuse crate::{c::{self, D as E}, f::*,\n g};\npub(crate) use h;";
        assert_eq!(
            short(code),
            [
                "1 a::b=b",
                "2 crate::c=c",
                "2 crate::c::D=E",
                "2 crate::f::*",
                "3 crate::g=g",
                "4 h=pub h"
            ]
        );
    }

    #[test]
    fn paths_in_code_are_read_without_their_generics() {
        let code = "fn f(x: crate::a::B<super::C>) -> u8 { r#type::g::<u8>(); Vec::new(); x.y() }";
        assert_eq!(
            short(code),
            ["1 crate::a::B", "1 super::C", "1 type::g", "1 Vec::new"]
        );
    }

    #[test]
    fn what_only_looks_like_a_path_is_left_out() {
        let code = "pub(in crate::a) fn f() -> impl X + use<'_> { ::std::a(); <T as X>::b(); }";
        assert_eq!(short(code), Vec::<String>::new());
    }

    #[test]
    fn modules_written_inside_the_file_are_told() {
        let paths = spelled("mod a { fn f() { super::x(); } mod b { use super::y; } } use z;");
        let inside: Vec<String> = paths.iter().map(|path| path.inside.join("::")).collect();
        assert_eq!(inside, ["a", "a::b", ""]);
    }

    #[test]
    fn broken_trees_end() {
        for code in [
            "use",
            "use {",
            "use a::{b",
            "use $a::{$b};",
            "use a as",
            "mod a {",
            "}}",
        ] {
            let _ends = spelled(code);
        }
    }
}
