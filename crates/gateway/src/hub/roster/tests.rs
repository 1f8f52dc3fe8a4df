//! A replica against the truth: changes are lost, doubled and out of order, and presence is read now
//! and then; what a member was told adds up to what it ends in.

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use roomcast_presence::{Present, Roster as Truth};
use roomcast_protocol::{RoomName, ServerFrame, UserId, UserJoined, UserLeft};

use super::{Change, Roster};
use crate::limits::Limits;

fn limits() -> Limits {
    Limits {
        presence_each_max: 4,
        presence_named_max: 10,
        ..Limits::default()
    }
}

/// Presence's side: who is there, and every change it told.
struct World {
    rng: StdRng,
    room: RoomName,
    here: BTreeSet<UserId>,
    revision: u64,
    on_the_way: Vec<(Change, u64)>,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
            room: "r".parse().unwrap(),
            here: BTreeSet::new(),
            revision: 1_000,
            on_the_way: Vec::new(),
        }
    }

    fn change(&mut self, users: u32) {
        let user: UserId = format!("u{}", self.rng.random_range(0..users))
            .parse()
            .unwrap();
        let joins = !self.here.remove(&user);
        if joins {
            self.here.insert(user.clone());
        }
        self.revision += 1;
        let (room, count) = (self.room.clone(), self.here.len() as u64);
        let change = match joins {
            true => Change::Joined(UserJoined {
                room,
                user,
                name: None,
                count,
            }),
            false => Change::Left(UserLeft {
                room,
                user,
                name: None,
                count,
            }),
        };
        self.on_the_way.push((change, self.revision));
    }

    fn truth(&self) -> Truth {
        let present = |user: &UserId| Present {
            user: user.clone(),
            name: None,
        };
        let most = limits().presence_named_max + 1;
        Truth {
            count: self.here.len() as u64,
            revision: self.revision,
            members: self.here.iter().take(most).map(present).collect(),
            more: self.here.len() > most,
        }
    }
}

/// What a member holds. A list is whole until a summary without names comes.
struct View {
    users: BTreeSet<UserId>,
    whole: bool,
    count: u64,
    told: BTreeMap<&'static str, usize>,
}

impl View {
    fn of(roster: &Roster) -> Self {
        let page = roster.page(None, 1_000);
        let users: BTreeSet<_> = page
            .iter()
            .flat_map(|(page, _)| page)
            .map(|it| it.user.clone())
            .collect();
        Self {
            whole: page.is_some(),
            users,
            count: roster.told_count(),
            told: BTreeMap::new(),
        }
    }

    fn hear(&mut self, frames: impl IntoIterator<Item = ServerFrame>) {
        for frame in frames {
            match frame {
                ServerFrame::UserJoined(it) => {
                    assert!(self.users.insert(it.user) || !self.whole, "came twice");
                    self.count = it.count;
                    *self.told.entry("each").or_default() += 1;
                }
                ServerFrame::UserLeft(it) => {
                    assert!(self.users.remove(&it.user) || !self.whole, "left twice");
                    self.count = it.count;
                    *self.told.entry("each").or_default() += 1;
                }
                ServerFrame::Presence(news) => {
                    self.whole &= !(news.joined.is_empty() && news.left.is_empty());
                    self.users.extend(news.joined.into_iter().map(|it| it.user));
                    for user in &news.left {
                        self.users.remove(user);
                    }
                    self.count = news.count;
                    *self.told.entry("sums").or_default() += 1;
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// One life of a room with up to so many users, one in so many changes lost.
fn live(seed: u64, users: u32, lost_one_in: u32) -> View {
    let (mut world, mut roster) = (World::new(seed), Roster::new());
    roster.read(world.truth(), &world.room, &limits());
    let mut view = View::of(&roster);
    let mut answer = None;
    for _ in 0..400 {
        match world.rng.random_range(0..10) {
            0..=5 => world.change(users),
            6..=8 if !world.on_the_way.is_empty() => {
                // Mostly in order, now and then any of them.
                let among = world.on_the_way.len().min(3);
                let at = world.rng.random_range(0..among);
                let (change, revision) = world.on_the_way.remove(at);
                if lost_one_in == 0 || world.rng.random_range(0..lost_one_in) != 0 {
                    view.hear(roster.hear(change, revision, &limits()));
                }
            }
            _ => view.hear(roster.pulse(&world.room, &limits())),
        }
        if view.whole && world.rng.random_range(0..5) == 0 {
            let now = View::of(&roster);
            let told = (&view.users, view.count);
            let is_lost = !now.whole || roster.news.counted;
            assert!(is_lost || (&now.users, now.count) == told, "who asks now");
        }
        // An answer is on its way for a while, and what is heard meanwhile goes beyond it.
        if let Some(truth) = answer.take_if(|_| world.rng.random_range(0..3) == 0) {
            view.hear(roster.read(truth, &world.room, &limits()));
        } else if roster.is_stale() && answer.is_none() {
            roster.ask();
            answer = Some(world.truth());
        }
    }
    if let Some(truth) = answer {
        view.hear(roster.read(truth, &world.room, &limits()));
    }
    // At rest: everything that comes has come.
    for (change, revision) in std::mem::take(&mut world.on_the_way) {
        view.hear(roster.hear(change, revision, &limits()));
    }
    for _ in 0..10 {
        view.hear(roster.pulse(&world.room, &limits()));
        if roster.is_stale() {
            roster.ask();
            view.hear(roster.read(world.truth(), &world.room, &limits()));
        }
    }
    if lost_one_in > 0 {
        // The last one may have been lost without a trace: a look finds that.
        roster.doubt();
        roster.ask();
        view.hear(roster.read(world.truth(), &world.room, &limits()));
        view.hear(roster.pulse(&world.room, &limits()));
    }
    assert!(!roster.is_stirred(), "nothing is left to do");
    assert_eq!(roster.count(), world.here.len() as u64);
    if let Some((page, more)) = roster.page(None, 1_000) {
        let named: BTreeSet<_> = page.into_iter().map(|it| it.user).collect();
        assert_eq!((named, more), (world.here.clone(), false));
    }
    assert_eq!(
        view.count,
        world.here.len() as u64,
        "the count that was told"
    );
    if view.whole {
        assert_eq!(view.users, world.here, "what was told adds up");
    }
    view
}

#[test]
fn what_is_told_adds_up_to_the_truth_whatever_is_lost_or_late() {
    let mut whole = 0;
    for seed in 0..300 {
        for lost_one_in in [0, 10] {
            whole += usize::from(live(seed, 4, lost_one_in).whole);
            live(seed, 9, lost_one_in);
            live(seed, 30, lost_one_in);
        }
    }
    assert_eq!(whole, 600, "in a small room everybody is named");
}

#[test]
fn a_small_room_is_told_of_each_a_large_one_in_sums_and_a_larger_one_how_many() {
    let small = live(1, 4, 0);
    assert!(!small.told.contains_key("sums"), "{:?}", small.told);
    let larger = live(1, 60, 0);
    assert!(
        !larger.whole && larger.told["sums"] > 0,
        "{:?}",
        larger.told
    );
}

#[test]
fn a_large_room_that_is_read_again_and_is_as_it_was_is_told_nothing() {
    let (mut world, mut roster) = (World::new(3), Roster::new());
    world.here = (0..30).map(|n| format!("u{n}").parse().unwrap()).collect();
    for told in [false, false, true] {
        if told {
            world.here.pop_first();
        }
        roster.doubt();
        roster.ask();
        roster.read(world.truth(), &world.room, &limits());
        let news = roster.pulse(&world.room, &limits());
        assert_eq!(news.is_some(), told);
    }
}

#[test]
fn a_keeper_that_has_forgotten_its_revisions_is_believed() {
    let (mut world, mut roster) = (World::new(7), Roster::new());
    for _ in 0..5 {
        world.change(4);
    }
    roster.read(world.truth(), &world.room, &limits());
    let mut view = View::of(&roster);
    world.here.clear();
    let forgotten = Truth {
        revision: 0,
        ..world.truth()
    };
    roster.doubt();
    roster.ask();
    view.hear(roster.read(forgotten, &world.room, &limits()));
    assert!(view.users.is_empty() && view.count == 0);
    world.revision = 9_000_000;
    world.change(4);
    let (change, revision) = world.on_the_way.pop().unwrap();
    view.hear(roster.hear(change, revision, &limits()));
    for _ in 0..2 {
        view.hear(roster.pulse(&world.room, &limits()));
    }
    assert!(roster.is_stale(), "changes are missing");
    view.hear(roster.read(world.truth(), &world.room, &limits()));
    assert_eq!(view.users, world.here);
}

#[test]
fn a_change_heard_before_the_first_answer_is_not_lost() {
    let (mut world, mut roster) = (World::new(3), Roster::new());
    world.change(4);
    let asked = world.truth();
    roster.ask();
    world.change(1_000);
    let (change, revision) = world.on_the_way.pop().unwrap();
    roster.hear(change, revision, &limits());
    roster.read(asked, &world.room, &limits());
    assert_eq!(roster.count(), 2);
    assert!(roster.includes(revision) && !roster.is_stirred());
}

#[test]
fn a_change_that_presence_has_forgotten_is_not_asked_after_for_ever() {
    let (mut world, mut roster) = (World::new(3), Roster::new());
    roster.read(world.truth(), &world.room, &limits());
    for _ in 0..3 {
        world.change(4);
    }
    // The last of three is heard; the keeper comes back without any of them.
    let (change, revision) = world.on_the_way.pop().unwrap();
    roster.hear(change, revision, &limits());
    world.here.clear();
    world.revision -= 3;
    let mut asks = 0;
    for _ in 0..10 {
        roster.pulse(&world.room, &limits());
        if roster.is_stale() {
            asks += 1;
            roster.ask();
            roster.read(world.truth(), &world.room, &limits());
        }
    }
    assert_eq!(asks, 1);
    assert!(!roster.is_stirred());
}
