//! The life of rooms on a node: who comes in is in, who goes leaves nothing behind, and a store that
//! refuses is asked again.

use futures_util::FutureExt as _;
use roomcast_protocol::{ErrorCode, ServerFrame};

use crate::player::Player;
use crate::stage::{Stage, limits, pass, room, settle};

async fn present(stage: &Stage, name: &str) -> u64 {
    stage
        .presence
        .roster(&room(name), None, 10)
        .await
        .unwrap()
        .count
}

/// Longer than an empty room lingers and a user may be away.
async fn linger() {
    pass(limits().linger_ms + 6_000).await;
}

#[tokio::test(start_paused = true)]
async fn many_rooms_are_joined_at_once_and_all_are_let_go() {
    let stage = Stage::new();
    let names: Vec<String> = (0..100).map(|n| format!("r{n}")).collect();
    let mut players: Vec<Player> = Vec::new();
    for n in 0..5 {
        let mut player = stage.enter(&format!("u{n}"));
        let rooms: Vec<String> = names
            .iter()
            .map(|r| format!(r#"{{"room":"{r}"}}"#))
            .collect();
        player
            .ask("join", &format!(r#""rooms":[{}]"#, rooms.join(",")))
            .await;
        player.listen().await;
        assert!(player.errors().is_empty());
        players.push(player);
    }
    assert_eq!(stage.subscriptions(), 100);
    assert_eq!(players[4].joined(&room("r7")).count, 5);
    for player in players {
        player.session.end().await;
    }
    linger().await;
    assert_eq!(stage.subscriptions(), 0);
    assert_eq!(present(&stage, "r7").await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_room_lingers_so_that_a_quick_return_costs_no_subscription() {
    let stage = Stage::new();
    let mut alice = stage.enter("alice");
    alice.join(&room("r")).await;
    alice.ask("leave", r#""room":"r""#).await;
    pass(limits().linger_ms / 2).await;
    alice.join(&room("r")).await;
    pass(limits().linger_ms * 2).await;
    assert_eq!(stage.subscriptions(), 1);
    let subscribes = &stage.double.counts().subscribes;
    assert_eq!(subscribes.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_goes_in_the_middle_of_a_join_leaves_nothing_behind() {
    for ends_properly in [true, false] {
        for shut_at_subscribe in [true, false] {
            let stage = Stage::new();
            let script = stage.double.script();
            let gate = if shut_at_subscribe {
                &script.subscribes
            } else {
                &script.read_answers
            };
            gate.shut();
            let mut alice = stage.enter("alice");
            let join = r#"{"type":"join","id":1,"rooms":[{"room":"a"},{"room":"b"}]}"#;
            assert!(alice.send(join).now_or_never().is_none());
            settle().await;
            if ends_properly {
                alice.session.end().await;
            } else {
                drop(alice);
            }
            gate.release();
            linger().await;
            assert_eq!(stage.subscriptions(), 0);
            for name in ["a", "b"] {
                assert_eq!(
                    present(&stage, name).await,
                    0,
                    "ends properly: {ends_properly}"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_joins_while_the_room_is_being_let_go_is_in_it_and_hears() {
    let stage = Stage::new();
    let mut alice = stage.enter("alice");
    alice.join(&room("r")).await;
    alice.ask("leave", r#""room":"r""#).await;
    stage.double.script().unsubscribes.shut();
    pass(limits().linger_ms + 1_000).await;
    let mut bob = stage.enter("bob");
    {
        let mut joining =
            std::pin::pin!(bob.session.receive(r#"{"type":"join","id":1,"room":"r"}"#));
        assert!(joining.as_mut().now_or_never().is_none());
        settle().await;
        stage.double.script().unsubscribes.release();
        joining.await;
    }
    stage.say(&room("r"), "hello").await;
    bob.listen().await;
    assert_eq!(bob.texts(&room("r")), ["hello"]);
    assert_eq!(stage.subscriptions(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_subscribe_is_a_refusal_and_later_it_works() {
    let stage = Stage::new();
    stage.double.script().fail_subscribes(1);
    let (mut alice, mut bob) = (stage.enter("alice"), stage.enter("bob"));
    alice.ask("join", r#""room":"r""#).await;
    alice.listen().await;
    let refused = alice.last_refusal();
    assert_eq!(
        (refused.code, refused.room),
        (ErrorCode::TryAgain.number(), Some(room("r")))
    );
    assert!(refused.retry_after_ms.is_some());
    assert_eq!(
        alice.chat(&room("r"), "?").await.unwrap_err().code,
        ErrorCode::NotJoined.number()
    );
    bob.join(&room("r")).await;
    alice.join(&room("r")).await;
    stage.say(&room("r"), "hello").await;
    for player in [&mut alice, &mut bob] {
        player.listen().await;
        assert_eq!(player.texts(&room("r")), ["hello"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_joiner_is_not_present() {
    let stage = Stage::new();
    stage.double.script().fail_subscribes(1);
    let mut alice = stage.enter("alice");
    alice.ask("join", r#""room":"r""#).await;
    linger().await;
    assert_eq!(present(&stage, "r").await, 0);
    assert_eq!(stage.subscriptions(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_join_while_the_log_cannot_be_read_is_refused_and_the_members_stay() {
    let stage = Stage::new();
    let (mut alice, mut bob) = (stage.enter("alice"), stage.enter("bob"));
    alice.join(&room("r")).await;
    stage.double.script().fail_reads(1);
    bob.ask("join", r#""room":"r""#).await;
    bob.listen().await;
    assert_eq!(bob.last_refusal().code, ErrorCode::TryAgain.number());
    stage.say(&room("r"), "hello").await;
    alice.listen().await;
    bob.listen().await;
    assert_eq!(alice.texts(&room("r")), ["hello"]);
    assert!(bob.texts(&room("r")).is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_left_hears_nothing_more_and_who_comes_back_goes_on() {
    let stage = Stage::new();
    let lobby = room("r");
    let mut alice = stage.enter("alice");
    alice.join(&lobby).await;
    stage.say(&lobby, "1").await;
    alice.listen().await;
    alice.ask("leave", r#""room":"r""#).await;
    stage.say(&lobby, "2").await;
    alice.listen().await;
    assert_eq!(alice.texts(&lobby), ["1"]);
    let since = alice.ledger().row(&lobby).since();
    assert!(alice.resume(&lobby, since).await.recovered);
    assert_eq!(alice.ledger().row(&lobby).told, 2);
}

#[tokio::test(start_paused = true)]
async fn members_are_told_who_comes_and_goes() {
    let stage = Stage::new();
    let lobby = room("r");
    let mut alice = stage.enter("alice");
    alice.join(&lobby).await;
    let (mut desk, mut phone) = (stage.enter("bob"), stage.enter("bob"));
    assert_eq!(desk.join(&lobby).await.count, 2);
    phone.join(&lobby).await;
    desk.session.end().await;
    linger().await;
    alice.listen().await;
    let left = |player: &Player| {
        let heard = player.heard.iter();
        heard
            .filter(|frame| matches!(frame, ServerFrame::UserLeft(_)))
            .count()
    };
    assert_eq!(left(&alice), 0, "one session of two");
    phone.session.end().await;
    linger().await;
    alice.listen().await;
    assert_eq!(left(&alice), 1);
}
