//! What a keeper shows of revisions: whoever hears the changes of a room can keep its roster.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use roomcast_protocol::{RoomName, UserId};

use super::many_nodes::gather_changes;
use super::{Node, Stage, long_grace, quick, room, session, user};
use crate::config::PresenceConfig;
use crate::port::{Change, Entry, Roster};

/// Makes a test of every sentence, on a stage; after `cluster`, of those that need several nodes.
macro_rules! revisions_suite {
    (cluster $stage:expr) => {
        revisions_suite!($stage;
            the_changes_of_all_nodes_have_the_revisions_of_one_count,
            the_pages_of_a_dead_node_are_counted_leave_by_leave,
        );
    };
    ($stage:expr) => {
        revisions_suite!($stage;
            each_join_and_each_leave_is_one_revision_after_the_one_before,
            only_who_is_there_is_counted,
            a_room_that_was_left_is_counted_on,
            a_roster_at_the_revision_of_an_entry_has_who_entered,
            a_node_that_retires_counts_everybody_it_takes_along,
        );
    };
    ($stage:expr; $($name:ident,)*) => {$(
        #[tokio::test]
        async fn $name() {
            $crate::conformance::revisions::$name(&$stage).await;
        }
    )*};
}
pub(crate) use revisions_suite;

/// The joins and leaves that were heard of each room, by revision, in whatever order.
#[derive(Debug, Default)]
pub(crate) struct Heard(BTreeMap<RoomName, BTreeMap<u64, Change>>);

impl Heard {
    pub(crate) fn take_in(&mut self, change: &Change) {
        let (Change::Joined { room, revision, .. } | Change::Left { room, revision, .. }) = change
        else {
            return;
        };
        let known = self.0.entry(room.clone()).or_default();
        let before = known.insert(*revision, change.clone());
        assert_eq!(before, None, "two changes have the revision of {change:?}");
    }

    /// Applied one after another to an empty roster, the changes of a room make the one that is
    /// there; none is missing, and each has the count that it left.
    pub(crate) fn adds_up_to(&self, room_name: &str, roster: &Roster) {
        let (present, last) = self.fold(room_name, u64::MAX);
        assert_eq!(last, roster.revision, "{room_name}");
        let members = roster.members.iter().map(|present| &present.user);
        assert!(members.eq(&present), "{room_name}: {present:?}, {roster:?}");
    }

    /// Who is in a room after the changes up to `until`, and the revision of the last of them.
    fn fold(&self, room_name: &str, until: u64) -> (BTreeSet<UserId>, u64) {
        let (mut present, mut last) = (BTreeSet::new(), 0);
        let changes = self.0.get(&room(room_name));
        for (revision, change) in changes.into_iter().flat_map(|all| all.range(..=until)) {
            assert!(
                last == 0 || *revision == last + 1,
                "after {last}: {change:?}"
            );
            last = *revision;
            let (is_news, told) = match change {
                Change::Joined { user, count, .. } => (present.insert(user.clone()), *count),
                Change::Left { user, count, .. } => (present.remove(user), *count),
                Change::TypingEnded { .. } => continue,
            };
            assert!(is_news, "{change:?}");
            assert_eq!(present.len() as u64, told, "{change:?}");
        }
        (present, last)
    }
}

/// The revision of a join or a leave.
pub(crate) fn revision(change: &Change) -> u64 {
    match change {
        Change::Joined { revision, .. } | Change::Left { revision, .. } => *revision,
        Change::TypingEnded { .. } => panic!("has none: {change:?}"),
    }
}

pub(crate) async fn each_join_and_each_leave_is_one_revision_after_the_one_before(
    stage: &impl Stage,
) {
    let mut node = stage.node("a", quick()).await;
    let first = node.entry("r", 1, "alice").await;
    assert_eq!(revision(&node.change().await), first.revision);
    // Microseconds of this century, and exact in a double.
    assert!((1 << 50..1 << 53).contains(&first.revision), "{first:?}");
    node.enter("s", 1, "alice").await;
    node.change().await;
    node.enter("r", 2, "bob").await;
    assert_eq!(revision(&node.change().await), first.revision + 1);
    node.leave("r", 1).await;
    let left = node.change().await;
    assert!(matches!(left, Change::Left { count: 1, .. }), "{left:?}");
    assert_eq!(revision(&left), first.revision + 2);
    assert_eq!(node.roster("r").await.revision, first.revision + 2);
}

pub(crate) async fn only_who_is_there_is_counted(stage: &impl Stage) {
    let mut node = stage.node("a", long_grace()).await;
    let (r, alice) = (room("r"), user("alice"));
    node.presence.typing(&r, &alice, true).await.unwrap();
    node.change().await;
    assert_eq!(node.roster("r").await.revision, 0);
    let first = node.entry("r", 1, "alice").await;
    assert_eq!(first.count, 1);
    // Another session, the same one, a reload, a name, typing.
    assert_eq!(node.entry("r", 2, "alice").await, first);
    assert_eq!(node.entry("r", 1, "alice").await, first);
    for number in [1, 2] {
        node.presence.leave(&r, session(number)).await.unwrap();
    }
    let mut named = super::occupant(3, "alice");
    named.name = Some("Alice".parse().unwrap());
    assert_eq!(node.presence.enter(&r, &named).await, Ok(first));
    node.presence.typing(&r, &alice, true).await.unwrap();
    assert_eq!(node.roster("r").await.revision, first.revision);
    let page = node.presence.roster(&r, Some(&alice), 1).await.unwrap();
    assert_eq!(page.revision, first.revision, "on every page");
}

pub(crate) async fn a_room_that_was_left_is_counted_on(stage: &impl Stage) {
    let mut node = stage.node("a", quick()).await;
    let (mut heard, mut revisions) = (Heard::default(), Vec::new());
    for number in 1..4 {
        revisions.push(node.entry("r", number, "alice").await.revision);
        heard.take_in(&node.change().await);
        node.leave("r", number).await;
        let left = node.change().await;
        revisions.push(revision(&left));
        heard.take_in(&left);
        let roster = node.roster("r").await;
        assert_eq!((roster.count, roster.revision), (0, revision(&left)));
    }
    assert!((revisions[0]..revisions[0] + 6).eq(revisions));
    heard.adds_up_to("r", &node.roster("r").await);
}

pub(crate) async fn a_roster_at_the_revision_of_an_entry_has_who_entered(stage: &impl Stage) {
    enter_a_crowd(&mut [stage.node("a", long_grace()).await]).await;
}

pub(crate) async fn a_node_that_retires_counts_everybody_it_takes_along(stage: &impl Stage) {
    let mut node = stage.node("a", long_grace()).await;
    for number in 0..30 {
        node.enter("r", number, &format!("user-{number}")).await;
    }
    node.presence.retire().await;
    let mut heard = Heard::default();
    for _ in 0..60 {
        heard.take_in(&node.change().await);
    }
    heard.adds_up_to("r", &node.roster("r").await);
}

pub(crate) async fn the_changes_of_all_nodes_have_the_revisions_of_one_count(stage: &impl Stage) {
    let mut nodes = Vec::new();
    for name in ["a", "b", "c"] {
        nodes.push(stage.node(name, long_grace()).await);
    }
    enter_a_crowd(&mut nodes).await;
}

/// Sixty users, each with a session on every node, all at once; who entered is there at the revision
/// that their entry said.
async fn enter_a_crowd(nodes: &mut [Node]) {
    const USERS: usize = 60;
    let name = |number: usize| format!("user-{}", number % USERS);
    let crowd = (0..nodes.len() * USERS).map(|number| {
        let (node, name) = (&nodes[number % nodes.len()], name(number));
        async move { node.entry("r", number as u128, &name).await }
    });
    let entries: Vec<Entry> = join_all(crowd).await;
    let mut heard = Heard::default();
    for change in gather_changes(nodes, USERS).await {
        heard.take_in(&change);
    }
    for node in nodes.iter() {
        heard.adds_up_to("r", &node.roster("r").await);
    }
    for (number, entry) in entries.iter().enumerate() {
        let (present, last) = heard.fold("r", entry.revision);
        assert_eq!(last, entry.revision);
        assert_eq!(present.len() as u64, entry.count);
        assert!(
            present.contains(&user(&name(number))),
            "{number}: {entry:?}"
        );
    }
}

pub(crate) async fn the_pages_of_a_dead_node_are_counted_leave_by_leave(stage: &impl Stage) {
    const USERS: usize = 1_200;
    let config = PresenceConfig {
        grace_ms: 600_000,
        ..quick()
    };
    let mut nodes = vec![
        stage.node("a", config.clone()).await,
        stage.node("b", config).await,
    ];
    let crowd = (0..USERS).map(|number| {
        let (node, name) = (&nodes[0], format!("user-{number}"));
        async move { node.enter("r", number as u128, &name).await }
    });
    join_all(crowd).await;
    nodes[1].enter("r", 9_999, "bob").await;
    let mut heard = Heard::default();
    for change in gather_changes(&mut nodes, USERS + 1).await {
        heard.take_in(&change);
    }
    drop(nodes.remove(0));
    for change in gather_changes(&mut nodes, USERS).await {
        heard.take_in(&change);
    }
    let roster = nodes[0].roster("r").await;
    assert_eq!(roster.count, 1);
    heard.adds_up_to("r", &roster);
}
