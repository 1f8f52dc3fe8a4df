//! Rooms: what the caller is told of whatever the server says.

use roomcast_protocol::{ClientFrame, ErrorCode, ServerFrame};

use crate::command::{Answer, Command};
use crate::error::Error;
use crate::event::Event;
use crate::scene::{
    EPOCH, OTHER_EPOCH, Scene, chat, error, gap, gap_range, joined, message, message_id, room, seq,
};

/// Takes the leave and the join of a room that is joined anew on the same connection.
fn rejoin(scene: &mut Scene) -> roomcast_protocol::Join {
    let sent = scene.sent();
    let [ClientFrame::Leave(_), ClientFrame::Join(join)] = &sent[..] else {
        panic!("no leave and join: {sent:?}")
    };
    join.clone()
}

#[test]
fn messages_come_in_order_and_once() {
    let mut scene = Scene::in_room_at(4);
    for n in [5, 5, 6, 4, 7] {
        scene.hear(chat(EPOCH, n, n));
    }
    assert_eq!(scene.told(), [5, 6, 7]);
    assert_eq!(scene.sent(), [], "nothing is wrong");
}

#[test]
fn a_hole_that_was_not_told_is_filled_before_the_caller_sees_it() {
    let mut scene = Scene::in_room_at(4);
    scene.hear(chat(EPOCH, 5, 5));
    scene.hear(chat(EPOCH, 8, 8));
    assert_eq!(scene.told(), [5]);
    let join = rejoin(&mut scene);
    let since = join.rooms[0].since.unwrap();
    assert_eq!((since.epoch, since.seq), (EPOCH, seq(5)));
    assert_eq!(since.id, Some(message_id(5)));

    scene.hear(chat(EPOCH, 9, 9));
    assert_eq!(scene.told(), [0; 0], "what comes before the answer is old");
    scene.hear(ServerFrame::Joined(joined(&join, EPOCH, 9, &[6, 7, 8, 9])));
    let mut events = scene.events();
    let Event::Joined(told) = events.remove(0) else {
        panic!("{events:?}")
    };
    assert!(told.resumed && told.recovered);
    scene.hear(chat(EPOCH, 10, 10));
    events.extend(scene.events());
    assert_eq!(events.len(), 5, "{events:?}");
}

#[test]
fn a_told_gap_is_passed_on_and_what_follows_it_is_next() {
    let mut scene = Scene::in_room_at(4);
    scene.hear(gap(EPOCH, 5, 7));
    scene.hear(gap(EPOCH, 5, 7));
    scene.hear(chat(EPOCH, 8, 8));
    let events = scene.events();
    assert_eq!(events.len(), 2, "the second gap is old: {events:?}");
    let told = Event::Gap {
        room: room(),
        epoch: EPOCH,
        from: seq(5),
        to: seq(7),
    };
    assert_eq!(events[0], told);

    scene.hear(gap(EPOCH, 20, 21));
    assert_eq!(scene.events(), [], "between 8 and 20 nothing was told");
    rejoin(&mut scene);
}

#[test]
fn another_epoch_needs_a_gap_to_announce_it() {
    let mut scene = Scene::in_room_at(4);
    scene.hear(gap(OTHER_EPOCH, 1, 0));
    scene.hear(chat(OTHER_EPOCH, 1, 31));
    assert_eq!(scene.events().len(), 2);
    scene.hear(chat(EPOCH, 5, 5));
    assert_eq!(scene.told(), [0; 0]);
    rejoin(&mut scene);
}

#[test]
fn after_a_change_of_epoch_nothing_is_told_again_under_its_new_position() {
    let mut scene = Scene::in_room_at(4);
    for n in 5..=7 {
        scene.hear(chat(EPOCH, n, n));
    }
    assert_eq!(scene.told(), [5, 6, 7]);
    scene.cut();
    scene.open();
    let join = scene.sent_join();
    let mut answer = joined(&join, OTHER_EPOCH, 3, &[]);
    answer.recovered = false;
    let at = [(1, 6), (2, 7), (3, 40)];
    answer.messages = at
        .map(|(at, n)| message(OTHER_EPOCH, at, n).to_json())
        .to_vec();
    scene.hear(ServerFrame::Joined(answer));
    let mut events = scene.events();
    let Event::Joined(told) = events.remove(0) else {
        panic!("{events:?}")
    };
    assert!(told.resumed && !told.recovered);
    scene.hear(chat(OTHER_EPOCH, 4, 5));
    events.extend(scene.events());
    assert_eq!(events.len(), 1, "6, 7 and 5 are known: {events:?}");
    scene.hear(chat(OTHER_EPOCH, 5, 41));
    assert_eq!(scene.told(), [41]);
}

#[test]
fn another_message_where_we_stand_means_that_the_log_forgot() {
    let mut scene = Scene::in_room_at(4);
    scene.hear(chat(EPOCH, 5, 5));
    scene.hear(chat(EPOCH, 5, 99));
    assert_eq!(scene.told(), [5]);
    let join = rejoin(&mut scene);
    assert_eq!(join.rooms[0].since.unwrap().id, Some(message_id(5)));
}

#[test]
fn a_resume_says_where_it_was_and_tells_what_the_log_lost() {
    let mut scene = Scene::in_room_at(4);
    scene.hear(chat(EPOCH, 5, 5));
    scene.told();
    scene.cut();
    scene.open();
    let join = scene.sent_join();
    let mut answer = joined(&join, EPOCH, 9, &[8, 9]);
    answer.recovered = false;
    answer.gap = gap_range(6, 7);
    scene.hear(ServerFrame::Joined(answer));
    let events = scene.events();
    let [Event::Joined(told), Event::Chat(_), Event::Chat(_)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(told.gap, gap_range(6, 7));
    assert!(!told.recovered);
    let position = scene.ask(Command::Position { room: room() });
    let Some(Ok(Answer::Position(Some(since)))) = scene.answer(position) else {
        panic!("no position")
    };
    assert_eq!((since.seq, since.id), (seq(9), Some(message_id(9))));
}

#[test]
fn an_answer_with_a_hole_is_asked_for_again_and_in_the_end_told_as_a_gap() {
    let mut scene = Scene::in_room_at(4);
    scene.cut();
    scene.open();
    let mut join = scene.sent_join();
    for _ in 0..2 {
        scene.hear(ServerFrame::Joined(joined(&join, EPOCH, 8, &[5, 7])));
        assert_eq!(scene.events(), []);
        scene.pass(1_000);
        join = rejoin(&mut scene);
    }
    scene.hear(ServerFrame::Joined(joined(&join, EPOCH, 8, &[5, 7])));
    let events = scene.events();
    let gaps = events.iter().filter(|e| matches!(e, Event::Gap { .. }));
    assert_eq!(gaps.count(), 2, "6 and 8: {events:?}");
    assert!(matches!(&events[0], Event::Joined(told) if !told.recovered));
    scene.hear(chat(EPOCH, 9, 9));
    assert_eq!(scene.told(), [9]);
}

#[test]
fn a_room_refused_for_good_is_told_to_its_caller_or_given_up() {
    let mut scene = Scene::offline(|_| ());
    scene.open();
    let ticket = scene.join();
    let join = scene.sent_join();
    scene.hear(error(&join.id, ErrorCode::NotAllowed, None));
    let refused = scene.answer(ticket);
    assert!(matches!(
        refused,
        Some(Err(Error::Refused { code: 200, .. }))
    ));

    let mut scene = Scene::in_room_at(4);
    scene.cut();
    scene.open();
    let join = scene.sent_join();
    scene.hear(error(&join.id, ErrorCode::NotAllowed, None));
    assert!(matches!(&scene.events()[..], [Event::RoomLost { .. }]));
    scene.cut();
    scene.open();
    assert_eq!(scene.sent(), [], "it is not asked for again");
}

#[test]
fn one_room_of_several_may_be_refused_and_a_frame_refused_whole_is_asked_for_room_by_room() {
    let mut scene = Scene::offline(|_| ());
    let names = ["a", "b"].map(|name| name.parse().unwrap());
    let tickets = names.clone().map(|room| {
        let options = crate::outgoing::JoinOptions::default();
        scene.ask(Command::Join { room, options })
    });
    scene.open();
    let join = scene.sent_join();
    assert_eq!(join.rooms.len(), 2);

    scene.hear(error(&join.id, ErrorCode::TooFast, Some(100)));
    scene.pass(100);
    let join = scene.sent_join();
    assert_eq!(join.rooms.len(), 2, "haste says nothing about the rooms");

    scene.hear(error(&join.id, ErrorCode::NotAllowed, None));
    let sent = scene.sent();
    let alone = |frame: &&ClientFrame| matches!(frame, ClientFrame::Join(j) if j.rooms.len() == 1);
    assert_eq!(sent.iter().filter(alone).count(), 2, "{sent:?}");

    scene.cut();
    scene.open();
    let ServerFrame::Error(mut refused) = error(&scene.sent_join().id, ErrorCode::NotAllowed, None)
    else {
        panic!("no error")
    };
    refused.room = Some(names[1].clone());
    scene.hear(ServerFrame::Error(refused));
    assert_eq!(scene.answer(tickets[0]), None);
    let answer = scene.answer(tickets[1]);
    assert!(matches!(answer, Some(Err(Error::Refused { .. }))));
}

#[test]
fn a_join_refused_for_haste_waits_as_long_as_it_was_told() {
    let mut scene = Scene::offline(|_| ());
    scene.open();
    let ticket = scene.join();
    let join = scene.sent_join();
    scene.hear(error(&join.id, ErrorCode::TooFast, Some(300)));
    scene.pass(299);
    assert_eq!(scene.sent(), []);
    scene.pass(1);
    let join = scene.sent_join();
    scene.hear(ServerFrame::Joined(joined(&join, EPOCH, 0, &[])));
    assert!(matches!(scene.answer(ticket), Some(Ok(Answer::Joined(_)))));
}

#[test]
fn a_join_that_is_not_answered_is_asked_for_again() {
    let mut scene = Scene::offline(|config| config.response_timeout_ms = 5_000);
    scene.open();
    scene.join();
    let first = scene.sent_join();
    scene.pass(5_000);
    let second = rejoin(&mut scene);
    scene.hear(ServerFrame::Joined(joined(&first, EPOCH, 1, &[])));
    assert_eq!(scene.events(), [], "the room was left since");
    scene.hear(ServerFrame::Joined(joined(&second, EPOCH, 1, &[])));
    assert_eq!(scene.events().len(), 1);
}

#[test]
fn a_room_left_and_wanted_again_is_joined_afresh() {
    let mut scene = Scene::in_room_at(4);
    let leave = scene.ask(Command::Leave { room: room() });
    let ClientFrame::Leave(left) = scene.sent().remove(0) else {
        panic!("no leave")
    };
    scene.hear(chat(EPOCH, 5, 5));
    assert_eq!(scene.events(), [], "the room is left");
    scene.join();
    let join = scene.sent_join();
    assert_eq!(join.rooms[0].since, None);
    // The leave was too fast and didn't happen, so the join finds us in the room.
    scene.hear(error(&left.id, ErrorCode::TooFast, Some(100)));
    assert_eq!(scene.answer(leave), Some(Ok(Answer::Done)));
    scene.hear(error(&join.id, ErrorCode::AlreadyJoined, None));
    scene.pass(1_000);
    rejoin(&mut scene);
}
