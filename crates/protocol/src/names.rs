//! Names that people and back ends choose: rooms, users, display names, idempotency keys.
//!
//! Each type parses or refuses, so that a value that exists is safe to put into a Redis key or a
//! frame: none holds a brace, a space or a control character. Cloning is a reference count.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};

/// The longest room name, in bytes.
const ROOM_BYTES_MAX: usize = 128;
/// The longest user id, in bytes: one less than a room name, so that every user has an inbox.
const USER_BYTES_MAX: usize = ROOM_BYTES_MAX - 1;
/// The longest idempotency key, in bytes.
const KEY_BYTES_MAX: usize = 64;
/// The longest display name, in bytes of UTF-8.
const DISPLAY_NAME_BYTES_MAX: usize = 128;

/// What opens the name of an inbox.
const INBOX_MARK: char = '@';

/// A name that was refused, with the rule it broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {rule}")]
pub struct InvalidName {
    what: &'static str,
    rule: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidName { what: $what, rule: $rule })
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    };
}

name!(
    /// A room: `[A-Za-z0-9._:@#-]{1,128}`.
    RoomName,
    "a room",
    "1 to 128 of the characters A-Z a-z 0-9 . _ : @ # -",
    |text| plain(text, ROOM_BYTES_MAX)
);

name!(
    /// A user's id, the `sub` of their token: `[A-Za-z0-9._:@#-]{1,127}`.
    UserId,
    "a user",
    "1 to 127 of the characters A-Z a-z 0-9 . _ : @ # -",
    |text| plain(text, USER_BYTES_MAX)
);

name!(
    /// What a sender gives to a message so that a retry is safe: 1 to 64 visible ASCII characters
    /// without braces.
    IdempotencyKey,
    "a key",
    "1 to 64 visible ASCII characters other than { and }",
    |text| bounded(text, KEY_BYTES_MAX)
        && text.bytes().all(|b| b.is_ascii_graphic() && b != b'{' && b != b'}')
);

name!(
    /// How a user is shown to others: 1 to 128 bytes, no control character, nothing that turns the
    /// direction of the text around it.
    DisplayName,
    "a name",
    "1 to 128 bytes without control or text-direction characters, with no space at either end",
    |text| bounded(text, DISPLAY_NAME_BYTES_MAX)
        && text.trim() == text
        && !text.chars().any(|c| c.is_control() || turns_direction(c))
);

impl RoomName {
    /// The inbox of `user`: the room `@<user>`, which only they read.
    pub fn inbox(user: &UserId) -> Self {
        let mut text = String::with_capacity(user.0.len() + 1);
        text.push(INBOX_MARK);
        text.push_str(&user.0);
        Self(text.into())
    }

    /// Whether this is somebody's inbox.
    pub fn is_inbox(&self) -> bool {
        self.0.starts_with(INBOX_MARK)
    }

    /// Whose inbox this is, if it is one.
    pub fn owner(&self) -> Option<UserId> {
        self.0.strip_prefix(INBOX_MARK)?.parse().ok()
    }

    /// Whether this is the inbox of `user`.
    pub fn is_inbox_of(&self, user: &UserId) -> bool {
        self.0.strip_prefix(INBOX_MARK) == Some(user.as_str())
    }
}

fn bounded(text: &str, bytes_max: usize) -> bool {
    (1..=bytes_max).contains(&text.len())
}

fn plain(text: &str, bytes_max: usize) -> bool {
    bounded(text, bytes_max)
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._:@#-".contains(&b))
}

/// Unicode's explicit embeddings, overrides and isolates (UAX #9, section 2).
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_name_holds_nothing_that_could_reach_into_a_redis_key() {
        for bad in [
            "",
            "a b",
            "a{b",
            "a}b",
            "a\0",
            "a\r\n",
            "ä",
            "a*",
            "a/b",
            "\u{202E}a",
        ] {
            assert!(bad.parse::<RoomName>().is_err(), "{bad:?}");
        }
        assert!("x".repeat(129).parse::<RoomName>().is_err());
        assert!("x".repeat(128).parse::<RoomName>().is_ok());
        assert!("Team.a_b:c@d#e-9".parse::<RoomName>().is_ok());
    }

    #[test]
    fn the_longest_user_still_has_an_inbox() {
        let user: UserId = "u".repeat(127).parse().unwrap();
        let inbox = RoomName::inbox(&user);
        assert_eq!(inbox.as_str().parse::<RoomName>().unwrap(), inbox);
        assert!(inbox.is_inbox_of(&user));
        assert_eq!(inbox.owner(), Some(user));
        assert!(!inbox.is_inbox_of(&"u".parse().unwrap()));
        assert!("u".repeat(128).parse::<UserId>().is_err());
    }

    #[test]
    fn a_display_name_cannot_turn_the_page_around() {
        assert!("Åsa 🐝".parse::<DisplayName>().is_ok());
        for bad in ["", " a", "a ", "a\nb", "a\u{202E}b", "\u{2066}"] {
            assert!(bad.parse::<DisplayName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_key_is_visible_ascii() {
        assert!("3f-a/b:c=".parse::<IdempotencyKey>().is_ok());
        for bad in ["", "a b", "{a}", "å", "\u{7f}"] {
            assert!(bad.parse::<IdempotencyKey>().is_err(), "{bad:?}");
        }
    }
}
