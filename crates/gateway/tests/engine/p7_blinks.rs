//! P7: the store may blink.

use crate::double::FeedPlan;
use crate::player::Player;
use crate::stage::{Stage, pass, room, settle};

const DEAF: FeedPlan = FeedPlan {
    drop_one_in: 1,
    double_one_in: 0,
    delay_ms: 0,
};

#[tokio::test(start_paused = true)]
async fn p7_what_was_missed_is_read_until_it_works_and_nobody_is_closed() {
    let stage = Stage::new();
    let rooms: Vec<_> = (0..120).map(|n| room(&format!("r{n}"))).collect();
    let mut players: Vec<Player> = (0..4).map(|n| stage.enter(&format!("u{n}"))).collect();
    for (n, room) in rooms.iter().enumerate() {
        players[n % 4].join(room).await;
    }
    stage.double.script().plan_feed(DEAF);
    for room in &rooms {
        stage.say_numbers(room, 1..=3).await;
    }
    stage.double.script().plan_feed(FeedPlan::default());
    stage.double.script().reads_are_down(true);
    stage.double.interrupt().await;
    pass(5_000).await;
    for room in &rooms[..10] {
        stage.say(room, "4").await;
    }
    stage.double.interrupt().await;
    stage.double.script().reads_are_down(false);
    // Nobody speaks afterwards.
    pass(3_000).await;
    for player in &mut players {
        player.listen().await;
        assert_eq!(player.closed, None);
        assert!(player.errors().is_empty());
    }
    for (n, room) in rooms.iter().enumerate() {
        let row = players[n % 4].ledger();
        let expected: &[&str] = if n < 10 {
            &["1", "2", "3", "4"]
        } else {
            &["1", "2", "3"]
        };
        assert_eq!(row.row(room).texts(), expected);
        assert!(row.row(room).gaps.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn p7_a_store_that_stays_away_is_asked_at_a_measured_pace() {
    let stage = Stage::new();
    let lobby = room("lobby");
    stage.enter("alice").join(&lobby).await;
    let mut alice = stage.enter("alice");
    alice.join(&lobby).await;
    stage.double.script().reads_are_down(true);
    let before = stage.double.counts().reads();
    stage.double.interrupt().await;
    pass(60_000).await;
    let asked = stage.double.counts().reads() - before;
    assert!((30..1_300).contains(&asked), "{asked} reads in a minute");
    stage.double.script().reads_are_down(false);
    pass(2_000).await;
    stage.say(&lobby, "back").await;
    alice.listen().await;
    assert_eq!(alice.texts(&lobby), ["back"]);
}

#[tokio::test(start_paused = true)]
async fn p7_an_interruption_during_a_repair_is_looked_into_as_well() {
    let stage = Stage::new();
    let lobby = room("lobby");
    let mut alice = stage.enter("alice");
    alice.join(&lobby).await;
    let script = stage.double.script();
    script.read_answers.shut();
    stage.double.interrupt().await;
    settle().await;
    // The log has been read by now, and its answer is on the way.
    script.plan_feed(DEAF);
    stage.say(&lobby, "between").await;
    stage.double.interrupt().await;
    settle().await;
    script.read_answers.release();
    alice.listen().await;
    assert_eq!(alice.texts(&lobby), ["between"]);
}

#[tokio::test(start_paused = true)]
async fn p7_what_is_told_during_a_repair_waits_for_its_turn() {
    let stage = Stage::new();
    let lobby = room("lobby");
    let mut alice = stage.enter("alice");
    alice.join(&lobby).await;
    let script = stage.double.script();
    script.plan_feed(DEAF);
    stage.say(&lobby, "1").await;
    settle().await;
    script.plan_feed(FeedPlan::default());
    script.read_answers.shut();
    stage.double.interrupt().await;
    settle().await;
    stage.say_numbers(&lobby, 2..=3).await;
    alice.listen().await;
    assert!(alice.texts(&lobby).is_empty());
    script.read_answers.release();
    alice.listen().await;
    assert_eq!(alice.texts(&lobby), ["1", "2", "3"]);
}

#[tokio::test(start_paused = true)]
async fn p7_more_than_a_page_missed_is_delivered_whole() {
    let stage = Stage::new();
    let lobby = room("lobby");
    let mut alice = stage.enter("alice");
    alice.join(&lobby).await;
    stage.double.script().plan_feed(DEAF);
    stage.say_numbers(&lobby, 1..=900).await;
    settle().await;
    stage.double.script().plan_feed(FeedPlan::default());
    stage.double.interrupt().await;
    alice.listen().await;
    assert_eq!(alice.ledger().row(&lobby).told, 900);
    assert!(alice.gaps(&lobby).is_empty());
}
