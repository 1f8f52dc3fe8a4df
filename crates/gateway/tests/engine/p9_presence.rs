//! P9 on one node: what members are told of comings, goings, typing and reading adds up, costs a
//! frame a member and a moment at the most, and gives way first.

use std::collections::BTreeSet;

use roomcast_gateway::Limits;
use roomcast_protocol::{RoomName, ServerFrame, Typists};

use crate::double::Double;
use crate::player::Player;
use crate::stage::{Stage, keeping, limits, pass, room};

fn small_bounds() -> Limits {
    Limits {
        presence_each_max: 3,
        presence_named_max: 6,
        typists_named_max: 2,
        ..limits()
    }
}

fn stage() -> Stage {
    Stage::with(small_bounds(), keeping(100), 0)
}

/// So many users, each in the room.
async fn crowd(stage: &Stage, lobby: &RoomName, users: std::ops::Range<u32>) -> Vec<Player> {
    let mut players = Vec::new();
    for n in users {
        let mut player = stage.enter(&format!("u{n}"));
        player.ask("join", &format!(r#""room":"{lobby}""#)).await;
        players.push(player);
    }
    players
}

fn named(player: &Player, lobby: &RoomName) -> (BTreeSet<String>, u64) {
    let joined = player.joined(lobby);
    let members = joined.members.expect("they are known");
    let mut users: BTreeSet<String> = members.iter().map(|it| it.user.to_string()).collect();
    let mut count = joined.count;
    for frame in &player.heard {
        match frame {
            ServerFrame::UserJoined(it) => {
                assert!(users.insert(it.user.to_string()), "came twice");
                count = it.count;
            }
            ServerFrame::UserLeft(it) => {
                assert!(users.remove(it.user.as_str()), "left twice");
                count = it.count;
            }
            ServerFrame::Presence(news) => {
                users.extend(news.joined.iter().map(|it| it.user.to_string()));
                for user in &news.left {
                    users.remove(user.as_str());
                }
                count = news.count;
            }
            _ => {}
        }
    }
    (users, count)
}

fn frames(player: &Player, kind: fn(&ServerFrame) -> bool) -> usize {
    player.heard.iter().filter(|frame| kind(frame)).count()
}

#[tokio::test(start_paused = true)]
async fn p9_who_joins_is_named_in_its_own_joined_and_not_told_of_itself() {
    let (stage, lobby) = (stage(), room("lobby"));
    let mut alice = stage.enter("alice");
    let joined = alice.join(&lobby).await;
    assert_eq!(joined.count, 1);
    assert_eq!(joined.members.unwrap()[0].user.as_str(), "alice");
    pass(1_000).await;
    alice.listen().await;
    assert_eq!(
        frames(&alice, |it| matches!(it, ServerFrame::UserJoined(_))),
        0
    );
}

#[tokio::test(start_paused = true)]
async fn p9_what_each_was_told_adds_up_to_who_is_there() {
    let (stage, lobby) = (stage(), room("lobby"));
    let mut players = crowd(&stage, &lobby, 0..6).await;
    pass(1_000).await;
    for gone in [4, 1] {
        players.remove(gone).session.end().await;
    }
    pass(7_000).await;
    let there: BTreeSet<String> = ["u0", "u2", "u3", "u5"].map(str::to_owned).into();
    for player in &mut players {
        player.listen().await;
        assert_eq!(named(player, &lobby), (there.clone(), 4));
    }
}

#[tokio::test(start_paused = true)]
async fn p9_in_a_large_room_a_moment_is_one_frame() {
    let (stage, lobby) = (stage(), room("lobby"));
    let mut first = crowd(&stage, &lobby, 0..4).await;
    pass(1_000).await;
    let member = &mut first[0];
    member.listen().await;
    member
        .heard
        .retain(|frame| matches!(frame, ServerFrame::Joined(_)));
    let _more = crowd(&stage, &lobby, 4..6).await;
    pass(1_000).await;
    member.listen().await;
    assert_eq!(
        frames(member, |it| matches!(it, ServerFrame::UserJoined(_))),
        0
    );
    assert_eq!(
        frames(member, |it| matches!(it, ServerFrame::Presence(_))),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn p9_in_a_larger_one_only_the_count_is_told_and_a_join_storm_costs_each_few_frames() {
    let (stage, lobby) = (stage(), room("lobby"));
    let mut first = crowd(&stage, &lobby, 0..1).await;
    let _storm = crowd(&stage, &lobby, 1..400).await;
    pass(1_000).await;
    let member = &mut first[0];
    member.listen().await;
    let told = member.heard.len();
    assert!(told < 20, "{told} frames for 399 joins");
    let last = member.heard.iter().rev().find_map(|frame| match frame {
        ServerFrame::Presence(news) => Some(news.clone()),
        _ => None,
    });
    let last = last.unwrap();
    assert_eq!((last.count, last.joined.len()), (400, 0));
    // Who asks is told, page by page.
    member
        .ask("who", r#""room":"lobby","after":"u398","limit":5"#)
        .await;
    member.listen().await;
    let Some(ServerFrame::Members(page)) = member.heard.last() else {
        panic!("{:?}", member.heard.last());
    };
    assert_eq!(page.members[0].user.as_str(), "u399");
    assert_eq!((page.members.len(), page.more, page.count), (5, true, 400));
}

#[tokio::test(start_paused = true)]
async fn p9_who_reads_too_slowly_is_told_that_something_was_missed() {
    let limits = Limits {
        outbox_bytes_max: 4_096,
        ..small_bounds()
    };
    let (stage, lobby) = (Stage::with(limits, keeping(100), 0), room("lobby"));
    let mut alice = stage.enter("alice");
    alice.join(&lobby).await;
    stage.say(&lobby, &"x".repeat(3_000)).await;
    let bob = crowd(&stage, &lobby, 0..1).await;
    pass(1_000).await;
    assert_eq!(
        frames(&alice, |it| matches!(it, ServerFrame::Presence(_))),
        0
    );
    alice.listen().await;
    pass(1_000).await;
    alice.listen().await;
    assert_eq!(
        frames(&alice, |it| matches!(it, ServerFrame::UserJoined(_))),
        0
    );
    let Some(ServerFrame::Presence(news)) = alice.heard.last() else {
        panic!("{:?}", alice.heard);
    };
    assert_eq!((news.count, news.joined.len()), (2, 0));
    drop(bob);
}

/// What a member heard of typing, in order: a user who types or not, or a number.
fn typing(player: &Player) -> Vec<String> {
    let heard = player.heard.iter().filter_map(|frame| match frame {
        ServerFrame::Typing(it) => Some(format!("{} {}", it.user, it.typing)),
        ServerFrame::Typists(Typists { news, .. }) => {
            Some(format!("{} {}", news.count, news.users.len()))
        }
        _ => None,
    });
    heard.collect()
}

async fn types(player: &mut Player, typing: bool) {
    let frame = format!(r#"{{"type":"typing","room":"lobby","typing":{typing}}}"#);
    player.send(&frame).await;
}

#[tokio::test(start_paused = true)]
async fn p9_typing_ends_with_a_message_a_leave_the_session_or_by_itself() {
    let (stage, lobby) = (stage(), room("lobby"));
    for end in ["message", "leave", "session", "time"] {
        let mut alice = stage.enter("alice");
        let mut bob = stage.enter("bob");
        alice.join(&lobby).await;
        bob.join(&lobby).await;
        types(&mut bob, true).await;
        types(&mut bob, true).await;
        alice.listen().await;
        assert_eq!(typing(&alice), ["bob true"], "a repeat is not told");
        let mut carol = stage.enter("carol");
        let late = carol.join(&lobby).await.typing.expect("bob types");
        assert_eq!((late.count, late.users[0].as_str()), (1, "bob"));
        match end {
            "message" => drop(bob.chat(&lobby, "there").await.unwrap()),
            "leave" => drop(bob.ask("leave", r#""room":"lobby""#).await),
            "session" => bob.session.end().await,
            _ => pass(7_500).await,
        }
        pass(100).await;
        alice.listen().await;
        assert_eq!(typing(&alice), ["bob true", "bob false"], "{end}");
        assert!(stage.enter("dave").join(&lobby).await.typing.is_none());
        pass(10_000).await;
    }
}

#[tokio::test(start_paused = true)]
async fn p9_typing_whose_end_nobody_tells_ends_here() {
    let (stage, lobby) = (stage(), room("lobby"));
    let mut alice = stage.enter("alice");
    alice.join(&lobby).await;
    let seen = roomcast_protocol::TypingSeen {
        room: lobby.clone(),
        user: "ghost".parse().unwrap(),
        typing: true,
    };
    let signal = roomcast_protocol::Signal::Typing(seen);
    stage
        .double
        .inject(roomcast_broker::FeedEvent::Signal(signal))
        .await;
    pass(10_000).await;
    alice.listen().await;
    assert_eq!(typing(&alice), ["ghost true", "ghost false"]);
}

#[tokio::test(start_paused = true)]
async fn p9_of_many_typists_only_the_number_is_told() {
    let (stage, lobby) = (stage(), room("lobby"));
    let mut alice = stage.enter("alice");
    alice.join(&lobby).await;
    let mut others = crowd(&stage, &lobby, 0..4).await;
    for other in &mut others {
        types(other, true).await;
    }
    pass(300).await;
    for other in &mut others[..3] {
        types(other, false).await;
    }
    pass(300).await;
    types(&mut others[3], false).await;
    pass(300).await;
    alice.listen().await;
    let told = ["u0 true", "u1 true", "4 0", "1 1", "u3 false"];
    assert_eq!(typing(&alice), told);
}

#[tokio::test(start_paused = true)]
async fn p9_a_joiner_is_told_how_far_it_has_read_and_how_much_it_has_not() {
    let (stage, lobby) = (stage(), room("lobby"));
    stage.say_numbers(&lobby, 1..=7).await;
    let mut alice = stage.enter("alice");
    let joined = alice.join(&lobby).await;
    assert_eq!((joined.read, joined.unread), (None, Some(7)));
    alice
        .send(r#"{"type":"read","room":"lobby","seq":5}"#)
        .await;
    alice
        .send(r#"{"type":"read","room":"lobby","seq":3}"#)
        .await;
    let joined = stage.enter("alice").join(&lobby).await;
    assert_eq!(joined.read.map(|seq| seq.value()), Some(5), "never back");
    assert_eq!(joined.unread, Some(2));
    alice
        .send(r#"{"type":"read","room":"lobby","seq":99}"#)
        .await;
    let joined = stage.enter("alice").join(&lobby).await;
    assert_eq!(joined.unread, Some(0), "never past the head");
}

#[tokio::test(start_paused = true)]
async fn p9_read_marks_of_a_large_room_come_together_and_of_a_larger_one_to_their_user() {
    let (stage, lobby) = (stage(), room("lobby"));
    stage.say_numbers(&lobby, 1..=7).await;
    let mut players = crowd(&stage, &lobby, 0..5).await;
    pass(1_000).await;
    for player in &mut players {
        player
            .send(r#"{"type":"read","room":"lobby","seq":6}"#)
            .await;
        player
            .send(r#"{"type":"read","room":"lobby","seq":7}"#)
            .await;
    }
    pass(300).await;
    players[0].listen().await;
    let reads = players[0].heard.iter().filter_map(|frame| match frame {
        ServerFrame::Reads(reads) => Some(reads.marks.len()),
        ServerFrame::Read(_) => Some(0),
        _ => None,
    });
    assert_eq!(reads.collect::<Vec<_>>(), [5], "each user once");
    let mut more = crowd(&stage, &lobby, 5..10).await;
    pass(1_000).await;
    more[0]
        .send(r#"{"type":"read","room":"lobby","seq":7}"#)
        .await;
    let mut phone = stage.enter("u5");
    phone.join(&lobby).await;
    pass(300).await;
    for (player, told) in [(&mut players[1], 0), (&mut phone, 1)] {
        player.heard.clear();
        player.listen().await;
        let told_now = frames(player, |it| matches!(it, ServerFrame::Read(_)));
        assert_eq!(told_now, told);
    }
}

#[tokio::test(start_paused = true)]
async fn p9_what_was_missed_while_the_link_was_gone_is_told_as_a_difference() {
    missed_then_told(async |double, _| double.interrupt().await).await;
}

#[tokio::test(start_paused = true)]
async fn p9_what_was_missed_while_a_room_moved_is_told_as_a_difference() {
    missed_then_told(async |double, lobby| double.doubt(lobby).await).await;
}

/// Somebody comes whom nobody tells; then the feed says that something may have been missed.
async fn missed_then_told(doubt: impl AsyncFnOnce(&Double, &RoomName)) {
    let (stage, lobby) = (stage(), room("lobby"));
    let mut alice = stage.enter("alice");
    alice.join(&lobby).await;
    stage.double.lose_signals(true);
    let elsewhere = roomcast_presence::Occupant {
        session: roomcast_protocol::SessionId::from_uuid(uuid::Uuid::new_v4()),
        user: "u0".parse().unwrap(),
        name: None,
    };
    stage.presence.enter(&lobby, &elsewhere).await.unwrap();
    pass(1_000).await;
    alice.listen().await;
    assert_eq!(named(&alice, &lobby).1, 1, "nobody has told");
    stage.double.lose_signals(false);
    doubt(&stage.double, &lobby).await;
    pass(1_000).await;
    alice.listen().await;
    let there: BTreeSet<String> = ["alice", "u0"].map(str::to_owned).into();
    assert_eq!(named(&alice, &lobby), (there, 2));
}

#[tokio::test(start_paused = true)]
async fn p9_a_routine_look_at_who_is_here_asks_once_a_room() {
    let stage = stage();
    let (lobby, attic) = (room("lobby"), room("attic"));
    let _players = (
        crowd(&stage, &lobby, 0..2).await,
        crowd(&stage, &attic, 2..3).await,
    );
    let rosters_read = || stage.counted("roomcast_rosters_read_total");
    let before = rosters_read();
    // Every tenth look at the logs is one at the people as well.
    pass(11 * limits().sync_ms).await;
    assert!(
        (rosters_read() - before - 2.0).abs() < 0.5,
        "{before}, {}",
        rosters_read()
    );
}
