//! Each lie is told, as a client sees it that believes nothing.

use roomcast_protocol::{Chat, ServerFrame, Since};

use crate::lie::Lie;
use crate::raw::{Peer, chats};
use crate::server::Double;

/// A liar's only node; alice and bob are in its lobby.
async fn scene(lie: Lie) -> (Double, Peer, Peer) {
    let double = Double::start(1, Some(lie), 1).await;
    let mut alice = Peer::connect(&double.urls[0], "alice").await;
    let mut bob = Peer::connect(&double.urls[0], "bob").await;
    alice.join("lobby", None).await;
    bob.join("lobby", None).await;
    (double, alice, bob)
}

/// Says the numbers `from..to`, each once the one before is acked.
async fn count(peer: &mut Peer, from: u64, to: u64) {
    for n in from..to {
        peer.talk("lobby", &n.to_string()).await.unwrap();
    }
}

/// The `seq` of the next messages.
async fn seqs(peer: &mut Peer, count: usize) -> Vec<u64> {
    let mut seqs = Vec::new();
    for _ in 0..count {
        seqs.push(peer.chat().await.seq.value());
    }
    seqs
}

/// The `seq` of all that was delivered until now, and how many messages the log has.
async fn so_far(peer: &mut Peer) -> (Vec<u64>, usize) {
    let mut came = Vec::new();
    // What was delivered stands before the answer.
    peer.ask_for_history("lobby").await;
    loop {
        match peer.hear().await.unwrap() {
            ServerFrame::Chat(chat) => came.push(chat.seq.value()),
            ServerFrame::History(page) => return (came, page.messages.len()),
            ServerFrame::Gap(gap) => panic!("{gap:?}"),
            _ => {}
        }
    }
}

/// The log's latest page, and nothing that was delivered on the way.
async fn log(peer: &mut Peer) -> Vec<Chat> {
    chats(&peer.history("lobby").await.messages)
}

fn since(chat: &Chat) -> Since {
    Since {
        epoch: chat.epoch,
        seq: chat.seq,
        id: Some(chat.id),
    }
}

#[tokio::test]
async fn a_delivery_is_dropped() {
    let (_double, mut alice, mut bob) = scene(Lie::DropDelivery { one_in: 4 }).await;
    count(&mut alice, 0, 100).await;
    let (came, kept) = so_far(&mut bob).await;
    assert_eq!(kept, 100);
    assert!((1..100).contains(&came.len()), "{came:?}");
}

#[tokio::test]
async fn the_message_at_the_cursor_is_repeated() {
    let (double, mut alice, _bob) = scene(Lie::RepeatOnResume).await;
    count(&mut alice, 0, 3).await;
    let second = log(&mut alice).await.remove(1);
    let mut carol = Peer::connect(&double.urls[0], "carol").await;
    let joined = carol.join("lobby", Some(since(&second))).await;
    let seqs: Vec<u64> = chats(&joined.messages)
        .iter()
        .map(|c| c.seq.value())
        .collect();
    assert_eq!(seqs, [2, 3]);
    assert!(joined.recovered && joined.seq.value() == 3);
}

#[tokio::test]
async fn an_acked_message_is_lost() {
    let (_double, mut alice, _bob) = scene(Lie::LoseAcked { one_in: 3 }).await;
    count(&mut alice, 0, 60).await;
    let kept = log(&mut alice).await;
    assert!((1..60).contains(&kept.len()), "{}", kept.len());
    let is_contiguous = (1..).zip(&kept).all(|(n, chat)| chat.seq.value() == n);
    assert!(is_contiguous, "the log itself looks whole");
}

#[tokio::test]
async fn two_neighbours_are_swapped() {
    let (_double, mut alice, mut bob) = scene(Lie::SwapDeliveries { one_in: 1 }).await;
    alice.throw("lobby", &["1", "2"]).await;
    assert_eq!(seqs(&mut bob, 2).await, [2, 1]);
}

#[tokio::test]
async fn a_room_begins_again_at_one_under_its_old_epoch() {
    let (_double, mut alice, mut bob) = scene(Lie::ResetSeq { after: 3 }).await;
    count(&mut alice, 0, 5).await;
    let first = bob.chat().await;
    assert_eq!(seqs(&mut bob, 4).await, [2, 3, 1, 2]);
    let log = log(&mut alice).await;
    assert_eq!(log.len(), 2);
    assert!(log[0].epoch == first.epoch && log[0].id != first.id);
}

#[tokio::test]
async fn a_new_epoch_is_not_told() {
    let (double, mut alice, mut bob) = scene(Lie::NewEpochSilently { after: 3 }).await;
    count(&mut alice, 0, 4).await;
    let old = bob.chat().await;
    seqs(&mut bob, 2).await;
    let fresh = bob.chat().await;
    assert!(fresh.epoch != old.epoch && fresh.seq.value() == 1);
    let mut carol = Peer::connect(&double.urls[0], "carol").await;
    let joined = carol.join("lobby", Some(since(&old))).await;
    assert!(joined.recovered && joined.gap.is_none() && joined.epoch == fresh.epoch);
}

#[tokio::test]
async fn an_ack_names_another_position() {
    let (_double, mut alice, _bob) = scene(Lie::AckElsewhere { one_in: 1 }).await;
    let ack = alice.talk("lobby", "hello").await.unwrap();
    assert_eq!(ack.seq.value(), 2);
    assert_eq!(log(&mut alice).await[0].seq.value(), 1);
}

#[tokio::test]
async fn a_message_stands_in_another_room_too() {
    let (_double, mut alice, mut bob) = scene(Lie::WrongRoom { one_in: 1 }).await;
    bob.join("den", None).await;
    alice.talk("lobby", "hello").await.unwrap();
    let first = bob.chat().await;
    let second = bob.chat().await;
    assert_eq!(
        (first.room.as_str(), second.room.as_str()),
        ("lobby", "den")
    );
    assert_eq!(first.message, second.message);
}

#[tokio::test]
async fn a_text_is_altered_on_its_way() {
    let (_double, mut alice, mut bob) = scene(Lie::AlterText { one_in: 1 }).await;
    alice.talk("lobby", "hello").await.unwrap();
    assert_eq!(bob.chat().await.message, "hellx");
    assert_eq!(log(&mut alice).await[0].message, "hello");
}

#[tokio::test]
async fn the_last_message_of_a_room_never_comes() {
    let (_double, mut alice, mut bob) = scene(Lie::HoldBackLast).await;
    count(&mut alice, 0, 3).await;
    assert_eq!(so_far(&mut bob).await, (vec![1, 2], 3));
}

#[tokio::test]
async fn a_gap_is_told_where_a_message_stands() {
    let (_double, mut alice, mut bob) = scene(Lie::FalseGap { one_in: 1 }).await;
    let ack = alice.talk("lobby", "hello").await.unwrap();
    let gap = bob.hear_some(|frame| match frame {
        ServerFrame::Gap(gap) => Some(gap),
        ServerFrame::Chat(chat) => panic!("{chat:?}"),
        _ => None,
    });
    let gap = gap.await;
    assert_eq!((gap.epoch, gap.from, gap.to), (ack.epoch, ack.seq, ack.seq));
    assert_eq!(log(&mut bob).await.len(), 1);
}

#[tokio::test]
async fn who_names_a_ghost() {
    let (_double, mut alice, _bob) = scene(Lie::Ghost).await;
    let members = alice.who("lobby").await;
    assert_eq!((members.count, members.members.len()), (3, 3));
}

#[tokio::test]
async fn a_message_said_again_with_its_key_stands_twice() {
    let (_double, mut alice, _bob) = scene(Lie::ForgetKeys).await;
    let first = alice.talk("lobby", "hello").await.unwrap();
    let second = alice.talk("lobby", "hello").await.unwrap();
    assert!(!second.duplicate && second.seq == first.seq.next());
    assert_eq!(log(&mut alice).await.len(), 2);
}

#[tokio::test]
async fn a_refused_message_stands_all_the_same() {
    let (_double, mut alice, mut bob) = scene(Lie::RefuseAndKeep { one_in: 1 }).await;
    let refusal = alice.talk("lobby", "hello").await.unwrap_err();
    assert!(refusal.code < 500 && refusal.retry_after_ms.is_none());
    assert_eq!(bob.chat().await.message, "hello");
}
