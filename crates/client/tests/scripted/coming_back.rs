//! Reconnecting: when, where to, and with what.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use roomcast_client::{Client, Config, Event, JoinOptions, TokenSource};
use roomcast_protocol::{Join, Reconnect, ServerFrame};
use tokio::time::Instant;

use crate::server::{EPOCH, OTHER_EPOCH, Server, next, room, seq, soon, told};

#[tokio::test]
async fn a_client_comes_back_from_where_it_was_and_sees_the_rest_once() {
    let server = Server::bind().await;
    let (_client, mut events, mut peer) = server.client_in_room(|_| ()).await;
    peer.chat(EPOCH, 1, 1).await;
    assert_eq!(told(&mut events, 1).await, [1]);
    drop(peer);

    let mut peer = server.accept().await;
    let join = peer.join().await;
    let since = join.rooms[0].since.unwrap();
    assert_eq!((since.epoch, since.seq), (EPOCH, seq(1)));
    assert!(since.id.is_some());
    peer.joined(&join, EPOCH, 3, &[2, 3]).await;
    peer.chat(EPOCH, 4, 4).await;
    let event = next(&mut events).await;
    assert!(
        matches!(event, Event::Disconnected { code: None, .. }),
        "{event:?}"
    );
    let event = next(&mut events).await;
    assert!(matches!(event, Event::Connected { .. }), "{event:?}");
    let event = next(&mut events).await;
    assert!(
        matches!(&event, Event::Joined(j) if j.resumed && j.recovered),
        "{event:?}"
    );
    assert_eq!(told(&mut events, 3).await, [2, 3, 4]);
}

#[tokio::test]
async fn a_room_whose_log_began_anew_says_that_it_was_not_recovered() {
    let server = Server::bind().await;
    let (_client, mut events, peer) = server.client_in_room(|_| ()).await;
    drop(peer);
    let mut peer = server.accept().await;
    let join = peer.join().await;
    peer.joined(&join, OTHER_EPOCH, 2, &[1, 2]).await;
    loop {
        if let Event::Joined(joined) = next(&mut events).await {
            assert!(joined.resumed && !joined.recovered);
            break;
        }
    }
    assert_eq!(told(&mut events, 2).await, [1, 2]);
}

#[tokio::test]
async fn a_told_reconnect_is_obeyed_when_its_time_comes_and_used_until_then() {
    let server = Server::bind().await;
    let (client, mut events, mut peer) = server.client_in_room(|_| ()).await;
    let (after_ms, reason) = (300, "drain".into());
    peer.say(ServerFrame::Reconnect(Reconnect { after_ms, reason }))
        .await;
    let told_at = Instant::now();
    let sending = tokio::spawn(async move {
        let ack = client.send(&room(), "still here").await;
        (client, ack)
    });
    let say = peer.message().await;
    peer.ack(&say.id, 1, false).await;
    let (_client, ack) = soon("the ack", sending).await.unwrap();
    assert!(ack.is_ok());
    assert!(peer.hear().await.is_none(), "the client says goodbye");
    let mut peer = server.accept().await;
    assert!(told_at.elapsed().as_millis() >= 250);
    let join = peer.join().await;
    peer.joined(&join, EPOCH, 1, &[1]).await;
    let event = next(&mut events).await;
    assert!(
        matches!(event, Event::Disconnected { retry_in_ms: 0, .. }),
        "{event:?}"
    );
}

#[tokio::test]
async fn a_server_that_closes_before_the_told_time_is_left_alone_until_then() {
    let server = Server::bind().await;
    let (_client, mut events, mut peer) = server.client_in_room(|_| ()).await;
    let (after_ms, reason) = (300, "drain".into());
    peer.say(ServerFrame::Reconnect(Reconnect { after_ms, reason }))
        .await;
    let told_at = Instant::now();
    peer.close(4000, "draining").await;
    let event = next(&mut events).await;
    assert!(
        matches!(
            event,
            Event::Disconnected {
                code: Some(4000),
                ..
            }
        ),
        "{event:?}"
    );
    server.accept().await;
    assert!(told_at.elapsed().as_millis() >= 250);
}

#[tokio::test]
async fn who_is_sent_away_goes_to_another_url_and_it_counts_as_no_failure() {
    let servers = [Server::bind().await, Server::bind().await];
    let (_client, _events) = servers[0].client(|config| {
        config.urls.push(servers[1].url());
        // One failure would be the end.
        config.attempts_max = Some(1);
    });
    let (mut peer, mut at) = tokio::select! {
        peer = servers[0].accept() => (peer, 0),
        peer = servers[1].accept() => (peer, 1),
    };
    for (code, reason) in [
        (4001, "rebalancing"),
        (4000, "draining"),
        (4001, "rebalancing"),
    ] {
        let told = Reconnect {
            after_ms: 20,
            reason: reason.into(),
        };
        peer.say(ServerFrame::Reconnect(told)).await;
        peer.close(code, reason).await;
        at = 1 - at;
        peer = servers[at].accept().await;
    }
}

#[tokio::test]
async fn a_back_end_may_send_a_client_away_so_that_it_comes_back() {
    for code in [4050, 4099, 4150, 4199] {
        let server = Server::bind().await;
        let (_client, mut events, peer) = server.client_in_room(|_| ()).await;
        peer.close(code, "elsewhere").await;
        let event = next(&mut events).await;
        assert!(
            matches!(event, Event::Disconnected { code: Some(by), .. } if by == code),
            "{event:?}"
        );
        let mut peer = server.accept().await;
        assert_eq!(peer.join().await.rooms[0].room, room());
    }
}

#[tokio::test]
async fn a_peer_that_falls_silent_is_left() {
    let server = Server::bind().await;
    let (_client, mut events) = server.client(|_| ());
    let mut silent = server.accept_silent().await;
    silent.connected(50).await;
    // Not read from any more, so that pings get no pong.
    let peer = server.accept().await;
    next(&mut events).await;
    let event = next(&mut events).await;
    assert!(
        matches!(event, Event::Disconnected { code: None, .. }),
        "{event:?}"
    );
    drop((silent, peer));
}

#[tokio::test]
async fn a_server_that_never_says_connected_is_left() {
    let server = Server::bind().await;
    let (_client, mut events) = server.client(|c| c.connect_timeout_ms = 50);
    let mute = server.accept_silent().await;
    let event = next(&mut events).await;
    assert!(
        matches!(event, Event::Disconnected { code: None, .. }),
        "{event:?}"
    );
    server.accept_silent().await;
    drop(mute);
}

#[tokio::test]
async fn another_url_is_tried_when_one_is_dead() {
    let (server, dead) = (Server::bind().await, Server::bind().await);
    let dead_url = dead.url();
    drop(dead);
    let mut config = Config::new(dead_url);
    config.urls.push(server.url());
    config.backoff_base_ms = 1;
    let (_client, _events) = Client::connect(config).unwrap();
    server.accept().await;
}

#[tokio::test]
async fn a_busy_server_is_left_alone_as_long_as_it_asked() {
    let server = Server::bind().await;
    let (_client, mut events) = server.client(|_| ());
    server
        .refuse("503 Service Unavailable", "retry-after: 1\r\n")
        .await;
    let refused_at = Instant::now();
    let Event::Disconnected { retry_in_ms, .. } = next(&mut events).await else {
        panic!("no disconnected")
    };
    assert!(retry_in_ms >= 1_000, "{retry_in_ms}");
    server.accept().await;
    assert!(refused_at.elapsed().as_millis() >= 900);
}

#[tokio::test]
async fn a_provider_is_asked_for_a_fresh_token_at_each_connect() {
    let server = Server::bind().await;
    let asked = Arc::new(AtomicU32::new(0));
    let (_client, mut events) = server.client(|config| {
        config.token = Some(TokenSource::provider(move || {
            let nth = asked.fetch_add(1, Ordering::Relaxed);
            async move { Ok(format!("token-{nth}")) }
        }));
    });
    let peer = server.accept().await;
    assert_eq!(peer.bearer.as_deref(), Some("Bearer token-0"));
    peer.close(4400, "token_expired").await;
    let peer = server.accept().await;
    assert_eq!(peer.bearer.as_deref(), Some("Bearer token-1"));
    next(&mut events).await;
    let event = next(&mut events).await;
    assert!(
        matches!(
            event,
            Event::Disconnected {
                code: Some(4400),
                ..
            }
        ),
        "{event:?}"
    );
}

#[tokio::test]
async fn many_rooms_are_joined_again_a_few_at_a_time() {
    const ROOMS: usize = 40;
    let server = Server::bind().await;
    let (client, _events) = server.client(|c| c.joins_in_flight_max = 4);
    for n in 0..ROOMS {
        let client = client.clone();
        tokio::spawn(async move {
            let room = format!("room-{n}").parse().unwrap();
            client.join(&room, JoinOptions::default()).await
        });
    }
    let mut frames = 0;
    for _ in 0..2 {
        let mut peer = server.accept().await;
        let (mut asked, mut answered) = (VecDeque::new(), 0);
        frames = 0;
        while answered < ROOMS {
            if asked.len() < 3 && answered + asked.len() < ROOMS {
                let Join { id, rooms } = peer.join().await;
                frames += 1;
                asked.extend(rooms.into_iter().map(|room| (id.clone(), room)));
                assert!(asked.len() <= 4, "{asked:?}");
            }
            let (id, room) = asked.pop_front().unwrap();
            let rooms = vec![room];
            peer.joined(&Join { id, rooms }, EPOCH, 0, &[]).await;
            answered += 1;
        }
    }
    assert!(frames <= ROOMS / 2, "{frames} frames after the reconnect");
}
