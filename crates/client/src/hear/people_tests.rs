//! Who is here, who types, who has read; and rooms that the server takes us out of.

use roomcast_protocol::{
    ClientFrame, ErrorCode, ErrorFrame, Members, PresenceNews, Reads, RoomName, ServerFrame,
    TypingNews, Typists,
};

use crate::command::{Answer, Command};
use crate::error::Error;
use crate::event::Event;
use crate::outgoing::MembersPage;
use crate::scene::{EPOCH, Scene, chat, error, joined, room, seq};

fn taken_out(room: RoomName, code: ErrorCode, retry_after_ms: Option<u64>) -> ServerFrame {
    ServerFrame::Error(ErrorFrame {
        id: None,
        room: Some(room),
        code: code.number(),
        message: "out".into(),
        retry_after_ms,
    })
}

fn lost(code: ErrorCode, retry_after_ms: Option<u64>) -> Event {
    Event::RoomLost {
        room: room(),
        error: Error::Refused {
            code: code.number(),
            message: "out".into(),
            retry_after_ms,
        },
    }
}

#[test]
fn summaries_of_a_room_are_told_to_who_is_in_it() {
    let mut scene = Scene::in_room_at(4);
    let frames = |room: RoomName| {
        let news = PresenceNews {
            room: room.clone(),
            joined: Vec::new(),
            left: vec!["bob".parse().unwrap()],
            count: 300,
        };
        let (count, users) = (9, Vec::new());
        let typists = Typists {
            room: room.clone(),
            news: TypingNews { count, users },
        };
        let marks = Vec::new();
        let reads = Reads { room, marks };
        (news, typists, reads)
    };
    for name in [room(), "elsewhere".parse().unwrap()] {
        let (news, typists, reads) = frames(name);
        scene.hear(ServerFrame::Presence(news));
        scene.hear(ServerFrame::Typists(typists));
        scene.hear(ServerFrame::Reads(reads));
    }
    let (news, typists, reads) = frames(room());
    let told = [
        Event::Presence(news),
        Event::Typists(typists),
        Event::Reads(reads),
    ];
    assert_eq!(scene.events(), told);
}

#[test]
fn joined_tells_who_types_and_how_much_is_unread() {
    let mut scene = Scene::offline(|_| ());
    scene.open();
    scene.join();
    let mut answer = joined(&scene.sent_join(), EPOCH, 8, &[]);
    let typing = TypingNews {
        count: 1,
        users: vec!["carol".parse().unwrap()],
    };
    answer.typing = Some(typing.clone());
    (answer.read, answer.unread) = (Some(seq(5)), Some(3));
    scene.hear(ServerFrame::Joined(answer));
    let Event::Joined(told) = scene.events().remove(0) else {
        panic!("not joined")
    };
    assert_eq!(told.typing, Some(typing));
    assert_eq!((told.read, told.unread), (Some(seq(5)), Some(3)));
}

#[test]
fn a_page_of_members_is_told_before_it_is_answered_with_where_it_begins() {
    let mut scene = Scene::in_room_at(4);
    let after = Some("bob".parse().unwrap());
    let ticket = scene.ask(Command::Who {
        room: room(),
        after: after.clone(),
        limit: Some(2),
    });
    let sent = scene.sent();
    let [ClientFrame::Who(who)] = &sent[..] else {
        panic!("{sent:?}")
    };
    assert_eq!((&who.after, who.limit), (&after, Some(2)));
    scene.hear(ServerFrame::Members(Members {
        id: who.id.clone(),
        room: room(),
        count: 3,
        members: Vec::new(),
        more: false,
    }));
    let page = MembersPage {
        room: room(),
        after,
        count: 3,
        members: Vec::new(),
        more: false,
    };
    assert_eq!(scene.events(), [Event::Members(page.clone())]);
    assert_eq!(scene.answer(ticket), Some(Ok(Answer::Members(page))));
}

#[test]
fn a_room_one_was_taken_out_of_is_told_once_and_not_joined_again() {
    let cases = [
        (ErrorCode::Removed, None),
        (ErrorCode::Banned, Some(60_000)),
        (ErrorCode::NotAllowed, None),
    ];
    for (code, retry_after_ms) in cases {
        let mut scene = Scene::in_room_at(4);
        scene.hear(taken_out(room(), code, retry_after_ms));
        scene.hear(taken_out(room(), code, retry_after_ms));
        scene.hear(chat(EPOCH, 5, 5));
        assert_eq!(scene.events(), [lost(code, retry_after_ms)]);
        scene.cut();
        scene.open();
        scene.pass(120_000);
        assert_eq!(scene.sent(), []);

        scene.join();
        let join = scene.sent_join();
        assert_eq!(join.rooms[0].since, None, "another stay");
    }
}

#[test]
fn who_is_taken_out_while_joining_again_does_not_slip_back_in() {
    let mut scene = Scene::in_room_at(4);
    scene.hear(chat(EPOCH, 7, 7));
    let join = scene.sent_join();
    scene.hear(taken_out(room(), ErrorCode::Removed, None));
    assert_eq!(scene.events(), [lost(ErrorCode::Removed, None)]);
    let sent = scene.sent();
    assert!(matches!(&sent[..], [ClientFrame::Leave(_)]), "{sent:?}");
    scene.hear(ServerFrame::Joined(joined(&join, EPOCH, 7, &[5, 6, 7])));
    assert_eq!(scene.events(), []);
}

#[test]
fn a_ban_is_told_with_its_end_and_not_waited_out() {
    let mut scene = Scene::offline(|_| ());
    scene.open();
    let ticket = scene.join();
    let join = scene.sent_join();
    scene.hear(error(&join.id, ErrorCode::Banned, Some(1_000)));
    let Some(Err(Error::Refused {
        code,
        retry_after_ms,
        ..
    })) = scene.answer(ticket)
    else {
        panic!("not refused")
    };
    assert_eq!((code, retry_after_ms), (204, Some(1_000)));
    scene.pass(5_000);
    assert_eq!(scene.sent(), []);

    let mut scene = Scene::in_room_at(4);
    scene.cut();
    scene.open();
    let join = scene.sent_join();
    scene.hear(error(&join.id, ErrorCode::Banned, Some(1_000)));
    assert!(matches!(&scene.events()[..], [Event::RoomLost { .. }]));
    scene.pass(5_000);
    assert_eq!(scene.sent(), []);
}

#[test]
fn a_message_to_a_room_one_was_taken_out_of_is_refused_and_brings_nobody_back() {
    let mut scene = Scene::in_room_at(4);
    let ticket = scene.say("hello");
    let id = scene.said().remove(0).0;
    scene.hear(taken_out(room(), ErrorCode::Removed, None));
    scene.hear(error(&id, ErrorCode::NotJoined, None));
    let refused = scene.answer(ticket);
    assert!(
        matches!(refused, Some(Err(Error::Refused { code: 201, .. }))),
        "{refused:?}"
    );
    assert_eq!(scene.sent(), []);
}

#[test]
fn an_error_about_ones_own_inbox_puts_nobody_out_of_it() {
    let mut scene = Scene::in_room_at(4);
    let inbox = crate::scene::inbox();
    scene.hear(taken_out(inbox.clone(), ErrorCode::NotAllowed, None));
    assert_eq!(scene.events(), []);
    scene.pass(5_000);
    let sent = scene.sent();
    assert!(
        matches!(&sent[..], [ClientFrame::Join(join)] if join.rooms[0].room == inbox),
        "{sent:?}"
    );
}
