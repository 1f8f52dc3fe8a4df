//! P1 to P3: one order, no silent hole, no duplicate, on a feed that loses and doubles.

use crate::claims::identity;
use crate::double::FeedPlan;
use crate::ledger::Ledger;
use crate::player::Player;
use crate::stage::{Stage, keeping, limits, pass, plain_node, room, say, settle};
use roomcast_broker::Span;
use roomcast_gateway::{Limits, Rights};
use tokio::task::JoinSet;

const LOSSY: FeedPlan = FeedPlan {
    drop_one_in: 10,
    double_one_in: 10,
    delay_ms: 0,
};

async fn everybody_listens(players: &mut [Player]) -> Vec<Ledger> {
    let mut ledgers = Vec::new();
    for player in players {
        player.listen().await;
        assert_eq!(player.closed, None);
        ledgers.push(player.ledger());
    }
    for ledger in &ledgers {
        ledger.agrees_with(&ledgers[0]);
    }
    ledgers
}

#[tokio::test(start_paused = true)]
async fn p1_p2_p3_a_feed_that_loses_and_doubles_is_made_whole_for_everybody() {
    let sync_ms = 5_000;
    let stage = Stage::with(
        Limits {
            sync_ms,
            ..limits()
        },
        keeping(1_000),
        7,
    );
    let rooms: Vec<_> = (0..8).map(|n| room(&format!("r{n}"))).collect();
    let mut players = Vec::new();
    for n in 0..12 {
        let mut player = stage.enter(&format!("u{n}"));
        for (place, room) in rooms.iter().enumerate() {
            if (n + place) % 3 != 0 {
                player.join(room).await;
            }
        }
        players.push(player);
    }
    stage.double.script().plan_feed(LOSSY);
    for n in 0..100 {
        for room in &rooms {
            stage.say(room, &n.to_string()).await;
        }
        if n % 10 == 0 {
            settle().await;
        }
    }
    // Nobody speaks any more: what was lost last is found by the routine look.
    pass(2 * sync_ms).await;
    let ledgers = everybody_listens(&mut players).await;
    for (n, ledger) in ledgers.iter().enumerate() {
        for (place, room) in rooms.iter().enumerate() {
            if (n + place) % 3 != 0 {
                let expected: Vec<String> = (0..100).map(|n| n.to_string()).collect();
                assert_eq!(ledger.row(room).texts(), expected, "u{n} in {room}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn p2_a_last_word_lost_without_a_trace_is_found_by_the_routine_look() {
    let stage = Stage::new();
    let lobby = room("lobby");
    let mut player = stage.enter("alice");
    player.join(&lobby).await;
    let all_lost = FeedPlan {
        drop_one_in: 1,
        ..FeedPlan::default()
    };
    stage.double.script().plan_feed(all_lost);
    stage.say(&lobby, "unheard").await;
    player.listen().await;
    assert!(player.texts(&lobby).is_empty());
    pass(limits().sync_ms).await;
    player.listen().await;
    assert_eq!(player.texts(&lobby), ["unheard"]);
}

#[tokio::test(start_paused = true)]
async fn p3_a_word_told_twice_is_passed_on_once_and_costs_one_look_at_most() {
    let stage = Stage::new();
    let lobby = room("lobby");
    let mut player = stage.enter("alice");
    player.join(&lobby).await;
    let twice = FeedPlan {
        double_one_in: 1,
        ..FeedPlan::default()
    };
    stage.double.script().plan_feed(twice);
    let before = stage.double.counts().reads();
    for n in 0..10 {
        stage.say(&lobby, &n.to_string()).await;
        settle().await;
    }
    player.listen().await;
    assert_eq!(player.ledger().row(&lobby).told, 10);
    assert!(stage.double.counts().reads() - before <= 10);
}

#[tokio::test(start_paused = true)]
async fn p1_the_senders_copies_come_in_the_order_of_everybody_elses() {
    let stage = Stage::new();
    let lobby = room("lobby");
    let (mut alice, mut bob) = (stage.enter("alice"), stage.enter("bob"));
    alice.join(&lobby).await;
    bob.join(&lobby).await;
    for n in 0..20 {
        let (speaker, name) = if n % 2 == 0 {
            (&mut alice, "a")
        } else {
            (&mut bob, "b")
        };
        let ack = speaker.chat(&lobby, &format!("{name}{n}")).await.unwrap();
        assert_eq!(ack.seq.value(), n + 1);
    }
    alice.listen().await;
    bob.listen().await;
    assert_eq!(alice.texts(&lobby), bob.texts(&lobby));
    assert_eq!(alice.ledger().row(&lobby).told, 20);
    let log = stage
        .double
        .look(&lobby, Span::Latest { limit: 1 })
        .await
        .unwrap();
    assert_eq!(log.head.seq.value(), 20);
}

/// Real threads and real time: nothing here depends on how fast they are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p1_many_tasks_on_a_node_with_four_relays_agree_on_one_order() {
    const SAID_BY_EACH: u64 = 100;
    const SPEAKERS: u64 = 3;
    let (node, _tasks) = plain_node(limits(), 4);
    let rooms: Vec<_> = (0..4).map(|n| room(&format!("r{n}"))).collect();
    let mut speakers = JoinSet::new();
    for room in rooms.iter().cycle().take(rooms.len() * 3) {
        let (node, room) = (node.clone(), room.clone());
        speakers.spawn(async move {
            for n in 0..SAID_BY_EACH {
                say(&node, &room, &n.to_string()).await;
                tokio::task::yield_now().await;
            }
        });
    }
    let mut listeners = JoinSet::new();
    for n in 0..4 {
        let identity = identity(&format!("u{n}"), Rights::everything());
        let (session, rooms) = (node.connect(identity, None).unwrap(), rooms.clone());
        listeners.spawn(async move {
            let mut player = Player::of(session);
            for room in &rooms {
                player.ask("join", &format!(r#""room":"{room}""#)).await;
            }
            let all = Some(SAID_BY_EACH * SPEAKERS);
            while !rooms.iter().all(|room| player.position(room) == all) {
                player.take_one().await;
            }
            player.ledger()
        });
    }
    speakers.join_all().await;
    let ledgers = listeners.join_all().await;
    for ledger in &ledgers {
        ledger.agrees_with(&ledgers[0]);
    }
}
