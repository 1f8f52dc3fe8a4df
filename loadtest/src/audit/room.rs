//! One room: all that was said there and told of it, gathered from all ledgers.
//!
//! Owns the steps that can be judged as they are read. What needs the whole run is left to `judge`.

pub(super) mod judge;
pub(super) mod messages;
pub(super) mod positions;
pub(super) mod presence;
pub(super) mod trouble;
pub(super) mod walk;

use self::messages::{Messages, Spot};
use self::positions::{Positions, THE_LOG};
use self::presence::Claims;
use self::trouble::{At, Trouble};
use self::walk::{JoinedWords, ToldGap, Walk};
use super::check::Check;
use super::scene::Scene;
use crate::audit::map::Map;
use crate::ledger::record::{Place, Range};
use crate::payload::{Carried, Said};

/// One epoch of a room.
pub(super) struct Life {
    pub(super) epoch: u64,
    pub(super) positions: Positions,
    /// When it was first heard of.
    pub(super) first_us: u64,
    /// The lowest position that was given to a message anew, rather than taken over from before.
    pub(super) fresh: Option<u64>,
}

/// A gap that somebody was told.
pub(super) struct GapCase {
    pub(super) client: u32,
    pub(super) at_us: u64,
    pub(super) told: ToldGap,
}

/// A room.
#[derive(Default)]
pub(super) struct Room {
    pub(super) lives: Vec<Life>,
    pub(super) walks: Map<u32, Walk>,
    pub(super) messages: Messages,
    pub(super) gaps: Vec<GapCase>,
    pub(super) head: Option<Place>,
    /// How many messages the log is said to hold at the end.
    pub(super) log_messages: u64,
    pub(super) claims: Claims,
    /// Messages that sessions got.
    pub(super) deliveries: u64,
    /// Positions that sessions got or the log has, each as often as it was told.
    pub(super) told: u64,
    troubles: Vec<Trouble>,
}

impl Room {
    /// The number of an epoch, which was heard of at that time.
    pub(super) fn life(&mut self, epoch: u64, at_us: u64) -> u32 {
        let index = self.lives.iter().position(|life| life.epoch == epoch);
        let index = index.unwrap_or_else(|| {
            self.lives.push(Life {
                epoch,
                positions: Positions::default(),
                first_us: at_us,
                fresh: None,
            });
            self.lives.len() - 1
        });
        let life = &mut self.lives[index];
        life.first_us = life.first_us.min(at_us);
        index as u32
    }

    pub(super) fn asked(
        &mut self,
        scene: &mut Scene<'_>,
        client: u32,
        session: u32,
        at_us: u64,
        since: Option<Place>,
    ) {
        if since.is_some() {
            scene.looked(Check::ResumeIsHonest, 1);
        }
        let walk = self.walks.entry(client).or_default();
        walk.goes_on(at_us, scene.rest_us(client));
        walk.asked(session, since, &mut self.troubles);
        self.tell(scene, client, at_us);
    }

    pub(super) fn joined(
        &mut self,
        scene: &mut Scene<'_>,
        client: u32,
        session: u32,
        at_us: u64,
        words: &JoinedWords,
    ) {
        self.life(words.at.epoch, at_us);
        scene.looked(Check::JoinedIsTrue, 1);
        scene.looked(Check::NoSilentHole, 1);
        let walk = self.walks.entry(client).or_default();
        walk.goes_on(at_us, scene.rest_us(client));
        let told = walk.joined(session, at_us, words, &mut self.troubles);
        self.gap_told(scene, client, at_us, words.gap.is_some(), told);
        self.tell(scene, client, at_us);
    }

    pub(super) fn gap(
        &mut self,
        scene: &mut Scene<'_>,
        client: u32,
        session: u32,
        at_us: u64,
        (epoch, gap): (u64, Range),
    ) {
        self.life(epoch, at_us);
        let walk = self.walks.entry(client).or_default();
        let told = walk.gap(session, at_us, epoch, gap, &mut self.troubles);
        self.gap_told(scene, client, at_us, true, told);
        self.tell(scene, client, at_us);
    }

    pub(super) fn received(
        &mut self,
        scene: &mut Scene<'_>,
        client: u32,
        session: u32,
        at_us: u64,
        (at, id, carried): (Place, u128, Carried),
    ) {
        let walk = self.walks.entry(client).or_default();
        walk.received(session, at_us, at, &mut self.troubles);
        self.deliveries += 1;
        if !self.troubles.is_empty() {
            self.tell(scene, client, at_us);
        }
        self.stand(scene, client, at_us, at, id, carried);
    }

    pub(super) fn left(&mut self, scene: &mut Scene<'_>, client: u32, at_us: u64) {
        let walk = self.walks.entry(client).or_default();
        walk.goes_on(at_us, scene.rest_us(client));
        walk.left(at_us, &mut self.troubles);
        self.tell(scene, client, at_us);
    }

    pub(super) fn logged(
        &mut self,
        scene: &mut Scene<'_>,
        at_us: u64,
        (at, id, carried): (Place, u128, Carried),
    ) {
        self.stand(scene, THE_LOG, at_us, at, id, carried);
    }

    pub(super) fn acked(
        &mut self,
        scene: &mut Scene<'_>,
        said: Said,
        at_us: u64,
        at: Place,
        duplicate: bool,
    ) {
        let life = self.life(at.epoch, at_us);
        let one = &mut self.lives[life as usize];
        let stand = one.positions.at(at.seq);
        stand.first_us = stand.first_us.min(at_us);
        if !duplicate {
            one.fresh = Some(one.fresh.map_or(at.seq, |fresh| fresh.min(at.seq)));
        }
        let spot = Spot { life, seq: at.seq };
        let floor = self.messages.all.get(&said).and_then(|m| m.floor);
        let is_repeat = self.messages.first_of_key(said) != said;
        if let Some(floor) = floor.filter(|floor| floor.life == life && !is_repeat) {
            scene.looked(Check::SenderOrder, 1);
            if spot.seq <= floor.seq {
                let who = scene.who(said.client);
                scene.found(Check::SenderOrder, at_us, || {
                    let number = said.number;
                    let (at, seq) = (At(at), floor.seq);
                    format!("{who}: message {number} stands at {at}, said after the ack of {seq}")
                });
            }
        }
        self.messages.acked(said, spot, at_us);
    }

    /// Ends all ways: what is missing now stays missing.
    pub(super) fn end(&mut self, scene: &mut Scene<'_>) {
        let clients: Vec<u32> = self.walks.keys().copied().collect();
        for client in clients {
            if let Some(walk) = self.walks.get_mut(&client) {
                walk.end(&mut self.troubles);
                let moved_us = walk.moved_us();
                self.tell(scene, client, moved_us);
            }
        }
    }

    /// What stands at a position, by one witness more.
    fn stand(
        &mut self,
        scene: &mut Scene<'_>,
        witness: u32,
        at_us: u64,
        at: Place,
        id: u128,
        carried: Carried,
    ) {
        let life = self.life(at.epoch, at_us);
        let stand = self.lives[life as usize].positions.at(at.seq);
        stand.first_us = stand.first_us.min(at_us);
        stand.is_seen |= witness != THE_LOG;
        stand.is_logged |= witness == THE_LOG;
        self.told += 1;
        if !stand.is_told() {
            stand.tell(id, carried, witness);
            if let Carried::Intact(said) = carried {
                self.messages.stands(said, Spot { life, seq: at.seq });
            }
        } else if !stand.is(id, carried) {
            let (other, first) = (stand.carried(), stand.witness);
            let (who, first) = (witness_name(scene, witness), witness_name(scene, first));
            scene.found(Check::OneMessagePerPosition, at_us, || {
                let (other, carried) = (content(other), content(Some(carried)));
                format!("at {} {who} has {carried}, {first} has {other}", At(at))
            });
        }
    }

    fn gap_told(
        &mut self,
        scene: &mut Scene<'_>,
        client: u32,
        at_us: u64,
        is_told: bool,
        told: Option<ToldGap>,
    ) {
        scene.looked(Check::GapIsTrue, u64::from(is_told));
        self.gaps.extend(told.map(|told| GapCase {
            client,
            at_us,
            told,
        }));
    }

    fn tell(&mut self, scene: &mut Scene<'_>, client: u32, at_us: u64) {
        for trouble in self.troubles.drain(..) {
            let who = scene.who(client);
            scene.found(trouble.check(), at_us, || format!("{who} {trouble}"));
        }
    }
}

/// Who told a position, in words.
pub(super) fn witness_name(scene: &Scene<'_>, witness: u32) -> String {
    if witness == THE_LOG {
        "the log".into()
    } else {
        scene.who(witness)
    }
}

/// What stands somewhere, in words.
pub(super) fn content(carried: Option<Carried>) -> String {
    let of = |said: Said| format!("message {} of client {}", said.number, said.client);
    match carried {
        None => "nothing known".into(),
        Some(Carried::Intact(said)) => of(said),
        Some(Carried::Altered(said)) => format!("an altered {}", of(said)),
        Some(Carried::Foreign) => "a message of nobody".into(),
    }
}
