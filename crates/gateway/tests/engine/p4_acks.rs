//! P4 and P5: acked is kept, and a retry is safe.

use futures_util::FutureExt as _;
use roomcast_broker::Span;
use roomcast_protocol::ErrorCode;

use crate::stage::{Stage, room, settle};

const KEYED: &str = r#""room":"lobby","message":"once","key":"k1""#;

#[tokio::test(start_paused = true)]
async fn p4_an_ack_comes_only_after_the_log_has_the_message() {
    let stage = Stage::new();
    let lobby = room("lobby");
    let mut alice = stage.enter("alice");
    alice.join(&lobby).await;
    stage.double.script().publishes.shut();
    let frame = r#"{"type":"chat","id":1,"room":"lobby","message":"hi"}"#;
    {
        let mut saying = std::pin::pin!(alice.session.receive(frame));
        assert!(saying.as_mut().now_or_never().is_none());
        settle().await;
        assert!(
            stage.double.log(&lobby).await.is_empty(),
            "not kept, not acked"
        );
        stage.double.script().publishes.release();
        saying.await;
    }
    alice.listen().await;
    let ack = alice.acked(1).unwrap();
    let log = stage
        .double
        .look(&lobby, Span::Latest { limit: 1 })
        .await
        .unwrap();
    assert_eq!((log.head.epoch, log.head.seq), (ack.epoch, ack.seq));
}

#[tokio::test(start_paused = true)]
async fn p5_a_retry_from_another_session_of_the_user_gets_the_first_ack_back() {
    let stage = Stage::new();
    let lobby = room("lobby");
    let (mut phone, mut desk) = (stage.enter("alice"), stage.enter("alice"));
    phone.join(&lobby).await;
    desk.join(&lobby).await;
    let id = phone.ask("chat", KEYED).await;
    phone.listen().await;
    let first = phone.acked(id).unwrap();
    assert!(!first.duplicate);
    stage.say(&lobby, "in between").await;
    let id = desk.ask("chat", KEYED).await;
    desk.listen().await;
    let retry = desk.acked(id).unwrap();
    assert!(retry.duplicate);
    assert_eq!(
        (retry.epoch, retry.seq, retry.timestamp),
        (first.epoch, first.seq, first.timestamp)
    );
    assert_eq!(desk.texts(&lobby), ["once", "in between"], "said once");
}

#[tokio::test(start_paused = true)]
async fn p5_the_same_key_of_another_user_is_another_message() {
    let stage = Stage::new();
    let lobby = room("lobby");
    let (mut alice, mut bob) = (stage.enter("alice"), stage.enter("bob"));
    alice.join(&lobby).await;
    bob.join(&lobby).await;
    alice.ask("chat", KEYED).await;
    let id = bob.ask("chat", KEYED).await;
    bob.listen().await;
    assert!(!bob.acked(id).unwrap().duplicate);
    assert_eq!(bob.texts(&lobby), ["once", "once"]);
}

#[tokio::test(start_paused = true)]
async fn p5_when_the_answer_of_the_store_is_lost_the_retry_finds_the_message_kept() {
    let stage = Stage::new();
    let lobby = room("lobby");
    let mut alice = stage.enter("alice");
    alice.join(&lobby).await;
    stage.double.script().lose_publish_answers(1);
    let id = alice.ask("chat", KEYED).await;
    alice.listen().await;
    let refused = alice.acked(id).unwrap_err();
    assert_eq!(refused.code, ErrorCode::TryAgain.number());
    assert!(refused.retry_after_ms.is_some());
    let id = alice.ask("chat", KEYED).await;
    alice.listen().await;
    assert!(alice.acked(id).unwrap().duplicate);
    assert_eq!(alice.texts(&lobby), ["once"]);
}

#[tokio::test(start_paused = true)]
async fn p5_a_direct_message_lands_in_both_inboxes_as_the_same_message() {
    let stage = Stage::new();
    let (mut alice, mut bob) = (stage.enter("alice"), stage.enter("bob"));
    alice.join(&room("@alice")).await;
    bob.join(&room("@bob")).await;
    let fields = r#""to":"bob","message":"psst","key":"k1""#;
    let id = alice.ask("direct", fields).await;
    alice.listen().await;
    bob.listen().await;
    let ack = alice.acked(id).unwrap();
    assert_eq!(ack.room, room("@bob"));
    let own = alice.chats(&room("@alice"))[0].clone();
    let theirs = bob.chats(&room("@bob"))[0].clone();
    assert_eq!((own.id, &own.message), (theirs.id, &theirs.message));
    assert_eq!(own.to, Some("bob".parse().unwrap()));
    // Neither is said twice when the sender tries again.
    let id = alice.ask("direct", fields).await;
    alice.listen().await;
    bob.listen().await;
    assert!(alice.acked(id).unwrap().duplicate);
    assert_eq!(alice.chats(&room("@alice")).len(), 1);
    assert_eq!(bob.chats(&room("@bob")).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn p5_a_direct_whose_copy_failed_is_made_whole_by_the_retry() {
    let stage = Stage::new();
    let (mut alice, mut bob) = (stage.enter("alice"), stage.enter("bob"));
    alice.join(&room("@alice")).await;
    bob.join(&room("@bob")).await;
    let fields = r#""to":"bob","message":"psst","key":"k1""#;
    stage.double.script().lose_publish_answers(1);
    let id = alice.ask("direct", fields).await;
    alice.listen().await;
    assert!(alice.acked(id).is_err());
    assert!(alice.chats(&room("@alice")).is_empty(), "no copy yet");
    alice.ask("direct", fields).await;
    alice.listen().await;
    bob.listen().await;
    assert_eq!(
        alice.chats(&room("@alice"))[0].id,
        bob.chats(&room("@bob"))[0].id
    );
    assert_eq!(bob.chats(&room("@bob")).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn p5_a_note_to_oneself_is_one_message() {
    let stage = Stage::new();
    let mut alice = stage.enter("alice");
    alice.join(&room("@alice")).await;
    alice
        .ask("direct", r#""to":"alice","message":"milk""#)
        .await;
    alice.listen().await;
    assert_eq!(alice.texts(&room("@alice")), ["milk"]);
}
