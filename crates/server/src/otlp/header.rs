//! A header that a collector wants to see, most often a secret.

use std::fmt;

use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue};

use crate::secret::HIDDEN;

/// Those that a post has by itself.
const OURS: &[HeaderName] = &[
    CONNECTION,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    HOST,
    TRANSFER_ENCODING,
];

/// A header; its value is not shown.
#[derive(Clone)]
pub struct Header {
    pub(super) name: HeaderName,
    pub(super) value: HeaderValue,
}

impl Header {
    /// What parses as one.
    pub const EXPECTED: &str = "name=value, such as authorization=Bearer <a token>";

    /// Reads a header.
    ///
    /// # Errors
    /// What is wrong with it; the value is not repeated.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or_else(String::new)?;
        let name: HeaderName = name.trim().parse().map_err(|_| String::new())?;
        if OURS.contains(&name) {
            return Err(format!("{name} is set by itself"));
        }
        let mut value: HeaderValue = value.trim().parse().map_err(|_| String::new())?;
        value.set_sensitive(true);
        Ok(Self { name, value })
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={HIDDEN}", self.name)
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::Header;

    #[test]
    fn a_value_is_taken_whole_and_never_shown() {
        let header = Header::parse("Authorization = Basic c2VjcmV0OmtleQ==").unwrap();
        assert_eq!(header.name, "authorization");
        assert_eq!(header.value, "Basic c2VjcmV0OmtleQ==");
        assert_eq!(
            format!("{header} {header:?}"),
            "authorization=(hidden) authorization=(hidden)"
        );
        for bad in [
            "",
            "authorization",
            "=x",
            "a b=c",
            "a=b\nc",
            "Host=x",
            "content-type=x",
        ] {
            assert!(Header::parse(bad).is_err(), "{bad:?}");
        }
    }
}
