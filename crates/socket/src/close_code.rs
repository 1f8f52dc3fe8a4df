//! The numbers a close frame may carry (RFC 6455, 7.4, and the IANA registry).
//!
//! Keeps true: a `CloseCode` is one that may stand in a frame. Leaves to others: what a number
//! means to a session.

/// A close code that may be sent: 1000–1003, 1007–1014 and 3000–4999.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CloseCode(u16);

impl CloseCode {
    /// The purpose is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// This end goes away: a server stops, a page is left.
    pub const GOING_AWAY: Self = Self(1001);
    /// The peer broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// A kind of data that is not taken.
    pub const UNSUPPORTED: Self = Self(1003);
    /// Data that is not what its kind says: text that is not UTF-8.
    pub const INVALID_PAYLOAD: Self = Self(1007);
    /// A bound or a rule of ours.
    pub const POLICY: Self = Self(1008);
    /// A message too large to be taken.
    pub const TOO_LARGE: Self = Self(1009);
    /// A fault of ours.
    pub const INTERNAL: Self = Self(1011);

    /// The code of that number; `None` for one that may not stand in a frame.
    #[must_use]
    pub const fn new(number: u16) -> Option<Self> {
        match number {
            1000..=1003 | 1007..=1014 | 3000..=4999 => Some(Self(number)),
            _ => None,
        }
    }

    /// Its number on the wire.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::CloseCode;

    #[test]
    fn only_codes_that_may_be_sent_are_codes() {
        for number in [
            0,
            999,
            1004,
            1005,
            1006,
            1015,
            1016,
            1100,
            2999,
            5000,
            u16::MAX,
        ] {
            assert_eq!(CloseCode::new(number), None, "{number}");
        }
        for number in [1000, 1003, 1007, 1011, 1014, 3000, 4000, 4999] {
            assert_eq!(CloseCode::new(number).unwrap().number(), number);
        }
    }
}
