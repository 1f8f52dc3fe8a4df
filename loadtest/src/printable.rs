//! Words that come from outside, made fit for a line of a terminal.

use std::fmt::{self, Display, Formatter, Write};

/// A text of which control characters, line breaks among them, are shown as spaces: they could move the
/// cursor, hide what stands on the screen, or make two lines of one.
pub(crate) struct Printable<'a>(pub(crate) &'a str);

impl Display for Printable<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            f.write_char(if turns_text(c) { ' ' } else { c })?;
        }
        Ok(())
    }
}

/// Controls, and marks that turn the direction of the text behind them.
fn turns_text(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::Printable;

    #[test]
    fn controls_become_spaces_and_letters_stay() {
        assert_eq!(
            Printable("a\u{1b}[2J\n\u{202e}ä – b").to_string(),
            "a [2J  ä – b"
        );
    }
}
