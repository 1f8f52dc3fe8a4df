//! A line of a terminal in the making: coloured or not, and never too wide.

/// What a piece of a line looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Colour {
    Plain,
    Dim,
    Bold,
    Good,
    Warn,
    Bad,
    Curve,
}

impl Colour {
    /// The numbers of "select graphic rendition", ECMA-48 8.3.117.
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Dim => Some("2"),
            Self::Bold => Some("1"),
            Self::Good => Some("32"),
            Self::Warn => Some("33"),
            Self::Bad => Some("1;31"),
            Self::Curve => Some("36"),
        }
    }
}

/// A line so far.
pub(super) struct Painted {
    text: String,
    /// Columns that are left.
    left: usize,
    has_colour: bool,
}

impl Painted {
    pub(super) fn new(columns: usize, has_colour: bool) -> Self {
        Self {
            text: String::new(),
            left: columns,
            has_colour,
        }
    }

    /// Adds a piece, or as much of it as there is room for.
    pub(super) fn text(&mut self, colour: Colour, words: &str) {
        let fits: String = words.chars().take(self.left).collect();
        self.left -= fits.chars().count();
        match colour
            .code()
            .filter(|_| self.has_colour && !fits.is_empty())
        {
            Some(code) => self.text.push_str(&format!("\x1b[{code}m{fits}\x1b[0m")),
            None => self.text.push_str(&fits),
        }
    }

    pub(super) fn end(self) -> String {
        self.text
    }
}
