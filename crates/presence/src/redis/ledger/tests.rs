//! The ledger against a made-up Redis. One connection keeps the order of what is sent on it, so two
//! kinds of trouble come apart: tasks that race before they send, so that commands overtake each
//! other; and a link that breaks, so that answers are lost, the lease is lost, Redis forgets. At
//! rest Redis must hold just those who are here, and what was told must make the room believe the
//! same; each change is told with its own revision, and as long as the lease is kept, nothing is told
//! twice and every revision is told.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use proptest::prelude::*;
use roomcast_protocol::{NodeId, RoomName, SessionId, UserId};
use tokio::time::Instant;

mod histories;
mod made_up;

use self::made_up::MadeUpRedis;
use super::super::life::Life;
use super::super::scripts::Released;
use super::super::step::{Due, Held, Step, Terms};
use super::Ledger;
use crate::conformance::{occupant, room, session, user};

const RETRY_MS: u64 = 50;

#[derive(Debug, Clone)]
enum Act {
    Enter(u8),
    Leave(u8),
    /// Whoever is due is attended to: their command goes onto the wire.
    Settle,
    /// A command arrives: the first, or the one behind it if the first was not overtaken yet.
    Deliver {
        overtaking: bool,
        lost: bool,
    },
    Wait(u64),
    /// One of the users is banned, or no longer.
    Ban {
        alice: bool,
        banned: bool,
    },
    /// The lease was lost; Redis forgot everything, or somebody reaped us.
    NewLife {
        forgot: bool,
    },
}

fn common() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..6u8).prop_map(Act::Enter),
        4 => (0..6u8).prop_map(Act::Leave),
        4 => Just(Act::Settle),
        3 => (1..120u64).prop_map(Act::Wait),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(alice, banned)| Act::Ban { alice, banned }),
    ]
}

fn race() -> impl Strategy<Value = Act> {
    prop_oneof![
        15 => common(),
        6 => any::<bool>().prop_map(|overtaking| Act::Deliver { overtaking, lost: false }),
    ]
}

fn breakage() -> impl Strategy<Value = Act> {
    prop_oneof![
        15 => common(),
        6 => any::<bool>().prop_map(|lost| Act::Deliver { overtaking: false, lost }),
        1 => any::<bool>().prop_map(|forgot| Act::NewLife { forgot }),
    ]
}

/// A command on the wire.
struct Sent {
    user: UserId,
    step: Step,
    was_overtaken: bool,
    /// The session that enters; then bans are looked at.
    entering: Option<u8>,
}

struct World {
    ledger: Ledger,
    redis: MadeUpRedis,
    wire: VecDeque<Sent>,
    /// Whom the room believes to be here, by what it was told.
    told: BTreeSet<UserId>,
    /// Joins of those already here and leaves of those already gone.
    told_twice: usize,
    /// What was told, by revision: who, and whether they joined.
    revisions: BTreeMap<u64, (UserId, bool)>,
    here: BTreeSet<u8>,
    start: Instant,
    now_ms: u64,
    room: RoomName,
}

/// Six sessions of two users.
fn owner(session: u8) -> UserId {
    user(["alice", "bob"][usize::from(session % 2)])
}

fn fresh_life() -> Life {
    let node: NodeId = "n".parse().unwrap();
    Life::fresh(&node)
}

impl World {
    fn new(room: RoomName) -> Self {
        let terms = Terms {
            rooms_max: 10,
            occupants_max: 100,
            sessions_listed_max: 100,
            retry: Duration::from_millis(RETRY_MS),
            vacancy: Duration::from_millis(10),
        };
        let start = Instant::now();
        let mut ledger = Ledger::new(terms);
        ledger.begin_life(
            fresh_life(),
            start + Duration::from_secs(3_600),
            false,
            start,
        );
        Self {
            ledger,
            redis: MadeUpRedis::default(),
            wire: VecDeque::new(),
            told: BTreeSet::new(),
            told_twice: 0,
            revisions: BTreeMap::new(),
            here: BTreeSet::new(),
            start,
            now_ms: 0,
            room,
        }
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_millis(self.now_ms)
    }

    fn act(&mut self, act: &Act) {
        let now = self.now();
        match *act {
            // A session asks for one thing at a time.
            Act::Enter(number) if self.wire.iter().any(|s| s.entering == Some(number)) => {}
            Act::Enter(number) => {
                let occupant = occupant(u128::from(number), owner(number).as_str());
                self.ledger.enter(&self.room, &occupant, now).unwrap();
                self.here.insert(number);
                self.send(&owner(number), Some(number));
            }
            Act::Leave(number) => {
                self.here.remove(&number);
                let gone = self
                    .ledger
                    .leave(&self.room, session(u128::from(number)), now);
                if let Some(user) = gone {
                    self.send(&user, None);
                }
            }
            Act::Ban { alice, banned } => {
                let who = owner(u8::from(!alice));
                match banned {
                    true => self.redis.banned.insert(who),
                    false => self.redis.banned.remove(&who),
                };
            }
            Act::Settle => self.settle(),
            Act::Deliver { overtaking, lost } => self.deliver(overtaking, lost),
            Act::Wait(ms) => self.now_ms += ms,
            Act::NewLife { forgot } => {
                // What was under way has arrived, its answers have not.
                while !self.wire.is_empty() {
                    self.deliver(false, true);
                }
                self.new_life(forgot);
            }
        }
    }

    fn new_life(&mut self, forgot: bool) {
        let old = self.ledger.life().unwrap();
        if forgot {
            self.redis.forget();
        } else {
            for (user, revision) in self.redis.reap(&old) {
                self.tell_left(&user, revision);
            }
        }
        let until = self.now() + Duration::from_secs(3_600);
        self.ledger
            .begin_life(fresh_life(), until, forgot, self.now());
    }

    fn send(&mut self, user: &UserId, entering: Option<u8>) {
        let now = self.now();
        let anyway = entering.is_some();
        let step = self.ledger.step(&self.room, user, anyway, now);
        if !matches!(step, Step::Rest | Step::NoLease) {
            self.wire.push_back(Sent {
                user: user.clone(),
                step,
                was_overtaken: false,
                entering,
            });
        }
    }

    fn settle(&mut self) {
        while let Some(due) = self.ledger.agenda.take(self.now()) {
            match due {
                Due::Person(_, user) => self.send(&user, None),
                Due::Vacant(room) => {
                    self.ledger.vacate(&room);
                }
                Due::Typing(_) => unreachable!("nobody types here"),
            }
        }
    }

    fn deliver(&mut self, overtaking: bool, lost: bool) {
        let overtakes = overtaking && self.wire.len() > 1 && !self.wire[0].was_overtaken;
        if overtakes {
            self.wire[0].was_overtaken = true;
        }
        let Some(sent) = self.wire.remove(usize::from(overtakes)) else {
            return;
        };
        let Sent {
            user,
            step,
            entering,
            ..
        } = sent;
        let (place, now) = ((&self.room, &user), self.now());
        match step {
            Step::Hold {
                life,
                token,
                listing,
                ..
            } => {
                let text = token.to_string();
                let barred = entering.filter(|_| self.redis.banned.contains(&user));
                let (join, stands) = match barred {
                    Some(_) => self.redis.stands(&user, &life, &text),
                    None => (self.redis.hold(&user, &life, &text, &listing), true),
                };
                if lost {
                    return;
                }
                let answer = Held {
                    token,
                    edition: listing.edition,
                    joined: join.is_some(),
                };
                let tell = match barred {
                    Some(_) => self.ledger.barred(place, &life, (answer, stands), now),
                    None => self.ledger.held(place, &life, answer, now),
                };
                if let Some(revision) = join.filter(|_| tell) {
                    self.told_twice += usize::from(!self.told.insert(user.clone()));
                    self.note(revision, &user, true);
                }
                if let Some(number) = barred {
                    self.here.remove(&number);
                    let session = session(u128::from(number));
                    self.ledger.refuse(&self.room, session, now);
                }
            }
            Step::Release {
                life,
                token,
                asking,
            } => {
                let act = (&*token.to_string(), asking);
                let outcome = self.redis.release((&user, &life), act, self.now_ms);
                if lost {
                    self.ledger.release_lost(place, token, now);
                } else if self.ledger.released(place, token, &outcome, now) {
                    let Released::Left { revision, .. } = outcome else {
                        panic!("told without a revision: {outcome:?}");
                    };
                    self.tell_left(&user, revision);
                }
            }
            Step::NoLease | Step::Rest => {}
        }
    }

    fn tell_left(&mut self, user: &UserId, revision: u64) {
        self.told_twice += usize::from(!self.told.remove(user));
        self.note(revision, user, false);
    }

    fn note(&mut self, revision: u64, user: &UserId, joined: bool) {
        let before = self.revisions.insert(revision, (user.clone(), joined));
        assert_eq!(before, None, "revision {revision} is told once");
    }

    /// Whether what was told is what was counted under that revision; and if `all`, whether all was.
    fn is_told_as_counted(&self, all: bool) -> bool {
        (1..)
            .zip(&self.redis.changes)
            .all(|(revision, change)| self.revisions.get(&revision).map_or(!all, |t| t == change))
    }

    /// Nothing more is lost, and time passes.
    fn rest(&mut self) {
        for _ in 0..60 {
            self.settle();
            while !self.wire.is_empty() {
                self.deliver(false, false);
            }
            self.now_ms += RETRY_MS / 2;
        }
    }

    /// The sessions that Redis lists.
    fn listed(&self) -> Vec<SessionId> {
        let lists = self.redis.lists.values();
        let mut listed: Vec<SessionId> = lists.flat_map(|list| list.sessions.clone()).collect();
        listed.sort_unstable();
        listed
    }
}

/// Plays a history in a room and in an inbox, and lets each come to rest. Whether nothing was told
/// twice.
fn play(acts: &[Act]) -> Result<bool, TestCaseError> {
    Ok(play_in("r", acts)? & play_in("@alice", acts)?)
}

fn play_in(name: &str, acts: &[Act]) -> Result<bool, TestCaseError> {
    let mut world = World::new(room(name));
    let mut is_fair = true;
    for act in acts {
        if let Act::NewLife { .. } = act {
            // An answer lost just before Redis forgets is lost for good.
            is_fair &= world.wire.is_empty() && world.redis.people.keys().eq(world.told.iter());
        }
        world.act(act);
    }
    world.rest();
    let here: BTreeSet<UserId> = world.here.iter().map(|number| owner(*number)).collect();
    let held: BTreeSet<UserId> = world.redis.people.keys().cloned().collect();
    prop_assert_eq!(&held, &here);
    prop_assert!(world.wire.is_empty());
    let numbers = world.here.iter().map(|number| u128::from(*number));
    let sessions: Vec<SessionId> = match world.room.is_inbox() {
        true => numbers.map(session).collect(),
        false => Vec::new(),
    };
    prop_assert_eq!(world.listed(), sessions);
    if is_fair {
        prop_assert_eq!(&world.told, &here);
    }
    let is_once = world.told_twice == 0;
    for number in 0..6 {
        world.act(&Act::Leave(number));
    }
    world.rest();
    prop_assert!(world.redis.people.is_empty());
    let has_one_life = !acts.iter().any(|act| matches!(act, Act::NewLife { .. }));
    prop_assert!(
        world.is_told_as_counted(has_one_life),
        "told {:?}, counted {:?}",
        world.revisions,
        world.redis.changes
    );
    prop_assert!(!world.ledger.has(&world.room), "an empty room is forgotten");
    Ok(is_once)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn commands_that_overtake_each_other_leave_redis_right_and_tell_everything_once(
        acts in proptest::collection::vec(race(), 1..80)
    ) {
        prop_assert!(play(&acts)?);
    }

    #[test]
    fn lost_answers_and_lost_leases_leave_redis_right_and_the_room_well_told(
        acts in proptest::collection::vec(breakage(), 1..80)
    ) {
        let is_once = play(&acts)?;
        let has_one_life = !acts.iter().any(|act| matches!(act, Act::NewLife { .. }));
        prop_assert!(is_once || !has_one_life);
    }
}
