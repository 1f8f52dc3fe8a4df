//! Ids that the cluster gives out: epochs, messages, sessions, nodes.
//!
//! All are random or chosen by the operator; none carries an address or a time that a client
//! should not know.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};
use uuid::Uuid;

/// Names one unbroken life of a room's log: 64 random bits, written as 16 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Epoch(u64);

impl Epoch {
    /// The epoch with these bits; they should be random.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Its 64 bits.
    pub const fn bits(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Epoch {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() != 16 || !text.bytes().all(hex) {
            return Err("an epoch is 16 lower-case hex digits");
        }
        u64::from_str_radix(text, 16)
            .map(Self)
            .map_err(|_| "an epoch is 16 lower-case hex digits")
    }
}

/// Names one message for good: a UUID, minted by the node that took the message in. It is the
/// proof that two equal positions mean the same message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(Uuid);

/// Names one session: a UUID, fresh for each WebSocket conversation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(Uuid);

macro_rules! uuid_id {
    ($name:ident, $expected:literal) => {
        impl $name {
            /// The id with this UUID.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// Its 128 bits.
            pub const fn bits(self) -> u128 {
                self.0.as_u128()
            }
        }

        impl FromStr for $name {
            type Err = &'static str;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                // `Uuid` reads four spellings; the wire has one.
                if text.len() != 36 {
                    return Err($expected);
                }
                Uuid::parse_str(text).map(Self).map_err(|_| $expected)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

uuid_id!(MessageId, "a message id is a UUID of 36 characters");
uuid_id!(SessionId, "a session id is a UUID of 36 characters");

/// Names one gateway process: `[A-Za-z0-9._-]{1,64}`, chosen by the operator or made up at start.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(Arc<str>);

impl NodeId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NodeId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err("a node is 1 to 64 of the characters A-Z a-z 0-9 . _ -")
        }
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! as_text {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    )*};
}

as_text!(Epoch, MessageId, SessionId, NodeId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_written_as_it_is_read() {
        for bits in [0, 1, u64::MAX, 0x0123_4567_89ab_cdef] {
            let epoch = Epoch::from_bits(bits);
            assert_eq!(epoch.to_string().parse::<Epoch>(), Ok(epoch));
        }
        for bad in [
            "",
            "1",
            "0123456789ABCDEF",
            "+123456789abcdef",
            "0123456789abcdef0",
        ] {
            assert!(bad.parse::<Epoch>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_message_id_has_one_spelling() {
        let text = "0190a7c0-0000-7000-8000-000000000001";
        assert_eq!(text.parse::<MessageId>().unwrap().to_string(), text);
        assert!(
            "0190a7c0000070008000000000000001"
                .parse::<MessageId>()
                .is_err()
        );
        assert!(
            "{0190a7c0-0000-7000-8000-000000000001}"
                .parse::<MessageId>()
                .is_err()
        );
    }
}
