//! What a slice of the log is to somebody who stood at a position: pure, used for a resuming session
//! and for a node that comes back to its rooms alike (P6, P7, P8).

use roomcast_protocol::{GapRange, Message, Seq, Since};

use crate::port::Slice;

/// How a log goes on from a position.
#[derive(Clone, PartialEq, Debug)]
pub enum Continuation {
    /// These are the very next messages; nothing is missing.
    Unbroken(Vec<Message>),
    /// The log no longer reaches back: first the gap, then what is left.
    Trimmed(GapRange, Vec<Message>),
    /// The log lives in another epoch: the gap covers what that epoch took over from earlier ones,
    /// then comes what it said itself.
    OtherEpoch(GapRange, Vec<Message>),
    /// The log calls itself the same epoch but is another log: it ends before the position, or
    /// another message stands there. It must be fenced.
    Forked,
}

impl Slice {
    /// How this slice, read with [`crate::Span::After`] `since`, goes on from there.
    pub fn continue_from(self, since: &Since) -> Continuation {
        if self.head.epoch != since.epoch {
            let from = Seq::ZERO.next();
            let to = self.first_or_end().previous().max(self.head.base);
            return Continuation::OtherEpoch(GapRange { from, to }, self.messages);
        }
        if self.forks_from(since) {
            return Continuation::Forked;
        }
        let next = since.seq.next();
        let first = self.first_or_end();
        if first == next {
            Continuation::Unbroken(self.messages)
        } else {
            Continuation::Trimmed(
                GapRange {
                    from: next,
                    to: first.previous(),
                },
                self.messages,
            )
        }
    }

    /// Whether this log calls itself the epoch of `since` and is another log all the same.
    pub fn forks_from(&self, since: &Since) -> bool {
        let other_message = match (self.proof, since.id) {
            (Some(kept), Some(seen)) => kept != seen,
            // Trimmed away, or the client doesn't say: the epoch has to do.
            (None, _) | (_, None) => false,
        };
        self.head.epoch == since.epoch && (self.head.seq < since.seq || other_message)
    }

    /// The first position in the slice, or the one after the head if it is empty.
    fn first_or_end(&self) -> Seq {
        self.messages
            .first()
            .map_or(self.head.seq.next(), |message| message.position.seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::Head;
    use roomcast_protocol::{Draft, Epoch, MessageId, Position, Said};

    const OLD: Epoch = Epoch::from_bits(1);
    const NEW: Epoch = Epoch::from_bits(2);

    fn seq(n: u64) -> Seq {
        n.try_into().unwrap()
    }

    fn id(n: u64) -> MessageId {
        MessageId::from_uuid(uuid::Uuid::from_u128(n.into()))
    }

    fn message(epoch: Epoch, n: u64) -> Message {
        let said = Said {
            id: id(n),
            from: "a".parse().unwrap(),
            name: None,
            to: None,
            message: "m".into(),
            data: None,
            key: None,
        };
        let draft = Draft::new("room".parse().unwrap(), &said);
        let position = Position { epoch, seq: seq(n) };
        Message {
            room: draft.room,
            position,
            id: id(n),
            timestamp_ms: 0,
            body: draft.body,
            trace: None,
        }
    }

    /// The slice a log in `epoch` with `base` gives that keeps `kept` and ends at `head`.
    fn slice(epoch: Epoch, base: u64, kept: std::ops::RangeInclusive<u64>, since: &Since) -> Slice {
        let head = Head {
            epoch,
            seq: seq(*kept.end()),
            base: seq(base),
        };
        let after = if epoch == since.epoch {
            since.seq.value()
        } else {
            base
        };
        let proof = kept
            .contains(&since.seq.value())
            .then(|| id(since.seq.value()));
        let messages = kept
            .filter(|n| *n > after)
            .map(|n| message(epoch, n))
            .collect();
        Slice {
            head,
            proof,
            messages,
            more: false,
            fading: false,
        }
    }

    fn since(epoch: Epoch, n: u64) -> Since {
        Since {
            epoch,
            seq: seq(n),
            id: Some(id(n)),
        }
    }

    #[test]
    fn what_follows_is_unbroken_when_the_log_reaches_back() {
        let since = since(OLD, 4);
        let Continuation::Unbroken(messages) = slice(OLD, 0, 3..=6, &since).continue_from(&since)
        else {
            panic!("broken")
        };
        assert_eq!(
            messages
                .iter()
                .map(|m| m.position.seq.value())
                .collect::<Vec<_>>(),
            [5, 6]
        );
    }

    #[test]
    fn a_trimmed_log_says_exactly_what_is_missing() {
        let since = since(OLD, 4);
        let Continuation::Trimmed(gap, messages) =
            slice(OLD, 0, 8..=9, &since).continue_from(&since)
        else {
            panic!("not trimmed")
        };
        assert_eq!(
            (gap.from.value(), gap.to.value(), messages.len()),
            (5, 7, 2)
        );
    }

    #[test]
    fn a_log_that_ends_before_the_position_is_another_log() {
        let since = since(OLD, 9);
        assert_eq!(
            slice(OLD, 0, 1..=8, &since).continue_from(&since),
            Continuation::Forked
        );
    }

    #[test]
    fn another_message_at_the_position_is_another_log() {
        let mut since = since(OLD, 4);
        since.id = Some(id(99));
        assert_eq!(
            slice(OLD, 0, 1..=8, &since).continue_from(&since),
            Continuation::Forked
        );
    }

    #[test]
    fn a_new_epoch_tells_its_own_messages_and_vouches_for_nothing_before() {
        let since = since(OLD, 4);
        let Continuation::OtherEpoch(gap, messages) =
            slice(NEW, 6, 2..=8, &since).continue_from(&since)
        else {
            panic!("same epoch")
        };
        assert_eq!((gap.from.value(), gap.to.value()), (1, 6));
        assert_eq!(
            messages
                .iter()
                .map(|m| m.position.seq.value())
                .collect::<Vec<_>>(),
            [7, 8]
        );
    }

    #[test]
    fn a_fresh_epoch_has_an_empty_gap() {
        let since = since(OLD, 4);
        let empty = Slice {
            head: Head {
                epoch: NEW,
                seq: Seq::ZERO,
                base: Seq::ZERO,
            },
            proof: None,
            messages: Vec::new(),
            more: false,
            fading: false,
        };
        let Continuation::OtherEpoch(gap, _) = empty.continue_from(&since) else {
            panic!("same")
        };
        assert_eq!((gap.from.value(), gap.to.value()), (1, 0));
    }
}
