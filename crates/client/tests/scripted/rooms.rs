//! Rooms: order, holes, repeats and epochs over real sockets, and a caller that is slow.

use std::time::Duration;

use roomcast_client::{Event, JoinOptions, PageOf};
use roomcast_protocol::{
    ClientFrame, Gap, HistoryPage, Member, Members, Seq, ServerFrame, encode_server,
};

use crate::server::{EPOCH, OTHER_EPOCH, Server, next, room, seq, soon, told};

#[tokio::test]
async fn repeats_are_dropped_and_holes_are_filled_on_the_same_connection() {
    let server = Server::bind().await;
    let (_client, mut events, mut peer) = server.client_in_room(|_| ()).await;
    for n in [1, 2, 2, 1, 5] {
        peer.chat(EPOCH, n, n).await;
    }
    let left = peer.hear().await;
    assert!(matches!(left, Some(ClientFrame::Leave(_))), "{left:?}");
    let join = peer.join().await;
    assert_eq!(join.rooms[0].since.unwrap().seq, seq(2));
    peer.joined(&join, EPOCH, 5, &[3, 4, 5]).await;
    peer.chat(EPOCH, 6, 6).await;
    assert_eq!(told(&mut events, 6).await, [1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn a_gap_is_told_and_a_new_epoch_repeats_nothing() {
    let server = Server::bind().await;
    let (client, mut events, mut peer) = server.client_in_room(|_| ()).await;
    let gap = |epoch, from, to| {
        ServerFrame::Gap(Gap {
            room: room(),
            epoch,
            from: seq(from),
            to: seq(to),
        })
    };
    peer.say(gap(EPOCH, 1, 3)).await;
    peer.chat(EPOCH, 4, 4).await;
    let event = next(&mut events).await;
    let is_told = matches!(&event, Event::Gap { from, to, .. } if (*from, *to) == (seq(1), seq(3)));
    assert!(is_told, "{event:?}");
    assert_eq!(told(&mut events, 1).await, [4]);

    peer.say(gap(OTHER_EPOCH, 1, 0)).await;
    peer.chat(OTHER_EPOCH, 1, 4).await;
    peer.chat(OTHER_EPOCH, 2, 7).await;
    let event = next(&mut events).await;
    let is_told = matches!(&event, Event::Gap { epoch, .. } if *epoch == OTHER_EPOCH);
    assert!(is_told, "{event:?}");
    let Event::Chat(chat) = next(&mut events).await else {
        panic!("no message")
    };
    assert_eq!(chat.message, "7", "4 was said in the old epoch");
    let since = client.position(&room()).await.unwrap().unwrap();
    assert_eq!((since.epoch, since.seq), (OTHER_EPOCH, seq(2)));
}

#[tokio::test]
async fn a_slow_caller_stops_the_reading_and_loses_nothing() {
    let server = Server::bind().await;
    let (client, mut events, mut peer) = server.client_in_room(|c| c.events_max = 2).await;
    // Enough to fill every buffer on the way, so that this writer has to wait for the caller.
    const COUNT: u64 = 60_000;
    let writer = tokio::spawn(async move {
        for n in 1..=COUNT {
            peer.chat(EPOCH, n, n).await;
        }
        peer
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let since = soon("position", client.position(&room())).await.unwrap();
    let at = since.unwrap().seq;
    assert!(
        at > Seq::ZERO && at < seq(100),
        "read on without a listener: {at}"
    );
    assert!(!writer.is_finished(), "nothing held the server back");
    for n in 1..=COUNT {
        assert_eq!(told(&mut events, 1).await, [n]);
    }
    let peer = soon("the writer", writer).await.unwrap();
    drop(peer);
}

#[tokio::test]
async fn frames_in_arrays_and_frames_unknown_are_taken_in_stride() {
    let server = Server::bind().await;
    let (client, mut events) = server.client(|c| c.batch = true);
    let mut peer = server.accept().await;
    assert_eq!(peer.query.as_deref(), Some("batch=1"));
    let joining = tokio::spawn(async move {
        client.join(&room(), JoinOptions::default()).await.unwrap();
        client
    });
    let join = peer.join().await;
    peer.joined(&join, EPOCH, 0, &[]).await;
    let _client = soon("join", joining).await.unwrap();
    for junk in [
        "",
        "{}",
        "no json",
        r#"{"type":"dance"}"#,
        r#"{"type":"chat"}"#,
    ] {
        peer.say_text(junk.into()).await;
    }
    let frame = |user: &str| {
        encode_server(&ServerFrame::Typing(roomcast_protocol::TypingSeen {
            room: room(),
            user: user.parse().unwrap(),
            typing: true,
        }))
    };
    peer.say_text(format!("[{},{}]", frame("bob"), frame("eve")))
        .await;
    let mut typing = Vec::new();
    while typing.len() < 2 {
        if let Event::Typing(seen) = next(&mut events).await {
            typing.push(seen.user.to_string());
        }
    }
    assert_eq!(typing, ["bob", "eve"]);
}

#[tokio::test]
async fn questions_are_answered() {
    let server = Server::bind().await;
    let (client, _events, mut peer) = server.client_in_room(|_| ()).await;
    let asking = tokio::spawn(async move {
        let who = client.who(&room()).await.unwrap();
        let of = PageOf::Before(seq(9));
        let page = client.history(&room(), of, Some(5)).await.unwrap();
        client.read(&room(), seq(3)).await.unwrap();
        client.leave(&room()).await.unwrap();
        (who, page, client.position(&room()).await.unwrap())
    });
    let Some(ClientFrame::Who(who)) = peer.hear().await else {
        panic!("no who")
    };
    peer.say(ServerFrame::Members(Members {
        id: who.id,
        room: room(),
        count: 1,
        members: vec![Member {
            user: "alice".parse().unwrap(),
            name: None,
        }],
        more: false,
    }))
    .await;
    let Some(ClientFrame::History(history)) = peer.hear().await else {
        panic!("no history")
    };
    assert_eq!((history.before, history.limit), (Some(seq(9)), Some(5)));
    peer.say(ServerFrame::History(HistoryPage {
        id: history.id,
        room: room(),
        epoch: EPOCH,
        messages: Vec::new(),
        more: true,
    }))
    .await;
    for _ in 0..2 {
        let id = match peer.hear().await {
            Some(ClientFrame::Read(read)) => read.id.unwrap(),
            Some(ClientFrame::Leave(leave)) => leave.id,
            other => panic!("{other:?}"),
        };
        peer.say(ServerFrame::Ok(roomcast_protocol::Ok { id }))
            .await;
    }
    let (who, page, position) = soon("the answers", asking).await.unwrap();
    assert_eq!((who.count, who.members.len()), (1, 1));
    assert!(page.more && page.messages.is_empty());
    assert_eq!(position, None, "the room was left");
}
