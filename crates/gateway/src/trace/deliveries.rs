//! The spans of a frame's way from outboxes to sockets: of some of them, however many there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::time::Instant;

use super::span::Deed;
use super::tracer::{Place, Tracer, fresh};

/// Spans a frame.
const SPANS_MAX: u32 = 8;

/// What a traced frame knows of its members.
pub(crate) struct Deliveries {
    tracer: Arc<Tracer>,
    relay: Place,
    began: Instant,
    members: u32,
    written: AtomicU32,
}

impl Deliveries {
    pub(super) fn new(tracer: Arc<Tracer>, relay: Place, members: usize) -> Self {
        Self {
            tracer,
            relay,
            began: Instant::now(),
            members: u32::try_from(members).unwrap_or(u32::MAX),
            written: AtomicU32::new(0),
        }
    }

    /// One more member has it.
    pub(crate) fn written(&self) {
        let rank = self
            .written
            .fetch_add(1, Ordering::Relaxed)
            .saturating_add(1);
        if !is_recorded(rank, self.members) {
            return;
        }
        let place = Place {
            span_id: fresh(),
            parent: Some(self.relay.span_id),
            ..self.relay
        };
        self.tracer
            .record(place, self.began, Deed::Deliver { rank });
    }
}

/// Whether the `rank`th of so many is recorded: the first, the last, and some evenly between, since
/// the first alone would show those who read fast, and a room's slowness is that of its last.
fn is_recorded(rank: u32, members: u32) -> bool {
    let step = if members <= SPANS_MAX {
        1
    } else {
        members.div_ceil(SPANS_MAX - 1)
    };
    rank <= members && ((rank - 1).is_multiple_of(step) || rank == members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_the_last_and_a_few_between_are_recorded() {
        let recorded = |members| -> Vec<u32> {
            let ranks = 1..=members + 3;
            ranks.filter(|rank| is_recorded(*rank, members)).collect()
        };
        assert!(recorded(0).is_empty());
        assert_eq!(recorded(3), [1, 2, 3]);
        assert_eq!(recorded(8), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(recorded(9), [1, 3, 5, 7, 9]);
        assert_eq!(recorded(10_000)[..2], [1, 1_430]);
        for members in 1..2_000 {
            let ranks = recorded(members);
            assert!(ranks.len() <= 8, "{members}: {ranks:?}");
            assert_eq!((ranks[0], *ranks.last().unwrap()), (1, members));
        }
    }
}
