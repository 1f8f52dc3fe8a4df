//! Who is here, who types, who has read, and who was taken out, over real sockets.

use roomcast_client::{Client, Error, Event, Events, JoinOptions, RoomView, Who};
use roomcast_protocol::{ClientFrame, Member, Members, RequestId, ServerFrame};

use crate::server::{EPOCH, Peer, Server, next, room, seq, soon};

/// Hands the next `count` events to the view.
async fn show(view: &mut RoomView, events: &mut Events, count: usize) {
    for _ in 0..count {
        view.apply(&next(events).await, 0);
    }
}

fn here(view: &RoomView) -> Vec<&str> {
    view.users().map(|(user, _)| user.as_str()).collect()
}

/// Answers the next `who` with these users; what it asked for.
async fn answer_who(peer: &mut Peer, users: &[&str], more: bool) -> (Option<String>, Option<u32>) {
    let Some(ClientFrame::Who(who)) = peer.hear().await else {
        panic!("no who")
    };
    let member = |user: &&str| Member {
        user: user.parse().unwrap(),
        name: None,
    };
    peer.say(ServerFrame::Members(Members {
        id: who.id,
        room: room(),
        count: 5,
        members: users.iter().map(member).collect(),
        more,
    }))
    .await;
    (who.after.map(|after| after.to_string()), who.limit)
}

/// Asks who is here, from a task of its own.
fn ask_who(client: &Client) -> tokio::task::JoinHandle<Result<Who, Error>> {
    let client = client.clone();
    tokio::spawn(async move { client.who(&room()).await })
}

fn names(who: &Who) -> Vec<&str> {
    who.members.iter().map(|m| m.user.as_str()).collect()
}

/// An `error` that says that we are out of the room.
fn out(code: u16, id: Option<&RequestId>) -> String {
    let id = match id {
        Some(RequestId::Number(id)) => format!(r#""id":{id},"#),
        Some(RequestId::Text(id)) => format!(r#""id":"{id}","#),
        None => String::new(),
    };
    format!(
        r#"{{"type":"error",{id}"room":"lobby","code":{code},"message":"out","retry_after_ms":5}}"#
    )
}

#[tokio::test]
async fn a_view_follows_a_room_through_everything_that_is_said_of_its_users() {
    let server = Server::bind().await;
    let (_client, mut events, mut peer) = server.client_in_room(|_| ()).await;
    let mut view = RoomView::new(room(), "alice".parse().unwrap());
    for text in [
        r#"{"type":"user_joined","room":"lobby","user":"bob","name":"Bob","count":3}"#,
        r#"{"type":"presence","room":"lobby","joined":[{"user":"carol"},{"user":"dave"}],"left":["bob"],"count":4}"#,
        r#"{"type":"typing","room":"lobby","user":"carol","typing":true}"#,
        r#"{"type":"read","room":"lobby","user":"carol","seq":2}"#,
        r#"{"type":"reads","room":"lobby","marks":[{"user":"dave","seq":3},{"user":"alice","seq":1}]}"#,
    ] {
        peer.say_text(text.into()).await;
    }
    show(&mut view, &mut events, 5).await;
    assert_eq!((here(&view), view.count()), (vec!["carol", "dave"], 4));
    assert_eq!(view.typing(0).users, ["carol".parse().unwrap()]);
    let marks: Vec<_> = view.marks().map(|(user, at)| (user.as_str(), at)).collect();
    assert_eq!(marks, [("carol", seq(2)), ("dave", seq(3))]);
    assert_eq!(view.read(), Some(seq(1)));

    for text in [
        r#"{"type":"typists","room":"lobby","count":9}"#,
        r#"{"type":"presence","room":"lobby","count":1002}"#,
        r#"{"type":"user_left","room":"lobby","user":"carol","count":1001}"#,
    ] {
        peer.say_text(text.into()).await;
    }
    show(&mut view, &mut events, 3).await;
    assert_eq!(view.typing(0).count, 9);
    assert_eq!((view.count(), view.is_complete()), (1001, false));
}

#[tokio::test]
async fn joined_fills_the_view_and_pages_of_who_complete_it() {
    let server = Server::bind().await;
    let (client, mut events) = server.client(|_| ());
    let joining = tokio::spawn(async move {
        let joined = client.join(&room(), JoinOptions::default()).await;
        (client, joined.unwrap())
    });
    let mut peer = server.accept().await;
    let id = match peer.join().await.id {
        RequestId::Number(id) => id,
        RequestId::Text(id) => panic!("{id}"),
    };
    peer.say_text(format!(
        r#"{{"type":"joined","id":{id},"room":"lobby","epoch":"{EPOCH}","seq":8,"recovered":false,"messages":[],"count":5,"members":[{{"user":"alice"}},{{"user":"bob"}}],"typing":{{"count":1,"users":["carol"]}},"read":5,"unread":3}}"#
    ))
    .await;
    let (client, joined) = soon("join", joining).await.unwrap();
    assert_eq!((joined.read, joined.unread), (Some(seq(5)), Some(3)));
    let mut view = RoomView::new(room(), "alice".parse().unwrap());
    show(&mut view, &mut events, 2).await;
    assert_eq!((view.read(), view.unread()), (Some(seq(5)), Some(3)));
    assert_eq!(view.typing(0).users, ["carol".parse().unwrap()]);
    assert_eq!((view.count(), view.is_complete()), (5, false));

    let asking = ask_who(&client);
    let first = answer_who(&mut peer, &["alice", "bob"], true).await;
    assert_eq!(first, (None, None));
    let (after, _) = answer_who(&mut peer, &["carol", "dave", "eve"], false).await;
    assert_eq!(after.as_deref(), Some("bob"));
    let who = soon("who", asking).await.unwrap().unwrap();
    assert_eq!(names(&who), ["alice", "bob", "carol", "dave", "eve"]);
    assert_eq!((who.count, who.more), (5, false));
    show(&mut view, &mut events, 2).await;
    assert_eq!(here(&view), names(&who));
    assert!(view.is_complete());
}

#[tokio::test]
async fn who_gathers_no_more_than_it_may_and_stops_where_a_server_repeats_itself() {
    let server = Server::bind().await;
    let (client, _events, mut peer) = server.client_in_room(|c| c.members_max = 3).await;
    let asking = ask_who(&client);
    answer_who(&mut peer, &["alice", "bob"], true).await;
    let (after, limit) = answer_who(&mut peer, &["carol", "dave"], false).await;
    assert_eq!((after.as_deref(), limit), (Some("bob"), Some(1)));
    let who = soon("who", asking).await.unwrap().unwrap();
    assert_eq!(names(&who), ["alice", "bob", "carol"]);
    assert!(who.more, "dave was left off");

    let asking = ask_who(&client);
    answer_who(&mut peer, &["alice", "bob"], true).await;
    answer_who(&mut peer, &["alice", "bob"], true).await;
    let who = soon("who", asking).await.unwrap().unwrap();
    assert_eq!(names(&who), ["alice", "bob"]);
    assert!(who.more);
}

#[tokio::test]
async fn a_page_may_be_asked_for_by_itself() {
    let server = Server::bind().await;
    let (client, _events, mut peer) = server.client_in_room(|_| ()).await;
    let asking = tokio::spawn(async move {
        let after = "bob".parse().unwrap();
        client.who_page(&room(), Some(&after), Some(1)).await
    });
    let (after, limit) = answer_who(&mut peer, &["carol"], true).await;
    assert_eq!((after.as_deref(), limit), (Some("bob"), Some(1)));
    let page = soon("the page", asking).await.unwrap().unwrap();
    assert_eq!((page.count, page.members.len()), (5, 1));
    assert!(page.more);
}

#[tokio::test]
async fn typing_and_reading_are_said() {
    let server = Server::bind().await;
    let (client, _events, mut peer) = server.client_in_room(|_| ()).await;
    let saying = tokio::spawn(async move {
        client.typing(&room(), true).await.unwrap();
        client.read(&room(), seq(0)).await
    });
    let Some(ClientFrame::Typing(typing)) = peer.hear().await else {
        panic!("no typing")
    };
    assert!(typing.typing && typing.room == room());
    let Some(ClientFrame::Read(read)) = peer.hear().await else {
        panic!("no read")
    };
    assert_eq!(read.seq, seq(0));
    let id = read.id.unwrap();
    peer.say(ServerFrame::Ok(roomcast_protocol::Ok { id }))
        .await;
    assert_eq!(soon("read", saying).await.unwrap(), Ok(()));
}

#[tokio::test]
async fn who_is_taken_out_hears_why_and_comes_back_to_the_server_but_not_to_the_room() {
    for code in [200, 204, 205] {
        let server = Server::bind().await;
        let (client, mut events, mut peer) = server.client_in_room(|_| ()).await;
        peer.say_text(out(code, None)).await;
        peer.chat(EPOCH, 1, 1).await;
        let event = next(&mut events).await;
        let Event::RoomLost { room: lost, error } = event else {
            panic!("{event:?}")
        };
        assert_eq!(lost, room());
        let refused =
            matches!(error, Error::Refused { code: by, retry_after_ms: Some(5), .. } if by == code);
        assert!(refused, "{error:?}");
        assert_eq!(client.position(&room()).await, Ok(None));
        drop(peer);

        let mut peer = server.accept().await;
        let den = "den".parse().unwrap();
        let joining = tokio::spawn(async move {
            client.join(&den, JoinOptions::default()).await.unwrap();
            client
        });
        let join = peer.join().await;
        assert_eq!(join.rooms.len(), 1, "the lobby is forgotten: {join:?}");
        assert_eq!(join.rooms[0].room.as_str(), "den");
        peer.joined(&join, EPOCH, 0, &[]).await;
        drop(soon("join", joining).await.unwrap());
    }
}

#[tokio::test]
async fn a_room_that_a_ban_closes_while_one_is_away_is_given_up() {
    let server = Server::bind().await;
    let (client, mut events, peer) = server.client_in_room(|_| ()).await;
    drop(peer);
    let mut peer = server.accept().await;
    let join = peer.join().await;
    peer.say_text(out(204, Some(&join.id))).await;
    loop {
        if let Event::RoomLost { error, .. } = next(&mut events).await {
            assert!(matches!(error, Error::Refused { code: 204, .. }));
            break;
        }
    }
    // It may be tried again, by whoever knows better, and is refused to them.
    let joining = tokio::spawn(async move { client.join(&room(), JoinOptions::default()).await });
    let join = peer.join().await;
    peer.say_text(out(204, Some(&join.id))).await;
    let refused = soon("join", joining).await.unwrap();
    assert!(
        matches!(refused, Err(Error::Refused { code: 204, .. })),
        "{refused:?}"
    );
}
