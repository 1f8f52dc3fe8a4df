//! A session's own inbox, direct messages, and what back ends order about users.

use roomcast_gateway::{Access, Disconnect, Identity, Reach};
use roomcast_protocol::{CloseCode, ErrorCode, ServerFrame};

use crate::claims::{identity, rights};
use crate::player::Player;
use crate::stage::{Stage, pass, room};

const ALICES: &str = "@alice";

async fn direct(from: &mut Player, to: &str, text: &str) -> u64 {
    let fields = format!(r#""to":"{to}","message":"{text}","key":"{text}""#);
    from.ask("direct", &fields).await
}

#[tokio::test(start_paused = true)]
async fn a_session_is_in_its_inbox_without_asking_and_comes_back_to_it_by_position() {
    let (stage, inbox) = (Stage::new(), room(ALICES));
    let mut alice = stage.enter("alice");
    alice.listen().await;
    let joined = alice.joined(&inbox);
    assert_eq!(
        (joined.id, joined.seq.value(), joined.unread),
        (None, 0, Some(0))
    );
    let mut bob = stage.enter("bob");
    direct(&mut bob, "alice", "one").await;
    alice.listen().await;
    assert_eq!(alice.texts(&inbox), ["one"]);
    let since = alice.ledger().row(&inbox).since();
    alice.session.end().await;
    for text in ["two", "three"] {
        direct(&mut bob, "alice", text).await;
    }
    let mut back = stage.enter_at(identity("alice", rights(&[])), Some(since));
    back.listen().await;
    let joined = back.joined(&inbox);
    assert!(joined.recovered);
    assert_eq!((joined.messages.len(), joined.unread), (2, Some(3)));
    direct(&mut bob, "alice", "four").await;
    back.listen().await;
    assert_eq!(back.texts(&inbox), ["four"]);
    back.ledger();
}

#[tokio::test(start_paused = true)]
async fn a_direct_message_is_the_same_message_in_both_inboxes_on_all_devices() {
    let stage = Stage::new();
    let mut devices: Vec<Player> = ["alice", "alice", "bob", "bob"]
        .map(|it| stage.enter(it))
        .into();
    for device in &mut devices {
        device.listen().await;
    }
    let id = direct(&mut devices[0], "bob", "hello").await;
    devices[0].listen().await;
    assert_eq!(devices[0].acked(id).unwrap().room, room("@bob"));
    let mut ids = Vec::new();
    for (device, inbox) in devices.iter_mut().zip([ALICES, ALICES, "@bob", "@bob"]) {
        device.listen().await;
        let chats = device.chats(&room(inbox));
        assert_eq!(chats.len(), 1);
        assert_eq!(chats[0].to.as_ref().unwrap().as_str(), "bob");
        ids.push(chats[0].id);
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_retry_makes_good_the_copy_that_a_dying_node_left_out() {
    let stage = Stage::new();
    let (mut alice, mut bob) = (stage.enter("alice"), stage.enter("bob"));
    alice.listen().await;
    bob.listen().await;
    stage.double.script().lose_publish_answers(1);
    let id = direct(&mut alice, "bob", "hello").await;
    alice.listen().await;
    assert_eq!(
        alice.acked(id).unwrap_err().code,
        ErrorCode::TryAgain.number()
    );
    assert!(alice.texts(&room(ALICES)).is_empty(), "not yet in her own");
    let id = direct(&mut alice, "bob", "hello").await;
    alice.listen().await;
    bob.listen().await;
    assert!(alice.acked(id).unwrap().duplicate);
    assert_eq!(alice.texts(&room(ALICES)), ["hello"]);
    assert_eq!(bob.texts(&room("@bob")), ["hello"], "once");
    assert_eq!(
        alice.chats(&room(ALICES))[0].id,
        bob.chats(&room("@bob"))[0].id
    );
}

#[tokio::test(start_paused = true)]
async fn one_key_to_two_users_leaves_two_copies_and_each_is_retried_for_itself() {
    let stage = Stage::new();
    let mut alice = stage.enter("alice");
    alice.listen().await;
    for to in ["bob", "carol", "bob"] {
        let fields = format!(r#""to":"{to}","message":"to {to}","key":"k""#);
        let id = alice.ask("direct", &fields).await;
        alice.listen().await;
        alice.acked(id).unwrap();
    }
    assert_eq!(alice.texts(&room(ALICES)), ["to bob", "to carol"]);
}

#[tokio::test(start_paused = true)]
async fn nobody_can_join_read_look_into_or_leave_an_inbox() {
    let stage = Stage::new();
    let mut bob = stage.enter("bob");
    for (ask, fields, code) in [
        ("join", r#""room":"@alice""#, ErrorCode::NotAllowed),
        ("history", r#""room":"@alice""#, ErrorCode::NotJoined),
        ("who", r#""room":"@alice""#, ErrorCode::NotJoined),
        ("read", r#""room":"@alice","seq":1"#, ErrorCode::NotJoined),
        (
            "chat",
            r#""room":"@alice","message":"x""#,
            ErrorCode::NotAllowed,
        ),
        (
            "chat",
            r#""room":"@bob","message":"x""#,
            ErrorCode::NotAllowed,
        ),
        ("leave", r#""room":"@bob""#, ErrorCode::NotAllowed),
    ] {
        bob.ask(ask, fields).await;
        bob.listen().await;
        assert_eq!(bob.last_refusal().code, code.number(), "{ask} {fields}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_inbox_is_joined_anew_by_its_user() {
    let (stage, inbox) = (Stage::new(), room(ALICES));
    let mut alice = stage.enter("alice");
    alice.listen().await;
    direct(&mut stage.enter("bob"), "alice", "one").await;
    let joined = alice.join_with_history(&inbox, 5).await;
    assert_eq!((joined.id.is_some(), joined.messages.len()), (true, 1));
    alice.ask("history", r#""room":"@alice""#).await;
    direct(&mut stage.enter("carol"), "alice", "two").await;
    alice.listen().await;
    assert!(alice.errors().is_empty());
    assert_eq!(alice.texts(&inbox).last(), Some(&"two"), "and once only");
    assert_eq!(
        alice
            .texts(&inbox)
            .iter()
            .filter(|text| **text == "two")
            .count(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_at_first_costs_a_session_its_inbox_for_a_while_only() {
    let (stage, inbox) = (Stage::new(), room(ALICES));
    stage.double.script().concerns_inboxes();
    stage.double.script().fail_subscribes(3);
    let mut alice = stage.enter("alice");
    pass(10_000).await;
    direct(&mut stage.enter("bob"), "alice", "one").await;
    alice.listen().await;
    assert_eq!(alice.texts(&inbox), ["one"]);
}

#[tokio::test(start_paused = true)]
async fn whom_one_may_write_to_is_a_claim() {
    let stage = Stage::new();
    let claimed = Identity {
        direct: Reach::from_patterns(["staff.*".to_owned()]).unwrap(),
        ..identity("alice", rights(&[("*", Access::ReadWrite)]))
    };
    let mut alice = stage.enter_as(claimed);
    for (to, allowed) in [("bob", false), ("staff.1", true), ("alice", true)] {
        let id = direct(&mut alice, to, to).await;
        alice.listen().await;
        let refused = alice.acked(id).err().map(|error| error.code);
        assert_eq!(
            refused,
            (!allowed).then_some(ErrorCode::NotAllowed.number()),
            "{to}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_back_end_ends_all_sessions_of_a_user_or_one() {
    let stage = Stage::new();
    let (mut desk, mut phone, mut bob) = (
        stage.enter("alice"),
        stage.enter("alice"),
        stage.enter("bob"),
    );
    pass(10).await;
    let user = "alice".parse().unwrap();
    assert_eq!(stage.node.whereabouts(&user).await.unwrap().sessions, 2);
    let one = Disconnect {
        session: Some(phone.session.id()),
        code: Some(4450),
        reason: Some("elsewhere".into()),
    };
    assert_eq!(stage.node.disconnect(&user, one).await.unwrap(), 1);
    for player in [&mut desk, &mut phone, &mut bob] {
        pass(10).await;
        player.listen().await;
    }
    assert_eq!((desk.closed, bob.closed), (None, None));
    assert_eq!(phone.closed, Some(CloseCode::Disconnected));
    assert_eq!(phone.goodbye, Some((4450, "elsewhere".to_owned())));
    stage
        .node
        .disconnect(&user, Disconnect::default())
        .await
        .unwrap();
    pass(10).await;
    desk.listen().await;
    assert_eq!(desk.goodbye, Some((4402, "disconnected".to_owned())));
    for bad in [1000, 4000, 4400, 4500] {
        let how = Disconnect {
            code: Some(bad),
            ..Disconnect::default()
        };
        let refused = stage.node.disconnect(&user, how).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::BadValue, "{bad}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_taken_out_is_told_and_is_out_and_may_come_back() {
    let (stage, lobby) = (Stage::new(), room("lobby"));
    let (mut alice, mut bob) = (stage.enter("alice"), stage.enter("bob"));
    alice.join(&lobby).await;
    bob.join(&lobby).await;
    stage
        .node
        .remove(&lobby, &"alice".parse().unwrap())
        .await
        .unwrap();
    pass(10).await;
    stage.say(&lobby, "unheard").await;
    alice.listen().await;
    let told = alice.last_refusal();
    let expected = (None, Some(lobby.clone()), ErrorCode::Removed.number());
    assert_eq!((told.id, told.room, told.code), expected);
    let refused = alice.chat(&lobby, "still here?").await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::NotJoined.number());
    assert!(alice.texts(&lobby).is_empty());
    pass(6_000).await;
    bob.listen().await;
    let left = bob
        .heard
        .iter()
        .filter(|it| matches!(it, ServerFrame::UserLeft(_)));
    assert_eq!(left.count(), 1);
    alice.join(&lobby).await;
    alice.chat(&lobby, "back").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_ban_takes_out_and_keeps_out_until_it_ends() {
    let (stage, lobby) = (Stage::new(), room("lobby"));
    let mut alice = stage.enter("alice");
    alice.join(&lobby).await;
    let user = "alice".parse().unwrap();
    stage.node.ban(&lobby, &user, 60_000).await.unwrap();
    pass(10).await;
    alice.listen().await;
    assert_eq!(alice.last_refusal().code, ErrorCode::Banned.number());
    alice.ask("join", r#""room":"lobby""#).await;
    alice.listen().await;
    let refused = alice.last_refusal();
    assert_eq!(refused.code, ErrorCode::Banned.number());
    assert!(refused.retry_after_ms.unwrap() > 50_000);
    let mut phone = stage.enter("alice");
    phone.ask("join", r#""room":"lobby""#).await;
    phone.listen().await;
    assert_eq!(phone.last_refusal().code, ErrorCode::Banned.number());
    assert!(stage.node.unban(&lobby, &user).await.unwrap());
    phone.join(&lobby).await;
}

#[tokio::test(start_paused = true)]
async fn a_join_on_its_way_does_not_outrun_an_order() {
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
        stage
            .node
            .remove(&lobby, &"alice".parse().unwrap())
            .await
            .unwrap();
        pass(10).await;
        gate.release();
        joining.await;
    }
    alice.listen().await;
    assert_eq!(alice.last_refusal().code, ErrorCode::Removed.number());
    let refused = alice.chat(&lobby, "in?").await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::NotJoined.number());
}

#[tokio::test(start_paused = true)]
async fn a_ban_whose_order_was_lost_is_found_when_the_inbox_is_doubted() {
    let (stage, lobby) = (Stage::new(), room("lobby"));
    let mut alice = stage.enter("alice");
    alice.join(&lobby).await;
    stage.double.lose_signals(true);
    stage
        .node
        .ban(&lobby, &"alice".parse().unwrap(), 60_000)
        .await
        .unwrap();
    stage.double.lose_signals(false);
    stage.double.doubt(&room("@bob")).await;
    pass(1_000).await;
    alice.chat(&lobby, "unheard of").await.unwrap();
    stage.double.doubt(&room("@alice")).await;
    pass(1_000).await;
    alice.listen().await;
    assert_eq!(alice.last_refusal().code, ErrorCode::Banned.number());
    assert!(alice.chat(&lobby, "?").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_ban_whose_order_was_lost_is_found_when_the_link_is_back() {
    let (stage, lobby) = (Stage::new(), room("lobby"));
    let mut alice = stage.enter("alice");
    alice.join(&lobby).await;
    stage.double.lose_signals(true);
    stage
        .node
        .ban(&lobby, &"alice".parse().unwrap(), 60_000)
        .await
        .unwrap();
    pass(1_000).await;
    alice.chat(&lobby, "unheard of").await.unwrap();
    stage.double.lose_signals(false);
    stage.double.interrupt().await;
    pass(1_000).await;
    alice.listen().await;
    assert_eq!(alice.last_refusal().code, ErrorCode::Banned.number());
    assert!(alice.chat(&lobby, "?").await.is_err());
}
