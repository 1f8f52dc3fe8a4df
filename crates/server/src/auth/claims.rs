//! What a token claims, read strictly: a claim of the wrong type or told twice refuses the token.
//!
//! Leaves signatures to the verifier. Unknown claims are ignored; the known ones are `sub`,
//! `name`, `exp`, `nbf`, `aud`, `iss`, `rooms` and `direct`.

use std::fmt;

use roomcast_gateway::Access;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The latest time a token may name, in seconds: the year 9999.
const SECONDS_MAX: u64 = 253_402_300_799;
/// The most room patterns, the most names in a list.
const ENTRIES_MAX: usize = 256;

/// The claims of one token; a repeated one is an error.
#[derive(Deserialize)]
pub(super) struct Claims {
    pub(super) sub: String,
    pub(super) name: Option<String>,
    pub(super) exp: Time,
    #[serde(default, deserialize_with = "present")]
    pub(super) nbf: Option<Time>,
    #[serde(default)]
    pub(super) aud: Names,
    pub(super) iss: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) rooms: Option<RoomClaims>,
    #[serde(default, deserialize_with = "present")]
    pub(super) direct: Option<Names>,
}

/// A NumericDate (RFC 7519, section 2): seconds since the Unix epoch, perhaps with a fraction.
#[derive(Clone, Copy)]
pub(super) struct Time {
    pub(super) ms: u64,
}

/// One string, or an array of them.
#[derive(Default)]
pub(super) struct Names(pub(super) Vec<String>);

/// Pattern and access, in the order of the token.
pub(super) struct RoomClaims(pub(super) Vec<(String, Access)>);

/// A claim that is there must be of its type: `null` is none.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seconds;
        impl Visitor<'_> for Seconds {
            type Value = Time;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("seconds since the Unix epoch")
            }

            fn visit_u64<E: Error>(self, seconds: u64) -> Result<Time, E> {
                if seconds > SECONDS_MAX {
                    return Err(E::custom("a time beyond the year 9999"));
                }
                Ok(Time { ms: seconds * 1000 })
            }

            fn visit_f64<E: Error>(self, seconds: f64) -> Result<Time, E> {
                if !(0.0..=SECONDS_MAX as f64).contains(&seconds) {
                    return Err(E::custom("a time before 1970 or beyond the year 9999"));
                }
                Ok(Time {
                    ms: (seconds * 1000.0) as u64,
                })
            }
        }
        deserializer.deserialize_any(Seconds)
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;
        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an array of strings")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Names, E> {
                Ok(Names(vec![name.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Names, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = seq.next_element()? {
                    if names.len() == ENTRIES_MAX {
                        return Err(A::Error::custom("too many names"));
                    }
                    names.push(name);
                }
                Ok(Names(names))
            }
        }
        deserializer.deserialize_any(OneOrMore)
    }
}

impl<'de> Deserialize<'de> for RoomClaims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map;
        impl<'de> Visitor<'de> for Map {
            type Value = RoomClaims;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object from room patterns to r, w or rw")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RoomClaims, A::Error> {
                let mut rooms: Vec<(String, Access)> = Vec::new();
                while let Some((pattern, access)) = map.next_entry::<String, String>()? {
                    if rooms.len() == ENTRIES_MAX || rooms.iter().any(|(p, _)| *p == pattern) {
                        return Err(A::Error::custom("a room pattern twice, or too many"));
                    }
                    let access = access_named(&access)
                        .ok_or_else(|| A::Error::custom("a right is r, w or rw"))?;
                    rooms.push((pattern, access));
                }
                Ok(RoomClaims(rooms))
            }
        }
        deserializer.deserialize_map(Map)
    }
}

/// `r`, `w` or `rw`.
pub(crate) fn access_named(text: &str) -> Option<Access> {
    match text {
        "r" => Some(Access::Read),
        "w" => Some(Access::Write),
        "rw" => Some(Access::ReadWrite),
        _ => None,
    }
}
