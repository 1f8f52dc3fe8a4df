//! P10: slow readers pay, others don't.

use roomcast_gateway::{Limits, Outgoing};
use roomcast_protocol::{CloseCode, ServerFrame, decode_server};

use crate::player::Player;
use crate::stage::{Stage, keeping, limits, pass, room, settle};

const OUTBOX_BYTES: usize = 8_192;

fn small_outboxes() -> Limits {
    Limits {
        outbox_bytes_max: OUTBOX_BYTES,
        ..limits()
    }
}

/// Everything that waits for a player now, and how many bytes it has.
async fn waiting(player: &mut Player) -> (usize, Vec<ServerFrame>) {
    let Outgoing::Frames { frames, .. } = player.mailbox.next(usize::MAX).await else {
        panic!("nothing is to be closed");
    };
    let texts = || frames.iter().map(roomcast_gateway::Frame::text);
    let decode = |text| decode_server(text).unwrap();
    (texts().map(str::len).sum(), texts().map(decode).collect())
}

#[tokio::test(start_paused = true)]
async fn p10_what_waits_is_bounded_and_comes_whole_when_it_is_taken() {
    let stage = Stage::with(small_outboxes(), keeping(100_000), 0);
    let lobby = room("lobby");
    let (mut slow, mut quick) = (stage.enter("slow"), stage.enter("quick"));
    slow.join(&lobby).await;
    quick.join(&lobby).await;
    for n in 0..100 {
        stage.say_numbers(&lobby, n * 20 + 1..=n * 20 + 20).await;
        quick.listen().await;
        assert_eq!(
            quick.ledger().row(&lobby).told,
            n * 20 + 20,
            "a neighbour feels nothing"
        );
    }
    let (bytes, frames) = waiting(&mut slow).await;
    assert!(bytes <= OUTBOX_BYTES, "{bytes} bytes");
    slow.heard.extend(frames);
    slow.listen().await;
    let ledger = slow.ledger();
    assert_eq!(ledger.row(&lobby).told, 2_000);
    assert!(ledger.row(&lobby).gaps.is_empty());
}

#[tokio::test(start_paused = true)]
async fn p10_where_the_log_no_longer_reaches_back_the_slow_one_gets_a_gap_and_the_tail() {
    let stage = Stage::with(small_outboxes(), keeping(50), 0);
    let lobby = room("lobby");
    let mut slow = stage.enter("slow");
    slow.join(&lobby).await;
    stage.say_numbers(&lobby, 1..=2_000).await;
    slow.listen().await;
    let ledger = slow.ledger();
    let row = ledger.row(&lobby);
    assert_eq!((row.told, row.gaps.len()), (2_000, 1));
    assert_eq!(row.gaps[0].1.to.value(), 1_950);
}

#[tokio::test(start_paused = true)]
async fn p10_signals_go_first() {
    let stage = Stage::with(small_outboxes(), keeping(1_000), 0);
    let lobby = room("lobby");
    let (mut slow, mut busy) = (stage.enter("slow"), stage.enter("busy"));
    busy.join(&lobby).await;
    slow.join(&lobby).await;
    slow.listen().await;
    slow.heard.clear();
    let text = "x".repeat(100);
    while stage.double.log(&lobby).await.len() < 25 {
        stage.say(&lobby, &text).await;
    }
    settle().await;
    for n in 0..25 {
        busy.ask("read", &format!(r#""room":"lobby","seq":{}"#, n + 1))
            .await;
        settle().await;
    }
    stage.say(&lobby, "the last word").await;
    slow.listen().await;
    let reads = slow
        .heard
        .iter()
        .filter(|frame| matches!(frame, ServerFrame::Read(_)));
    assert!(reads.count() < 25);
    assert_eq!(
        slow.texts(&lobby).len(),
        26,
        "no message made way for a signal"
    );
}

#[tokio::test(start_paused = true)]
async fn p10_a_slow_reader_catches_up_while_messages_keep_coming_and_is_live_again() {
    let stage = Stage::with(small_outboxes(), keeping(100_000), 0);
    let lobby = room("lobby");
    let mut slow = stage.enter("slow");
    slow.join(&lobby).await;
    stage.say_numbers(&lobby, 1..=1_000).await;
    stage.double.script().slow_reads(2);
    let mut said = 1_000;
    while slow.position(&lobby) != Some(said) || said < 1_500 {
        let position = slow.position(&lobby);
        assert!(said < 20_000, "it never catches up: {position:?} of {said}");
        said += 1;
        stage.say(&lobby, &said.to_string()).await;
        pass(1).await;
        slow.take(4_096).await;
    }
    stage.double.script().slow_reads(0);
    let before = stage.double.counts().reads();
    for _ in 0..50 {
        said += 1;
        stage.say(&lobby, &said.to_string()).await;
        slow.listen().await;
    }
    assert_eq!(
        stage.double.counts().reads(),
        before,
        "live: nothing is read for it"
    );
    let ledger = slow.ledger();
    assert_eq!(ledger.row(&lobby).told, said);
    assert!(ledger.row(&lobby).gaps.is_empty());
}

#[tokio::test(start_paused = true)]
async fn p10_a_slow_reader_of_two_rooms_gets_both_whole() {
    let stage = Stage::with(small_outboxes(), keeping(100_000), 0);
    let rooms = [room("one"), room("two")];
    let mut slow = stage.enter("slow");
    for room in &rooms {
        slow.join(room).await;
    }
    for n in 1..=500 {
        for room in &rooms {
            stage.say(room, &n.to_string()).await;
        }
        if n % 50 == 0 {
            slow.take(500).await;
        }
    }
    slow.listen().await;
    for room in &rooms {
        assert_eq!(slow.ledger().row(room).told, 500);
    }
}

#[tokio::test(start_paused = true)]
async fn p10_a_refill_that_fails_is_tried_again() {
    let stage = Stage::with(small_outboxes(), keeping(100_000), 0);
    let lobby = room("lobby");
    let mut slow = stage.enter("slow");
    slow.join(&lobby).await;
    stage.say_numbers(&lobby, 1..=500).await;
    settle().await;
    stage.double.script().fail_reads(3);
    for _ in 0..4 {
        slow.listen().await;
        pass(1_500).await;
    }
    slow.listen().await;
    assert_eq!(slow.ledger().row(&lobby).told, 500);
}

#[tokio::test(start_paused = true)]
async fn p10_a_message_larger_than_the_outbox_gets_through() {
    let tiny = Limits {
        outbox_bytes_max: 200,
        ..limits()
    };
    let stage = Stage::with(tiny, keeping(1_000), 0);
    let lobby = room("lobby");
    let mut alice = stage.enter("alice");
    alice.join(&lobby).await;
    for _ in 0..3 {
        stage.say(&lobby, &"x".repeat(5_000)).await;
    }
    alice.listen().await;
    assert_eq!(alice.ledger().row(&lobby).told, 3);
}

#[tokio::test(start_paused = true)]
async fn p10_a_session_that_ends_while_it_is_refilled_costs_nothing_more() {
    let stage = Stage::with(small_outboxes(), keeping(100_000), 0);
    let lobby = room("lobby");
    let mut other = stage.enter("other");
    other.join(&lobby).await;
    let mut slow = stage.enter("slow");
    slow.join(&lobby).await;
    stage.say_numbers(&lobby, 1..=1_000).await;
    settle().await;
    stage.double.script().read_answers.shut();
    slow.take(usize::MAX).await;
    slow.take(usize::MAX).await;
    drop(slow);
    let before = stage.double.counts().reads();
    stage.double.script().read_answers.release();
    pass(2_000).await;
    assert!(stage.double.counts().reads() - before <= 2);
}

#[tokio::test(start_paused = true)]
async fn p10_p8_a_slow_reader_of_a_log_that_forgot_is_told_so_and_not_read_for_in_circles() {
    let stage = Stage::with(small_outboxes(), keeping(100_000), 0);
    let lobby = room("lobby");
    let mut slow = stage.enter("slow");
    slow.join(&lobby).await;
    stage.say_numbers(&lobby, 1..=500).await;
    settle().await;
    // The log ends where the slow one stands: nobody has been told of an interruption.
    let (_, frames) = waiting(&mut slow).await;
    slow.heard.extend(frames);
    let told = usize::try_from(slow.position(&lobby).unwrap()).unwrap();
    stage
        .double
        .come_back_as(&[(lobby.clone(), told, &[])])
        .await;
    slow.listen().await;
    stage.say(&lobby, "new life").await;
    pass(3_000).await;
    slow.listen().await;
    assert_eq!(slow.texts(&lobby).last(), Some(&"new life"));
    assert_eq!(slow.gaps(&lobby).len(), 1);
    assert!(stage.double.counts().reads() < 50);
    slow.ledger();
}

#[tokio::test(start_paused = true)]
async fn p10_a_new_epoch_finds_a_slow_reader_whose_read_is_still_on_its_way() {
    let stage = Stage::with(small_outboxes(), keeping(100_000), 0);
    let lobby = room("lobby");
    let mut slow = stage.enter("slow");
    slow.join(&lobby).await;
    stage.say_numbers(&lobby, 1..=500).await;
    settle().await;
    // It has space again, and a read for it is on its way.
    let answer = stage.double.script().hold_next_read();
    while slow.take(usize::MAX).await {}
    // Meanwhile the room goes into a new epoch.
    let lost = [(lobby.clone(), 400, &[] as &[&str])];
    stage.double.come_back_as(&lost).await;
    stage.double.interrupt().await;
    settle().await;
    // It is full again, and has space again, before that read is answered.
    stage.say_numbers(&lobby, 1..=300).await;
    settle().await;
    while slow.take(usize::MAX).await {}
    answer.release();
    pass(3_000).await;
    slow.listen().await;
    let head = stage.double.log(&lobby).await.pop().unwrap().position;
    slow.ledger()
        .row(&lobby)
        .reaches(head.epoch, head.seq.value());
}

#[tokio::test(start_paused = true)]
async fn p10_a_full_session_is_not_read_from_until_it_takes() {
    let stage = Stage::with(small_outboxes(), keeping(1_000), 0);
    let mut alice = stage.enter("alice");
    let mut pings = 0;
    while !alice.mailbox.is_full() {
        alice.ask("ping", r#""x":1"#).await;
        pings += 1;
        assert!(pings < 1_000);
    }
    alice.listen().await;
    assert!(!alice.mailbox.is_full());
    let pongs = alice
        .heard
        .iter()
        .filter(|frame| matches!(frame, ServerFrame::Pong(_)));
    assert_eq!(pongs.count(), pings);
    alice.mailbox.close(CloseCode::Stuck);
    alice.listen().await;
    assert_eq!(alice.closed, Some(CloseCode::Stuck));
}

#[tokio::test(start_paused = true)]
async fn p10_many_full_rooms_joined_at_once_bring_no_more_than_the_outbox_holds() {
    let stage = Stage::with(small_outboxes(), keeping(1_000), 0);
    let rooms: Vec<String> = (0..40).map(|n| format!("room-{n}")).collect();
    let mut positions = Vec::new();
    for name in &rooms {
        let first = stage.say(&room(name), "seen").await;
        stage.say_numbers(&room(name), 2..=100).await;
        positions.push(first);
    }
    let mut player = stage.enter("eager");
    player.listen().await;
    let wanted: Vec<String> = rooms
        .iter()
        .zip(&positions)
        .map(|(name, first)| {
            let (epoch, seq) = (first.position.epoch, first.position.seq);
            format!(r#"{{"room":"{name}","since":{{"epoch":"{epoch}","seq":{seq}}}}}"#)
        })
        .collect();
    let join = format!(r#"{{"type":"join","id":1,"rooms":[{}]}}"#, wanted.join(","));
    player.send(&join).await;
    let (bytes, frames) = waiting(&mut player).await;
    // Beside half an outbox of messages, each room's `joined` itself.
    let answers = rooms.len() * 512;
    assert!(bytes <= OUTBOX_BYTES + answers, "{bytes} bytes waited");
    player.heard.extend(frames);
    player.listen().await;
    for name in &rooms {
        let ledger = player.ledger();
        let row = ledger.row(&room(name));
        assert_eq!((row.told, row.gaps.len()), (100, 0), "{name}");
    }
}
