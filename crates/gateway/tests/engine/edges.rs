//! Orders, inboxes, typing and presence where two things happen at once, or in the order nobody expects.

use roomcast_broker::FeedEvent;
use roomcast_gateway::{Disconnect, Flow, Limits};
use roomcast_protocol::{
    CloseCode, ErrorCode, ReadMark, RoomName, ServerFrame, Signal, TypingSeen, UserId,
};

use crate::player::Player;
use crate::stage::{Stage, keeping, limits, pass, room};

fn user(name: &str) -> UserId {
    name.parse().unwrap()
}

/// How often a room was joined.
fn times_joined(player: &Player, room: &RoomName) -> usize {
    let joined = player.heard.iter().filter(|frame| match frame {
        ServerFrame::Joined(joined) => joined.room == *room,
        _ => false,
    });
    joined.count()
}

fn typing_ended(player: &Player) -> bool {
    let ended = |frame: &ServerFrame| matches!(frame, ServerFrame::Typing(it) if !it.typing);
    player.heard.iter().any(ended)
}

#[tokio::test(start_paused = true)]
async fn a_joiner_that_waits_for_presence_keeps_its_room_open() {
    let limits = Limits {
        linger_ms: 0,
        presence_every_ms: 2_000,
        ..limits()
    };
    let (stage, lobby) = (Stage::with(limits, keeping(100), 0), room("lobby"));
    let mut alice = stage.enter("alice");
    alice.join(&lobby).await;
    // What lets bob in is told to nobody: he waits for the pulse, and nobody else is there.
    stage.double.lose_signals(true);
    alice.ask("leave", r#""room":"lobby""#).await;
    let mut bob = stage.enter("bob");
    assert_eq!(bob.join(&lobby).await.count, 2, "alice is in her grace");
    stage.say(&lobby, "hello").await;
    bob.listen().await;
    assert_eq!(bob.texts(&lobby), ["hello"]);
}

#[tokio::test(start_paused = true)]
async fn typists_found_when_a_node_comes_into_a_room_end_as_they_were_told() {
    let limits = Limits {
        typists_named_max: 2,
        ..limits()
    };
    let (stage, lobby) = (Stage::with(limits, keeping(100), 0), room("lobby"));
    for ghost in ["g0", "g1", "g2"] {
        let begun = stage.presence.typing(&lobby, &user(ghost), true).await;
        assert!(begun.unwrap());
    }
    let mut alice = stage.enter("alice");
    let typing = alice.join(&lobby).await.typing.unwrap();
    assert_eq!((typing.count, typing.users.len()), (3, 0));
    let signal = Signal::Typing(TypingSeen {
        room: lobby.clone(),
        user: user("g0"),
        typing: false,
    });
    stage.double.inject(FeedEvent::Signal(signal)).await;
    pass(300).await;
    alice.listen().await;
    let told = alice.heard.iter().rev().find_map(|frame| match frame {
        ServerFrame::Typists(typists) => Some((typists.news.count, typists.news.users.len())),
        _ => None,
    });
    assert_eq!(told, Some((2, 2)), "of nobody unnamed an end can be told");
    assert!(!typing_ended(&alice));
}

#[tokio::test(start_paused = true)]
async fn a_ban_reaches_a_session_that_was_not_in_its_inbox_yet() {
    let (stage, lobby) = (Stage::new(), room("lobby"));
    let mut bob = stage.enter("bob");
    bob.join(&lobby).await;
    stage.double.script().concerns_inboxes();
    stage.double.script().fail_subscribes(3);
    let mut alice = stage.enter("alice");
    alice.join(&lobby).await;
    stage
        .node
        .ban(&lobby, &user("alice"), 60_000)
        .await
        .unwrap();
    pass(10_000).await;
    alice.listen().await;
    assert_eq!(times_joined(&alice, &room("@alice")), 1);
    assert_eq!(alice.last_refusal().code, ErrorCode::Banned.number());
    assert!(alice.chat(&lobby, "still here?").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn nothing_of_a_room_comes_after_the_answer_to_leave() {
    let (stage, lobby) = (Stage::new(), room("lobby"));
    let mut alice = stage.enter("alice");
    for turn in 0..50 {
        alice.join(&lobby).await;
        alice.heard.clear();
        stage.say(&lobby, &turn.to_string()).await;
        alice.ask("leave", r#""room":"lobby""#).await;
        alice.listen().await;
        let last = alice.heard.last();
        assert!(matches!(last, Some(ServerFrame::Ok(_))), "{last:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_inbox_is_joined_once_a_frame() {
    let stage = Stage::new();
    let mut alice = stage.enter("alice");
    alice.listen().await;
    alice.heard.clear();
    let inbox = r#"{"room":"@alice","history":5}"#;
    let rooms = vec![inbox; 100].join(",");
    alice.ask("join", &format!(r#""rooms":[{rooms}]"#)).await;
    alice.listen().await;
    assert_eq!(times_joined(&alice, &room("@alice")), 1);
    let refused = alice.errors();
    assert_eq!(refused.len(), 99);
    let code = ErrorCode::AlreadyJoined.number();
    assert!(refused.iter().all(|error| error.code == code));
}

#[tokio::test(start_paused = true)]
async fn an_inbox_that_was_joined_by_name_does_not_begin_anew_by_itself() {
    let (stage, inbox) = (Stage::new(), room("@alice"));
    stage.double.script().concerns_inboxes();
    stage.double.script().reads_are_down(true);
    let mut alice = stage.enter("alice");
    pass(20_000).await;
    stage.double.script().reads_are_down(false);
    alice.join(&inbox).await;
    pass(10_000).await;
    alice.listen().await;
    assert_eq!(times_joined(&alice, &inbox), 1);
}

#[tokio::test(start_paused = true)]
async fn typing_ends_where_a_token_or_an_order_takes_the_typist_out() {
    let (stage, lobby) = (Stage::new(), room("lobby"));
    for by_token in [true, false] {
        let (mut alice, mut bob) = (stage.enter("alice"), stage.enter("bob"));
        alice.join(&lobby).await;
        bob.join(&lobby).await;
        alice
            .send(r#"{"type":"typing","room":"lobby","typing":true}"#)
            .await;
        if by_token {
            alice.ask("auth", r#""token":"alice:team.*""#).await;
        } else {
            stage.node.remove(&lobby, &user("alice")).await.unwrap();
        }
        pass(500).await;
        bob.listen().await;
        assert!(typing_ended(&bob), "by token: {by_token}");
        pass(10_000).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_mark_told_late_does_not_go_back() {
    let limits = Limits {
        presence_each_max: 0,
        ..limits()
    };
    let (stage, lobby) = (Stage::with(limits, keeping(100), 0), room("lobby"));
    let said = stage.say(&lobby, "one").await.position.seq;
    let mut alice = stage.enter("alice");
    alice.join(&lobby).await;
    for seq in [said.next(), said] {
        let (room, user) = (lobby.clone(), user("bob"));
        let read = Signal::Read(ReadMark { room, user, seq });
        stage.double.inject(FeedEvent::Signal(read)).await;
    }
    pass(1_000).await;
    alice.listen().await;
    let marks = alice.heard.iter().find_map(|frame| match frame {
        ServerFrame::Reads(reads) => Some(reads.marks[0].seq),
        _ => None,
    });
    assert_eq!(marks, Some(said.next()));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_was_ended_is_not_listened_to_however_slowly_it_reads() {
    let (stage, lobby) = (Stage::new(), room("lobby"));
    let (mut alice, mut bob) = (stage.enter("alice"), stage.enter("bob"));
    alice.join(&lobby).await;
    bob.join(&lobby).await;
    let ended = stage
        .node
        .disconnect(&user("alice"), Disconnect::default())
        .await;
    assert_eq!(ended.unwrap(), 1);
    pass(10).await;
    // She takes nothing of what she is told, the close included.
    let chat = r#"{"type":"chat","id":9,"room":"lobby","message":"and another thing"}"#;
    assert_eq!(alice.send(chat).await, Flow::Close(CloseCode::Disconnected));
    bob.listen().await;
    assert!(bob.texts(&lobby).is_empty());
}

#[tokio::test(start_paused = true)]
async fn many_bans_do_not_crowd_out_an_order() {
    let (stage, lobby) = (Stage::new(), room("lobby"));
    let mut bob = stage.enter("bob");
    bob.join(&lobby).await;
    let other = room("other");
    bob.join(&other).await;
    for n in 0..10_000 {
        let banned = user(&format!("u{n}"));
        stage.presence.ban(&other, &banned, 60_000).await.unwrap();
    }
    stage.double.interrupt().await;
    pass(1_000).await;
    let mut alice = stage.enter("alice");
    alice.listen().await;
    let gate = stage.double.script().hold_next_read();
    {
        let join = r#"{"type":"join","id":1,"room":"lobby"}"#;
        let mut joining = std::pin::pin!(alice.session.receive(join));
        assert!(futures_util::FutureExt::now_or_never(joining.as_mut()).is_none());
        stage.node.remove(&lobby, &user("alice")).await.unwrap();
        pass(10).await;
        gate.release();
        joining.await;
    }
    alice.listen().await;
    assert_eq!(alice.last_refusal().code, ErrorCode::Removed.number());
}

#[tokio::test(start_paused = true)]
async fn a_join_on_its_way_does_not_outrun_a_ban_whose_order_was_lost() {
    let (stage, lobby) = (Stage::new(), room("lobby"));
    let mut bob = stage.enter("bob");
    bob.join(&lobby).await;
    let mut alice = stage.enter("alice");
    alice.listen().await;
    let gate = stage.double.script().hold_next_read();
    {
        let join = r#"{"type":"join","id":1,"room":"lobby"}"#;
        let mut joining = std::pin::pin!(alice.session.receive(join));
        assert!(futures_util::FutureExt::now_or_never(joining.as_mut()).is_none());
        pass(10).await;
        stage.double.lose_signals(true);
        let banned = stage.node.ban(&lobby, &user("alice"), 60_000).await;
        banned.unwrap();
        stage.double.interrupt().await;
        pass(1_000).await;
        gate.release();
        joining.await;
    }
    pass(1_000).await;
    alice.listen().await;
    assert_eq!(alice.last_refusal().code, ErrorCode::Banned.number());
    assert!(alice.chat(&lobby, "in?").await.is_err());
}
