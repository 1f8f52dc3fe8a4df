//! P8: lost writes are noticed before a second message is told at an old position.

use roomcast_broker::FeedEvent;
use roomcast_protocol::{Epoch, Message, Position};

use crate::double::FeedPlan;
use crate::player::{Player, resume_fields};
use crate::stage::{Stage, keeping, limits, pass, room, settle};

/// Two members who were told `1` to `10`.
async fn two_members(stage: &Stage) -> [Player; 2] {
    let lobby = room("lobby");
    let mut players = [stage.enter("alice"), stage.enter("bob")];
    for player in &mut players {
        player.join(&lobby).await;
    }
    stage.say_numbers(&lobby, 1..=10).await;
    for player in &mut players {
        player.listen().await;
    }
    players
}

async fn told_once_and_then_in_the_new_epoch(stage: &Stage, players: &mut [Player], last: u64) {
    let lobby = room("lobby");
    stage.say(&lobby, "new life").await;
    pass(3_000).await;
    let head = stage.double.log(&lobby).await.pop().unwrap().position;
    for player in players {
        player.listen().await;
        assert_eq!(player.closed, None);
        assert_eq!(player.gaps(&lobby).len(), 1, "{:?}", player.gaps(&lobby));
        assert_eq!(player.texts(&lobby).last(), Some(&"new life"));
        player.ledger().row(&lobby).reaches(head.epoch, last);
    }
}

#[tokio::test(start_paused = true)]
async fn p8_a_log_that_lost_its_end_is_fenced_when_the_link_is_back() {
    let stage = Stage::new();
    let mut players = two_members(&stage).await;
    stage.double.come_back_as(&[(room("lobby"), 7, &[])]).await;
    stage.double.interrupt().await;
    pass(100).await;
    told_once_and_then_in_the_new_epoch(&stage, &mut players, 8).await;
    assert_eq!(stage.double.counts().fences(), 1);
}

#[tokio::test(start_paused = true)]
async fn p8_a_log_with_another_message_at_the_high_water_mark_is_fenced() {
    let stage = Stage::new();
    let mut players = two_members(&stage).await;
    let others: &[&str] = &["8'", "9'", "10'", "11'"];
    stage
        .double
        .come_back_as(&[(room("lobby"), 7, others)])
        .await;
    stage.double.interrupt().await;
    pass(100).await;
    told_once_and_then_in_the_new_epoch(&stage, &mut players, 12).await;
    for player in &players {
        assert!(!player.texts(&room("lobby")).contains(&"9'"));
    }
}

#[tokio::test(start_paused = true)]
async fn p8_a_store_that_forgot_everything_begins_a_new_epoch() {
    let stage = Stage::new();
    let mut players = two_members(&stage).await;
    stage.double.come_back_as(&[]).await;
    stage.double.interrupt().await;
    pass(100).await;
    told_once_and_then_in_the_new_epoch(&stage, &mut players, 1).await;
}

#[tokio::test(start_paused = true)]
async fn p8_a_writer_who_knows_more_than_the_log_fences_it_before_it_stamps() {
    let stage = Stage::new();
    let lobby = room("lobby");
    let mut players = two_members(&stage).await;
    stage.double.come_back_as(&[(lobby.clone(), 7, &[])]).await;
    // No interruption has been noticed yet.
    let old = players[0].joined(&lobby).epoch;
    let ack = players[0]
        .chat(&lobby, "said to the other log")
        .await
        .unwrap();
    assert_ne!(ack.epoch, old);
    told_once_and_then_in_the_new_epoch(&stage, &mut players, 9).await;
}

#[tokio::test(start_paused = true)]
async fn p8_without_any_interruption_the_routine_look_finds_the_other_log() {
    let stage = Stage::new();
    let mut players = two_members(&stage).await;
    let others: &[&str] = &["8'", "9'", "10'"];
    stage
        .double
        .come_back_as(&[(room("lobby"), 7, others)])
        .await;
    pass(limits().sync_ms + 1_000).await;
    told_once_and_then_in_the_new_epoch(&stage, &mut players, 11).await;
}

#[tokio::test(start_paused = true)]
async fn p8_a_second_message_told_at_an_old_position_is_not_passed_on() {
    let stage = Stage::new();
    let lobby = room("lobby");
    let mut players = two_members(&stage).await;
    stage.double.come_back_as(&[(lobby.clone(), 9, &[])]).await;
    stage.say(&lobby, "10'").await;
    pass(100).await;
    told_once_and_then_in_the_new_epoch(&stage, &mut players, 11).await;
    assert!(!players[0].texts(&lobby).contains(&"10'"));
}

#[tokio::test(start_paused = true)]
async fn p8_the_echo_of_a_dead_master_ends_in_a_fence_and_not_in_a_circle() {
    for ahead in [1, 5] {
        let stage = Stage::new();
        let lobby = room("lobby");
        let mut players = two_members(&stage).await;
        let last = stage.double.log(&lobby).await.pop().unwrap();
        let position = Position {
            epoch: last.position.epoch,
            seq: (10 + ahead).try_into().unwrap(),
        };
        let id = roomcast_protocol::MessageId::from_uuid(uuid::Uuid::new_v4());
        let echo = Message {
            position,
            id,
            ..last
        };
        let before = stage.double.counts().reads();
        stage.double.inject(FeedEvent::Message(echo)).await;
        stage.double.interrupt().await;
        pass(1_000).await;
        let asked = stage.double.counts().reads() - before;
        assert!(asked < 10, "{asked} reads");
        told_once_and_then_in_the_new_epoch(&stage, &mut players, 11).await;
        assert_eq!(stage.double.counts().fences(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn p8_echoes_of_an_epoch_that_is_over_are_ignored() {
    let stage = Stage::new();
    let lobby = room("lobby");
    let mut players = two_members(&stage).await;
    let last = stage.double.log(&lobby).await.pop().unwrap();
    for seq in [1_u64, 10, 11, 40] {
        let position = Position {
            epoch: Epoch::from_bits(7),
            seq: seq.try_into().unwrap(),
        };
        let echo = Message {
            position,
            ..last.clone()
        };
        stage.double.inject(FeedEvent::Message(echo)).await;
    }
    pass(100).await;
    stage.say(&lobby, "11").await;
    for player in &mut players {
        player.listen().await;
        assert!(player.gaps(&lobby).is_empty());
        assert_eq!(player.ledger().row(&lobby).told, 11);
    }
    assert_eq!(stage.double.counts().fences(), 0);
}

#[tokio::test(start_paused = true)]
async fn p8_a_member_who_was_told_more_than_the_relay_is_not_told_other_messages_there() {
    let stage = Stage::new();
    let lobby = room("lobby");
    let mut early = stage.enter("early");
    early.join(&lobby).await;
    // What is said reaches the log, and through it the late member, but not yet the relay.
    stage.double.script().feed.shut();
    stage.say_numbers(&lobby, 1..=3).await;
    let mut late = stage.enter("late");
    assert_eq!(late.join_with_history(&lobby, 10).await.seq.value(), 3);
    stage
        .double
        .come_back_as(&[(lobby.clone(), 1, &["2'"])])
        .await;
    stage.double.interrupt().await;
    pass(3_000).await;
    stage.say_numbers(&lobby, 4..=6).await;
    stage.double.script().feed.release();
    pass(3_000).await;
    for player in [&mut early, &mut late] {
        player.listen().await;
    }
    let (early, late) = (early.ledger(), late.ledger());
    late.agrees_with(&early);
    let head = stage.double.log(&lobby).await.pop().unwrap().position;
    early.row(&lobby).reaches(head.epoch, head.seq.value());
    late.row(&lobby).reaches(head.epoch, head.seq.value());
}

#[tokio::test(start_paused = true)]
async fn p2_a_member_who_was_told_more_than_the_relay_is_told_of_a_gap_beyond() {
    let stage = Stage::with(limits(), keeping(5), 0);
    let lobby = room("lobby");
    let mut early = stage.enter("early");
    early.join(&lobby).await;
    let deaf = FeedPlan {
        drop_one_in: 1,
        ..FeedPlan::default()
    };
    stage.double.script().plan_feed(deaf);
    stage.say_numbers(&lobby, 1..=3).await;
    let mut late = stage.enter("late");
    assert_eq!(late.join_with_history(&lobby, 10).await.seq.value(), 3);
    stage.say_numbers(&lobby, 4..=20).await;
    settle().await;
    stage.double.script().plan_feed(FeedPlan::default());
    stage.double.interrupt().await;
    stage.say(&lobby, "21").await;
    for player in [&mut early, &mut late] {
        player.listen().await;
        assert_eq!(player.ledger().row(&lobby).told, 21);
    }
    assert_eq!(late.gaps(&lobby)[0].from.value(), 4);
}

#[tokio::test(start_paused = true)]
async fn p8_a_joiner_is_not_told_the_other_log_before_the_members_know_of_it() {
    let stage = Stage::new();
    let lobby = room("lobby");
    let players = two_members(&stage).await;
    stage
        .double
        .come_back_as(&[(lobby.clone(), 7, &["8'"])])
        .await;
    let mut late = stage.enter("late");
    late.join_with_history(&lobby, 5).await;
    let mut resuming = stage.enter("resuming");
    let since = players[0].ledger().row(&lobby).since();
    let since = roomcast_protocol::Since {
        seq: 5_u64.try_into().unwrap(),
        id: None,
        ..since
    };
    resuming.ask("join", &resume_fields(&lobby, since)).await;
    resuming.listen().await;
    let mut everybody = Vec::from(players);
    everybody.extend([late, resuming]);
    pass(100).await;
    stage.say(&lobby, "new life").await;
    for player in &mut everybody {
        player.listen().await;
    }
    let old = everybody[0].ledger();
    for player in &everybody {
        player.ledger().agrees_with(&old);
        assert_eq!(player.texts(&lobby).last(), Some(&"new life"));
    }
}
