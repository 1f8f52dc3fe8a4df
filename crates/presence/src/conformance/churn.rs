//! Random lives: people come, go, reload and wander between nodes while nodes crash, retire and
//! are replaced; then all is quiet, and everything must add up.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{Node, PATIENCE, Stage, quick, session};
use crate::config::PresenceConfig;
use crate::port::Change;

const ROOMS: u128 = 4;
const USERS: u128 = 12;
const SESSIONS: u128 = 60;

/// What was told of each user in each room: joins less leaves.
#[derive(Default)]
struct Told(BTreeMap<(String, String), i64>);

impl Told {
    fn take_in(&mut self, change: Change) {
        let (room, user, step) = match change {
            Change::Joined { room, user, .. } => (room, user, 1),
            Change::Left { room, user, .. } => (room, user, -1),
            Change::TypingEnded { .. } => return,
        };
        *self
            .0
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
            .0
            .iter()
            .filter(|((r, _), balance)| r == room && **balance == 1);
        here.map(|((_, user), _)| user.as_str()).collect()
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
    let mut told = Told::default();
    // Which room and node each session is in.
    let mut truth: BTreeSet<(u128, u128, usize)> = BTreeSet::new();
    for step in 0..500 {
        act(&mut rng, &cluster, &mut truth).await;
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
            truth.retain(|(_, _, node)| *node != victim);
            cluster[victim] = stage.node(&format!("n{victim}"), config.clone()).await;
        }
    }
    rest(&mut cluster, &mut told, &truth).await;
}

async fn act(rng: &mut StdRng, cluster: &[Node], truth: &mut BTreeSet<(u128, u128, usize)>) {
    let (number, room) = (rng.random_range(0..SESSIONS), rng.random_range(0..ROOMS));
    let (name, user) = (format!("r{room}"), format!("u{:02}", number % USERS));
    let place = truth
        .iter()
        .find(|(r, s, _)| *r == room && *s == number)
        .copied();
    match place {
        Some((_, _, node)) => {
            cluster[node]
                .presence
                .leave(&super::room(&name), session(number))
                .await
                .unwrap();
            truth.remove(&(room, number, node));
        }
        None => {
            let node = rng.random_range(0..cluster.len());
            cluster[node].enter(&name, number, &user).await;
            truth.insert((room, number, node));
        }
    }
}

/// Waits until every roster is the truth and what was told adds up to it.
async fn rest(cluster: &mut [Node], told: &mut Told, truth: &BTreeSet<(u128, u128, usize)>) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    for room in 0..ROOMS {
        let name = format!("r{room}");
        let here = truth.iter().filter(|(r, _, _)| *r == room);
        let users: BTreeSet<String> = here
            .map(|(_, number, _)| format!("u{:02}", number % USERS))
            .collect();
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
        told.0.values().all(|balance| (0..=1).contains(balance)),
        "{:?}",
        told.0
    );
}
