//! The lies, and the dice that say when one is told. Everything else here is honest, and asks this file
//! where it could be made not to be.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use roomcast_protocol::{Epoch, MessageId, SessionId};

/// One way to break the promises. `one_in` is how often: 1 is always, 1,000 one time in a thousand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lie {
    /// A session is not sent a message, and isn't told: `no_silent_hole`.
    DropDelivery { one_in: u32 },
    /// A `joined` brings the message at the cursor once more: `no_duplicate`.
    RepeatOnResume,
    /// A message is acked, and neither kept nor delivered: `acked_is_kept`.
    LoseAcked { one_in: u32 },
    /// A session is sent two neighbours in the wrong order: `order_per_client`.
    SwapDeliveries { one_in: u32 },
    /// A room that has come to `after` forgets everything and goes on at 1 under the same epoch, once:
    /// `one_message_per_position`.
    ResetSeq { after: u64 },
    /// A room that has come to `after` begins a new epoch, once, and tells nobody: `no_silent_hole`.
    NewEpochSilently { after: u64 },
    /// An ack names the position behind the message's own: `ack_agrees`.
    AckElsewhere { one_in: u32 },
    /// A message stands in another room too: `nothing_from_nowhere`.
    WrongRoom { one_in: u32 },
    /// A session is sent another text than was said, and others aren't: `one_message_per_position`.
    AlterText { one_in: u32 },
    /// Nobody is sent a room's last message before the next one is said: `convergence`.
    HoldBackLast,
    /// A session is told a gap where a message stands: `gap_is_true`.
    FalseGap { one_in: u32 },
    /// `who` names a user who isn't there: `presence_at_rest`.
    Ghost,
    /// A message said again with its key stands twice: `retry_safe`. Needs retries, see [`Hitches`].
    ForgetKeys,
    /// A message is refused for good, and stands and is delivered all the same: `refused_is_not_said`.
    RefuseAndKeep { one_in: u32 },
    /// A session's inbox is never opened, so that nothing said to it directly comes: `convergence`.
    ShutInbox { one_in: u32 },
}

/// What an honest cluster may do as well, so that clients say things again. None by default.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Hitches {
    /// How often a message is answered with `try_again`.
    pub(crate) refuse_one_in: Option<u32>,
    /// How often a message is not answered at all.
    pub(crate) unanswered_one_in: Option<u32>,
}

/// What becomes of a message that is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Hearing {
    /// It is kept and acked.
    Acked,
    /// `try_again`; nobody can know whether it was kept.
    TryAgain { is_kept: bool },
    /// No answer; nobody can know whether it was kept.
    Unanswered { is_kept: bool },
    /// The lie: refused for good, and kept.
    RefusedAndKept,
}

/// How a message goes to one session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Delivery {
    AsItIs,
    Dropped,
    BehindTheNext,
    Altered,
    AsGap,
    WithTheNext,
}

/// A log that begins anew without a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rebirth {
    SameEpoch,
    NewEpoch,
}

/// Throws the dice. The same seed and the same questions give the same answers.
pub(crate) struct Liar {
    lie: Option<Lie>,
    pub(crate) hitches: Hitches,
    dice: StdRng,
}

impl Liar {
    pub(crate) fn new(lie: Option<Lie>, seed: u64) -> Self {
        Self {
            lie,
            hitches: Hitches::default(),
            dice: StdRng::seed_from_u64(seed),
        }
    }

    pub(crate) fn epoch(&mut self) -> Epoch {
        Epoch::from_bits(self.dice.random())
    }

    pub(crate) fn message_id(&mut self) -> MessageId {
        MessageId::from_uuid(self.uuid())
    }

    pub(crate) fn session_id(&mut self) -> SessionId {
        SessionId::from_uuid(self.uuid())
    }

    pub(crate) fn hearing(&mut self) -> Hearing {
        let Hitches {
            refuse_one_in,
            unanswered_one_in,
        } = self.hitches;
        if let Some(Lie::RefuseAndKeep { one_in }) = self.lie
            && self.hits(one_in)
        {
            return Hearing::RefusedAndKept;
        }
        let is_kept = self.dice.random();
        if refuse_one_in.is_some_and(|n| self.hits(n)) {
            Hearing::TryAgain { is_kept }
        } else if unanswered_one_in.is_some_and(|n| self.hits(n)) {
            Hearing::Unanswered { is_kept }
        } else {
            Hearing::Acked
        }
    }

    pub(crate) fn delivery(&mut self) -> Delivery {
        let (one_in, bent) = match self.lie {
            Some(Lie::DropDelivery { one_in }) => (one_in, Delivery::Dropped),
            Some(Lie::SwapDeliveries { one_in }) => (one_in, Delivery::BehindTheNext),
            Some(Lie::AlterText { one_in }) => (one_in, Delivery::Altered),
            Some(Lie::FalseGap { one_in }) => (one_in, Delivery::AsGap),
            Some(Lie::HoldBackLast) => (1, Delivery::WithTheNext),
            _ => return Delivery::AsItIs,
        };
        if self.hits(one_in) {
            bent
        } else {
            Delivery::AsItIs
        }
    }

    pub(crate) fn loses(&mut self) -> bool {
        matches!({ self.lie }, Some(Lie::LoseAcked { one_in }) if self.hits(one_in))
    }

    pub(crate) fn misplaces(&mut self) -> bool {
        matches!({ self.lie }, Some(Lie::WrongRoom { one_in }) if self.hits(one_in))
    }

    pub(crate) fn moves_ack(&mut self) -> bool {
        matches!({ self.lie }, Some(Lie::AckElsewhere { one_in }) if self.hits(one_in))
    }

    pub(crate) fn shuts_inbox(&mut self) -> bool {
        matches!({ self.lie }, Some(Lie::ShutInbox { one_in }) if self.hits(one_in))
    }

    pub(crate) fn forgets_keys(&self) -> bool {
        self.lie == Some(Lie::ForgetKeys)
    }

    pub(crate) fn has_ghost(&self) -> bool {
        self.lie == Some(Lie::Ghost)
    }

    pub(crate) fn repeats_on_resume(&self) -> bool {
        self.lie == Some(Lie::RepeatOnResume)
    }

    /// Whether a room that has come to `seq` forgets its log.
    pub(crate) fn rebirth(&self, seq: u64) -> Option<Rebirth> {
        match self.lie {
            Some(Lie::ResetSeq { after }) if seq >= after => Some(Rebirth::SameEpoch),
            Some(Lie::NewEpochSilently { after }) if seq >= after => Some(Rebirth::NewEpoch),
            _ => None,
        }
    }

    /// Whether logs begin anew and nobody is to know.
    pub(crate) fn hides_rebirth(&self) -> bool {
        self.rebirth(u64::MAX).is_some()
    }

    fn hits(&mut self, one_in: u32) -> bool {
        self.dice.random_range(0..one_in.max(1)) == 0
    }

    fn uuid(&mut self) -> uuid::Uuid {
        uuid::Builder::from_random_bytes(self.dice.random()).into_uuid()
    }
}
