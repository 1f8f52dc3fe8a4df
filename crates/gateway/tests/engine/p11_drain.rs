//! P11: deploys are quiet.

use std::time::Duration;

use futures_util::FutureExt as _;
use roomcast_gateway::{Readiness, Rights};
use roomcast_protocol::{CloseCode, ErrorCode, ServerFrame};
use tokio::time::Instant;

use crate::claims::identity;
use crate::player::Player;
use crate::stage::{Stage, pass, room, settle};

const WINDOW: Duration = Duration::from_secs(60);

fn told_delay_ms(player: &Player) -> u64 {
    let mut told = player.heard.iter().filter_map(|frame| match frame {
        ServerFrame::Reconnect(reconnect) => Some(reconnect.after_ms),
        _ => None,
    });
    let delay = told.next().expect("told when to come back");
    assert_eq!(told.next(), None, "told once");
    delay
}

#[tokio::test(start_paused = true)]
async fn p11_everybody_is_told_when_to_come_back_and_closed_then_after_what_they_are_owed() {
    let stage = Stage::new();
    let lobby = room("lobby");
    let mut players: Vec<_> = (0..50).map(|n| stage.enter(&format!("u{n}"))).collect();
    for player in &mut players {
        player.join(&lobby).await;
    }
    assert_eq!(stage.node.readiness(), Readiness::Ready);
    let node = stage.node.clone();
    let begun = Instant::now();
    let draining = tokio::spawn(async move { node.drain(WINDOW).await });
    settle().await;
    assert_eq!(stage.node.readiness(), Readiness::Draining);
    let refused = stage
        .node
        .connect(identity("late", Rights::everything()), None);
    assert_eq!(refused.err().unwrap().code, ErrorCode::Draining);
    stage.say(&lobby, "still here").await;
    let mut delays = Vec::new();
    for player in &mut players {
        player.listen().await;
        delays.push(told_delay_ms(player));
    }
    delays.sort_unstable();
    let spread = delays[49] - delays[0];
    assert!(spread > 20_000, "spread over {spread} ms of the window");
    let mut listening = tokio::task::JoinSet::new();
    for mut player in players {
        listening.spawn(async move {
            while player.closed.is_none() {
                player.take_one().await;
            }
            let waited = begun.elapsed();
            player.session.end().await;
            (player.heard, player.closed, waited)
        });
    }
    while let Some(heard) = listening.join_next().await {
        let (heard, closed, waited) = heard.unwrap();
        assert_eq!(closed, Some(CloseCode::Draining));
        assert!(
            heard
                .iter()
                .any(|f| matches!(f, ServerFrame::Chat(c) if c.message == "still here"))
        );
        assert!(waited <= WINDOW + Duration::from_secs(1));
    }
    draining.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn p11_a_drain_ends_when_nobody_is_left() {
    let stage = Stage::new();
    let alice = stage.enter("alice");
    let node = stage.node.clone();
    let begun = Instant::now();
    // Long enough that no moment drawn at random ends it by chance.
    let draining = tokio::spawn(async move { node.drain(Duration::from_secs(1_000_000)).await });
    pass(1_000).await;
    alice.session.end().await;
    draining.await.unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn p11_a_drain_without_sessions_is_over_at_once() {
    let stage = Stage::new();
    let begun = Instant::now();
    stage.node.drain(WINDOW).await;
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn p11_who_does_not_leave_is_not_waited_for_longer_than_the_window_and_some_patience() {
    let stage = Stage::new();
    let _stuck = stage.enter("stuck");
    let begun = Instant::now();
    stage.node.drain(WINDOW).await;
    assert!(begun.elapsed() <= WINDOW + Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn p11_a_message_on_its_way_is_acked_before_the_close() {
    let stage = Stage::new();
    let lobby = room("lobby");
    let mut alice = stage.enter("alice");
    alice.join(&lobby).await;
    stage.double.script().publish_answers.shut();
    let frame = r#"{"type":"chat","id":99,"room":"lobby","message":"hi"}"#;
    let node = stage.node.clone();
    {
        let mut saying = std::pin::pin!(alice.session.receive(frame));
        assert!(saying.as_mut().now_or_never().is_none());
        tokio::spawn(async move { node.drain(Duration::ZERO).await });
        settle().await;
        stage.double.script().publish_answers.release();
        saying.await;
    }
    alice.listen().await;
    assert_eq!(alice.acked(99).unwrap().seq.value(), 1);
    assert_eq!(alice.closed, Some(CloseCode::Draining));
}

#[tokio::test(start_paused = true)]
async fn p11_a_session_is_closed_although_its_room_never_falls_silent() {
    let stage = Stage::new();
    let lobby = room("lobby");
    let mut alice = stage.enter("alice");
    alice.join(&lobby).await;
    stage.say_numbers(&lobby, 1..=10).await;
    settle().await;
    alice.mailbox.close(CloseCode::Draining);
    let mut said = 10;
    while alice.closed.is_none() {
        assert!(said < 1_000, "it is never closed");
        said += 1;
        stage.say(&lobby, &said.to_string()).await;
        settle().await;
        alice.take(1).await;
    }
    assert!(
        alice.ledger().row(&lobby).told >= 10,
        "what waited was written"
    );
}

#[tokio::test(start_paused = true)]
async fn p11_after_a_drain_nobody_is_present() {
    let stage = Stage::new();
    let lobby = room("lobby");
    let mut alice = stage.enter("alice");
    alice.join(&lobby).await;
    assert_eq!(
        stage.presence.roster(&lobby, None, 10).await.unwrap().count,
        1
    );
    stage.node.drain(Duration::ZERO).await;
    assert_eq!(
        stage.presence.roster(&lobby, None, 10).await.unwrap().count,
        0
    );
}

#[tokio::test(start_paused = true)]
async fn p11_whom_only_the_node_held_is_told_as_gone_before_it_ends() {
    let stage = Stage::new();
    let mut alice = stage.enter("alice");
    alice.join(&room("r")).await;
    stage.double.script().slow_signals(300);
    let Player { session, .. } = alice;
    session.end().await;
    stage.node.drain(Duration::ZERO).await;
    let told = &stage.double.counts().left_told;
    assert_eq!(told.load(std::sync::atomic::Ordering::Relaxed), 1);
}
