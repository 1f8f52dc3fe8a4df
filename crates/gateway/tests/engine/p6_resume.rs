//! P6: resume anywhere; and the splice of what the log has with what is told meanwhile.

use futures_util::FutureExt as _;
use roomcast_gateway::Limits;
use roomcast_protocol::{Epoch, GapRange, Joined, Position, Since};

use crate::double::FeedPlan;
use crate::stage::{Stage, keeping, limits, pass, room, settle};

fn at(epoch: Epoch, seq: u64) -> Since {
    Since {
        epoch,
        seq: seq.try_into().unwrap(),
        id: None,
    }
}

fn gap(from: u64, to: u64) -> Option<GapRange> {
    Some(GapRange {
        from: from.try_into().unwrap(),
        to: to.try_into().unwrap(),
    })
}

/// The first and last position in `messages`, which must be a row without a hole.
fn span(joined: &Joined) -> Option<(u64, u64)> {
    let seqs: Vec<u64> = joined
        .messages
        .iter()
        .map(|json| {
            let text = json.as_str();
            let tail = &text[text.find(r#""seq":"#).unwrap() + 6..];
            tail[..tail.find(',').unwrap()].parse().unwrap()
        })
        .collect();
    assert!(
        seqs.windows(2).all(|pair| pair[0] + 1 == pair[1]),
        "{seqs:?}"
    );
    Some((*seqs.first()?, *seqs.last()?))
}

#[tokio::test(start_paused = true)]
async fn p6_a_joiner_in_a_running_conversation_misses_nothing_and_hears_nothing_twice() {
    let stage = Stage::with(limits(), keeping(100_000), 3);
    let lobby = room("lobby");
    let script = stage.double.script();
    script.slow_reads(5);
    script.plan_feed(FeedPlan {
        delay_ms: 2,
        ..FeedPlan::default()
    });
    let (node, spoken_in) = (stage.node.clone(), lobby.clone());
    let speaker = tokio::spawn(async move {
        for n in 0..2_000 {
            crate::stage::say(&node, &spoken_in, &n.to_string()).await;
            if n % 5 == 0 {
                settle().await;
            }
        }
    });
    let mut players = Vec::new();
    for n in 0..20 {
        let mut player = stage.enter(&format!("u{n}"));
        pass(7).await;
        let history = n * 5;
        player
            .ask("join", &format!(r#""room":"lobby","history":{history}"#))
            .await;
        players.push(player);
    }
    speaker.await.unwrap();
    script.slow_reads(0);
    pass(10_000).await;
    for player in &mut players {
        player.listen().await;
        let ledger = player.ledger();
        assert_eq!(ledger.row(&lobby).told, 2_000);
        assert!(ledger.row(&lobby).gaps.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn p6_a_message_told_while_the_log_is_read_for_a_joiner_comes_once() {
    for told_first in [true, false] {
        let stage = Stage::new();
        let lobby = room("lobby");
        let mut first = stage.enter("first");
        first.join(&lobby).await;
        stage.say_numbers(&lobby, 1..=3).await;
        settle().await;
        let script = stage.double.script();
        script.read_answers.shut();
        let mut late = stage.enter("late");
        let frame = r#"{"type":"join","id":1,"room":"lobby","history":10}"#;
        {
            let mut joining = std::pin::pin!(late.session.receive(frame));
            assert!(joining.as_mut().now_or_never().is_none());
            settle().await;
            if !told_first {
                script.feed.shut();
            }
            stage.say_numbers(&lobby, 4..=6).await;
            settle().await;
            script.read_answers.release();
            joining.await;
            script.feed.release();
        }
        late.listen().await;
        assert_eq!(span(&late.joined(&lobby)), Some((1, 3)));
        assert_eq!(late.texts(&lobby), ["4", "5", "6"]);
        late.ledger();
    }
}

#[tokio::test(start_paused = true)]
async fn p6_a_log_that_is_ahead_of_the_feed_is_not_told_twice() {
    let stage = Stage::new();
    let lobby = room("lobby");
    let mut first = stage.enter("first");
    first.join(&lobby).await;
    stage.double.script().feed.shut();
    stage.say_numbers(&lobby, 1..=3).await;
    settle().await;
    let mut late = stage.enter("late");
    assert_eq!(late.join_with_history(&lobby, 10).await.seq.value(), 3);
    stage.double.script().feed.release();
    stage.say_numbers(&lobby, 4..=4).await;
    settle().await;
    for player in [&mut first, &mut late] {
        player.listen().await;
        assert_eq!(player.ledger().row(&lobby).told, 4);
    }
}

#[tokio::test(start_paused = true)]
async fn p6_from_any_position_exactly_what_was_missed_comes_and_then_live() {
    let stage = Stage::new();
    let lobby = room("lobby");
    stage.say_numbers(&lobby, 1..=20).await;
    let epoch = stage.enter("looker").join(&lobby).await.epoch;
    for seq in 0..=20 {
        let mut player = stage.enter("alice");
        let joined = player.resume(&lobby, at(epoch, seq)).await;
        assert!(joined.recovered && joined.gap.is_none());
        assert_eq!(span(&joined), (seq < 20).then_some((seq + 1, 20)));
        assert_eq!(joined.seq.value(), 20);
    }
    let mut player = stage.enter("alice");
    player.resume(&lobby, at(epoch, 7)).await;
    stage.say(&lobby, "live").await;
    player.listen().await;
    assert_eq!(player.texts(&lobby), ["live"]);
}

#[tokio::test(start_paused = true)]
async fn p6_what_does_not_fit_into_joined_follows_before_what_is_live() {
    let join_messages_max = 10;
    let small = Limits {
        join_messages_max,
        ..limits()
    };
    let stage = Stage::with(small, keeping(1_000), 0);
    let lobby = room("lobby");
    stage.say_numbers(&lobby, 1..=300).await;
    let mut first = stage.enter("first");
    let epoch = first.join(&lobby).await.epoch;
    let mut player = stage.enter("alice");
    player
        .ask("join", &crate::player::resume_fields(&lobby, at(epoch, 5)))
        .await;
    stage.say_numbers(&lobby, 301..=310).await;
    player.listen().await;
    let joined = player.joined(&lobby);
    assert!(joined.recovered);
    assert_eq!((span(&joined), joined.seq.value()), (Some((6, 15)), 15));
    let expected: Vec<String> = (16..=310).map(|n| n.to_string()).collect();
    assert_eq!(player.texts(&lobby), expected);
}

#[tokio::test(start_paused = true)]
async fn p6_where_the_log_no_longer_reaches_back_a_gap_comes_first_and_then_the_tail() {
    let stage = Stage::with(limits(), keeping(10), 0);
    let lobby = room("lobby");
    stage.say_numbers(&lobby, 1..=30).await;
    let epoch = stage.enter("looker").join(&lobby).await.epoch;
    let mut player = stage.enter("alice");
    let joined = player.resume(&lobby, at(epoch, 4)).await;
    assert!(!joined.recovered);
    assert_eq!((joined.gap, span(&joined)), (gap(5, 20), Some((21, 30))));
    stage.say(&lobby, "live").await;
    player.listen().await;
    assert_eq!(player.ledger().row(&lobby).told, 31);
}

#[tokio::test(start_paused = true)]
async fn p6_of_another_epoch_a_gap_comes_and_what_the_epoch_said() {
    let stage = Stage::new();
    let lobby = room("lobby");
    stage.say_numbers(&lobby, 1..=5).await;
    let mut player = stage.enter("alice");
    let joined = player.resume(&lobby, at(Epoch::from_bits(1), 3)).await;
    assert!(!joined.recovered);
    assert_eq!((joined.gap, span(&joined)), (gap(1, 0), Some((1, 5))));
    assert_eq!(stage.double.counts().fences(), 0, "nobody else is troubled");
}

#[tokio::test(start_paused = true)]
async fn p6_p8_a_position_ahead_of_the_log_fences_the_room_once_in_a_while_and_not_at_will() {
    let stage = Stage::new();
    let lobby = room("lobby");
    let mut member = stage.enter("member");
    let Position { epoch, .. } = stage.say(&lobby, "1").await.position;
    member.join(&lobby).await;
    let first = stage.enter("first").resume(&lobby, at(epoch, 9)).await;
    assert!(!first.recovered && first.epoch != epoch);
    assert_eq!(first.gap, gap(1, 1));
    member.listen().await;
    assert_eq!(member.gaps(&lobby).len(), 1);
    let second = stage
        .enter("second")
        .resume(&lobby, at(first.epoch, 9))
        .await;
    assert!(!second.recovered && second.gap.is_some());
    assert_eq!(second.epoch, first.epoch, "not again so soon");
    assert_eq!(stage.double.counts().fences(), 1);
    pass(11_000).await;
    let third = stage
        .enter("third")
        .resume(&lobby, at(first.epoch, 9))
        .await;
    assert_ne!(third.epoch, first.epoch);
    assert_eq!(stage.double.counts().fences(), 2);
    member.listen().await;
    assert_eq!(member.gaps(&lobby).len(), 2);
    member.ledger();
}

#[tokio::test(start_paused = true)]
async fn p6_p8_the_fence_is_remembered_though_the_relay_hears_of_it_before_the_joiner_is_in() {
    let stage = Stage::new();
    let lobby = room("lobby");
    let mut member = stage.enter("member");
    let epoch = stage.say(&lobby, "1").await.position.epoch;
    member.join(&lobby).await;
    // Each answer takes a while, the word of the new epoch none.
    stage.double.script().slow_reads(20);
    let mut epoch = epoch;
    for _ in 0..6 {
        let mut forger = stage.enter("forger");
        forger
            .ask("join", &crate::player::resume_fields(&lobby, at(epoch, 99)))
            .await;
        pass(100).await;
        forger.listen().await;
        epoch = forger.joined(&lobby).epoch;
    }
    assert_eq!(stage.double.counts().fences(), 1);
}

#[tokio::test(start_paused = true)]
async fn p6_an_entry_that_cannot_be_read_is_a_gap_and_not_the_end() {
    let stage = Stage::new();
    let lobby = room("lobby");
    stage.say_numbers(&lobby, 1..=5).await;
    let epoch = stage.enter("looker").join(&lobby).await.epoch;
    stage.double.script().corrupt_reads(1);
    let mut player = stage.enter("alice");
    let joined = player.resume(&lobby, at(epoch, 2)).await;
    assert_eq!((joined.gap, joined.seq.value()), (gap(3, 5), 5));
    stage.say(&lobby, "live").await;
    player.listen().await;
    assert_eq!(player.texts(&lobby), ["live"]);
}
