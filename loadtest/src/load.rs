//! The load of a run: how many clients there are, in which rooms, and what each of them does.
//!
//! Keeps true: a client's part follows from the seed and its number alone, so that each process of a
//! fleet makes its own share of one and the same crowd, and a seed repeats a run.

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use rand_distr::{Distribution as _, Zipf};
use serde::{Deserialize, Serialize};

/// What all processes of a run are told.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Load {
    /// Where the dice begin.
    pub seed: u64,
    /// Begins the names of the run's rooms and users, so that runs on one cluster don't meet.
    pub run: String,
    /// Clients in the whole fleet.
    pub clients: u32,
    /// Rooms, inboxes apart.
    pub rooms: u32,
    /// How clients are spread over rooms, and what they do there.
    pub crowd: Crowd,
    /// `ws://host[:port][/path]`, at least one; a client begins with one of them and goes on to the next.
    pub targets: Vec<String>,
    /// Addresses of 127.0.0.0/8 to connect from; 0 leaves the address to the system.
    pub sources: u8,
    /// A token for each client, in its order; empty where the server believes names.
    pub tokens: Vec<String>,
    /// Whether the server may pack frames into arrays.
    pub batch: bool,
    /// So many clients, picked evenly, have a small receive buffer: those that will stop reading, which would
    /// go unnoticed for megabytes otherwise.
    pub small_buffers: u32,
    /// Bytes of each message beyond what names it.
    pub filler_bytes: usize,
    /// Messages of a client that may wait for their ack; what is due beyond that is held back.
    pub waiting_max: usize,
    /// Connections that the whole fleet begins in a second.
    pub connects_per_second: u32,
    /// How long an answer may take until a message is sent again, in ms.
    pub answer_ms: u64,
    /// How long a key makes a retry safe, in ms; then a message is given up.
    pub key_window_ms: u64,
}

/// How clients are spread over rooms, and what they do there.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Crowd {
    /// Rooms of one size; in each the first so many talk.
    Even {
        /// Members that talk in each room.
        speakers: u32,
        /// Messages a second in all rooms together.
        rate: f64,
    },
    /// People: some rooms are much fuller than others, and each person has a few.
    People {
        /// Rooms that each is in.
        rooms_each: u32,
        /// Exponent of the Zipf law by which rooms are chosen.
        zipf: f64,
        /// Messages a second of all people together.
        rate: f64,
        /// Of a hundred messages, so many are direct ones.
        direct_percent: f64,
        /// Of a hundred messages, so many are followed by a reload of the page.
        reload_percent: f64,
    },
}

/// One client's part.
#[derive(Clone, PartialEq, Debug)]
pub struct Part {
    /// Its rooms, by number.
    pub rooms: Vec<u32>,
    /// What it does.
    pub habit: Habit,
}

/// What a client does once it is told to talk.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Habit {
    /// It listens.
    Silent,
    /// It says something in its first room at random times, at this mean distance.
    Steady {
        /// In seconds.
        mean_s: f64,
    },
    /// It types, talks, reads, and reloads its page.
    Person {
        /// Mean time between two messages, in seconds.
        pause_s: f64,
        /// Of a hundred messages, so many are direct.
        direct_percent: f64,
        /// Of a hundred messages, so many are followed by a reload.
        reload_percent: f64,
    },
}

impl Load {
    /// A room's name.
    pub fn room(&self, room: u32) -> String {
        format!("{}-{room}", self.run)
    }

    /// A client's user, where the server believes names.
    pub fn user(&self, client: u32) -> String {
        format!("{}-u{client}", self.run)
    }

    /// Whether this is the client's user, as far as names tell: whose a token is, is not known here.
    pub fn is_user(&self, user: &str, client: u32) -> bool {
        let number = user.strip_prefix(&*self.run);
        let number = number.and_then(|rest| rest.strip_prefix("-u"));
        !self.tokens.is_empty() || number.is_some_and(|number| number.parse() == Ok(client))
    }

    /// What a client is to do.
    pub fn part(&self, client: u32) -> Part {
        match self.crowd {
            Crowd::Even { speakers, rate } => {
                let rooms = self.rooms.max(1);
                let is_speaker = client / rooms < speakers && rate > 0.0;
                // Rooms may have fewer members than are to talk.
                let all = (u64::from(speakers) * u64::from(rooms)).min(self.clients.into());
                let mean_s = all as f64 / rate;
                Part {
                    rooms: vec![client % rooms],
                    habit: if is_speaker {
                        Habit::Steady { mean_s }
                    } else {
                        Habit::Silent
                    },
                }
            }
            Crowd::People {
                rooms_each,
                zipf,
                rate,
                direct_percent,
                reload_percent,
            } => Part {
                rooms: self.rooms_of_person(client, rooms_each, zipf),
                habit: Habit::Person {
                    pause_s: f64::from(self.clients) / rate,
                    direct_percent,
                    reload_percent,
                },
            },
        }
    }

    /// A client's own dice; `throw` tells apart what they are thrown for.
    pub fn dice(&self, client: u32, throw: u32) -> SmallRng {
        let own = u64::from(client) << 32 | u64::from(throw);
        // Any odd multiplier spreads neighbours; this one is Knuth's.
        SmallRng::seed_from_u64(self.seed ^ own.wrapping_mul(6_364_136_223_846_793_005))
    }

    /// Whether a client is among `count` that are picked evenly from all.
    pub fn is_picked(&self, client: u32, count: u32) -> bool {
        let (client, count, all) = (
            u64::from(client),
            u64::from(count),
            u64::from(self.clients.max(1)),
        );
        (client + 1) * count / all > client * count / all
    }

    /// Each number is somebody's first room, so that no room stays empty where there are enough people.
    fn rooms_of_person(&self, client: u32, rooms_each: u32, zipf: f64) -> Vec<u32> {
        let all = self.rooms.max(1);
        let wanted = rooms_each.clamp(1, all) as usize;
        let mut dice = self.dice(client, 0);
        let mut rooms = vec![client % all];
        let law = Zipf::new(f64::from(all), zipf);
        while rooms.len() < wanted {
            let room = match &law {
                Ok(law) => law.sample(&mut dice) as u32 - 1,
                Err(_) => dice.random_range(0..all),
            };
            if !rooms.contains(&room) {
                rooms.push(room);
            }
        }
        rooms
    }
}

/// A load of so many clients in so many rooms, with the least of everything else.
#[cfg(test)]
pub(crate) fn sample(clients: u32, rooms: u32, crowd: Crowd) -> Load {
    Load {
        seed: 7,
        run: "r".into(),
        clients,
        rooms,
        crowd,
        targets: vec!["ws://127.0.0.1:1".into()],
        sources: 0,
        tokens: Vec::new(),
        batch: false,
        small_buffers: 0,
        filler_bytes: 0,
        waiting_max: 1,
        connects_per_second: 1,
        answer_ms: 1,
        key_window_ms: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::{Crowd, Habit, sample};

    #[test]
    fn an_even_crowd_has_as_many_members_and_speakers_in_each_room_as_asked() {
        let crowd = Crowd::Even {
            speakers: 2,
            rate: 30.0,
        };
        let load = sample(30, 3, crowd);
        let mut members = [0; 3];
        let mut rate = [0.0; 3];
        for client in 0..30 {
            let part = load.part(client);
            let room = part.rooms[0] as usize;
            members[room] += 1;
            if let Habit::Steady { mean_s } = part.habit {
                rate[room] += 1.0 / mean_s;
            }
        }
        assert_eq!(members, [10; 3]);
        assert!(
            rate.iter().all(|r: &f64| (r - 10.0).abs() < 1e-9),
            "{rate:?}"
        );
    }

    #[test]
    fn a_room_with_fewer_members_than_are_to_talk_still_offers_its_rate() {
        let crowd = Crowd::Even {
            speakers: 10,
            rate: 30.0,
        };
        let load = sample(5, 2, crowd);
        let rates = (0..5).map(|client| match load.part(client).habit {
            Habit::Steady { mean_s } => 1.0 / mean_s,
            other => panic!("{other:?}"),
        });
        let rate: f64 = rates.sum();
        assert!((rate - 30.0).abs() < 1e-9, "{rate}");
    }

    #[test]
    fn people_have_rooms_of_their_own_choice_and_a_seed_repeats_it() {
        let crowd = Crowd::People {
            rooms_each: 3,
            zipf: 1.0,
            rate: 1.0,
            direct_percent: 0.0,
            reload_percent: 0.0,
        };
        let load = sample(1_000, 50, crowd);
        let mut members = vec![0_u32; 50];
        for client in 0..1_000 {
            let part = load.part(client);
            assert_eq!(part, load.part(client));
            assert_eq!(part.rooms.len(), 3);
            for room in part.rooms {
                members[room as usize] += 1;
            }
        }
        assert!(members.iter().all(|count| *count >= 20));
        assert!(members[0] > 5 * members[40], "{members:?}");
    }

    #[test]
    fn as_many_clients_are_picked_as_asked_and_all_over_the_crowd() {
        let crowd = Crowd::Even {
            speakers: 0,
            rate: 0.0,
        };
        let load = sample(600, 3, crowd);
        for count in [0, 1, 50, 599, 600] {
            let picked = (0..600).filter(|client| load.is_picked(*client, count));
            assert_eq!(picked.count() as u32, count);
        }
    }
}
