//! Who is said to be in a room at rest. The same word of many is held once.

use crate::audit::map::Map;

/// A claim: how many, and who, where that was told.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(in crate::audit) struct Claim {
    pub(in crate::audit) count: u64,
    pub(in crate::audit) users: Option<Box<[u32]>>,
}

/// Who made it first, and how often it was made.
pub(in crate::audit) struct Made {
    /// None for the HTTP API.
    pub(in crate::audit) by: Option<u32>,
    pub(in crate::audit) at_us: u64,
    pub(in crate::audit) times: u64,
}

/// All claims about a room.
#[derive(Default)]
pub(in crate::audit) struct Claims {
    pub(in crate::audit) all: Map<Claim, Made>,
}

impl Claims {
    /// Notes one; `users` in any order.
    pub(in crate::audit) fn note(&mut self, by: Option<u32>, at_us: u64, mut claim: Claim) {
        if let Some(users) = &mut claim.users {
            users.sort_unstable();
        }
        let made = self.all.entry(claim).or_insert(Made {
            by,
            at_us,
            times: 0,
        });
        made.times += 1;
    }
}
