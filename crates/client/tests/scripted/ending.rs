//! The end: told by the caller, or by a server that needs a change first.

use roomcast_client::{End, Error, Event, Outgoing, TokenSource};

use crate::server::{Server, next, room, soon};

#[tokio::test]
async fn close_says_goodbye_and_answers_everyone_who_waits() {
    let server = Server::bind().await;
    let (client, mut events, mut peer) = server.client_in_room(|_| ()).await;
    let receipt = client
        .submit(Outgoing::to_room(room(), "hello"))
        .await
        .unwrap();
    peer.message().await;
    let closing = tokio::spawn(async move {
        client.close().await;
        client
    });
    assert!(peer.hear().await.is_none());
    let client = soon("close", closing).await.unwrap();
    assert_eq!(
        soon("the answer", receipt).await,
        Err(Error::Closed(End::Told))
    );
    let reason = End::Told;
    assert_eq!(next(&mut events).await, Event::Closed { reason });
    assert_eq!(soon("the end", events.next()).await, None);
    assert_eq!(client.end(), Some(&End::Told));
    let late = client.send(&room(), "late").await;
    assert_eq!(late, Err(Error::Closed(End::Told)));
}

#[tokio::test]
async fn a_client_that_nobody_holds_hangs_up() {
    let server = Server::bind().await;
    let (client, events, mut peer) = server.client_in_room(|_| ()).await;
    drop((client, events));
    assert!(peer.hear().await.is_none());
}

#[tokio::test]
async fn a_caller_may_only_speak_or_only_listen() {
    let server = Server::bind().await;
    let (client, events, mut peer) = server.client_in_room(|_| ()).await;
    drop(events);
    let sending = tokio::spawn(async move { client.send(&room(), "hello").await });
    let say = peer.message().await;
    for n in 1..1_000 {
        peer.chat(crate::server::EPOCH, n, n).await;
    }
    peer.ack(&say.id, 1_000, false).await;
    assert!(soon("the ack", sending).await.unwrap().is_ok());

    let (client, mut events, mut peer) = server.client_in_room(|_| ()).await;
    drop(client);
    peer.chat(crate::server::EPOCH, 1, 1).await;
    assert_eq!(crate::server::told(&mut events, 1).await, [1]);
}

#[tokio::test]
async fn a_close_that_asks_for_a_change_is_the_end() {
    for (code, why) in [
        (4401, "too_many_sessions"),
        (4402, "disconnected"),
        (4450, "this account is closed"),
        (4499, "a back end's own"),
    ] {
        let server = Server::bind().await;
        let (client, mut events, peer) = server.client_in_room(|_| ()).await;
        let receipt = client
            .submit(Outgoing::to_room(room(), "hello"))
            .await
            .unwrap();
        peer.close(code, why).await;
        let reason = why.to_owned();
        let end = End::Closed { code, reason };
        let reason = end.clone();
        assert_eq!(next(&mut events).await, Event::Closed { reason });
        let answer = soon("the answer", receipt).await;
        assert_eq!(answer, Err(Error::Closed(end.clone())));
        assert_eq!(client.end(), Some(&end));
    }
}

#[tokio::test]
async fn a_fixed_token_that_is_refused_is_the_end() {
    let server = Server::bind().await;
    let (client, mut events) = server.client(|c| c.token = Some(TokenSource::fixed("stale")));
    server.refuse("401 Unauthorized", "").await;
    let reason = End::Rejected { status: 401 };
    assert_eq!(next(&mut events).await, Event::Closed { reason });
    let late = client.send(&room(), "late").await;
    assert_eq!(late, Err(Error::Closed(End::Rejected { status: 401 })));
}

#[tokio::test]
async fn attempts_in_a_row_may_be_bounded() {
    let server = Server::bind().await;
    let (_client, mut events) = server.client(|c| c.attempts_max = Some(2));
    drop(server.accept_raw().await);
    let event = next(&mut events).await;
    assert!(matches!(event, Event::Disconnected { .. }), "{event:?}");
    drop(server.accept_raw().await);
    let event = next(&mut events).await;
    let Event::Closed {
        reason: End::GaveUp { attempts, .. },
    } = event
    else {
        panic!("{event:?}")
    };
    assert_eq!(attempts, 2);
}
