//! What the view shows after what was told.

use roomcast_protocol::{
    Chat, Epoch, Member, Position, PresenceNews, ReadMark, Reads, RoomName, Seq, TypingNews,
    TypingSeen, Typists, UserId, UserJoined, UserLeft, UserMark,
};

use super::RoomView;
use crate::error::{End, Error};
use crate::event::{Event, JoinedRoom};
use crate::outgoing::MembersPage;
use crate::scene::{EPOCH, OTHER_EPOCH, message, room, seq};

fn user(name: &str) -> UserId {
    name.parse().unwrap()
}

fn members(names: &[&str]) -> Vec<Member> {
    let member = |name: &&str| Member {
        user: user(name),
        name: None,
    };
    names.iter().map(member).collect()
}

fn joined(count: u64, here: Option<&[&str]>) -> JoinedRoom {
    JoinedRoom {
        room: room(),
        position: Position {
            epoch: EPOCH,
            seq: seq(8),
        },
        resumed: false,
        recovered: false,
        gap: None,
        count,
        members: here.map(members),
        typing: None,
        read: None,
        unread: None,
    }
}

fn came(name: &str, count: u64) -> Event {
    Event::UserJoined(UserJoined {
        room: room(),
        user: user(name),
        name: None,
        count,
    })
}

fn left(name: &str, count: u64) -> Event {
    Event::UserLeft(UserLeft {
        room: room(),
        user: user(name),
        name: None,
        count,
    })
}

fn news(joined: &[&str], left: &[&str], count: u64) -> Event {
    Event::Presence(PresenceNews {
        room: room(),
        joined: members(joined),
        left: left.iter().map(|name| user(name)).collect(),
        count,
    })
}

fn page(after: Option<&str>, here: &[&str], count: u64, more: bool) -> Event {
    Event::Members(MembersPage {
        room: room(),
        after: after.map(user),
        count,
        members: members(here),
        more,
    })
}

fn types(name: &str, typing: bool) -> Event {
    Event::Typing(TypingSeen {
        room: room(),
        user: user(name),
        typing,
    })
}

fn typists(count: u64, users: &[&str]) -> Event {
    let users = users.iter().map(|name| user(name)).collect();
    Event::Typists(Typists {
        room: room(),
        news: TypingNews { count, users },
    })
}

fn reads(marks: &[(&str, u64)]) -> Event {
    let mark = |(name, at): &(&str, u64)| UserMark {
        user: user(name),
        seq: seq(*at),
    };
    Event::Reads(Reads {
        room: room(),
        marks: marks.iter().map(mark).collect(),
    })
}

fn said(epoch: Epoch, at: u64) -> Event {
    Event::Chat(Box::new(message(epoch, at, at).to_chat()))
}

/// Alice's view after these events, all at the time 0.
fn view(events: impl IntoIterator<Item = Event>) -> RoomView {
    let mut view = RoomView::new(room(), user("alice"));
    for event in events {
        view.apply(&event, 0);
    }
    view
}

fn here(view: &RoomView) -> String {
    let users: Vec<&str> = view.users().map(|(user, _)| user.as_str()).collect();
    users.join(" ")
}

fn in_room(joined: JoinedRoom) -> Event {
    Event::Joined(Box::new(joined))
}

#[test]
fn a_complete_list_stays_complete_over_comings_and_goings() {
    let mut view = view([in_room(joined(2, Some(&["alice", "bob"])))]);
    assert!(view.is_complete());
    for event in [
        came("carol", 3),
        left("bob", 2),
        news(&["dave", "eve"], &["carol"], 3),
    ] {
        view.apply(&event, 0);
        assert!(view.is_complete(), "{event:?}");
    }
    assert_eq!((here(&view).as_str(), view.count()), ("alice dave eve", 3));
}

#[test]
fn a_list_that_was_begun_is_completed_by_its_other_pages_whatever_happens_between_them() {
    let mut view = view([in_room(joined(5, Some(&["alice", "bob"])))]);
    assert!(!view.is_complete());
    for event in [
        came("zoe", 6),
        page(Some("bob"), &["carol"], 6, true),
        left("dave", 5),
        came("aaron", 6),
    ] {
        view.apply(&event, 0);
        assert!(!view.is_complete(), "{event:?}");
    }
    view.apply(&page(Some("carol"), &["eve", "zoe"], 6, false), 0);
    assert!(view.is_complete());
    assert_eq!(here(&view), "aaron alice bob carol eve zoe");
}

#[test]
fn a_page_out_of_turn_completes_nothing() {
    let mut view = view([in_room(joined(4, Some(&["alice"])))]);
    view.apply(&page(Some("carol"), &["dave", "eve", "zoe"], 4, false), 0);
    assert_eq!(here(&view), "alice dave eve zoe");
    assert!(!view.is_complete(), "whether bob is here was not told");
}

#[test]
fn a_bare_count_means_that_the_list_is_no_longer_right_until_it_was_asked_for_again() {
    let mut view = view([in_room(joined(2, Some(&["alice", "bob"])))]);
    view.apply(&news(&[], &[], 2), 0);
    assert!(!view.is_complete());
    view.apply(&page(None, &["alice"], 2, true), 0);
    assert_eq!(here(&view), "alice bob", "bob may stand on the next page");
    view.apply(&page(Some("alice"), &["carol"], 2, false), 0);
    assert_eq!(here(&view), "alice carol");
    assert!(view.is_complete());
}

#[test]
fn a_count_that_disagrees_shows_that_something_was_not_told() {
    let mut view = view([in_room(joined(2, Some(&["alice", "bob"])))]);
    view.apply(&came("carol", 4), 0);
    assert!(!view.is_complete());
    view.apply(&came("dave", 4), 0);
    assert!(view.is_complete());
}

#[test]
fn a_lost_connection_leaves_a_list_that_is_not_relied_on_and_nobody_typing() {
    let mut view = view([
        in_room(joined(2, Some(&["alice", "bob"]))),
        types("bob", true),
    ]);
    let lost = Event::Disconnected {
        code: None,
        reason: "cut".into(),
        retry_in_ms: 0,
    };
    view.apply(&lost, 0);
    assert!(!view.is_complete());
    assert_eq!(view.typing(0).count, 0);
    view.apply(&in_room(joined(1, None)), 0);
    assert_eq!((here(&view).as_str(), view.count()), ("", 1));
}

#[test]
fn a_room_that_was_lost_has_nobody_in_it() {
    let error = Error::Closed(End::Told);
    let room = room();
    let view = view([
        in_room(joined(2, Some(&["alice", "bob"]))),
        reads(&[("bob", 3)]),
        Event::RoomLost { room, error },
    ]);
    assert_eq!((here(&view).as_str(), view.count()), ("", 0));
    assert_eq!((view.marks().count(), view.unread()), (0, None));
}

#[test]
fn more_users_than_are_held_are_counted_and_not_listed() {
    let names: Vec<String> = (0..10_001).map(|n| format!("user-{n:05}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let view = view([in_room(joined(10_001, Some(&names)))]);
    assert_eq!((view.users().count(), view.count()), (10_000, 10_001));
    assert!(!view.is_complete());
}

#[test]
fn typing_ends_by_word_by_message_by_leaving_and_by_itself() {
    let mut view = view(["bob", "carol", "dave", "eve"].map(|name| types(name, true)));
    let names = |view: &RoomView, now_ms| {
        let TypingNews { count, users } = view.typing(now_ms);
        assert_eq!(count, users.len() as u64);
        let users: Vec<&str> = users.iter().map(UserId::as_str).collect();
        users.join(" ")
    };
    view.apply(&types("eve", true), 3_000);
    assert_eq!(names(&view, 3_000), "bob carol dave eve");
    view.apply(&types("carol", false), 3_000);
    // Test messages are bob's.
    view.apply(&said(EPOCH, 9), 3_000);
    assert_eq!(names(&view, 3_000), "dave eve");
    assert_eq!(view.typing_ends_at_ms(3_000), Some(8_000));
    assert_eq!(names(&view, 7_999), "dave eve");
    assert_eq!(names(&view, 8_000), "eve");
    view.apply(&left("eve", 3), 8_000);
    assert_eq!(names(&view, 8_000), "");
    assert_eq!(view.typing_ends_at_ms(8_000), None);
}

#[test]
fn too_many_who_type_are_counted_and_names_take_the_place_of_what_was_known() {
    let mut view = view([types("bob", true), typists(9, &[])]);
    let crowd = view.typing(7_999);
    assert_eq!((crowd.count, crowd.users.len()), (9, 0));
    assert_eq!(view.typing(8_000).count, 0);
    view.apply(&typists(3, &["alice", "carol", "dave"]), 1_000);
    let users = vec![user("carol"), user("dave")];
    let others = TypingNews { count: 2, users };
    assert_eq!(view.typing(1_000), others, "bob stopped, alice is oneself");
    view.apply(&typists(0, &[]), 1_000);
    assert_eq!(view.typing(1_000).count, 0);

    let mut back = joined(2, None);
    view.apply(&types("carol", true), 2_000);
    back.typing = Some(TypingNews {
        count: 1,
        users: vec![user("bob")],
    });
    view.apply(&in_room(back), 2_000);
    assert_eq!(view.typing(2_000).users, [user("bob")]);
    view.apply(&in_room(joined(2, None)), 2_000);
    assert_eq!(view.typing(2_000).count, 0);
}

#[test]
fn those_who_type_are_held_in_bounds() {
    let view = view((0..1_000).map(|n| types(&format!("user-{n}"), true)));
    assert_eq!(view.typing(0).count, 64);
}

#[test]
fn what_is_unread_grows_with_messages_and_shrinks_with_ones_own_mark() {
    let mut at_five = joined(2, None);
    (at_five.read, at_five.unread) = (Some(seq(5)), Some(3));
    let mut view = view([in_room(at_five)]);
    assert_eq!((view.read(), view.unread()), (Some(seq(5)), Some(3)));
    view.apply(&said(EPOCH, 9), 0);
    assert_eq!(view.unread(), Some(4));
    view.apply(&reads(&[("alice", 7), ("bob", 9)]), 0);
    assert_eq!((view.read(), view.unread()), (Some(seq(7)), Some(2)));
    // Marks and messages are not ordered among each other.
    view.apply(&reads(&[("alice", 10)]), 0);
    assert_eq!(view.unread(), Some(0));
    view.apply(&said(EPOCH, 10), 0);
    assert_eq!(view.unread(), Some(0));
    view.apply(&reads(&[("alice", 6)]), 0);
    assert_eq!(view.read(), Some(seq(10)), "a mark never goes back");
}

#[test]
fn unread_messages_that_are_still_to_come_are_counted_once() {
    // The log reaches to 250, the joined with its page to 8.
    let mut behind = joined(2, None);
    (behind.read, behind.unread) = (Some(seq(5)), Some(245));
    let mut view = view([in_room(behind)]);
    assert_eq!(view.unread(), Some(245));
    for at in 6..=251 {
        view.apply(&said(EPOCH, at), 0);
    }
    assert_eq!(view.unread(), Some(246));
}

#[test]
fn without_a_mark_everything_said_in_the_epoch_is_unread() {
    let mut all = joined(2, None);
    all.unread = Some(8);
    let mut view = view([in_room(all)]);
    view.apply(&said(EPOCH, 9), 0);
    assert_eq!((view.read(), view.unread()), (None, Some(9)));

    let gap = Event::Gap {
        room: room(),
        epoch: OTHER_EPOCH,
        from: seq(1),
        to: seq(20),
    };
    view.apply(&reads(&[("alice", 9), ("bob", 3)]), 0);
    view.apply(&gap, 0);
    view.apply(&said(OTHER_EPOCH, 21), 0);
    assert_eq!((view.read(), view.unread()), (None, Some(1)));
    assert_eq!(view.marks().count(), 0, "marks are of an epoch");
}

#[test]
fn what_the_server_does_not_tell_is_not_made_up() {
    let mut view = view([in_room(joined(2, None))]);
    view.apply(&said(EPOCH, 9), 0);
    assert_eq!(view.unread(), None);
    view.apply(&reads(&[("alice", 8)]), 0);
    assert_eq!(view.unread(), Some(1));
    view.apply(&in_room(joined(2, None)), 0);
    assert_eq!(view.unread(), Some(1), "back without a word about it");
}

#[test]
fn the_marks_of_others_go_forward_and_those_furthest_behind_are_forgotten_first() {
    let mut view = view([
        in_room(joined(2, None)),
        Event::Read(ReadMark {
            room: room(),
            user: user("bob"),
            seq: seq(4),
        }),
        reads(&[("bob", 3), ("carol", 2)]),
    ]);
    let marks: Vec<(&str, Seq)> = view.marks().map(|(u, at)| (u.as_str(), at)).collect();
    assert_eq!(marks, [("bob", seq(4)), ("carol", seq(2))]);
    for n in 0..1_000 {
        view.apply(&reads(&[(&format!("user-{n}"), 3)]), 0);
    }
    assert_eq!(view.marks().count(), 1_000);
    let held = |name: &str| view.marks().any(|(other, _)| *other == user(name));
    assert!(held("bob") && !held("carol"));
}

#[test]
fn other_rooms_are_passed_over() {
    let other: RoomName = "elsewhere".parse().unwrap();
    let mut elsewhere = joined(7, None);
    elsewhere.room = other.clone();
    let chat: Chat = crate::scene::message_in(other, EPOCH, 30, 30).to_chat();
    let view = view([
        in_room(joined(1, Some(&["alice"]))),
        reads(&[("alice", 8)]),
        in_room(elsewhere),
        Event::Chat(Box::new(chat)),
    ]);
    assert_eq!((view.count(), view.unread()), (1, Some(0)));
    assert!(view.is_complete());
}
