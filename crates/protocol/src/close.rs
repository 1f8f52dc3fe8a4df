//! The WebSocket close codes that Roomcast sends, and whether to come back after each.

/// What a client should do after a close.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ComeBack {
    /// At once, or after the delay that `reconnect` told.
    AsTold,
    /// With exponential back-off and full jitter.
    WithBackoff,
    /// Not before something has changed: a token, a limit, the client's code.
    NotWithoutChange,
}

macro_rules! close_codes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal, $why:literal;)*) => {
        /// Why a session was closed by the server. The numbers are part of the wire.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u16)]
        pub enum CloseCode {
            $($(#[$doc])* $variant = $number,)*
        }

        /// Every close code with its name and its reason, in order.
        pub const CLOSE_CODES: &[(CloseCode, &str, &str)] = &[
            $((CloseCode::$variant, $name, $why),)*
        ];

        impl CloseCode {
            /// The code's name, as metrics carry it and as the close frame's reason says it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

close_codes! {
    /// The conversation ended as it should.
    Normal = 1000, "normal", "Both sides were done.";
    /// The node stops.
    GoingAway = 1001, "going_away", "The node stops; another one takes over.";
    /// A frame broke RFC 6455.
    ProtocolError = 1002, "protocol_error", "A frame broke RFC 6455.";
    /// A binary message came.
    Unsupported = 1003, "unsupported_data", "This wire has text frames only.";
    /// Text was no UTF-8.
    InvalidUtf8 = 1007, "invalid_utf8", "A text frame was not UTF-8.";
    /// A bound of the wire's own was passed.
    Policy = 1008, "policy", "Frames, bytes or pings kept coming too fast, or a message too slowly.";
    /// A frame or message was larger than the limit.
    TooLarge = 1009, "too_large", "A frame was larger than limits.frame_bytes_max.";
    /// The node drains; a `reconnect` told when to come back.
    Draining = 4000, "draining", "The node drains; `reconnect` told when to come back.";
    /// The node lets some of its sessions go; a `reconnect` told when to come back.
    Rebalancing = 4001, "rebalancing", "The node lets some sessions go; `reconnect` told when to come back.";
    /// The session can't take what its rooms say, even at its own pace.
    Stuck = 4100, "stuck_reader", "Nothing could be written for too long.";
    /// No sign of life.
    NoPong = 4101, "no_pong", "No sign of life within two heartbeats.";
    /// A fault of ours.
    InternalError = 4102, "internal", "A fault of the node; its log says more.";
    /// Far too many frames.
    Flooding = 4103, "flooding", "Frames kept coming after they were refused for haste.";
    /// The token ran out and no `auth` came.
    TokenExpired = 4400, "token_expired", "The token ran out and no `auth` came first.";
    /// The user has more sessions than allowed.
    TooManySessions = 4401, "too_many_sessions", "The user has as many sessions here as allowed.";
    /// The back end ended the session.
    Disconnected = 4402, "disconnected", "The back end ended the session.";
}

impl CloseCode {
    /// The number on the wire.
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// Whether a back end may close sessions with `number`: the upper half of each range of ours,
    /// which no code of ours is taken from.
    pub const fn is_for_back_ends(number: u16) -> bool {
        matches!(number, 4050..=4099 | 4150..=4199 | 4450..=4499)
    }

    /// What a client should do after being closed with `number`, known or not.
    pub const fn come_back(number: u16) -> ComeBack {
        match number {
            1001 | 1012 | 4000..=4099 => ComeBack::AsTold,
            1002 | 1003 | 1007 | 1009 | 1010 | 4400..=4499 => ComeBack::NotWithoutChange,
            _ => ComeBack::WithBackoff,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_and_their_range_says_whether_to_come_back() {
        assert!(
            CLOSE_CODES
                .windows(2)
                .all(|pair| pair[0].0.number() < pair[1].0.number())
        );
        assert_eq!(
            CloseCode::come_back(CloseCode::Draining.number()),
            ComeBack::AsTold
        );
        assert_eq!(
            CloseCode::come_back(CloseCode::Stuck.number()),
            ComeBack::WithBackoff
        );
        assert_eq!(
            CloseCode::come_back(1006),
            ComeBack::WithBackoff,
            "a cut line"
        );
        assert!(
            CLOSE_CODES
                .iter()
                .all(|(code, _, _)| !CloseCode::is_for_back_ends(code.number()))
        );
        let expired = CloseCode::TokenExpired.number();
        assert_eq!(CloseCode::come_back(expired), ComeBack::NotWithoutChange);
    }
}
