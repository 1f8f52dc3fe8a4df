//! The id a client gives to a request, so that it knows the answer: echoed as it came.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::position::SEQ_MAX;

/// The longest textual request id, in bytes.
const TEXT_BYTES_MAX: usize = 64;

/// A request's id: a whole number up to 2^53 - 1, or a text of 1 to 64 bytes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum RequestId {
    /// A number, as most clients count.
    Number(u64),
    /// A text, as those do that use UUIDs.
    Text(Box<str>),
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl From<u64> for RequestId {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RequestIdVisitor)
    }
}

struct RequestIdVisitor;

impl Visitor<'_> for RequestIdVisitor {
    type Value = RequestId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id: a whole number up to 9007199254740991 or a text of 1 to 64 bytes")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<RequestId, E> {
        if number <= SEQ_MAX {
            Ok(RequestId::Number(number))
        } else {
            Err(E::invalid_value(de::Unexpected::Unsigned(number), &self))
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<RequestId, E> {
        if (1..=TEXT_BYTES_MAX).contains(&text.len()) {
            Ok(RequestId::Text(text.into()))
        } else {
            Err(E::invalid_length(text.len(), &self))
        }
    }
}
