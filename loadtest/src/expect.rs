//! What must hold of a run beside the audit: nouns only; the run measures it.

/// What must hold of a run beside the audit.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Expect {
    /// While some clients don't read, p99 of what others get is at most so many times what it was before,
    /// or so many µs.
    OthersDontNotice {
        /// How many times.
        factor: f64,
        /// Below this it doesn't matter.
        us_max: u64,
    },
    /// Memory of the servers at the end of the talk is at most so many times what it was early on.
    MemoryIsFlat {
        /// How many times.
        factor: f64,
    },
    /// Connections that clients let lie are ended by the server before they are looked at again.
    HalfOpenAreEnded,
    /// Slow readers were slow enough that the server had to do something about it.
    SlowOnesFeelIt,
    /// Of what was due, at least this share was acked.
    Offered {
        /// From 0 to 1.
        share: f64,
    },
}
