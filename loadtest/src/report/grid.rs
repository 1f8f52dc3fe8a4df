//! Tables: one way to write them, so that words are escaped in one place and a phone can show a row as a card.

use std::fmt::{self, Display, Formatter};

use super::escape::Text;

/// A column's title, and whether numbers stand below it.
#[derive(Clone, Copy)]
pub(super) struct Head(&'static str, bool);

impl Head {
    pub(super) const fn words(title: &'static str) -> Self {
        Self(title, false)
    }

    pub(super) const fn number(title: &'static str) -> Self {
        Self(title, true)
    }
}

/// What stands in a field. Words are escaped when they are written.
pub(super) enum Cell {
    /// Words, or a number.
    Plain(String),
    /// What the row is about.
    Name(String),
    /// What the row is about, as it is spelled in programs.
    Code(&'static str),
    /// The number of a fault, as in the plots.
    Badge(usize),
    /// Words, and under them what is wrong.
    Wrong(String, Vec<String>),
    /// A judgement.
    Tag(Tag, &'static str),
}

/// The colour of a judgement.
#[derive(Clone, Copy)]
pub(super) enum Tag {
    Good,
    Bad,
    Doubt,
}

impl Cell {
    pub(super) fn plain(words: impl Into<String>) -> Self {
        Self::Plain(words.into())
    }

    pub(super) fn name(words: impl Into<String>) -> Self {
        Self::Name(words.into())
    }

    /// One of two judgements.
    pub(super) fn judged(is_good: bool, good: &'static str, bad: &'static str) -> Self {
        if is_good {
            Self::Tag(Tag::Good, good)
        } else {
            Self::Tag(Tag::Bad, bad)
        }
    }
}

impl Display for Cell {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(words) => write!(f, "{}", Text(words)),
            Self::Name(words) => write!(f, "<b>{}</b>", Text(words)),
            Self::Code(words) => write!(f, "<code>{}</code>", Text(words)),
            Self::Badge(number) => write!(f, "<span class=\"number\">{number}</span>"),
            Self::Wrong(words, wrongs) => {
                write!(f, "{}", Text(words))?;
                for wrong in wrongs {
                    write!(f, "<br><span class=\"bad\">{}</span>", Text(wrong))?;
                }
                Ok(())
            }
            Self::Tag(tag, word) => {
                let class = match tag {
                    Tag::Good => "good",
                    Tag::Bad => "bad",
                    Tag::Doubt => "doubt",
                };
                write!(f, "<span class=\"tag {class}\">{word}</span>")
            }
        }
    }
}

/// Writes a table, with each column's title in each field for narrow pages.
pub(super) fn table<const N: usize>(
    f: &mut Formatter<'_>,
    heads: [Head; N],
    rows: impl Iterator<Item = [Cell; N]>,
) -> fmt::Result {
    f.write_str("<div class=\"wide\"><table>\n<thead><tr>")?;
    for Head(title, is_number) in heads {
        let class = if is_number { " class=\"n\"" } else { "" };
        write!(f, "<th{class}>{title}</th>")?;
    }
    f.write_str("</tr></thead>\n<tbody>\n")?;
    for cells in rows {
        f.write_str("<tr>")?;
        for (Head(title, is_number), cell) in heads.into_iter().zip(cells) {
            let class = if is_number { " class=\"n\"" } else { "" };
            write!(f, "<td{class} data-title=\"{title}\">{cell}</td>")?;
        }
        f.write_str("</tr>\n")?;
    }
    f.write_str("</tbody>\n</table></div>\n")
}
