//! What a keeper shows of bans.

use std::time::Duration;

use tokio::time::Instant;

use super::{Node, PATIENCE, Stage, long_grace, occupant, quick, room, user};
use crate::config::PresenceConfig;
use crate::port::{BAN_MS_MAX, PresenceError};

/// Longer than any test.
const LONG_MS: u64 = 600_000;

/// Makes a test of every sentence, on a stage; the second list needs several nodes.
macro_rules! bans_suite {
    ($stage:expr) => {
        bans_suite!($stage;
            a_banned_user_is_not_let_in_and_nothing_is_told,
            a_ban_ends_by_itself,
            another_ban_takes_the_place_of_the_first,
            who_is_in_when_they_are_banned_stays_until_their_sessions_leave,
            who_comes_back_in_their_grace_and_is_banned_by_then_has_left,
            a_banned_session_that_enters_again_is_out,
            a_refused_session_takes_no_space,
            bans_page_in_the_order_of_user_ids,
            a_room_has_no_more_bans_than_the_bound,
        );
    };
    (cluster $stage:expr) => {
        bans_suite!($stage;
            a_ban_holds_on_every_node_and_outlives_the_one_that_spoke_it,
        );
    };
    ($stage:expr; $($name:ident,)*) => {$(
        #[tokio::test]
        async fn $name() {
            $crate::conformance::bans::$name(&$stage).await;
        }
    )*};
}
pub(crate) use bans_suite;

impl Node {
    async fn ban(&self, room_name: &str, user_name: &str, for_ms: u64) -> u64 {
        let banned = self
            .presence
            .ban(&room(room_name), &user(user_name), for_ms)
            .await;
        banned.unwrap()
    }

    async fn unban(&self, room_name: &str, user_name: &str) -> bool {
        let (room, user) = (room(room_name), user(user_name));
        self.presence.unban(&room, &user).await.unwrap()
    }

    async fn banned(&self, room_name: &str, user_name: &str) -> Option<u64> {
        let (room, user) = (room(room_name), user(user_name));
        self.presence.banned(&room, &user).await.unwrap()
    }

    /// Tries to enter somebody who is banned until then.
    async fn is_refused(&self, room_name: &str, number: u128, user_name: &str, until_ms: u64) {
        let occupant = occupant(number, user_name);
        let refused = self.presence.enter(&room(room_name), &occupant).await;
        assert_eq!(refused, Err(PresenceError::Banned { until_ms }));
    }

    /// Who is banned from a room, a page of `limit` at a time.
    async fn bans(&self, room_name: &str, limit: usize) -> Vec<String> {
        let (room, mut after, mut seen) = (room(room_name), None, Vec::new());
        loop {
            let page = self.presence.bans(&room, after.as_ref(), limit).await;
            let page = page.unwrap();
            for ban in &page.bans {
                let until_ms = self.banned(room_name, ban.user.as_str()).await;
                assert_eq!(until_ms, Some(ban.until_ms));
                seen.push(ban.user.to_string());
            }
            if !page.more {
                return seen;
            }
            assert_eq!(page.bans.len(), limit, "only the last page is short");
            after = page.bans.last().map(|ban| ban.user.clone());
        }
    }
}

pub(crate) async fn a_banned_user_is_not_let_in_and_nothing_is_told(stage: &impl Stage) {
    let mut node = stage.node("a", quick()).await;
    assert_eq!(node.banned("r", "alice").await, None);
    let until_ms = node.ban("r", "alice", LONG_MS).await;
    assert!(until_ms > 1_700_000_000_000, "in ms since the epoch");
    for number in 1..4 {
        node.is_refused("r", number, "alice", until_ms).await;
    }
    assert_eq!(node.banned("r", "alice").await, Some(until_ms));
    node.hears_nothing().await;
    assert!(node.who("r").await.is_empty());
    assert_eq!(node.enter("r", 4, "bob").await, 1);
    assert_eq!(node.told().await, "+bob in r of 1");
    assert_eq!(node.enter("s", 1, "alice").await, 1);
    assert_eq!(node.told().await, "+alice in s of 1");
    assert!(node.unban("r", "alice").await);
    assert!(!node.unban("r", "alice").await);
    assert_eq!(node.banned("r", "alice").await, None);
    assert_eq!(node.enter("r", 1, "alice").await, 2);
    assert_eq!(node.told().await, "+alice in r of 2");
    node.hears_nothing().await;
}

pub(crate) async fn a_ban_ends_by_itself(stage: &impl Stage) {
    let node = stage.node("a", quick()).await;
    let first = node.ban("r", "alice", 300).await;
    assert!(node.ban("r", "bob", LONG_MS).await > first);
    let deadline = Instant::now() + PATIENCE;
    while node.banned("r", "alice").await.is_some() {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!node.unban("r", "alice").await);
    assert_eq!(node.bans("r", 10).await, ["bob"]);
    assert_eq!(node.enter("r", 1, "alice").await, 1);
    // A ban of no time at all is one that is over.
    node.ban("r", "carol", 0).await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(node.enter("r", 2, "carol").await, 2);
}

pub(crate) async fn another_ban_takes_the_place_of_the_first(stage: &impl Stage) {
    let node = stage.node("a", quick()).await;
    let long = node.ban("r", "alice", u64::MAX).await;
    let short = node.ban("r", "alice", LONG_MS).await;
    let difference = long - short;
    let expected = BAN_MS_MAX - LONG_MS;
    assert!(
        (expected - 60_000..=expected).contains(&difference),
        "{long} {short}"
    );
    assert_eq!(node.banned("r", "alice").await, Some(short));
    assert_eq!(node.bans("r", 10).await, ["alice"]);
    node.is_refused("r", 1, "alice", short).await;
}

pub(crate) async fn who_is_in_when_they_are_banned_stays_until_their_sessions_leave(
    stage: &impl Stage,
) {
    let mut node = stage.node("a", quick()).await;
    node.enter("r", 1, "alice").await;
    assert_eq!(node.told().await, "+alice in r of 1");
    let until_ms = node.ban("r", "alice", LONG_MS).await;
    node.is_refused("r", 2, "alice", until_ms).await;
    node.hears_nothing().await;
    assert_eq!(node.who("r").await, ["alice"]);
    node.leave("r", 1).await;
    assert_eq!(node.told().await, "-alice in r of 0");
    node.is_refused("r", 3, "alice", until_ms).await;
    node.hears_nothing().await;
}

pub(crate) async fn who_comes_back_in_their_grace_and_is_banned_by_then_has_left(
    stage: &impl Stage,
) {
    let config = PresenceConfig {
        grace_ms: 600,
        ..quick()
    };
    let mut node = stage.node("a", config).await;
    node.enter("r", 1, "alice").await;
    assert_eq!(node.told().await, "+alice in r of 1");
    let until_ms = node.ban("r", "alice", LONG_MS).await;
    node.leave("r", 1).await;
    node.is_refused("r", 2, "alice", until_ms).await;
    assert_eq!(node.told().await, "-alice in r of 0");
    node.hears_nothing().await;
    assert!(node.who("r").await.is_empty());
}

pub(crate) async fn a_banned_session_that_enters_again_is_out(stage: &impl Stage) {
    let mut node = stage.node("a", quick()).await;
    node.enter("r", 1, "alice").await;
    assert_eq!(node.told().await, "+alice in r of 1");
    let until_ms = node.ban("r", "alice", LONG_MS).await;
    node.is_refused("r", 1, "alice", until_ms).await;
    assert_eq!(node.told().await, "-alice in r of 0");
}

pub(crate) async fn a_refused_session_takes_no_space(stage: &impl Stage) {
    let config = PresenceConfig {
        occupants_max: 1,
        ..quick()
    };
    let node = stage.node("a", config).await;
    let until_ms = node.ban("r", "alice", LONG_MS).await;
    for number in 1..4 {
        node.is_refused("r", number, "alice", until_ms).await;
    }
    assert_eq!(node.enter("r", 4, "bob").await, 1);
}

pub(crate) async fn bans_page_in_the_order_of_user_ids(stage: &impl Stage) {
    let node = stage.node("a", quick()).await;
    assert!(node.bans("r", 10).await.is_empty());
    let mut expected: Vec<String> = (0..12).map(|number| format!("u{}", number * 7)).collect();
    expected.push("U1".to_owned());
    for (number, name) in expected.iter().enumerate() {
        node.ban("r", name, LONG_MS - number as u64).await;
    }
    node.ban("s", "elsewhere", LONG_MS).await;
    expected.sort();
    for limit in [1, 6, 13, 100] {
        assert_eq!(node.bans("r", limit).await, expected);
    }
    let none = node.presence.bans(&room("r"), None, 0).await.unwrap();
    assert_eq!((none.bans.len(), none.more), (0, true));
}

pub(crate) async fn a_room_has_no_more_bans_than_the_bound(stage: &impl Stage) {
    let config = PresenceConfig {
        bans_per_room_max: 2,
        ..long_grace()
    };
    let node = stage.node("a", config).await;
    node.ban("r", "alice", LONG_MS).await;
    node.ban("r", "bob", LONG_MS).await;
    let third = node.presence.ban(&room("r"), &user("carol"), LONG_MS).await;
    let sentence = third.unwrap_err().to_string();
    assert!(sentence.contains("bans_per_room_max is 2"), "{sentence}");
    assert_eq!(node.banned("r", "carol").await, None);
    node.ban("s", "carol", LONG_MS).await;
    // Who is banned already is not one more, and one that ended makes space.
    node.ban("r", "bob", 1).await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    node.ban("r", "carol", LONG_MS).await;
    assert_eq!(node.bans("r", 10).await, ["alice", "carol"]);
}

pub(crate) async fn a_ban_holds_on_every_node_and_outlives_the_one_that_spoke_it(
    stage: &impl Stage,
) {
    let (a, mut b) = (
        stage.node("a", quick()).await,
        stage.node("b", quick()).await,
    );
    b.enter("r", 1, "alice").await;
    assert_eq!(b.told().await, "+alice in r of 1");
    let until_ms = a.ban("r", "alice", LONG_MS).await;
    a.is_refused("r", 2, "alice", until_ms).await;
    b.is_refused("r", 3, "alice", until_ms).await;
    drop(a);
    assert_eq!(b.who("r").await, ["alice"]);
    b.leave("r", 1).await;
    assert_eq!(b.told().await, "-alice in r of 0");
    b.is_refused("r", 4, "alice", until_ms).await;
    b.hears_nothing().await;
}
