//! Random lives: people come, go, reload and wander between nodes while nodes crash, retire and
//! are replaced, while some are banned and all read on; then all is quiet, and everything must add
//! up. Every session may be in its user's inbox too.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use roomcast_protocol::{Epoch, Seq};

use super::revisions::Heard;
use super::{Node, PATIENCE, Stage, occupant, quick, room, user};
use crate::config::PresenceConfig;
use crate::port::{Change, PresenceError, ReadMark};

const ROOMS: u128 = 4;
/// Stands for the inbox of whoever is meant.
const INBOX: u128 = ROOMS;
const USERS: u128 = 12;
const SESSIONS: u128 = 60;

/// What was told.
#[derive(Default)]
struct Told {
    /// Of each user in each room: joins less leaves.
    balances: BTreeMap<(String, String), i64>,
    heard: Heard,
}

impl Told {
    fn take_in(&mut self, change: Change) {
        self.heard.take_in(&change);
        let (room, user, step) = match change {
            Change::Joined { room, user, .. } => (room, user, 1),
            Change::Left { room, user, .. } => (room, user, -1),
            Change::TypingEnded { .. } => return,
        };
        *self
            .balances
            .entry((room.to_string(), user.to_string()))
            .or_default() += step;
    }

    /// Takes in what a node tells until it is silent for so long.
    async fn listen(&mut self, node: &mut Node, silence: Duration) {
        while let Ok(Some(change)) = tokio::time::timeout(silence, node.changes.next()).await {
            self.take_in(change);
        }
    }

    fn present(&self, room: &str) -> Vec<&str> {
        let here = self
            .balances
            .iter()
            .filter(|((r, _), balance)| r == room && **balance == 1);
        here.map(|((_, user), _)| user.as_str()).collect()
    }
}

/// How things are, as simply as can be said. Users go by name.
#[derive(Default)]
struct Truth {
    /// Room, session and node of everybody who is somewhere.
    places: BTreeSet<(String, u128, usize)>,
    /// Pairs of room and user.
    bans: BTreeSet<(String, String)>,
    marks: BTreeMap<(String, String), ReadMark>,
    /// Those who left their inbox, in the order in which they did.
    gone: Vec<String>,
    /// Those who lost a session of their inbox with a node; nobody noted in which order.
    lost: BTreeSet<String>,
}

fn owner(number: u128) -> String {
    format!("u{:02}", number % USERS)
}

fn place_of(room_number: u128, user_name: &str) -> String {
    match room_number {
        INBOX => format!("@{user_name}"),
        _ => format!("r{room_number}"),
    }
}

impl Truth {
    fn present(&self, room_name: &str) -> Vec<String> {
        let here = self.places.iter().filter(|(room, ..)| room == room_name);
        let users: BTreeSet<String> = here.map(|(_, number, _)| owner(*number)).collect();
        users.into_iter().collect()
    }

    fn sessions(&self, user_name: &str) -> Vec<String> {
        let inbox = format!("@{user_name}");
        let here = self.places.iter().filter(|(room, ..)| *room == inbox);
        let mut sessions: Vec<(usize, u128)> =
            here.map(|(_, number, node)| (*node, *number)).collect();
        sessions.sort_unstable();
        let texts = sessions
            .iter()
            .map(|(node, number)| format!("n{node}/{number}"));
        texts.collect()
    }

    fn leave(&mut self, place: &(String, u128, usize)) {
        self.places.remove(place);
        let user_name = owner(place.1);
        if place.0.starts_with('@') && self.sessions(&user_name).is_empty() {
            self.gone.retain(|gone| *gone != user_name);
            self.gone.push(user_name);
        }
    }

    /// A node is gone, and all who were on it.
    fn crash(&mut self, victim: usize) {
        let theirs = self.places.iter().filter(|(_, _, node)| *node == victim);
        for place in theirs.cloned().collect::<Vec<_>>() {
            if place.0.starts_with('@') {
                self.lost.insert(owner(place.1));
            }
            self.leave(&place);
        }
    }
}

/// One history of a cluster of `nodes`; the same seed makes the same one.
pub(crate) async fn at_rest_all_agree(stage: &impl Stage, nodes: usize, seed: u64) {
    let config = PresenceConfig {
        grace_ms: 30,
        ..quick()
    };
    let mut rng = StdRng::seed_from_u64(seed);
    let mut cluster = Vec::new();
    for number in 0..nodes {
        cluster.push(stage.node(&format!("n{number}"), config.clone()).await);
    }
    let (mut told, mut truth) = (Told::default(), Truth::default());
    for step in 0..600 {
        match rng.random_range(0..10) {
            0 => ban(&mut rng, &cluster, &mut truth).await,
            1 => read(&mut rng, &cluster, &mut truth).await,
            _ => wander(&mut rng, &cluster, &mut truth).await,
        }
        if step % 10 == 0 {
            for node in &mut cluster {
                told.listen(node, Duration::from_millis(1)).await;
            }
        }
        if nodes > 1 && step % 120 == 119 {
            let victim = rng.random_range(0..nodes);
            if rng.random() {
                cluster[victim].presence.retire().await;
            }
            // Its calls have returned and its graces are over, so all it did, it told: a crash in
            // the instant between an act and its telling is not what this test is about.
            told.listen(&mut cluster[victim], Duration::from_millis(100))
                .await;
            truth.crash(victim);
            cluster[victim] = stage.node(&format!("n{victim}"), config.clone()).await;
        }
    }
    rest(&mut cluster, &mut told, &truth).await;
    for node in &cluster {
        compare(node, &truth).await;
    }
}

/// Somebody comes or goes; who is banned doesn't get in.
async fn wander(rng: &mut StdRng, cluster: &[Node], truth: &mut Truth) {
    let (number, room_number) = (rng.random_range(0..SESSIONS), rng.random_range(0..=INBOX));
    let user_name = owner(number);
    let name = place_of(room_number, &user_name);
    let place = truth
        .places
        .iter()
        .find(|(r, s, _)| *r == name && *s == number);
    if let Some(place) = place.cloned() {
        cluster[place.2].leave(&name, number).await;
        truth.leave(&place);
        return;
    }
    let node = rng.random_range(0..cluster.len());
    let occupant = occupant(number, &user_name);
    let entered = cluster[node].presence.enter(&room(&name), &occupant).await;
    if truth.bans.contains(&(name.clone(), user_name.clone())) {
        assert!(
            matches!(entered, Err(PresenceError::Banned { .. })),
            "{entered:?}"
        );
    } else {
        entered.unwrap();
        truth.places.insert((name, number, node));
    }
}

/// Bans somebody for longer than the test takes, or lifts a ban.
async fn ban(rng: &mut StdRng, cluster: &[Node], truth: &mut Truth) {
    let user_name = owner(rng.random_range(0..SESSIONS));
    let name = place_of(rng.random_range(0..=INBOX), &user_name);
    let presence = &cluster[rng.random_range(0..cluster.len())].presence;
    let (who, place) = (user(&user_name), (name.clone(), user_name));
    if rng.random() {
        presence.ban(&room(&name), &who, 600_000).await.unwrap();
        truth.bans.insert(place);
    } else {
        let was_banned = presence.unban(&room(&name), &who).await.unwrap();
        assert_eq!(was_banned, truth.bans.remove(&place));
    }
}

async fn read(rng: &mut StdRng, cluster: &[Node], truth: &mut Truth) {
    let user_name = owner(rng.random_range(0..SESSIONS));
    let name = place_of(rng.random_range(0..=INBOX), &user_name);
    let mark = ReadMark {
        epoch: Epoch::from_bits(u64::from(rng.random_range(0..20u8) == 0)),
        seq: Seq::try_from(rng.random_range(1..20)).unwrap(),
    };
    let presence = &cluster[rng.random_range(0..cluster.len())].presence;
    let (place, who) = (room(&name), user(&user_name));
    let moved = presence.read(&place, &who, mark.epoch, mark.seq).await;
    let moved = moved.unwrap();
    let before = truth.marks.get(&(name.clone(), user_name.clone()));
    let moves = before.is_none_or(|b| b.epoch != mark.epoch || b.seq < mark.seq);
    assert_eq!(moved, moves.then_some(mark.seq));
    if moves {
        truth.marks.insert((name, user_name), mark);
    }
}

/// Every room there may be.
fn rooms() -> Vec<String> {
    let rooms = (0..ROOMS).map(|number| place_of(number, ""));
    let inboxes = (0..USERS).map(|number| place_of(INBOX, &owner(number)));
    rooms.chain(inboxes).collect()
}

/// Waits until every roster is the truth and what was told adds up to it, revision by revision.
async fn rest(cluster: &mut [Node], told: &mut Told, truth: &Truth) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    for name in rooms() {
        let users = truth.present(&name);
        let users: Vec<&str> = users.iter().map(String::as_str).collect();
        for node in cluster.iter() {
            node.comes_to_see(&name, &users).await;
        }
        while told.present(&name) != users {
            assert!(
                tokio::time::Instant::now() < deadline,
                "told {:?}, true {users:?}",
                told.present(&name)
            );
            for node in cluster.iter_mut() {
                told.listen(node, Duration::from_millis(20)).await;
            }
        }
    }
    for node in cluster.iter_mut() {
        told.listen(node, Duration::from_millis(200)).await;
    }
    assert!(
        told.balances.values().all(|b| (0..=1).contains(b)),
        "{:?}",
        told.balances
    );
    for name in rooms() {
        for node in cluster.iter() {
            told.heard.adds_up_to(&name, &node.roster(&name).await);
        }
    }
}

/// Everything else that a node shows is the truth as well.
async fn compare(node: &Node, truth: &Truth) {
    for name in rooms() {
        let bans = node.presence.bans(&room(&name), None, 100).await.unwrap();
        let banned = bans
            .bans
            .iter()
            .map(|ban| (name.clone(), ban.user.to_string()));
        let expected = truth.bans.iter().filter(|(r, _)| *r == name).cloned();
        assert!(banned.eq(expected), "{name}: {bans:?}");
        let marks = node.presence.marks(&room(&name), None, 100).await.unwrap();
        let seen = marks.marks.into_iter();
        let seen = seen.map(|(user, mark)| ((name.clone(), user.to_string()), mark));
        let expected = truth.marks.iter().filter(|((r, _), _)| *r == name);
        assert!(
            seen.eq(expected.map(|(place, mark)| (place.clone(), *mark))),
            "{name}"
        );
    }
    for number in 0..USERS {
        let (name, expected) = (owner(number), truth.sessions(&owner(number)));
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        // Whom two nodes hold, the roster shows before the dead one is reaped.
        node.comes_to_list(&name, &expected).await;
    }
    let mut before = 0;
    for name in &truth.gone {
        let seen = node.last_seen(name).await;
        if truth.sessions(name).is_empty() {
            let seen = seen.expect("they were there and are not");
            if !truth.lost.contains(name) {
                assert!(
                    before <= seen,
                    "{name} left after others, and was seen before"
                );
                before = seen;
            }
        }
    }
    for number in 0..USERS {
        if !truth.gone.contains(&owner(number)) {
            assert_eq!(node.last_seen(&owner(number)).await, None);
        }
    }
}
