//! What a ledger is asked and what it answers: things that are due, steps to take, terms to keep.

use std::time::Duration;

use roomcast_protocol::{DisplayName, RoomName, UserId};

use super::life::Life;
use super::listing::Listing;
use super::scripts::Asking;
use super::token::Token;

/// What is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Due {
    /// Somebody is not known to stand in Redis as they stand here.
    Person(RoomName, UserId),
    /// A room has been empty for a while.
    Vacant(RoomName),
    /// Typing in a room may have run out.
    Typing(RoomName),
}

/// What to say to Redis about somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// They are here. If `register`, the room has to be put to this life's rooms before.
    Hold {
        life: Life,
        token: Token,
        name: Option<DisplayName>,
        listing: Listing,
        register: bool,
    },
    /// They are gone, or going; or they are back, and it is to be known whether they were gone.
    Release {
        life: Life,
        token: Token,
        asking: Asking,
    },
    /// Nothing can be said without a lease.
    NoLease,
    /// Redis knows.
    Rest,
}

/// The answer to a hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) token: Token,
    pub(super) edition: u64,
    pub(super) joined: bool,
}

/// The bounds and delays of a ledger.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) rooms_max: usize,
    pub(super) occupants_max: usize,
    pub(super) sessions_listed_max: usize,
    /// How long to wait before saying again what got no answer.
    pub(super) retry: Duration,
    /// How long a room stays registered after its last person.
    pub(super) vacancy: Duration,
}

/// What a node that leaves for good has yet to take away.
#[derive(Debug)]
pub(super) struct Retirement {
    pub(super) life: Option<Life>,
    pub(super) rooms: Vec<RoomName>,
    /// Who may have left untold, and the token of it.
    pub(super) in_doubt: Vec<(RoomName, UserId, Token)>,
}
