//! The user's own inbox: direct messages, in order and once, without anything being asked for.

use roomcast_protocol::{ClientFrame, ErrorCode, Gap, Join, ServerFrame, Since};

use crate::command::{Answer, Command};
use crate::error::Error;
use crate::event::{Event, JoinedRoom};
use crate::outgoing::{JoinOptions, Outgoing};
use crate::scene::{
    EPOCH, OTHER_EPOCH, Scene, direct, error, gap_range, in_inbox, inbox, joined, message_id,
    message_in, number, seq,
};

fn since(at: u64) -> Since {
    Since {
        epoch: EPOCH,
        seq: seq(at),
        id: Some(message_id(at)),
    }
}

/// The numbers of the direct messages told; nothing else was.
fn told(scene: &mut Scene) -> Vec<u64> {
    numbers(scene.events())
}

fn numbers(events: Vec<Event>) -> Vec<u64> {
    let number = |event| match event {
        Event::Direct(chat) => {
            assert_eq!(chat.to, Some("alice".parse().unwrap()));
            number(&chat)
        }
        other => panic!("no direct message: {other:?}"),
    };
    events.into_iter().map(number).collect()
}

/// Connects; the server says this of the inbox. What is told, without `connected`.
fn open_with(scene: &mut Scene, joined: roomcast_protocol::Joined) -> (JoinedRoom, Vec<Event>) {
    scene.open_as("alice".parse().unwrap());
    scene.events();
    scene.hear(ServerFrame::Joined(joined));
    let mut events = scene.events();
    match events.remove(0) {
        Event::Joined(told) => (*told, events),
        other => panic!("{other:?}"),
    }
}

/// The `join` of the inbox that was sent; no `leave` was.
fn join_alone(scene: &mut Scene) -> Join {
    let sent = scene.sent();
    match &sent[..] {
        [ClientFrame::Join(join)] if join.rooms[0].room == inbox() => join.clone(),
        _ => panic!("no join alone: {sent:?}"),
    }
}

#[test]
fn direct_messages_come_in_order_and_once_and_nothing_is_asked_for_them() {
    let mut scene = Scene::offline(|_| ());
    scene.open();
    for n in [1, 2, 2, 1, 3] {
        scene.hear(direct(EPOCH, n, n));
    }
    assert_eq!(told(&mut scene), [1, 2, 3]);
    assert_eq!(scene.sent(), []);
    let position = scene.ask(Command::Position { room: inbox() });
    let known = Some(Ok(Answer::Position(Some(since(3)))));
    assert_eq!(scene.answer(position), known);
}

#[test]
fn the_next_connection_goes_on_where_the_inbox_was() {
    let mut scene = Scene::offline(|_| ());
    assert_eq!(scene.state.inbox_since(), None);
    scene.open();
    scene.hear(direct(EPOCH, 1, 1));
    assert_eq!(told(&mut scene), [1]);
    scene.cut();
    let place = scene.state.inbox_since();
    assert_eq!(place, Some(since(1)));

    let (joined, events) = open_with(&mut scene, in_inbox(place, EPOCH, 3, &[2, 3]));
    assert!(joined.resumed && joined.recovered, "{joined:?}");
    assert_eq!(numbers(events), [2, 3]);
    scene.hear(direct(EPOCH, 3, 3));
    scene.hear(direct(EPOCH, 4, 4));
    assert_eq!(told(&mut scene), [4]);
    assert_eq!(scene.sent(), []);
}

#[test]
fn what_comes_before_the_inbox_is_there_belongs_to_nobody() {
    let mut scene = Scene::offline(|_| ());
    scene.open_as("alice".parse().unwrap());
    scene.events();
    scene.hear(direct(EPOCH, 1, 1));
    assert_eq!(scene.events(), []);
    scene.pass(60_000);
    assert_eq!(scene.sent(), [], "the server lets us in when it can");
}

#[test]
fn a_first_connection_may_go_on_where_an_earlier_client_was() {
    let mut scene = Scene::offline(|config| config.inbox = Some(since(7)));
    let place = scene.state.inbox_since();
    assert_eq!(place, Some(since(7)));
    let (joined, events) = open_with(&mut scene, in_inbox(place, EPOCH, 8, &[8]));
    assert!(joined.resumed && joined.recovered);
    assert_eq!(numbers(events), [8]);
}

#[test]
fn what_the_log_lost_of_an_inbox_is_told_as_of_any_room() {
    let mut scene = Scene::offline(|config| config.inbox = Some(since(3)));
    let mut answer = in_inbox(Some(since(3)), EPOCH, 9, &[9]);
    (answer.recovered, answer.gap) = (false, gap_range(4, 8));
    let (joined, events) = open_with(&mut scene, answer);
    assert_eq!(joined.gap, gap_range(4, 8));
    assert_eq!(numbers(events), [9]);

    let (room, epoch) = (inbox(), OTHER_EPOCH);
    let (from, to) = (seq(1), seq(0));
    scene.hear(ServerFrame::Gap(Gap {
        room,
        epoch,
        from,
        to,
    }));
    assert!(matches!(&scene.events()[..], [Event::Gap { room, .. }] if *room == inbox()));
    scene.hear(direct(OTHER_EPOCH, 1, 9));
    scene.hear(direct(OTHER_EPOCH, 2, 10));
    assert_eq!(told(&mut scene), [10], "9 was told before");
}

#[test]
fn a_hole_in_the_inbox_is_filled_by_beginning_it_anew() {
    let mut scene = Scene::offline(|_| ());
    scene.open();
    scene.hear(direct(EPOCH, 1, 1));
    scene.hear(direct(EPOCH, 3, 3));
    assert_eq!(told(&mut scene), [1]);
    let join = join_alone(&mut scene);
    assert_eq!(join.rooms[0].since, Some(since(1)));
    scene.hear(ServerFrame::Joined(in_inbox(None, EPOCH, 3, &[])));
    assert_eq!(scene.events(), [], "not the answer to our join");
    scene.hear(ServerFrame::Joined(joined(&join, EPOCH, 3, &[2, 3])));
    let mut events = scene.events();
    assert!(matches!(events.remove(0), Event::Joined(j) if j.recovered));
    assert_eq!(numbers(events), [2, 3]);
}

#[test]
fn a_server_that_overlooked_our_place_is_told_it_again() {
    let mut scene = Scene::offline(|config| config.inbox = Some(since(3)));
    scene.open_as("alice".parse().unwrap());
    scene.events();
    scene.hear(ServerFrame::Joined(in_inbox(None, EPOCH, 5, &[])));
    assert_eq!(scene.events(), [], "4 and 5 are missing");
    scene.pass(1_000);
    let join = join_alone(&mut scene);
    assert_eq!(join.rooms[0].since, Some(since(3)));
}

#[test]
fn an_inbox_that_is_refused_is_asked_for_until_it_is_there() {
    let mut scene = Scene::offline(|_| ());
    scene.open();
    scene.hear(direct(EPOCH, 2, 2));
    for code in [
        ErrorCode::StoreRefused,
        ErrorCode::NotAllowed,
        ErrorCode::AlreadyJoined,
    ] {
        let join = join_alone(&mut scene);
        scene.hear(error(&join.id, code, None));
        assert_eq!(scene.sent(), []);
        scene.pass(5_000);
    }
    let join = join_alone(&mut scene);
    scene.hear(ServerFrame::Joined(joined(&join, EPOCH, 2, &[1, 2])));
    let mut events = scene.events();
    assert!(matches!(events.remove(0), Event::Joined(_)));
    assert_eq!(numbers(events), [1, 2]);
}

#[test]
fn ones_own_inbox_is_joined_already_and_cannot_be_left() {
    let join = || Command::Join {
        room: inbox(),
        options: JoinOptions::default(),
    };
    let mut scene = Scene::offline(|_| ());
    let early = scene.ask(join());
    scene.open();
    let late = scene.ask(join());
    let leave = scene.ask(Command::Leave { room: inbox() });
    for ticket in [early, late] {
        assert_eq!(scene.answer(ticket), Some(Err(Error::AlreadyJoined)));
    }
    assert!(matches!(
        scene.answer(leave),
        Some(Err(Error::Refused { .. }))
    ));
    assert_eq!(scene.sent(), []);
    scene.hear(direct(EPOCH, 1, 1));
    assert_eq!(told(&mut scene), [1]);
}

#[test]
fn the_inbox_of_another_user_is_another_inbox() {
    let mut scene = Scene::offline(|_| ());
    scene.open();
    scene.hear(direct(EPOCH, 1, 1));
    scene.cut();
    scene.open_as("bob".parse().unwrap());
    scene.events();
    assert_eq!(scene.state.inbox_since(), None);
    scene.hear(ServerFrame::Joined(in_inbox(None, EPOCH, 1, &[])));
    assert_eq!(scene.events(), [], "alice is no longer meant");
    let bobs = message_in("@bob".parse().unwrap(), EPOCH, 8, 8);
    let mut answer = in_inbox(None, EPOCH, 8, &[]);
    (answer.room, answer.messages) = (bobs.room.clone(), vec![bobs.to_json()]);
    scene.hear(ServerFrame::Joined(answer));
    let events = scene.events();
    assert!(
        matches!(&events[..], [Event::Joined(j), Event::Direct(_)] if !j.resumed),
        "{events:?}"
    );
}

#[test]
fn a_direct_message_to_oneself_does_not_wait_for_the_inbox() {
    let mut scene = Scene::offline(|_| ());
    scene.open_as("alice".parse().unwrap());
    let key = "k".parse().unwrap();
    let note = Outgoing::to_user("alice".parse().unwrap(), "note").key(key);
    scene.ask(Command::Say(note));
    assert!(matches!(&scene.sent()[..], [ClientFrame::Direct(_)]));
}
