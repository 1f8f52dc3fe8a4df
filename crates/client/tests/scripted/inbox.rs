//! Direct messages over real sockets: heard without asking, in order and once over reconnects.

use roomcast_client::{Error, Event, JoinOptions};
use roomcast_protocol::{ClientFrame, Gap, ServerFrame};

use crate::server::{EPOCH, OTHER_EPOCH, Server, inbox, next_of_all, seq, soon};

/// The numbers of the next `count` direct messages; other events are passed over.
async fn told(events: &mut roomcast_client::Events, count: usize) -> Vec<u64> {
    let mut numbers = Vec::new();
    while numbers.len() < count {
        if let Event::Direct(chat) = next_of_all(events).await {
            assert_eq!(chat.room, inbox());
            assert_eq!(chat.to, Some("alice".parse().unwrap()));
            numbers.push(chat.message.parse().unwrap());
        }
    }
    numbers
}

#[tokio::test]
async fn an_inbox_that_opens_in_one_array_with_connected_is_heard() {
    let server = Server::bind().await;
    let (_client, mut events) = server.client(|config| config.batch = true);
    let mut peer = server.accept_silent().await;
    peer.connected_in_one_with_inbox(EPOCH, 2).await;
    peer.direct(EPOCH, 3, 3).await;
    assert_eq!(told(&mut events, 1).await, [3]);
}

#[tokio::test]
async fn direct_messages_are_heard_once_in_order_over_reconnects_and_nodes() {
    let (node_a, node_b) = (Server::bind().await, Server::bind().await);
    let (client, mut events) = node_a.client(|config| {
        config.urls = vec![format!("{}?user=alice", node_a.url())];
        config.urls.push(format!("{}?user=alice", node_b.url()));
    });
    // Either may be the first; the other is the next.
    let (mut peer, other) = tokio::select! {
        peer = node_a.accept() => (peer, &node_b),
        peer = node_b.accept() => (peer, &node_a),
    };
    assert_eq!(peer.query.as_deref(), Some("user=alice"));
    peer.direct(EPOCH, 1, 1).await;
    peer.direct(EPOCH, 2, 2).await;
    assert_eq!(told(&mut events, 2).await, [1, 2]);
    drop(peer);

    let mut peer = other.accept_silent().await;
    let since = peer.inbox_since().unwrap();
    assert_eq!((since.epoch, since.seq), (EPOCH, seq(2)));
    assert!(since.id.is_some());
    let query = peer.query.clone().unwrap();
    assert_eq!(query, format!("user=alice&inbox={since}"));
    peer.connected(60_000).await;
    peer.in_inbox(EPOCH, 4, &[3, 4]).await;
    peer.direct(EPOCH, 4, 4).await;
    peer.direct(EPOCH, 5, 5).await;
    loop {
        if let Event::Joined(joined) = next_of_all(&mut events).await {
            assert_eq!(joined.room, inbox());
            assert!(joined.resumed && joined.recovered, "{joined:?}");
            break;
        }
    }
    assert_eq!(told(&mut events, 3).await, [3, 4, 5]);
    let place = client.position(&inbox()).await.unwrap().unwrap();
    assert_eq!((place.epoch, place.seq), (EPOCH, seq(5)));
}

#[tokio::test]
async fn a_client_may_begin_where_an_earlier_one_ended() {
    let server = Server::bind().await;
    let place = "0000000000000001:7:00000000-0000-4000-8000-000000000007";
    let (_client, mut events) = server.client(|c| c.inbox = Some(place.parse().unwrap()));
    let mut peer = server.accept_silent().await;
    let query = peer.query.clone().unwrap();
    assert_eq!(query, format!("inbox={place}"));
    peer.connected(60_000).await;
    peer.in_inbox(EPOCH, 8, &[8]).await;
    assert_eq!(told(&mut events, 1).await, [8]);
}

#[tokio::test]
async fn a_gap_in_the_inbox_is_told_and_a_hole_is_filled_on_the_same_connection() {
    let server = Server::bind().await;
    let (_client, mut events) = server.client(|_| ());
    let mut peer = server.accept().await;
    peer.direct(EPOCH, 1, 1).await;
    peer.direct(EPOCH, 3, 3).await;
    let join = peer.join().await;
    assert_eq!(join.rooms[0].room, inbox());
    assert_eq!(join.rooms[0].since.unwrap().seq, seq(1));
    peer.joined(&join, EPOCH, 3, &[2, 3]).await;
    assert_eq!(told(&mut events, 3).await, [1, 2, 3]);

    peer.say(ServerFrame::Gap(Gap {
        room: inbox(),
        epoch: OTHER_EPOCH,
        from: seq(1),
        to: seq(0),
    }))
    .await;
    peer.direct(OTHER_EPOCH, 1, 4).await;
    let event = next_of_all(&mut events).await;
    assert!(
        matches!(&event, Event::Gap { room, .. } if *room == inbox()),
        "{event:?}"
    );
    assert_eq!(told(&mut events, 1).await, [4]);
}

#[tokio::test]
async fn an_inbox_is_answered_for_locally_and_written_to_by_direct() {
    let server = Server::bind().await;
    let (client, mut events) = server.client(|_| ());
    let mut peer = server.accept().await;
    loop {
        if let Event::Joined(joined) = next_of_all(&mut events).await {
            assert_eq!(joined.room, inbox());
            break;
        }
    }
    let own = inbox();
    let again = client.join(&own, JoinOptions::default());
    assert_eq!(soon("join", again).await, Err(Error::AlreadyJoined));
    let left = soon("leave", client.leave(&own)).await;
    assert!(
        matches!(left, Err(Error::Refused { code: 200, .. })),
        "{left:?}"
    );
    let saying = tokio::spawn(async move {
        let bob = "bob".parse().unwrap();
        client.direct(&bob, "psst").await
    });
    let Some(ClientFrame::Direct(direct)) = peer.hear().await else {
        panic!("something else was sent first")
    };
    assert_eq!(
        (direct.to.as_str(), direct.message.as_str()),
        ("bob", "psst")
    );
    peer.ack(&direct.id, 1, false).await;
    assert!(soon("the ack", saying).await.unwrap().is_ok());
}
