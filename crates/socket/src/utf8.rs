//! Text that arrives in pieces, checked as it arrives.
//!
//! Keeps true: the text built is UTF-8, each byte is checked once, and the first byte that can't
//! belong to a character is refused when it comes, not when the message ends.

use std::str::from_utf8;

use crate::violation::Violation;

/// The beginning of a character whose end hasn't come: up to three bytes.
#[derive(Default, Debug)]
pub(crate) struct Utf8 {
    held: [u8; 4],
    length: u8,
}

impl Utf8 {
    /// Checks `bytes` and adds them to `text`, but for an unfinished last character.
    pub(crate) fn push(&mut self, bytes: &[u8], text: &mut String) -> Result<(), Violation> {
        let rest = self.complete(bytes, text)?;
        match from_utf8(rest) {
            Ok(all) => text.push_str(all),
            Err(error) if error.error_len().is_some() => return Err(Violation::InvalidUtf8),
            Err(error) => {
                let (whole, begun) = rest.split_at(error.valid_up_to());
                text.push_str(from_utf8(whole).expect("checked up to here"));
                self.held[..begun.len()].copy_from_slice(begun);
                self.length = u8::try_from(begun.len()).expect("less than one character");
            }
        }
        Ok(())
    }

    /// Refuses a message that ends inside a character.
    pub(crate) fn finish(&self) -> Result<(), Violation> {
        if self.length == 0 {
            Ok(())
        } else {
            Err(Violation::InvalidUtf8)
        }
    }

    /// Takes from `bytes` what the character held still needs.
    fn complete<'b>(&mut self, bytes: &'b [u8], text: &mut String) -> Result<&'b [u8], Violation> {
        let mut rest = bytes;
        while self.length > 0 {
            let Some((next, behind)) = rest.split_first() else {
                break;
            };
            self.held[usize::from(self.length)] = *next;
            self.length += 1;
            rest = behind;
            match from_utf8(&self.held[..usize::from(self.length)]) {
                Ok(character) => {
                    text.push_str(character);
                    self.length = 0;
                }
                Err(error) if error.error_len().is_some() => return Err(Violation::InvalidUtf8),
                Err(_) => {}
            }
        }
        Ok(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::Utf8;
    use crate::violation::Violation;

    fn bytewise(bytes: &[u8]) -> Result<String, usize> {
        let (mut utf8, mut text) = (Utf8::default(), String::new());
        for (at, byte) in bytes.iter().enumerate() {
            utf8.push(&[*byte], &mut text).map_err(|_| at)?;
        }
        utf8.finish().map_err(|_| bytes.len())?;
        Ok(text)
    }

    #[test]
    fn text_cut_anywhere_is_put_together() {
        let text = "aß€😀 κόσμε";
        assert_eq!(bytewise(text.as_bytes()).unwrap(), text);
        for cut in 0..=text.len() {
            let (mut utf8, mut out) = (Utf8::default(), String::new());
            utf8.push(&text.as_bytes()[..cut], &mut out).unwrap();
            utf8.push(&text.as_bytes()[cut..], &mut out).unwrap();
            assert_eq!((out.as_str(), utf8.finish()), (text, Ok(())));
        }
    }

    #[test]
    fn the_first_impossible_byte_is_refused_when_it_comes() {
        // U+110000, a surrogate, an overlong slash, a lone continuation, a cut character.
        assert_eq!(bytewise(b"a\xf4\x90\x80\x80"), Err(2));
        assert_eq!(bytewise(b"\xed\xa0\x80"), Err(1));
        assert_eq!(bytewise(b"\xc0\xaf"), Err(0));
        assert_eq!(bytewise(b"ok\x80"), Err(2));
        assert_eq!(bytewise(b"\xe2A"), Err(1));
    }

    #[test]
    fn a_message_may_not_end_inside_a_character() {
        assert_eq!(bytewise(b"\xf0\x9f\x98"), Err(3));
        let (mut utf8, mut text) = (Utf8::default(), String::new());
        utf8.push(b"abc\xe2\x82", &mut text).unwrap();
        assert_eq!(text, "abc");
        assert_eq!(utf8.finish(), Err(Violation::InvalidUtf8));
    }
}
