//! P12: refusals are answers, and a well-behaved neighbour never feels them.

use std::time::Duration;

use roomcast_gateway::{Access, Flow, Limits};
use roomcast_protocol::{CloseCode, ErrorCode, ServerFrame};
use tokio::time::advance;

use crate::claims::{identity, rights};
use crate::player::Player;
use crate::stage::{Stage, keeping, limits, pass, room};

async fn code_of(player: &mut Player, text: &str) -> ErrorCode {
    assert_eq!(player.send(text).await, Flow::Continue);
    player.listen().await;
    ErrorCode::from_number(player.last_refusal().code).unwrap()
}

#[tokio::test(start_paused = true)]
async fn p12_what_is_no_frame_is_answered_with_what_is_wrong() {
    let stage = Stage::new();
    let mut alice = stage.enter("alice");
    let large = format!(r#"{{"type":"ping","id":1,"x":"{}"}}"#, "x".repeat(70_000));
    let deep = format!(r#"{{"type":"ping","id":1,"x":{}}}"#, "[".repeat(100));
    let cases = [
        ("", ErrorCode::BadFrame),
        ("{", ErrorCode::BadFrame),
        ("[]", ErrorCode::BadFrame),
        (r#"{"type":"ping"}"#, ErrorCode::BadFrame),
        (
            r#"{"type":"join","id":1,"room":"a b"}"#,
            ErrorCode::BadFrame,
        ),
        (r#"{"type":"dance","id":1}"#, ErrorCode::UnknownType),
        (&large, ErrorCode::FrameTooLarge),
        (&deep, ErrorCode::TooDeep),
        (
            r#"{"type":"chat","id":1,"room":"r","message":"m"}"#,
            ErrorCode::NotJoined,
        ),
        (
            r#"{"type":"leave","id":1,"room":"r"}"#,
            ErrorCode::NotJoined,
        ),
        (
            r#"{"type":"read","id":1,"room":"r","seq":1}"#,
            ErrorCode::NotJoined,
        ),
        (r#"{"type":"who","id":1,"room":"r"}"#, ErrorCode::NotJoined),
        (
            r#"{"type":"history","id":1,"room":"r","limit":1}"#,
            ErrorCode::NotJoined,
        ),
        (
            r#"{"type":"auth","id":1,"token":"expired"}"#,
            ErrorCode::BadToken,
        ),
        (
            r#"{"type":"auth","id":1,"token":"bob"}"#,
            ErrorCode::BadToken,
        ),
        (
            r#"{"type":"chat","id":1,"room":"@bob","message":"m"}"#,
            ErrorCode::NotAllowed,
        ),
        (
            r#"{"type":"join","id":1,"room":"@bob"}"#,
            ErrorCode::NotAllowed,
        ),
    ];
    for (text, code) in cases {
        assert_eq!(code_of(&mut alice, text).await, code, "{text:.80}");
    }
    alice.join(&room("r")).await;
    assert!(alice.chat(&room("r"), "all is well").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn p12_an_answer_names_the_request_and_where_there_are_several_the_room() {
    let stage = Stage::new();
    let mut alice = stage.enter("alice");
    alice.join(&room("here")).await;
    let rooms =
        r#""rooms":[{"room":"a"},{"room":"@bob"},{"room":"here"},{"room":"b"},{"room":"b"}]"#;
    let id = alice.ask("join", rooms).await;
    alice.listen().await;
    let refused: Vec<_> = alice
        .errors()
        .into_iter()
        .map(|error| (error.id.unwrap(), error.room.unwrap(), error.code))
        .collect();
    assert_eq!(
        refused,
        [
            (id.into(), room("@bob"), ErrorCode::NotAllowed.number()),
            (id.into(), room("here"), ErrorCode::AlreadyJoined.number()),
            (id.into(), room("b"), ErrorCode::AlreadyJoined.number()),
        ]
    );
    for there in ["a", "b"] {
        assert_eq!(alice.joined(&room(there)).id, Some(id.into()));
    }
}

#[tokio::test(start_paused = true)]
async fn p12_a_session_is_in_so_many_rooms_and_may_come_in_again_after_leaving_one() {
    let rooms_per_session_max = 3;
    let few = Limits {
        rooms_per_session_max,
        ..limits()
    };
    let stage = Stage::with(few, keeping(100), 0);
    let mut alice = stage.enter("alice");
    for there in ["a", "b", "c"] {
        alice.join(&room(there)).await;
    }
    let join = r#"{"type":"join","id":1,"room":"d"}"#;
    assert_eq!(code_of(&mut alice, join).await, ErrorCode::TooManyRooms);
    alice.ask("leave", r#""room":"a""#).await;
    alice.join(&room("d")).await;
}

#[tokio::test(start_paused = true)]
async fn p12_a_user_has_so_many_sessions_and_one_more_when_one_has_ended() {
    let sessions_per_user_max = 2;
    let few = Limits {
        sessions_per_user_max,
        ..limits()
    };
    let stage = Stage::with(few, keeping(100), 0);
    let first = stage.enter("alice");
    let _second = stage.enter("alice");
    let _neighbour = stage.enter("bob");
    let everything = || identity("alice", roomcast_gateway::Rights::everything());
    assert_eq!(
        stage.node.connect(everything(), None).err().unwrap().code,
        ErrorCode::TooFast
    );
    first.session.end().await;
    assert!(stage.node.connect(everything(), None).is_ok());
}

#[tokio::test(start_paused = true)]
async fn p12_what_is_too_large_or_empty_is_refused_at_the_byte() {
    let exact = Limits {
        message_bytes_max: 10,
        data_bytes_max: 10,
        ..limits()
    };
    let stage = Stage::with(exact, keeping(100), 0);
    let mut alice = stage.enter("alice");
    alice.join(&room("r")).await;
    let say = |fields: &str| format!(r#"{{"type":"chat","id":9,"room":"r",{fields}}}"#);
    for (fields, code) in [
        (r#""message":"12345678901""#, ErrorCode::MessageTooLarge),
        (
            r#""message":"","data":"123456789""#,
            ErrorCode::MessageTooLarge,
        ),
        (r#""message":"""#, ErrorCode::BadValue),
    ] {
        assert_eq!(code_of(&mut alice, &say(fields)).await, code, "{fields}");
    }
    for fields in [
        r#""message":"1234567890""#,
        r#""message":"","data":"12345678""#,
    ] {
        alice.send(&say(fields)).await;
        alice.listen().await;
        assert!(alice.acked(9).is_ok(), "{fields}");
        alice.heard.clear();
    }
}

fn hasty() -> Limits {
    Limits {
        commands_per_second: 10,
        commands_burst: 5,
        ..limits()
    }
}

const PING: &str = r#"{"type":"ping","id":7}"#;

#[tokio::test(start_paused = true)]
async fn p12_haste_is_told_how_long_to_wait_and_that_holds() {
    let stage = Stage::with(hasty(), keeping(100), 0);
    let mut alice = stage.enter("alice");
    for wait_us in [0, 500, 1, 999, 33_333, 99_999] {
        // The bucket is drained, at odd moments too.
        advance(Duration::from_secs(10)).await;
        for _ in 0..5 {
            alice.send(PING).await;
        }
        advance(Duration::from_micros(wait_us)).await;
        alice.heard.clear();
        alice.send(PING).await;
        let refused = hear_now(&mut alice).last_refusal();
        assert_eq!(
            (refused.code, refused.id),
            (ErrorCode::TooFast.number(), Some(7.into()))
        );
        advance(Duration::from_millis(refused.retry_after_ms.unwrap())).await;
        alice.send(PING).await;
        let heard = &hear_now(&mut alice).heard;
        assert!(
            matches!(heard[..], [ServerFrame::Pong(_)]),
            "{wait_us}: {heard:?}"
        );
    }
}

/// Takes what waits without letting time pass.
fn hear_now(player: &mut Player) -> &mut Player {
    use futures_util::FutureExt as _;
    while player.take_one().now_or_never().is_some() {}
    player
}

#[tokio::test(start_paused = true)]
async fn p12_who_goes_on_after_many_refusals_is_closed_and_a_neighbour_is_not() {
    let stage = Stage::with(hasty(), keeping(100), 0);
    let (mut alice, mut bob) = (stage.enter("alice"), stage.enter("bob"));
    let mut sent = 0;
    while alice.send(PING).await == Flow::Continue {
        sent += 1;
        assert!(sent < 100);
    }
    assert_eq!(alice.send(PING).await, Flow::Close(CloseCode::Flooding));
    bob.join(&room("r")).await;
    assert!(bob.chat(&room("r"), "hello").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn p12_garbage_counts_as_haste_too() {
    let stage = Stage::with(hasty(), keeping(100), 0);
    let mut alice = stage.enter("alice");
    for _ in 0..10 {
        alice.send("garbage").await;
    }
    alice.listen().await;
    let codes: Vec<_> = alice.errors().iter().map(|error| error.code).collect();
    assert_eq!(codes[..5], [ErrorCode::BadFrame.number(); 5]);
    assert_eq!(codes[5..], [ErrorCode::TooFast.number(); 5]);
}

#[tokio::test(start_paused = true)]
async fn p12_rights_to_read_and_to_write_are_looked_at_each_for_itself() {
    let stage = Stage::new();
    let patterns = [("read.*", Access::Read), ("drop.*", Access::Write)];
    let mut alice = stage.enter_as(identity("alice", rights(&patterns)));
    let mut bob = stage.enter("bob");
    bob.join(&room("drop.box")).await;
    alice.join(&room("read.me")).await;
    let refused = alice.chat(&room("read.me"), "no").await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::NotAllowed.number());
    // Who may write and not read neither can nor must join.
    let join = r#"{"type":"join","id":1,"room":"drop.box"}"#;
    assert_eq!(code_of(&mut alice, join).await, ErrorCode::NotAllowed);
    assert!(alice.chat(&room("drop.box"), "dropped").await.is_ok());
    bob.listen().await;
    assert_eq!(bob.texts(&room("drop.box")), ["dropped"]);
    assert!(alice.texts(&room("drop.box")).is_empty());
    // No pattern opens somebody else's inbox, and everybody may write to it with `direct`.
    alice.ask("direct", r#""to":"bob","message":"psst""#).await;
    bob.join_with_history(&room("@bob"), 1).await;
    assert_eq!(bob.joined(&room("@bob")).messages.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn p12_a_token_that_opens_less_takes_the_session_out_of_what_it_closes() {
    let stage = Stage::new();
    let mut alice = stage.enter("alice");
    alice.join(&room("team.a")).await;
    alice.join(&room("other")).await;
    alice.ask("auth", r#""token":"alice:team.*""#).await;
    alice.listen().await;
    let refused = alice.last_refusal();
    assert_eq!(
        (refused.code, refused.room),
        (ErrorCode::NotAllowed.number(), Some(room("other")))
    );
    stage.say(&room("other"), "secret").await;
    stage.say(&room("team.a"), "open").await;
    alice.listen().await;
    assert_eq!(alice.texts(&room("team.a")), ["open"]);
    assert!(alice.texts(&room("other")).is_empty());
    pass(6_000).await;
    let roster = stage
        .presence
        .roster(&room("other"), None, 10)
        .await
        .unwrap();
    assert_eq!(roster.count, 0);
}

#[tokio::test(start_paused = true)]
async fn p12_typing_that_may_not_be_is_dropped_without_a_word() {
    let stage = Stage::new();
    let mut bob = stage.enter("bob");
    bob.join(&room("r")).await;
    let mut alice = stage.enter("alice");
    alice
        .send(r#"{"type":"typing","room":"r","typing":true}"#)
        .await;
    alice.listen().await;
    bob.listen().await;
    assert!(alice.errors().is_empty());
    assert!(
        !bob.heard
            .iter()
            .any(|frame| matches!(frame, ServerFrame::Typing(_)))
    );
}
