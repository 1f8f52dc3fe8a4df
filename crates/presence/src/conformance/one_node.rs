//! What a keeper shows with one node.

use super::{Stage, long_grace, occupant, quick, room, session, user};
use crate::config::PresenceConfig;
use crate::port::Present;

/// Makes a test of every sentence, on a stage.
macro_rules! one_node_suite {
    ($stage:expr) => {
        one_node_suite!($stage;
            a_user_joins_once_and_leaves_when_the_last_session_goes,
            entering_twice_is_entering_once,
            a_reload_within_the_grace_is_told_by_nobody,
            a_user_in_their_grace_is_still_here,
            who_comes_back_after_the_grace_joins_again,
            leaving_where_one_is_not_is_no_error,
            rooms_do_not_mix,
            the_roster_pages_in_the_order_of_ids,
            a_name_is_shown_and_the_last_one_told_counts,
            typing_is_told_once_in_its_interval,
            typing_that_was_ended_does_not_end_again,
            typing_runs_out_by_its_ttl,
            a_node_that_retires_takes_its_people_along,
            a_full_queue_of_changes_makes_callers_wait_and_loses_nothing,
            bounds_refuse_by_name_and_remember_nothing,
        );
    };
    ($stage:expr; $($name:ident,)*) => {$(
        #[tokio::test]
        async fn $name() {
            $crate::conformance::one_node::$name(&$stage).await;
        }
    )*};
}
pub(crate) use one_node_suite;

pub(crate) async fn a_user_joins_once_and_leaves_when_the_last_session_goes(stage: &impl Stage) {
    let mut node = stage.node("a", quick()).await;
    assert_eq!(node.enter("r", 1, "alice").await, 1);
    assert_eq!(node.enter("r", 2, "alice").await, 1);
    assert_eq!(node.enter("r", 3, "bob").await, 2);
    assert_eq!(node.told().await, "+alice in r of 1");
    assert_eq!(node.told().await, "+bob in r of 2");
    node.leave("r", 1).await;
    node.hears_nothing().await;
    node.leave("r", 2).await;
    assert_eq!(node.told().await, "-alice in r of 1");
    assert_eq!(node.who("r").await, ["bob"]);
    node.hears_nothing().await;
}

pub(crate) async fn entering_twice_is_entering_once(stage: &impl Stage) {
    let mut node = stage.node("a", quick()).await;
    assert_eq!(node.enter("r", 1, "alice").await, 1);
    assert_eq!(node.enter("r", 1, "alice").await, 1);
    assert_eq!(node.told().await, "+alice in r of 1");
    node.leave("r", 1).await;
    assert_eq!(node.told().await, "-alice in r of 0");
    node.hears_nothing().await;
}

pub(crate) async fn a_reload_within_the_grace_is_told_by_nobody(stage: &impl Stage) {
    let mut node = stage.node("a", long_grace()).await;
    node.enter("r", 1, "alice").await;
    assert_eq!(node.told().await, "+alice in r of 1");
    for number in 2..6 {
        node.leave("r", number - 1).await;
        assert_eq!(node.enter("r", number, "alice").await, 1);
    }
    node.hears_nothing().await;
}

pub(crate) async fn a_user_in_their_grace_is_still_here(stage: &impl Stage) {
    let mut node = stage.node("a", long_grace()).await;
    node.enter("r", 1, "alice").await;
    assert_eq!(node.told().await, "+alice in r of 1");
    node.leave("r", 1).await;
    assert_eq!(node.who("r").await, ["alice"]);
    assert_eq!(node.enter("r", 2, "bob").await, 2);
    assert_eq!(node.told().await, "+bob in r of 2");
}

pub(crate) async fn who_comes_back_after_the_grace_joins_again(stage: &impl Stage) {
    let mut node = stage.node("a", quick()).await;
    for number in 1..4 {
        node.enter("r", number, "alice").await;
        assert_eq!(node.told().await, "+alice in r of 1");
        node.leave("r", number).await;
        assert_eq!(node.told().await, "-alice in r of 0");
    }
    assert!(node.who("r").await.is_empty());
}

pub(crate) async fn leaving_where_one_is_not_is_no_error(stage: &impl Stage) {
    let mut node = stage.node("a", quick()).await;
    node.leave("r", 1).await;
    node.enter("r", 2, "alice").await;
    node.leave("r", 1).await;
    node.leave("elsewhere", 2).await;
    assert_eq!(node.told().await, "+alice in r of 1");
    node.hears_nothing().await;
    assert_eq!(node.who("r").await, ["alice"]);
}

pub(crate) async fn rooms_do_not_mix(stage: &impl Stage) {
    let mut node = stage.node("a", quick()).await;
    for name in ["r", "s"] {
        node.enter(name, 1, "alice").await;
        assert_eq!(node.told().await, format!("+alice in {name} of 1"));
    }
    node.leave("r", 1).await;
    assert_eq!(node.told().await, "-alice in r of 0");
    assert_eq!(node.who("s").await, ["alice"]);
}

pub(crate) async fn the_roster_pages_in_the_order_of_ids(stage: &impl Stage) {
    let node = stage.node("a", quick()).await;
    let mut expected: Vec<String> = (0..25)
        .map(|number| format!("user-{}", number * 7))
        .collect();
    for (number, name) in expected.iter().enumerate() {
        node.enter("r", number as u128, name).await;
    }
    expected.sort();
    let (mut seen, mut after) = (Vec::new(), None);
    for page in 0..3 {
        let roster = node
            .presence
            .roster(&room("r"), after.as_ref(), 10)
            .await
            .unwrap();
        assert_eq!((roster.count, roster.more), (25, page < 2));
        seen.extend(
            roster
                .members
                .iter()
                .map(|present| present.user.to_string()),
        );
        after = roster.members.last().map(|present| present.user.clone());
    }
    assert_eq!(seen, expected);
    let count_only = node.presence.roster(&room("r"), None, 0).await.unwrap();
    assert_eq!(
        (count_only.count, count_only.members.len(), count_only.more),
        (25, 0, true)
    );
    let nobody = node
        .presence
        .roster(&room("empty"), None, 10)
        .await
        .unwrap();
    assert_eq!(
        (nobody.count, nobody.members.len(), nobody.more),
        (0, 0, false)
    );
}

pub(crate) async fn a_name_is_shown_and_the_last_one_told_counts(stage: &impl Stage) {
    let node = stage.node("a", quick()).await;
    for (number, name) in [(1, Some("Ann")), (2, Some("Änn 🐝")), (3, None)] {
        let name = name.map(|name| name.parse().unwrap());
        let occupant = super::Occupant {
            name,
            ..occupant(number, "ann")
        };
        node.presence.enter(&room("r"), &occupant).await.unwrap();
    }
    let roster = node.presence.roster(&room("r"), None, 10).await.unwrap();
    let expected = Present {
        user: user("ann"),
        name: Some("Änn 🐝".parse().unwrap()),
    };
    assert_eq!(roster.members, [expected]);
}

pub(crate) async fn typing_is_told_once_in_its_interval(stage: &impl Stage) {
    let config = PresenceConfig {
        typing_ttl_ms: 600_000,
        typing_repeat_ms: 300_000,
        ..quick()
    };
    let node = stage.node("a", config).await;
    let (presence, r, alice) = (&node.presence, room("r"), user("alice"));
    assert!(presence.typing(&r, &alice, true).await.unwrap());
    assert!(!presence.typing(&r, &alice, true).await.unwrap());
    assert!(presence.typing(&r, &user("bob"), true).await.unwrap());
    let mut typists = presence.typists(&r, 10).await.unwrap();
    typists.sort();
    assert_eq!(typists, [alice.clone(), user("bob")]);
    assert_eq!(presence.typists(&r, 1).await.unwrap().len(), 1);
    assert!(presence.typing(&r, &alice, false).await.unwrap());
    assert_eq!(presence.typists(&r, 10).await.unwrap(), [user("bob")]);
    assert!(
        presence.typing(&r, &alice, true).await.unwrap(),
        "an end begins the interval anew"
    );

    let eager = PresenceConfig {
        typing_ttl_ms: 600_000,
        typing_repeat_ms: 1,
        ..quick()
    };
    let node = stage.node("b", eager).await;
    assert!(
        node.presence
            .typing(&room("s"), &alice, true)
            .await
            .unwrap()
    );
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    assert!(
        node.presence
            .typing(&room("s"), &alice, true)
            .await
            .unwrap(),
        "it is over by now"
    );
}

pub(crate) async fn typing_that_was_ended_does_not_end_again(stage: &impl Stage) {
    let mut node = stage.node("a", quick()).await;
    let (r, alice) = (room("r"), user("alice"));
    assert!(node.presence.typing(&r, &alice, true).await.unwrap());
    let told = node.presence.typing(&r, &alice, false).await.unwrap();
    assert!(!node.presence.typing(&r, &alice, false).await.unwrap());
    if told {
        node.hears_nothing().await;
    } else {
        // On a machine this slow the TTL was first; then that is told, and once.
        assert_eq!(node.told().await, "alice stopped in r");
        node.hears_nothing().await;
    }
}

pub(crate) async fn typing_runs_out_by_its_ttl(stage: &impl Stage) {
    let mut node = stage.node("a", quick()).await;
    let (r, alice) = (room("r"), user("alice"));
    for _ in 0..2 {
        assert!(node.presence.typing(&r, &alice, true).await.unwrap());
        assert_eq!(node.told().await, "alice stopped in r");
        assert!(node.presence.typists(&r, 10).await.unwrap().is_empty());
        node.hears_nothing().await;
    }
}

pub(crate) async fn a_node_that_retires_takes_its_people_along(stage: &impl Stage) {
    let mut node = stage.node("a", long_grace()).await;
    node.enter("r", 1, "alice").await;
    node.enter("r", 2, "bob").await;
    node.enter("s", 1, "alice").await;
    node.leave("r", 2).await;
    for _ in 0..3 {
        node.told().await;
    }
    node.presence.retire().await;
    let mut told = [node.told().await, node.told().await, node.told().await];
    told.sort();
    let in_r = told
        .iter()
        .filter(|sentence| sentence.contains(" in r of "))
        .count();
    assert_eq!(in_r, 2, "{told:?}");
    assert!(
        told.iter().all(|sentence| sentence.starts_with('-')),
        "{told:?}"
    );
    assert!(node.who("r").await.is_empty());
    assert!(
        node.presence
            .enter(&room("r"), &occupant(3, "carol"))
            .await
            .is_err()
    );
    node.hears_nothing().await;
}

pub(crate) async fn a_full_queue_of_changes_makes_callers_wait_and_loses_nothing(
    stage: &impl Stage,
) {
    let mut node = stage
        .node(
            "a",
            PresenceConfig {
                changes_max: 2,
                ..quick()
            },
        )
        .await;
    let presence = node.presence.clone();
    let crowd = tokio::spawn(async move {
        for number in 0..20u128 {
            let name = format!("user-{number:02}");
            presence
                .enter(&room("r"), &occupant(number, &name))
                .await
                .unwrap();
        }
        for number in 0..20u128 {
            presence.leave(&room("r"), session(number)).await.unwrap();
        }
    });
    node.comes_to_see("r", &["user-00", "user-01"]).await;
    assert!(!crowd.is_finished());
    for number in 0..20 {
        assert_eq!(
            node.told().await,
            format!("+user-{number:02} in r of {}", number + 1)
        );
    }
    let mut left = Vec::new();
    while left.len() < 20 {
        left.push(node.told().await);
    }
    crowd.await.unwrap();
    assert!(
        left.iter().all(|sentence| sentence.starts_with('-')),
        "{left:?}"
    );
    node.hears_nothing().await;
}

pub(crate) async fn bounds_refuse_by_name_and_remember_nothing(stage: &impl Stage) {
    let config = PresenceConfig {
        rooms_max: 2,
        occupants_max: 3,
        ..quick()
    };
    let node = stage.node("a", config).await;
    node.enter("r", 1, "alice").await;
    node.enter("s", 1, "alice").await;
    let third_room = node.presence.enter(&room("t"), &occupant(1, "alice")).await;
    assert!(
        third_room
            .unwrap_err()
            .to_string()
            .contains("rooms_max is 2")
    );
    node.enter("r", 2, "bob").await;
    let fourth = node.presence.enter(&room("r"), &occupant(3, "carol")).await;
    assert!(
        fourth
            .unwrap_err()
            .to_string()
            .contains("occupants_max is 3")
    );
    assert_eq!(
        node.enter("r", 2, "bob").await,
        2,
        "who is in is not refused"
    );
    assert_eq!(node.who("r").await, ["alice", "bob"]);
    node.leave("r", 2).await;
    node.enter("r", 3, "carol").await;
}
