//! How fast a peer sends: what passes, what waits, and when waiting has lasted too long.
//!
//! Owns the buckets of a connection. Keeps true: a peer that stays above its rates is
//! throttled, and one that never lets its buckets be half full again is a flood. Leaves to others:
//! reading no further while a peer is throttled.

use crate::bucket::Bucket;
use crate::frame::OpCode;
use crate::limits::Limits;
use crate::violation::Violation;

/// Where in the stream the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    InFrame,
    /// Between the fragments of a message.
    BetweenFrames,
    BetweenMessages,
}

/// The buckets of one connection, and since when they are dry.
#[derive(Default, Debug)]
pub(crate) struct Meter {
    messages: Bucket,
    frames: Bucket,
    bytes: Bucket,
    controls: Bucket,
    dry_since_ms: Option<u64>,
}

impl Meter {
    /// Whether the peer's bytes may be decoded now; if not, when.
    pub(crate) fn wait(
        &mut self,
        limits: &Limits,
        place: Place,
        now_ms: u64,
    ) -> Result<Option<u64>, Violation> {
        let meters = [
            (limits.bytes, self.bytes, true),
            (limits.frames, self.frames, place != Place::InFrame),
            (
                limits.messages,
                self.messages,
                place == Place::BetweenMessages,
            ),
        ];
        let mut until_ms = None;
        let mut rested = true;
        for (rate, bucket, applies) in meters {
            let Some(rate) = rate else { continue };
            rested &= bucket.is_half_full(rate, now_ms);
            if applies && !bucket.has_some(rate, now_ms) {
                until_ms = until_ms.max(Some(bucket.refilled_at_ms(rate)));
            }
        }
        if rested {
            self.dry_since_ms = None;
        }
        if until_ms.is_some() {
            let since_ms = *self.dry_since_ms.get_or_insert(now_ms);
            if now_ms.saturating_sub(since_ms) >= limits.flood_ms_max {
                return Err(Violation::Flood);
            }
        }
        Ok(until_ms)
    }

    /// Bytes were decoded.
    pub(crate) fn bytes(&mut self, count: usize, limits: &Limits, now_ms: u64) {
        if let Some(rate) = limits.bytes {
            self.bytes.take(rate, count, now_ms);
        }
    }

    /// A frame's header was read.
    pub(crate) fn frame(
        &mut self,
        opcode: OpCode,
        limits: &Limits,
        now_ms: u64,
    ) -> Result<(), Violation> {
        if let Some(rate) = limits.frames {
            self.frames.take(rate, 1, now_ms);
        }
        match opcode {
            OpCode::Continuation => {}
            OpCode::Text | OpCode::Binary => {
                if let Some(rate) = limits.messages {
                    self.messages.take(rate, 1, now_ms);
                }
            }
            OpCode::Close | OpCode::Ping | OpCode::Pong => {
                if let Some(rate) = limits.controls {
                    if !self.controls.has_some(rate, now_ms) {
                        return Err(Violation::ControlFlood);
                    }
                    self.controls.take(rate, 1, now_ms);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Meter, Place};
    use crate::frame::OpCode;
    use crate::limits::{Limits, Rate};
    use crate::violation::Violation;

    fn limits() -> Limits {
        let rate = |per_second, burst| Some(Rate { per_second, burst });
        Limits {
            messages: rate(5, 10),
            frames: rate(10, 20),
            bytes: rate(1_000, 2_000),
            controls: rate(1, 2),
            flood_ms_max: 5_000,
            ..Limits::default()
        }
    }

    #[test]
    fn a_frame_over_the_burst_waits_and_a_frame_begun_does_not() {
        let (mut meter, limits) = (Meter::default(), limits());
        for _ in 0..20 {
            assert_eq!(meter.wait(&limits, Place::BetweenFrames, 0), Ok(None));
            meter.frame(OpCode::Continuation, &limits, 0).unwrap();
        }
        let until_ms = meter
            .wait(&limits, Place::BetweenFrames, 0)
            .unwrap()
            .unwrap();
        assert_eq!(meter.wait(&limits, Place::InFrame, 0), Ok(None));
        assert_eq!(
            meter.wait(&limits, Place::BetweenFrames, until_ms),
            Ok(None)
        );
    }

    #[test]
    fn a_message_over_the_burst_waits_and_the_rest_of_one_begun_does_not() {
        let (mut meter, limits) = (Meter::default(), limits());
        for _ in 0..10 {
            assert_eq!(meter.wait(&limits, Place::BetweenMessages, 0), Ok(None));
            meter.frame(OpCode::Text, &limits, 0).unwrap();
        }
        assert_eq!(meter.wait(&limits, Place::BetweenFrames, 0), Ok(None));
        let until_ms = meter.wait(&limits, Place::BetweenMessages, 0).unwrap();
        assert!(until_ms.is_some());
    }

    #[test]
    fn bytes_over_the_burst_wait_in_the_middle_of_a_frame_too() {
        let (mut meter, limits) = (Meter::default(), limits());
        meter.bytes(1_999, &limits, 0);
        assert_eq!(meter.wait(&limits, Place::InFrame, 0), Ok(None));
        meter.bytes(1, &limits, 0);
        assert!(meter.wait(&limits, Place::InFrame, 0).unwrap().is_some());
    }

    #[test]
    fn one_control_frame_over_the_burst_is_a_flood_of_them() {
        let (mut meter, limits) = (Meter::default(), limits());
        for verdict in [Ok(()), Ok(()), Err(Violation::ControlFlood)] {
            assert_eq!(meter.frame(OpCode::Ping, &limits, 7), verdict);
        }
        assert_eq!(meter.frame(OpCode::Ping, &limits, 2_000), Ok(()));
    }

    #[test]
    fn a_peer_that_never_rests_is_a_flood_and_one_that_does_is_not() {
        for (rests, verdict) in [(false, Err(Violation::Flood)), (true, Ok(()))] {
            let (mut meter, limits) = (Meter::default(), limits());
            let mut now_ms = 0;
            let mut ended = Ok(());
            while now_ms < 20_000 && ended.is_ok() {
                match meter.wait(&limits, Place::BetweenFrames, now_ms) {
                    Ok(None) => meter.frame(OpCode::Continuation, &limits, now_ms).unwrap(),
                    Ok(Some(until_ms)) => now_ms = until_ms + if rests { 2_000 } else { 0 },
                    Err(violation) => ended = Err(violation),
                }
            }
            assert_eq!(ended, verdict);
        }
    }
}
