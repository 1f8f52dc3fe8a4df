//! Who a session speaks for, and what they may: the result of checking a token, whatever kind of
//! token it was. Leaves the checking to the server.

use std::str::FromStr;

use roomcast_protocol::{DisplayName, RoomName, UserId};

/// The longest room pattern, in bytes: a room name and a star.
const PATTERN_BYTES_MAX: usize = 129;
/// The most patterns one identity may carry.
const PATTERNS_MAX: usize = 256;

/// A user whose claim to be that user has been checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// Their id.
    pub user: UserId,
    /// How they are shown to others.
    pub name: Option<DisplayName>,
    /// Where they may read and write.
    pub rights: Rights,
    /// Whom they may write to.
    pub direct: Reach,
    /// When the claim runs out, in milliseconds since the Unix epoch. `None`: never.
    pub expires_at_ms: Option<u64>,
}

/// What a pattern of rooms is open for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Join, read and see who is there.
    Read,
    /// Say things.
    Write,
    /// Both.
    ReadWrite,
}

/// Where a user may read and write: room patterns, of which the most specific one counts.
///
/// A pattern is a room's whole name, or the beginning of one with a `*` behind it, or `*` alone.
/// The longest pattern that matches decides, an exact name before all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rights {
    /// Longest first, exact ones before those with a star.
    patterns: Vec<(Pattern, Access)>,
}

/// Which users a user may write to: patterns of user ids, as [`Rights`] has them of rooms.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reach(Option<Box<[Pattern]>>);

/// A pattern, or a list of them, that was refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0:?} is no pattern: a name, the beginning of one and a *, or * alone")]
pub struct InvalidPattern(String);

#[derive(Clone, PartialEq, Eq, Debug)]
struct Pattern {
    text: String,
    open_end: bool,
}

impl Rights {
    /// Every room.
    pub fn everything() -> Self {
        let all = Pattern {
            text: String::new(),
            open_end: true,
        };
        Self {
            patterns: vec![(all, Access::ReadWrite)],
        }
    }

    /// The rights that these patterns give, and no others; at most 256 of them.
    pub fn from_patterns(
        patterns: impl IntoIterator<Item = (String, Access)>,
    ) -> Result<Self, InvalidPattern> {
        let mut parsed = Vec::new();
        for (text, access) in patterns {
            if parsed.len() == PATTERNS_MAX {
                return Err(InvalidPattern("more than 256 patterns".into()));
            }
            parsed.push((Pattern::parse::<RoomName>(text)?, access));
        }
        parsed
            .sort_by_key(|(pattern, _)| (pattern.open_end, std::cmp::Reverse(pattern.text.len())));
        Ok(Self { patterns: parsed })
    }

    /// Whether these rights let one join and read `room`.
    pub fn may_read(&self, room: &RoomName) -> bool {
        matches!(self.access(room), Some(Access::Read | Access::ReadWrite))
    }

    /// Whether these rights let one say something in `room`.
    pub fn may_write(&self, room: &RoomName) -> bool {
        matches!(self.access(room), Some(Access::Write | Access::ReadWrite))
    }

    fn access(&self, room: &RoomName) -> Option<Access> {
        let matching = self
            .patterns
            .iter()
            .find(|(pattern, _)| pattern.matches(room.as_str()));
        matching.map(|(_, access)| *access)
    }
}

impl Reach {
    /// Every user.
    pub const fn everybody() -> Self {
        Self(None)
    }

    /// The users that these patterns match, and no others; at most 256 of them.
    pub fn from_patterns(
        patterns: impl IntoIterator<Item = String>,
    ) -> Result<Self, InvalidPattern> {
        let mut parsed = Vec::new();
        for text in patterns {
            if parsed.len() == PATTERNS_MAX {
                return Err(InvalidPattern("more than 256 patterns".into()));
            }
            parsed.push(Pattern::parse::<UserId>(text)?);
        }
        Ok(Self(Some(parsed.into())))
    }

    /// Whether `user` is among them.
    pub fn has(&self, user: &UserId) -> bool {
        let matches = |pattern: &Pattern| pattern.matches(user.as_str());
        self.0.as_deref().is_none_or(|all| all.iter().any(matches))
    }
}

impl Pattern {
    /// Reads a pattern of names of this type.
    fn parse<Name: FromStr>(text: String) -> Result<Self, InvalidPattern> {
        let (stem, open_end) = match text.strip_suffix('*') {
            Some(stem) => (stem, true),
            None => (text.as_str(), false),
        };
        let whole = stem.parse::<Name>().is_ok() || (open_end && stem.is_empty());
        if text.len() > PATTERN_BYTES_MAX || !whole {
            return Err(InvalidPattern(
                text.chars().take(PATTERN_BYTES_MAX).collect(),
            ));
        }
        Ok(Self {
            text: stem.to_owned(),
            open_end,
        })
    }

    fn matches(&self, name: &str) -> bool {
        if self.open_end {
            name.starts_with(&self.text)
        } else {
            name == self.text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rights(patterns: &[(&str, Access)]) -> Rights {
        Rights::from_patterns(patterns.iter().map(|(p, a)| ((*p).to_owned(), *a))).unwrap()
    }

    fn room(name: &str) -> RoomName {
        name.parse().unwrap()
    }

    #[test]
    fn the_most_specific_pattern_decides() {
        let rights = rights(&[
            ("*", Access::Read),
            ("team.*", Access::ReadWrite),
            ("team.board", Access::Read),
            ("drop.*", Access::Write),
        ]);
        assert!(rights.may_read(&room("lobby")) && !rights.may_write(&room("lobby")));
        assert!(rights.may_write(&room("team.a")));
        assert!(!rights.may_write(&room("team.board")));
        assert!(!rights.may_read(&room("drop.x")) && rights.may_write(&room("drop.x")));
    }

    #[test]
    fn no_pattern_means_no_room() {
        assert!(!rights(&[]).may_read(&room("lobby")));
        assert!(Rights::everything().may_write(&room("lobby")));
    }

    #[test]
    fn who_may_be_written_to_is_everybody_or_whom_a_pattern_names() {
        let user = |name: &str| name.parse::<UserId>().unwrap();
        assert!(Reach::everybody().has(&user("bob")));
        let reach = |patterns: &[&str]| {
            Reach::from_patterns(patterns.iter().map(|it| (*it).to_owned())).unwrap()
        };
        let staff = reach(&["staff.*", "bob"]);
        assert!(staff.has(&user("staff.7")) && staff.has(&user("bob")));
        assert!(!staff.has(&user("bobby")) && !staff.has(&user("staff")));
        assert!(!reach(&[]).has(&user("bob")), "nobody");
        assert!(Reach::from_patterns(["a b".to_owned()]).is_err());
    }

    #[test]
    fn a_star_stands_at_the_end_only() {
        for bad in ["", "a*b", "**", "a b", "*a"] {
            assert!(
                Rights::from_patterns([(bad.to_owned(), Access::Read)]).is_err(),
                "{bad:?}"
            );
        }
    }
}
