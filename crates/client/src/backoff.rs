//! When to come back after a connection ended, and whether to.
//!
//! Full jitter: the delay is drawn evenly from zero to a ceiling that doubles with each failure in
//! a row, so that a thousand clients that were cut together come back spread out. What the server
//! told goes first: `reconnect {after_ms}`, close codes, HTTP statuses. Pure: randomness and time
//! are handed in.

use std::fmt;

use roomcast_protocol::{CloseCode, ComeBack};

use crate::error::End;

/// How often a token provider may give a token that is refused, in a row.
const TOKEN_REFUSALS_MAX: u32 = 3;

/// What the back-off obeys.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The first delay is drawn from zero to this, in ms.
    pub base_ms: u64,
    /// No delay is longer, in ms.
    pub cap_ms: u64,
    /// Attempts in a row that may fail; none for no end.
    pub attempts_max: Option<u32>,
    /// How many places there are to connect to.
    pub endpoints: u32,
    /// Whether the token may be another one next time.
    pub token_can_change: bool,
}

/// How a connection, or the attempt to make one, ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ended {
    /// The server closed it.
    Closed {
        /// The close code.
        code: u16,
        /// What the server said with it.
        reason: String,
    },
    /// It broke, could not be made, or fell silent.
    Lost {
        /// For people.
        why: String,
    },
    /// The server said `reconnect` earlier, and the time has come.
    Moved,
    /// The upgrade was refused.
    Rejected {
        /// The HTTP status.
        status: u16,
        /// As told.
        retry_after_ms: Option<u64>,
    },
    /// No token could be had.
    NoToken {
        /// For people.
        why: String,
    },
    /// The server speaks another version.
    OtherProtocol {
        /// Which.
        version: u32,
    },
    /// The caller closed it.
    Told,
}

impl Ended {
    /// It broke, could not be made, or fell silent; `why` is for people.
    pub fn lost(why: impl fmt::Display) -> Self {
        let why = why.to_string();
        Self::Lost { why }
    }
}

/// What to do next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// Try again.
    ComeBack {
        /// After so long.
        in_ms: u64,
    },
    /// It is of no use.
    Stop(End),
}

/// Counts failures in a row.
#[derive(Debug)]
pub struct Backoff {
    rules: Rules,
    failures: u32,
    rejections: u32,
    token_refusals: u32,
}

impl Backoff {
    /// Nothing has failed yet.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            failures: 0,
            rejections: 0,
            token_refusals: 0,
        }
    }

    /// Decides after a connection that was up for `lived_ms` (zero if it never was) ended. `told_ms`
    /// is what is left of a `reconnect {after_ms}`; `dice` is any random number.
    pub fn after(&mut self, ended: &Ended, lived_ms: u64, told_ms: Option<u64>, dice: u64) -> Next {
        // A connection that is cut as soon as it is up is a failure too, or a node that dies at
        // the first frame would be stormed.
        if lived_ms > self.rules.cap_ms {
            *self = Self::new(self.rules);
        }
        let told = match ended {
            Ended::Told => return Next::Stop(End::Told),
            Ended::OtherProtocol { version } => {
                return Next::Stop(End::OtherProtocol { version: *version });
            }
            Ended::Moved => Some(0),
            Ended::Lost { .. } => told_ms,
            Ended::NoToken { why } => match self.token_refused(End::NoToken(why.clone())) {
                Some(end) => return Next::Stop(end),
                None => None,
            },
            Ended::Closed { code, reason } => match self.closed(*code, reason) {
                Some(end) => return Next::Stop(end),
                None => told_ms,
            },
            Ended::Rejected {
                status,
                retry_after_ms,
            } => match self.rejected(*status) {
                Some(end) => return Next::Stop(end),
                None => *retry_after_ms,
            },
        };
        if let Some(in_ms) = told {
            self.failures = 0;
            return Next::ComeBack {
                in_ms: in_ms.saturating_add(self.spread(ended, dice)),
            };
        }
        self.failures = self.failures.saturating_add(1);
        match self.rules.attempts_max {
            Some(max) if self.failures >= max => Next::Stop(End::GaveUp {
                attempts: self.failures,
                last: ended.to_string(),
            }),
            Some(_) | None => Next::ComeBack {
                in_ms: dice % (self.ceiling_ms() + 1),
            },
        }
    }

    /// A told time is spread by its teller; only `Retry-After` is the same for everyone.
    fn spread(&self, ended: &Ended, dice: u64) -> u64 {
        match ended {
            Ended::Rejected { .. } => dice % (self.rules.base_ms + 1),
            Ended::Moved
            | Ended::Lost { .. }
            | Ended::Closed { .. }
            | Ended::NoToken { .. }
            | Ended::OtherProtocol { .. }
            | Ended::Told => 0,
        }
    }

    fn ceiling_ms(&self) -> u64 {
        let doubled = 1_u64
            .checked_shl(self.failures.saturating_sub(1))
            .unwrap_or(u64::MAX);
        self.rules
            .base_ms
            .saturating_mul(doubled)
            .min(self.rules.cap_ms)
    }

    fn closed(&mut self, code: u16, reason: &str) -> Option<End> {
        match CloseCode::come_back(code) {
            ComeBack::AsTold | ComeBack::WithBackoff => None,
            ComeBack::NotWithoutChange => {
                let end = End::Closed {
                    code,
                    reason: reason.to_owned(),
                };
                if code == CloseCode::TokenExpired.number() {
                    self.token_refused(end)
                } else {
                    Some(end)
                }
            }
        }
    }

    fn rejected(&mut self, status: u16) -> Option<End> {
        let end = End::Rejected { status };
        match status {
            401 | 403 => self.token_refused(end),
            // Too early, too many, took too long: they pass.
            408 | 421 | 425 | 429 => None,
            400..=499 => {
                self.rejections += 1;
                (self.rejections >= self.rules.endpoints).then_some(end)
            }
            _ => None,
        }
    }

    fn token_refused(&mut self, end: End) -> Option<End> {
        self.token_refusals += 1;
        let stays = !self.rules.token_can_change || self.token_refusals >= TOKEN_REFUSALS_MAX;
        stays.then_some(end)
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed { code, reason } => write!(f, "closed with {code} {reason}"),
            Self::Lost { why } => f.write_str(why),
            Self::Moved => f.write_str("the server asked to reconnect"),
            Self::Rejected { status, .. } => write!(f, "the server answered HTTP {status}"),
            Self::NoToken { why } => write!(f, "no token: {why}"),
            Self::OtherProtocol { version } => write!(f, "version {version} of the wire"),
            Self::Told => f.write_str("told to stop"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        base_ms: 250,
        cap_ms: 10_000,
        attempts_max: None,
        endpoints: 1,
        token_can_change: false,
    };

    fn lost() -> Ended {
        Ended::Lost { why: "cut".into() }
    }

    fn closed(code: u16) -> Ended {
        Ended::Closed {
            code,
            reason: String::new(),
        }
    }

    fn delay(backoff: &mut Backoff, ended: &Ended, dice: u64) -> u64 {
        match backoff.after(ended, 0, None, dice) {
            Next::ComeBack { in_ms } => in_ms,
            Next::Stop(end) => panic!("stopped: {end}"),
        }
    }

    #[test]
    fn the_ceiling_doubles_up_to_the_cap_and_the_draw_covers_all_of_it() {
        let mut backoff = Backoff::new(RULES);
        let mut ceilings = Vec::new();
        for _ in 0..80 {
            assert_eq!(delay(&mut backoff, &lost(), 0), 0);
            ceilings.push(backoff.ceiling_ms());
        }
        assert_eq!(
            ceilings[..7],
            [250, 500, 1_000, 2_000, 4_000, 8_000, 10_000]
        );
        assert_eq!(ceilings[79], 10_000);
        assert_eq!(delay(&mut backoff, &lost(), 10_000), 10_000);
        assert_eq!(delay(&mut backoff, &lost(), 10_001), 0);
    }

    #[test]
    fn a_connection_that_lived_forgives_earlier_failures() {
        let mut backoff = Backoff::new(RULES);
        for _ in 0..10 {
            delay(&mut backoff, &lost(), 0);
        }
        let next = backoff.after(&lost(), 10_001, None, 250);
        assert_eq!(next, Next::ComeBack { in_ms: 250 });
    }

    #[test]
    fn what_the_server_told_goes_before_the_back_off() {
        let mut backoff = Backoff::new(RULES);
        let next = backoff.after(&closed(4000), 0, Some(1_234), 77);
        assert_eq!(next, Next::ComeBack { in_ms: 1_234 });
        let next = backoff.after(&closed(4050), 0, Some(1_234), 77);
        assert_eq!(next, Next::ComeBack { in_ms: 1_234 });
        let next = backoff.after(&Ended::Moved, 0, None, 77);
        assert_eq!(next, Next::ComeBack { in_ms: 0 });
        let busy = Ended::Rejected {
            status: 503,
            retry_after_ms: Some(2_000),
        };
        let next = backoff.after(&busy, 0, None, 77);
        assert_eq!(next, Next::ComeBack { in_ms: 2_077 });
    }

    #[test]
    fn a_close_that_asks_for_a_change_ends_it() {
        for code in [4400, 4401, 4402, 4450, 4499, 1002, 1009] {
            let next = Backoff::new(RULES).after(&closed(code), 0, None, 0);
            assert!(matches!(next, Next::Stop(End::Closed { .. })), "{code}");
        }
        for code in [
            1000, 1001, 1005, 1006, 1011, 1012, 4000, 4050, 4099, 4101, 4102, 4150, 4199,
        ] {
            delay(&mut Backoff::new(RULES), &closed(code), 0);
        }
    }

    #[test]
    fn a_refused_token_is_asked_for_anew_only_where_that_can_help_and_not_for_ever() {
        let rejected = Ended::Rejected {
            status: 401,
            retry_after_ms: None,
        };
        let next = Backoff::new(RULES).after(&rejected, 0, None, 0);
        assert_eq!(next, Next::Stop(End::Rejected { status: 401 }));

        let mut backoff = Backoff::new(Rules {
            token_can_change: true,
            ..RULES
        });
        delay(&mut backoff, &rejected, 0);
        delay(&mut backoff, &closed(4400), 0);
        let next = backoff.after(&rejected, 0, None, 0);
        assert_eq!(next, Next::Stop(End::Rejected { status: 401 }));
    }

    #[test]
    fn a_path_that_is_not_there_ends_it_once_every_url_has_said_so() {
        let missing = Ended::Rejected {
            status: 404,
            retry_after_ms: None,
        };
        let mut backoff = Backoff::new(Rules {
            endpoints: 2,
            ..RULES
        });
        delay(&mut backoff, &missing, 0);
        let next = backoff.after(&missing, 0, None, 0);
        assert_eq!(next, Next::Stop(End::Rejected { status: 404 }));
    }

    #[test]
    fn attempts_may_be_numbered() {
        let mut backoff = Backoff::new(Rules {
            attempts_max: Some(2),
            ..RULES
        });
        delay(&mut backoff, &lost(), 0);
        let Next::Stop(End::GaveUp { attempts, last }) = backoff.after(&lost(), 0, None, 0) else {
            panic!("went on")
        };
        assert_eq!((attempts, last.as_str()), (2, "cut"));
    }
}
