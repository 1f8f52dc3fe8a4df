//! Messages and requests: what is sent when, and what their callers hear.

use roomcast_protocol::{ClientFrame, ErrorCode, ServerFrame};

use crate::command::{Answer, Command};
use crate::error::Error;
use crate::outgoing::Outgoing;
use crate::scene::{EPOCH, Scene, error, joined, room};

fn who() -> Command {
    Command::Who {
        room: room(),
        after: None,
        limit: None,
    }
}

/// Takes the answer that the message was acked.
fn is_acked(scene: &mut Scene, ticket: crate::state::Ticket) -> bool {
    matches!(scene.answer(ticket), Some(Ok(Answer::Acked(_))))
}

#[test]
fn what_was_not_acked_is_said_again_in_order_with_the_same_keys_once_back_in_the_room() {
    let mut scene = Scene::offline(|config| config.in_flight_room_max = 8);
    scene.open();
    scene.join();
    let join = scene.sent_join();
    scene.hear(ServerFrame::Joined(joined(&join, EPOCH, 0, &[])));
    let tickets = ["a", "b", "c"].map(|text| scene.say(text));
    let first = scene.said();
    assert_eq!(first.len(), 3);
    scene.ack(&first[1].0);
    assert!(is_acked(&mut scene, tickets[1]));

    scene.cut();
    scene.say("d");
    scene.open();
    let join = scene.sent_join();
    scene.hear(ServerFrame::Joined(joined(&join, EPOCH, 0, &[])));
    let again = scene.said();
    assert_eq!(again[..2], [first[0].clone(), first[2].clone()]);
    assert_eq!(again[2].1, "d");
    for (id, _, _) in &again {
        scene.ack(id);
    }
    assert!(is_acked(&mut scene, tickets[0]) && is_acked(&mut scene, tickets[2]));
}

#[test]
fn messages_of_a_room_go_one_by_one_and_one_put_off_holds_back_only_its_room() {
    let mut scene = Scene::in_room_at(0);
    scene.say("a");
    scene.say("b");
    let first = scene.said();
    assert_eq!(first.len(), 1);
    scene.hear(error(&first[0].0, ErrorCode::TryAgain, Some(200)));
    scene.ask(Command::Say(
        Outgoing::to_room("den".parse().unwrap(), "elsewhere").key("k".parse().unwrap()),
    ));
    assert_eq!(scene.said_texts(), ["elsewhere"]);
    scene.pass(199);
    assert_eq!(scene.said(), []);
    scene.pass(1);
    let again = scene.said();
    assert_eq!(again, first, "the same id and the same key");
    scene.ack(&again[0].0);
    assert_eq!(scene.said_texts(), ["b"]);
}

#[test]
fn a_message_without_an_answer_is_said_again_with_its_key() {
    let mut scene = Scene::in_room_at(0);
    let ticket = scene.say("a");
    let first = scene.said();
    scene.pass(9_999);
    assert_eq!(scene.said(), []);
    scene.pass(1);
    assert_eq!(scene.said(), first);
    scene.ack(&first[0].0);
    assert!(is_acked(&mut scene, ticket));
    scene.ack(&first[0].0);
    assert_eq!(scene.answer(ticket), None, "the second ack is of no use");
}

#[test]
fn a_message_is_given_up_before_its_key_stops_making_a_retry_safe() {
    let mut scene = Scene::in_room_at(0);
    let ticket = scene.say("a");
    scene.said();
    scene.cut();
    scene.pass(269_999);
    assert_eq!(scene.answer(ticket), None);
    scene.pass(1);
    assert_eq!(scene.answer(ticket), Some(Err(Error::OutcomeUnknown)));

    let mut scene = Scene::in_room_at(0);
    scene.cut();
    let ticket = scene.say("a");
    scene.pass(10_000_000);
    assert_eq!(
        scene.answer(ticket),
        None,
        "it was never sent, so it is safe"
    );
}

#[test]
fn a_deadline_says_whether_the_message_may_have_been_said() {
    let mut scene = Scene::in_room_at(0);
    let with_deadline = |text: &str| Outgoing::to_room(room(), text).deadline_ms(50);
    let sent = scene.ask(Command::Say(with_deadline("sent")));
    let waiting = scene.ask(Command::Say(with_deadline("waiting")));
    scene.pass(50);
    assert_eq!(scene.answer(sent), Some(Err(Error::OutcomeUnknown)));
    assert_eq!(scene.answer(waiting), Some(Err(Error::NotSent)));

    let hasty = scene.ask(Command::Say(with_deadline("hasty")));
    let Some(ClientFrame::Chat(say)) = scene.sent().pop() else {
        panic!("not sent")
    };
    scene.hear(error(&say.id, ErrorCode::TooFast, Some(1_000)));
    scene.pass(50);
    assert_eq!(
        scene.answer(hasty),
        Some(Err(Error::NotSent)),
        "a refusal for haste is certain"
    );
}

#[test]
fn a_full_outbox_is_told_at_once() {
    let mut scene = Scene::offline(|config| config.outbox_max = 2);
    scene.say("a");
    scene.say("b");
    let third = scene.say("c");
    let full = Err(Error::OutboxFull { max: 2 });
    assert_eq!(scene.answer(third), Some(full));
}

#[test]
fn a_message_beyond_the_limits_never_reaches_the_server() {
    let mut scene = Scene::offline(|_| ());
    let before = scene.ask(Command::Say(Outgoing::to_room(room(), "x".repeat(1_001))));
    scene.open();
    let refused = |answer| matches!(answer, Some(Err(Error::Refused { code: 301, .. })));
    assert!(refused(scene.answer(before)));
    let after = scene.ask(Command::Say(Outgoing::to_room(room(), "x".repeat(1_001))));
    assert!(refused(scene.answer(after)));
    // Short enough as text, too long once it is escaped.
    let escaped = scene.ask(Command::Say(Outgoing::to_room(room(), "\u{1}".repeat(400))));
    let refused = scene.answer(escaped);
    assert!(matches!(
        refused,
        Some(Err(Error::Refused { code: 102, .. }))
    ));
    assert_eq!(scene.sent(), []);
}

#[test]
fn a_message_refused_for_good_is_not_said_again() {
    let mut scene = Scene::in_room_at(0);
    let ticket = scene.say("a");
    let id = scene.said().remove(0).0;
    scene.hear(error(&id, ErrorCode::NotAllowed, None));
    let refused = scene.answer(ticket);
    assert!(matches!(
        refused,
        Some(Err(Error::Refused { code: 200, .. }))
    ));
    scene.cut();
    scene.open();
    let join = scene.sent_join();
    scene.hear(ServerFrame::Joined(joined(&join, EPOCH, 0, &[])));
    assert_eq!(scene.sent(), []);
}

#[test]
fn a_message_that_finds_us_out_of_the_room_waits_until_we_are_in_again() {
    let mut scene = Scene::in_room_at(0);
    let ticket = scene.say("a");
    let first = scene.said();
    scene.hear(error(&first[0].0, ErrorCode::NotJoined, None));
    let sent = scene.sent();
    let [ClientFrame::Leave(_), ClientFrame::Join(join)] = &sent[..] else {
        panic!("{sent:?}")
    };
    scene.hear(ServerFrame::Joined(joined(join, EPOCH, 0, &[])));
    scene.pass(1_000);
    assert_eq!(scene.said(), first);
    assert_eq!(scene.answer(ticket), None);
}

#[test]
fn a_question_survives_a_reconnect_but_not_its_time() {
    let mut scene = Scene::in_room_at(0);
    let ticket = scene.ask(who());
    assert_eq!(scene.sent().len(), 1);
    scene.cut();
    scene.open();
    let join = scene.sent_join();
    scene.hear(ServerFrame::Joined(joined(&join, EPOCH, 0, &[])));
    assert!(matches!(&scene.sent()[..], [ClientFrame::Who(_)]));
    scene.pass(10_000);
    assert_eq!(scene.answer(ticket), Some(Err(Error::NoAnswer)));
}

#[test]
fn typing_is_told_now_or_never() {
    let mut scene = Scene::in_room_at(0);
    let (room, typing) = (room(), true);
    scene.ask(Command::Typing { room, typing });
    assert!(matches!(&scene.sent()[..], [ClientFrame::Typing(_)]));
    scene.cut();
    let room = crate::scene::room();
    let ticket = scene.ask(Command::Typing { room, typing });
    assert_eq!(scene.answer(ticket), Some(Ok(Answer::Done)));
    scene.open();
    scene.sent_join();
}
