//! Which page is asked for: after a user in lists of users, before or after a position in a log.

use roomcast_protocol::{Refusal, Seq, UserId};

use super::call::{Call, bad_value};

/// A page of a list that is ordered by user.
pub(super) struct Users {
    /// Begins behind this one.
    pub(super) after: Option<UserId>,
    /// How many; the node has its own bound.
    pub(super) limit: Option<u32>,
}

/// A page of a log.
pub(super) struct Positions {
    pub(super) before: Option<Seq>,
    pub(super) after: Option<Seq>,
    /// How many; the node has its own bound.
    pub(super) limit: Option<u32>,
}

impl Users {
    /// Reads `after` and `limit`.
    pub(super) fn of(call: &Call) -> Result<Self, Refusal> {
        let [after, limit] = call.query(["after", "limit"])?;
        let user = |text: String| text.parse::<UserId>();
        let after = after.map(user).transpose();
        Ok(Self {
            after: after.map_err(|error| bad_value(format!("`after`: {error}")))?,
            limit: read_limit(limit)?,
        })
    }
}

impl Positions {
    /// Reads `before`, `after` and `limit`.
    pub(super) fn of(call: &Call) -> Result<Self, Refusal> {
        let [before, after, limit] = call.query(["before", "after", "limit"])?;
        Ok(Self {
            before: seq("before", before)?,
            after: seq("after", after)?,
            limit: read_limit(limit)?,
        })
    }
}

fn seq(key: &str, text: Option<String>) -> Result<Option<Seq>, Refusal> {
    let Some(number) = number(key, text)? else {
        return Ok(None);
    };
    let seq = Seq::try_from(number).map_err(|_| bad_value(format!("`{key}` is no position")))?;
    Ok(Some(seq))
}

fn read_limit(text: Option<String>) -> Result<Option<u32>, Refusal> {
    let limit = number("limit", text)?;
    Ok(limit.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX)))
}

fn number(key: &str, text: Option<String>) -> Result<Option<u64>, Refusal> {
    let number = text.map(|text| text.parse::<u64>()).transpose();
    number.map_err(|_| bad_value(format!("`{key}` must be a number")))
}
