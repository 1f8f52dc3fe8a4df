//! When a client does what: a schedule that asks nobody how the cluster is doing.
//!
//! Open loop: the next thing is due at a time drawn beforehand, whether the last one was answered or not,
//! so that a cluster that stalls is measured with all that piled up meanwhile.

use rand::Rng as _;
use rand::rngs::SmallRng;
use rand_distr::{Distribution as _, Exp1};

use super::pending::To;
use crate::load::Habit;

/// Something a client does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Deed {
    /// It says something.
    Say { to: To, due_us: u64 },
    /// It begins to type in a room.
    Type { seat: usize },
    /// It tells how far it has read in a room.
    Read { seat: usize },
    /// It reloads its page.
    Reload,
}

/// Time to write a message, in µs: from and to.
const WRITES_US: (u64, u64) = (300_000, 2_500_000);

/// Time from a message to the reload that follows it, in µs: one sees it stand there first.
const SEES_US: (u64, u64) = (500_000, 1_500_000);

/// A client's schedule.
#[derive(Debug)]
pub(crate) struct Schedule {
    habit: Habit,
    /// When the next step is due; none before the client talks.
    next_us: Option<u64>,
    /// What is being written, if anything is.
    writes: Option<To>,
    /// Whether a reload comes next.
    reloads: bool,
    pace: f64,
}

impl Schedule {
    pub(crate) fn new(habit: Habit) -> Self {
        Self {
            habit,
            next_us: None,
            writes: None,
            reloads: false,
            pace: 1.0,
        }
    }

    /// When something is due.
    pub(crate) fn next_us(&self) -> Option<u64> {
        self.next_us
    }

    /// The client begins to talk, or is to talk at another pace.
    pub(crate) fn begin(&mut self, now_us: u64, pace: f64, dice: &mut SmallRng) {
        if self.next_us.is_none() || self.pace != pace {
            self.pace = pace;
            self.next_us = self.pause_us(dice).map(|us| now_us.saturating_add(us));
        }
    }

    /// The client says nothing more.
    pub(crate) fn end(&mut self) {
        (self.next_us, self.writes, self.reloads) = (None, None, false);
    }

    /// The next thing that is due by now, for a client with so many seats among so many clients.
    pub(crate) fn take(
        &mut self,
        now_us: u64,
        seats: usize,
        clients: u32,
        dice: &mut SmallRng,
    ) -> Option<[Option<Deed>; 2]> {
        let due_us = self.next_us.filter(|due| *due <= now_us)?;
        if self.reloads {
            // Who is away by choice is not due to say anything; it begins anew when it is back.
            self.end();
            return Some([Some(Deed::Reload), None]);
        }
        Some(match self.habit {
            Habit::Silent => {
                self.next_us = None;
                [None, None]
            }
            Habit::Steady { .. } => {
                self.plan(due_us, dice);
                let to = To::Room(0);
                [Some(Deed::Say { to, due_us }), None]
            }
            Habit::Person {
                pause_s,
                direct_percent,
                reload_percent,
            } => match self.writes.take() {
                Some(to) => {
                    self.reloads = percent(reload_percent, dice);
                    if self.reloads {
                        let sees_us = dice.random_range(SEES_US.0..SEES_US.1);
                        self.next_us = Some(due_us.saturating_add(sees_us));
                    } else {
                        self.plan(due_us, dice);
                    }
                    [Some(Deed::Say { to, due_us }), None]
                }
                None => {
                    let seat = dice.random_range(0..seats.max(1));
                    let writes_us = dice.random_range(WRITES_US.0..WRITES_US.1) as f64;
                    let writes_us = (writes_us * haste(pause_s)) as u64;
                    self.next_us = Some(due_us.saturating_add(writes_us));
                    if percent(direct_percent, dice) && clients > 1 {
                        self.writes = Some(To::Client(dice.random_range(0..clients)));
                        [Some(Deed::Read { seat }), None]
                    } else {
                        self.writes = Some(To::Room(seat));
                        [Some(Deed::Read { seat }), Some(Deed::Type { seat })]
                    }
                }
            },
        })
    }

    fn plan(&mut self, due_us: u64, dice: &mut SmallRng) {
        self.next_us = self.pause_us(dice).map(|us| due_us.saturating_add(us));
    }

    /// Exponential: many clients together make a Poisson process, as many people do.
    fn pause_us(&self, dice: &mut SmallRng) -> Option<u64> {
        let mean_s = match self.habit {
            Habit::Silent => return None,
            Habit::Steady { mean_s } => mean_s,
            // What writing takes is part of the pause.
            Habit::Person { pause_s, .. } => pause_s - writes_s() * haste(pause_s),
        };
        let drawn: f64 = Exp1.sample(dice);
        // At least 1 µs, or a pace without bound would never let go of the thread.
        Some(((drawn * mean_s / self.pace * 1e6) as u64).max(1))
    }
}

/// Mean time to write a message, in seconds, without haste.
fn writes_s() -> f64 {
    (WRITES_US.0 + WRITES_US.1) as f64 / 2e6
}

/// What writing is shortened by, so that it takes half the time between two messages at most: the rate that
/// is asked for is the rate that is offered, however fast people must be.
fn haste(pause_s: f64) -> f64 {
    (pause_s / (2.0 * writes_s())).min(1.0)
}

fn percent(percent: f64, dice: &mut SmallRng) -> bool {
    dice.random::<f64>() * 100.0 < percent
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::SmallRng;

    use super::{Deed, Schedule, To};
    use crate::load::Habit;

    #[test]
    fn a_steady_client_speaks_as_often_as_asked_and_catches_up_with_what_was_due() {
        let mut dice = SmallRng::seed_from_u64(1);
        let mut schedule = Schedule::new(Habit::Steady { mean_s: 0.1 });
        assert_eq!(schedule.take(u64::MAX, 1, 9, &mut dice), None, "not begun");
        schedule.begin(0, 2.0, &mut dice);
        let mut said = 0;
        let mut last_us = 0;
        while let Some(deeds) = schedule.take(100_000_000, 1, 9, &mut dice) {
            let [Some(Deed::Say { to, due_us }), None] = deeds else {
                panic!("{deeds:?}")
            };
            assert!(to == To::Room(0) && due_us >= last_us);
            (said, last_us) = (said + 1, due_us);
        }
        assert!((1_800..2_200).contains(&said), "{said} in 100 s at 20/s");
        schedule.end();
        assert_eq!(schedule.next_us(), None);
    }

    #[test]
    fn a_person_types_before_saying_and_reloads_at_times() {
        let mut dice = SmallRng::seed_from_u64(1);
        let mut schedule = Schedule::new(Habit::Person {
            pause_s: 5.0,
            direct_percent: 20.0,
            reload_percent: 10.0,
        });
        schedule.begin(0, 1.0, &mut dice);
        let (mut said, mut direct, mut typed, mut reloads) = (0, 0, 0, 0);
        let mut last_us = 0;
        while let Some(deeds) = schedule.take(5_000_000_000, 3, 9, &mut dice) {
            for deed in deeds.into_iter().flatten() {
                match deed {
                    Deed::Say {
                        to: To::Room(_),
                        due_us,
                    } => (said, last_us) = (said + 1, due_us),
                    Deed::Say { .. } => direct += 1,
                    Deed::Type { .. } => typed += 1,
                    Deed::Read { .. } => {}
                    Deed::Reload => {
                        reloads += 1;
                        schedule.begin(last_us, 1.0, &mut dice);
                    }
                }
            }
        }
        assert!((900..1_100).contains(&(said + direct)), "{said} {direct}");
        assert!(typed == said || typed == said + 1);
        assert!((130..270).contains(&direct), "{direct}");
        assert!((60..140).contains(&reloads), "{reloads}");
    }

    #[test]
    fn people_who_must_be_faster_than_they_write_are_as_fast_as_asked() {
        for pause_s in [0.01, 0.5, 1.4, 2.8] {
            let mut dice = SmallRng::seed_from_u64(1);
            let mut schedule = Schedule::new(Habit::Person {
                pause_s,
                direct_percent: 5.0,
                reload_percent: 0.0,
            });
            schedule.begin(0, 1.0, &mut dice);
            let until_us = (pause_s * 1e9) as u64;
            let mut said = 0;
            while let Some(deeds) = schedule.take(until_us, 3, 9, &mut dice) {
                said += u32::from(matches!(deeds[0], Some(Deed::Say { .. })));
            }
            assert!(
                (900..1_100).contains(&said),
                "{said} of 1,000 at {pause_s} s"
            );
        }
    }

    #[test]
    fn the_silent_are_never_due() {
        let mut dice = SmallRng::seed_from_u64(1);
        let mut schedule = Schedule::new(Habit::Silent);
        schedule.begin(0, 1.0, &mut dice);
        assert_eq!(schedule.next_us(), None);
    }
}
