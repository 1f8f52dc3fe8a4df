//! The bearer key of the HTTP API, compared in constant time.

use std::fmt;

use subtle::ConstantTimeEq;

use crate::secret::HIDDEN;

/// The shortest key, in bytes: 128 bits, if each byte carried eight.
const API_KEY_BYTES_MIN: usize = 16;
/// The longest key, in bytes; it has to fit into a header.
const API_KEY_BYTES_MAX: usize = 256;

/// The key that back ends show to the HTTP API: 16 to 256 visible ASCII characters.
#[derive(Clone)]
pub struct ApiKey(String);

impl ApiKey {
    /// What [`ApiKey::parse`] accepts.
    pub const EXPECTED: &str = "16 to 256 visible ASCII characters";

    /// A key, if the text may be one.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (API_KEY_BYTES_MIN..=API_KEY_BYTES_MAX).contains(&text.len());
        (fits && text.bytes().all(|b| b.is_ascii_graphic())).then(|| Self(text.to_owned()))
    }

    /// Whether `offered` is this key. Takes equally long wherever the first difference is; only
    /// the length can be told from the time.
    pub fn admits(&self, offered: &str) -> bool {
        self.0.as_bytes().ct_eq(offered.as_bytes()).into()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_key_is_admitted() {
        let key = ApiKey::parse("0123456789abcdef").unwrap();
        assert!(key.admits("0123456789abcdef"));
        for wrong in [
            "",
            "0123456789abcde",
            "0123456789abcdeg",
            "0123456789abcdef0",
        ] {
            assert!(!key.admits(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn a_key_that_could_be_guessed_or_garbled_is_refused() {
        for bad in [
            "",
            "short",
            "0123456789abcde ",
            "0123456789abcdeä",
            &"x".repeat(257),
        ] {
            assert!(ApiKey::parse(bad).is_none(), "{bad:?}");
        }
    }
}
