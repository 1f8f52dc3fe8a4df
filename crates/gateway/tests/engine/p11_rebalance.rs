//! P11, where a node goes on: it lets a share of its sessions go, spread over a window, and keeps the others.

use std::time::Duration;

use roomcast_gateway::{NoRebalance, Readiness, Rebalance, Share};
use roomcast_protocol::{CloseCode, ServerFrame};
use tokio::time::Instant;

use crate::player::Player;
use crate::stage::{Stage, pass, room, settle};

const WINDOW: Duration = Duration::from_secs(60);

fn share(part: f64) -> Share {
    Share::new(part).expect("it is a share")
}

/// What it was told, in order: moments and reasons.
fn told(player: &Player) -> Vec<(u64, &str)> {
    let frames = player.heard.iter();
    let told = frames.filter_map(|frame| match frame {
        ServerFrame::Reconnect(told) => Some((told.after_ms, told.reason.as_str())),
        _ => None,
    });
    told.collect()
}

async fn crowd(stage: &Stage, count: usize) -> Vec<Player> {
    let lobby = room("lobby");
    let mut players = Vec::new();
    for n in 0..count {
        let mut player = stage.enter(&format!("u{n}"));
        player.join(&lobby).await;
        players.push(player);
    }
    players
}

#[tokio::test(start_paused = true)]
async fn p11_a_share_is_told_to_go_at_moments_spread_over_the_window_and_closed_then() {
    let stage = Stage::new();
    let mut players = crowd(&stage, 100).await;
    let begun = Instant::now();
    let begins = stage.node.rebalance(share(0.4), WINDOW).unwrap();
    assert_eq!((begins.sessions, begins.moving), (100, 40));
    assert_eq!(stage.counted("roomcast_rebalanced_sessions_total"), 40.0);
    assert_eq!(stage.node.readiness(), Readiness::Ready);
    for player in &mut players {
        player.listen().await;
    }
    let (picked, stay): (Vec<_>, Vec<_>) = players.into_iter().partition(|p| !told(p).is_empty());
    assert_eq!(picked.len(), 40);
    let mut moments: Vec<u64> = picked.iter().map(|player| told(player)[0].0).collect();
    moments.sort_unstable();
    // Of 40 even draws each quarter of the window is missed once in 100,000 runs.
    for quarter in 0..4 {
        let (from, to) = (15_000 * quarter, 15_000 * (quarter + 1));
        let drawn = moments.iter().filter(|at| (from..=to).contains(*at));
        assert!(drawn.count() > 0, "{moments:?}");
    }
    for mut player in picked {
        let told = told(&player);
        let [(after_ms, "rebalancing")] = told[..] else {
            panic!("{told:?}")
        };
        while player.closed.is_none() {
            player.take_one().await;
        }
        // Each takes what it is owed after the ones before it: none is closed early.
        assert!(begun.elapsed() >= Duration::from_millis(after_ms));
        assert_eq!(player.closed, Some(CloseCode::Rebalancing));
        player.session.end().await;
    }
    assert!(begun.elapsed() <= WINDOW + Duration::from_secs(1));
    stage.say(&room("lobby"), "still here").await;
    for mut player in stay {
        player.listen().await;
        let said = |f: &ServerFrame| matches!(f, ServerFrame::Chat(c) if c.message == "still here");
        assert!(player.heard.iter().any(said) && player.closed.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn p11_who_comes_after_the_order_stays_and_another_order_has_to_wait() {
    let stage = Stage::new();
    let mut early = stage.enter("early");
    assert!(stage.node.rebalance(share(1.0), WINDOW).is_ok());
    let mut late = stage.enter("late");
    assert_eq!(
        stage.node.rebalance(share(1.0), WINDOW),
        Err(NoRebalance::UnderWay)
    );
    early.listen().await;
    late.listen().await;
    assert_eq!((told(&early).len(), told(&late).len()), (1, 0));
    // Gone before its moment: then there is nothing left to wait for.
    early.session.end().await;
    pass(100).await;
    assert_eq!(late.closed, None);
    let again = stage.node.rebalance(share(1.0), WINDOW);
    assert_eq!(
        again,
        Ok(Rebalance {
            sessions: 1,
            moving: 1
        })
    );
}

#[tokio::test(start_paused = true)]
async fn p11_a_drain_that_begins_meanwhile_decides() {
    let stage = Stage::new();
    let mut alice = stage.enter("alice");
    let begun = Instant::now();
    assert!(stage.node.rebalance(share(1.0), WINDOW).is_ok());
    settle().await;
    let node = stage.node.clone();
    let draining = tokio::spawn(async move { node.drain(100 * WINDOW).await });
    settle().await;
    assert_eq!(
        stage.node.rebalance(share(1.0), WINDOW),
        Err(NoRebalance::Draining)
    );
    alice.listen().await;
    let told = told(&alice);
    let [(_, "rebalancing"), (after_ms, "draining")] = told[..] else {
        panic!("{told:?}")
    };
    while alice.closed.is_none() {
        alice.take_one().await;
    }
    assert_eq!(alice.closed, Some(CloseCode::Draining));
    assert!(begun.elapsed() >= Duration::from_millis(after_ms));
    alice.session.end().await;
    draining.await.unwrap();
}
