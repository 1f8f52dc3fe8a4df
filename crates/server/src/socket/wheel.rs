//! One coarse clock for all conversations of a node: it wakes a task at about the time it asked for.
//!
//! A hashed timing wheel (Varghese and Lauck, 1987) of wakers. Keeps true: a task is never woken
//! too early but for what lies further ahead than a turn of the wheel, and at most two ticks late
//! on an idle machine; a conversation that has ended is held by nothing. Leaves to the woken to
//! look at what is due: it may be woken for what no longer is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;
use std::time::Duration;

use parking_lot::Mutex;
use slab::Slab;
use tokio::time::{Instant, MissedTickBehavior, interval};

const TICK_MS: u64 = 50;
const SLOTS: usize = 1_024;
/// How far ahead a task is woken at the time it asked for, with some to spare.
pub(super) const SPAN_MS: u64 = TICK_MS * (SLOTS as u64 - 8);

/// The clock of a node's conversations.
pub struct Wheel {
    begun: Instant,
    /// What the clock showed at the last tick.
    coarse_ms: AtomicU64,
    state: Mutex<State>,
}

struct State {
    /// Who may be woken.
    seats: Slab<Option<Waker>>,
    /// The seats to wake, by tick.
    slots: Box<[Vec<usize>]>,
    /// The last tick that has been.
    tick: u64,
}

/// A task's place on the wheel; given back when dropped.
pub(super) struct Seat {
    wheel: Arc<Wheel>,
    key: usize,
}

impl Default for Wheel {
    fn default() -> Self {
        let state = State {
            seats: Slab::new(),
            slots: vec![Vec::new(); SLOTS].into(),
            tick: 0,
        };
        Self {
            begun: Instant::now(),
            coarse_ms: AtomicU64::new(0),
            state: Mutex::new(state),
        }
    }
}

impl Wheel {
    /// Turns it for as long as the future is polled.
    pub async fn run(&self) {
        let mut ticks = interval(Duration::from_millis(TICK_MS));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            for waker in self.turn_to(self.now_ms()) {
                waker.wake();
            }
        }
    }

    /// Milliseconds since the wheel was made.
    pub(super) fn now_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The same at the last tick, for next to nothing.
    pub(super) fn coarse_ms(&self) -> u64 {
        self.coarse_ms.load(Ordering::Relaxed)
    }

    /// A place for a task.
    pub(super) fn seat(self: &Arc<Self>) -> Seat {
        Seat {
            wheel: self.clone(),
            key: self.state.lock().seats.insert(None),
        }
    }

    /// Moves on; whom to wake.
    fn turn_to(&self, now_ms: u64) -> Vec<Waker> {
        self.coarse_ms.store(now_ms, Ordering::Relaxed);
        let mut woken = Vec::new();
        let mut state = self.state.lock();
        let State { seats, slots, tick } = &mut *state;
        let now = now_ms / TICK_MS;
        // After a long sleep of the machine, once around is all there is.
        *tick = (*tick).max(now.saturating_sub(SLOTS as u64));
        while *tick < now {
            *tick += 1;
            for key in std::mem::take(&mut slots[slot_of(*tick)]) {
                woken.extend(seats.get(key).cloned().flatten());
            }
        }
        woken
    }
}

impl Seat {
    /// Asks to be woken at `at_ms`, or earlier where that is far ahead; what was asked before
    /// holds too.
    pub(super) fn wake_at(&self, at_ms: u64, waker: &Waker) {
        let mut state = self.wheel.state.lock();
        let tick = at_ms.div_ceil(TICK_MS);
        let (next, last) = (state.tick + 1, state.tick + SLOTS as u64 - 1);
        state.slots[slot_of(tick.clamp(next, last))].push(self.key);
        match &mut state.seats[self.key] {
            Some(known) => known.clone_from(waker),
            unknown => *unknown = Some(waker.clone()),
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let waker = self.wheel.state.lock().seats.remove(self.key);
        // Outside the lock: it may be the last that holds its task.
        drop(waker);
    }
}

fn slot_of(tick: u64) -> usize {
    usize::try_from(tick % SLOTS as u64).expect("slots are few")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Bell(AtomicUsize);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Bell {
        /// How often it rang when the wheel was turned.
        fn rings(&self, wheel: &Wheel, now_ms: u64) -> usize {
            wheel.turn_to(now_ms).into_iter().for_each(Waker::wake);
            self.0.swap(0, Ordering::Relaxed)
        }
    }

    #[test]
    fn who_asks_is_woken_once_when_the_time_has_come() {
        let (wheel, bell) = (Arc::new(Wheel::default()), Arc::new(Bell::default()));
        let seat = wheel.seat();
        seat.wake_at(1_010, &bell.clone().into());
        assert_eq!(bell.rings(&wheel, 1_049), 0);
        assert_eq!(bell.rings(&wheel, 1_050), 1);
        assert_eq!(bell.rings(&wheel, 100_000), 0);
    }

    #[test]
    fn what_is_due_already_comes_with_the_next_tick() {
        let (wheel, bell) = (Arc::new(Wheel::default()), Arc::new(Bell::default()));
        let seat = wheel.seat();
        assert_eq!(bell.rings(&wheel, 5_000), 0);
        seat.wake_at(10, &bell.clone().into());
        assert_eq!(bell.rings(&wheel, 5_049), 0);
        assert_eq!(bell.rings(&wheel, 5_050), 1);
    }

    #[test]
    fn what_lies_beyond_the_wheel_is_woken_early_rather_than_never() {
        let (wheel, bell) = (Arc::new(Wheel::default()), Arc::new(Bell::default()));
        let seat = wheel.seat();
        seat.wake_at(u64::MAX, &bell.clone().into());
        assert_eq!(bell.rings(&wheel, (SLOTS as u64) * TICK_MS), 1);
    }

    #[test]
    fn who_has_gone_is_not_held() {
        let (wheel, bell) = (Arc::new(Wheel::default()), Arc::new(Bell::default()));
        let seat = wheel.seat();
        seat.wake_at(100, &bell.clone().into());
        drop(seat);
        assert_eq!(Arc::strong_count(&bell), 1);
        assert_eq!(bell.rings(&wheel, 1_000), 0);
    }
}
