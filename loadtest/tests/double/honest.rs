//! The double as it is by default: it keeps its promises, towards Roomcast's own client and towards one
//! that looks at each frame.

use roomcast_client::{Client, Config, Error, Event, Events, JoinOptions, PageOf};
use roomcast_protocol::{Chat, ClientFrame, ErrorCode, Leave, Seq, ServerFrame, Since};

use crate::lie::Hitches;
use crate::raw::{Peer, chats, room, soon};
use crate::server::Double;

fn client(double: &Double, node: usize, user: &str) -> (Client, Events) {
    let mut config = Config::new(double.urls[node].clone());
    // The others are where it goes when it is cut.
    config.urls.extend(double.urls.iter().cloned());
    config.user = Some(user.into());
    (config.backoff_base_ms, config.backoff_cap_ms) = (1, 20);
    config.response_timeout_ms = 300;
    Client::connect(config).unwrap()
}

/// The next `count` messages of a room, which come in order; nothing may be missing.
async fn told(events: &mut Events, name: &str, count: usize) -> Vec<(u64, String)> {
    let mut told = Vec::new();
    while told.len() < count {
        match soon("an event", events.next()).await.unwrap() {
            Event::Chat(chat) | Event::Direct(chat) if chat.room == room(name) => {
                told.push((chat.seq.value(), chat.message.clone()));
            }
            Event::Gap { .. } => panic!("a gap"),
            Event::Joined(joined) => assert_eq!(joined.gap, None),
            _ => {}
        }
    }
    told
}

fn since(chat: &Chat) -> Since {
    Since {
        epoch: chat.epoch,
        seq: chat.seq,
        id: Some(chat.id),
    }
}

#[tokio::test]
async fn members_on_two_nodes_get_all_messages_in_one_order_over_cuts() {
    let double = Double::start(2, None, 1).await;
    let lobby = room("lobby");
    let (alice, mut to_alice) = client(&double, 0, "alice");
    let (bob, mut to_bob) = client(&double, 1, "bob");
    for client in [&alice, &bob] {
        let joined = client.join(&lobby, JoinOptions::default()).await.unwrap();
        assert_eq!(joined.position.seq.value(), 0);
    }
    let (by_alice, by_bob, _) = tokio::join!(
        told(&mut to_alice, "lobby", 60),
        told(&mut to_bob, "lobby", 60),
        async {
            for n in 0..30 {
                let sent = tokio::join!(
                    alice.send(&lobby, format!("a{n}")),
                    bob.send(&lobby, format!("b{n}"))
                );
                assert!(sent.0.is_ok() && sent.1.is_ok(), "{sent:?}");
                if n % 10 == 5 {
                    double.cut_all();
                }
            }
        }
    );
    assert_eq!(by_alice, by_bob);
    let seqs: Vec<u64> = by_alice.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(seqs, Vec::from_iter(1..=60));
    let page = alice.history(&lobby, PageOf::Before(11.try_into().unwrap()), Some(4));
    let page = page.await.unwrap();
    let texts: Vec<_> = page.messages.iter().map(|chat| &chat.message).collect();
    let before: Vec<_> = by_alice[6..10].iter().map(|(_, text)| text).collect();
    assert_eq!(texts, before);
    assert!(page.more);
}

#[tokio::test]
async fn messages_that_are_refused_for_a_moment_or_not_answered_stand_once() {
    let double = Double::start(2, None, 2).await;
    double.hitch(Hitches {
        refuse_one_in: Some(3),
        unanswered_one_in: Some(6),
    });
    let lobby = room("lobby");
    let (alice, mut to_alice) = client(&double, 0, "alice");
    alice.join(&lobby, JoinOptions::default()).await.unwrap();
    let mut duplicates = 0;
    for n in 0..40 {
        let ack = soon("an ack", alice.send(&lobby, n.to_string())).await;
        duplicates += u32::from(ack.unwrap().duplicate);
    }
    assert!(duplicates > 0, "no retry found its message there");
    let texts = told(&mut to_alice, "lobby", 40).await;
    let texts: Vec<_> = texts.into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, Vec::from_iter((0..40).map(|n| n.to_string())));
}

#[tokio::test]
async fn a_direct_message_comes_to_both_inboxes_and_waits_for_who_is_away() {
    let double = Double::start(2, None, 3).await;
    let (alice, mut to_alice) = client(&double, 0, "alice");
    let ack = alice.direct(&"bob".parse().unwrap(), "one").await.unwrap();
    assert_eq!(ack.room, room("@bob"));
    assert_eq!(told(&mut to_alice, "@alice", 1).await[0].1, "one");

    let first = Peer::connect(&double.urls[1], "bob").await;
    assert_eq!(first.inbox.seq.value(), 1);
    drop(first);
    let start = Since {
        epoch: ack.epoch,
        seq: Seq::ZERO,
        id: None,
    };
    alice.direct(&"bob".parse().unwrap(), "two").await.unwrap();
    let bob = Peer::connect_since(&double.urls[1], "bob", start).await;
    let missed = chats(&bob.inbox.messages);
    assert!(bob.inbox.recovered);
    let texts: Vec<_> = missed.iter().map(|chat| chat.message.as_str()).collect();
    assert_eq!(texts, ["one", "two"]);
    assert_eq!(missed[0].to, Some("bob".parse().unwrap()));
}

#[tokio::test]
async fn a_key_gives_the_first_ack_again_from_any_node() {
    let double = Double::start(2, None, 4).await;
    let mut here = Peer::connect(&double.urls[0], "alice").await;
    here.join("lobby", None).await;
    let first = here.talk("lobby", "k1").await.unwrap();
    let mut there = Peer::connect(&double.urls[1], "alice").await;
    there.join("lobby", None).await;
    let second = there.talk("lobby", "k1").await.unwrap();
    assert!(!first.duplicate && second.duplicate);
    assert_eq!((first.epoch, first.seq), (second.epoch, second.seq));
    assert_eq!(there.history("lobby").await.messages.len(), 1);
}

#[tokio::test]
async fn a_log_that_no_longer_reaches_back_says_so_and_a_long_absence_is_made_good() {
    let double = Double::start(1, None, 5).await;
    let mut alice = Peer::connect(&double.urls[0], "alice").await;
    alice.join("lobby", None).await;
    alice.talk("lobby", "0").await.unwrap();
    let first = chats(&alice.history("lobby").await.messages).remove(0);
    for n in 1..=250 {
        alice.talk("lobby", &n.to_string()).await.unwrap();
    }
    let mut bob = Peer::connect(&double.urls[0], "bob").await;
    let joined = bob.join("lobby", Some(since(&first))).await;
    assert!(joined.recovered && joined.messages.len() == 100);
    assert_eq!(joined.seq.value(), 101);
    for n in 102..=251 {
        assert_eq!(bob.chat().await.seq.value(), n);
    }

    double.keep(10);
    let mut carol = Peer::connect(&double.urls[0], "carol").await;
    let joined = carol.join("lobby", Some(since(&first))).await;
    let gap = joined.gap.unwrap();
    assert_eq!((gap.from.value(), gap.to.value()), (2, 241));
    assert_eq!(chats(&joined.messages)[0].seq.value(), 242);
    assert!(!joined.recovered && joined.seq.value() == 251);
}

#[tokio::test]
async fn who_comes_and_goes_is_told_and_counted_once() {
    let double = Double::start(2, None, 6).await;
    let mut alice = Peer::connect(&double.urls[0], "alice").await;
    alice.join("lobby", None).await;
    let mut bob = Peer::connect(&double.urls[1], "bob").await;
    let mut bob_again = Peer::connect(&double.urls[0], "bob").await;
    bob.join("lobby", None).await;
    assert_eq!(bob_again.join("lobby", None).await.count, 2);
    let came = |frame| match frame {
        ServerFrame::UserJoined(joined) => Some((joined.user, joined.count)),
        _ => None,
    };
    let news = alice.hear_some(came).await;
    assert_eq!(news, ("bob".parse().unwrap(), 2));
    let members = alice.who("lobby").await.members;
    let users: Vec<_> = members.iter().map(|member| member.user.as_str()).collect();
    assert_eq!(users, ["alice", "bob"]);
    drop(bob);
    let leave = Leave {
        id: 99.into(),
        room: room("lobby"),
    };
    bob_again.say(&ClientFrame::Leave(leave)).await;
    let went = |frame| match frame {
        ServerFrame::UserLeft(left) => Some((left.user, left.count)),
        _ => None,
    };
    let news = alice.hear_some(went).await;
    assert_eq!(news, ("bob".parse().unwrap(), 1));
}

#[tokio::test]
async fn what_is_not_allowed_is_refused_by_number() {
    let double = Double::start(1, None, 7).await;
    let mut alice = Peer::connect(&double.urls[0], "alice").await;
    let refusal = alice.talk("lobby", "hello").await.unwrap_err();
    assert_eq!(refusal.code, ErrorCode::NotJoined.number());
    let refusal = alice.talk("@bob", "hello").await.unwrap_err();
    assert_eq!(refusal.code, ErrorCode::NotAllowed.number());
    let (client, _events) = client(&double, 0, "bob");
    client
        .join(&room("lobby"), JoinOptions::default())
        .await
        .unwrap();
    let refused = client.join(&room("@alice"), JoinOptions::default()).await;
    assert!(matches!(refused, Err(Error::Refused { .. })), "{refused:?}");
}
