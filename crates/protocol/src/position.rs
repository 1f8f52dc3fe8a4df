//! Where a message stands: a sequence number inside an epoch, and a position to come back from.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};

use crate::ids::{Epoch, MessageId};
use crate::object;

/// The largest sequence number: 2^53 - 1, the last integer that every JSON reader keeps exact.
pub const SEQ_MAX: u64 = (1 << 53) - 1;

/// A sequence number: contiguous inside an epoch, the first message of a fresh room is 1, and 0
/// stands before it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Seq(u64);

/// A number that is no sequence number, since not every JSON reader keeps it exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a seq is a whole number from 0 to 9007199254740991")]
pub struct InvalidSeq;

impl Seq {
    /// Before the first message.
    pub const ZERO: Self = Self(0);

    /// The sequence number as an integer.
    pub const fn value(self) -> u64 {
        self.0
    }

    /// The one that follows. The last one is followed by itself; no room lives that long.
    pub const fn next(self) -> Self {
        if self.0 < SEQ_MAX {
            Self(self.0 + 1)
        } else {
            self
        }
    }

    /// The one before; before 0 there is only 0.
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl TryFrom<u64> for Seq {
    type Error = InvalidSeq;

    fn try_from(value: u64) -> Result<Self, InvalidSeq> {
        if value <= SEQ_MAX {
            Ok(Self(value))
        } else {
            Err(InvalidSeq)
        }
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Seq {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for Seq {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = u64::deserialize(deserializer)?;
        Self::try_from(value).map_err(D::Error::custom)
    }
}

/// Where a message stands in its room.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Position {
    /// The life of the log.
    pub epoch: Epoch,
    /// The place in it.
    pub seq: Seq,
}

/// The last position a client saw, as it comes back with it: `{epoch, seq, id?}`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Since {
    /// The epoch it saw last.
    pub epoch: Epoch,
    /// The last sequence number it saw there.
    pub seq: Seq,
    /// The id of the message it saw there: the proof that the log is the same log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<MessageId>,
}

/// A text that is no position.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a position is <epoch>:<seq> or <epoch>:<seq>:<id>")]
pub struct InvalidSince;

impl Since {
    /// The position without its proof.
    pub fn position(&self) -> Position {
        Position {
            epoch: self.epoch,
            seq: self.seq,
        }
    }
}

/// As an address carries it: `<epoch>:<seq>` or `<epoch>:<seq>:<id>`.
impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.seq)?;
        self.id.map_or(Ok(()), |id| write!(f, ":{id}"))
    }
}

impl FromStr for Since {
    type Err = InvalidSince;

    fn from_str(text: &str) -> Result<Self, InvalidSince> {
        let mut parts = text.splitn(3, ':');
        let epoch = parts.next().and_then(|epoch| epoch.parse().ok());
        let seq = parts.next().and_then(|seq| seq.parse::<u64>().ok());
        let id = parts.next().map(str::parse).transpose();
        Ok(Self {
            epoch: epoch.ok_or(InvalidSince)?,
            seq: seq
                .and_then(|seq| seq.try_into().ok())
                .ok_or(InvalidSince)?,
            id: id.map_err(|_| InvalidSince)?,
        })
    }
}

impl<'de> Deserialize<'de> for Since {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Fields {
            epoch: Epoch,
            seq: Seq,
            id: Option<MessageId>,
        }
        let Fields { epoch, seq, id } = object::only(deserializer)?;
        Ok(Self { epoch, seq, id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seq_beyond_what_json_keeps_exact_is_refused() {
        assert!(serde_json::from_str::<Seq>("9007199254740991").is_ok());
        for bad in [
            "9007199254740992",
            "9007199254740993",
            "-1",
            "1.5",
            "1e3",
            "\"1\"",
            "1e999",
        ] {
            assert!(serde_json::from_str::<Seq>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_position_is_an_object_and_nothing_else() {
        let good = r#"{"epoch":"00000000000000aa","seq":3}"#;
        assert!(serde_json::from_str::<Since>(good).is_ok());
        assert!(serde_json::from_str::<Since>(r#"["00000000000000aa",3,null]"#).is_err());
        let twice = r#"{"epoch":"00000000000000aa","seq":3,"seq":4}"#;
        assert!(serde_json::from_str::<Since>(twice).is_err());
    }
}
