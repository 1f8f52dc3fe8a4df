//! Messages: said once, whatever happens to the connection.

use roomcast_client::{Error, Outgoing};
use roomcast_protocol::{ErrorCode, ErrorFrame, ServerFrame};

use crate::server::{EPOCH, Server, room, seq, soon};

#[tokio::test]
async fn a_message_whose_ack_was_lost_is_said_again_with_the_same_key() {
    let server = Server::bind().await;
    let (client, _events, mut peer) = server.client_in_room(|_| ()).await;
    let receipt = client
        .submit(Outgoing::to_room(room(), "hello"))
        .await
        .unwrap();
    let first = peer.message().await;
    drop(peer);

    let mut peer = server.accept().await;
    let join = peer.join().await;
    peer.joined(&join, EPOCH, 1, &[1]).await;
    let again = peer.message().await;
    assert_eq!(again.message, "hello");
    assert!(first.key.is_some());
    assert_eq!(again.key, first.key);
    peer.ack(&again.id, 1, true).await;
    let ack = soon("the ack", receipt).await.unwrap();
    assert_eq!((ack.seq, ack.duplicate), (seq(1), true));
}

#[tokio::test]
async fn messages_said_while_offline_are_said_in_order_when_back() {
    let server = Server::bind().await;
    let (client, _events, peer) = server.client_in_room(|_| ()).await;
    peer.close(1012, "restart").await;
    let mut receipts = Vec::new();
    for n in 0..5 {
        let outgoing = Outgoing::to_room(room(), n.to_string());
        receipts.push(client.submit(outgoing).await.unwrap());
    }
    let mut peer = server.accept().await;
    let join = peer.join().await;
    peer.joined(&join, EPOCH, 0, &[]).await;
    for n in 0..5 {
        let say = peer.message().await;
        assert_eq!(say.message, n.to_string());
        peer.ack(&say.id, n + 1, false).await;
    }
    for (n, receipt) in receipts.into_iter().enumerate() {
        let ack = soon("an ack", receipt).await.unwrap();
        assert_eq!(ack.seq, seq(n as u64 + 1));
    }
}

#[tokio::test]
async fn a_refusal_that_passes_is_waited_out_and_one_that_stays_is_told() {
    let server = Server::bind().await;
    let (client, _events, mut peer) = server.client_in_room(|_| ()).await;
    let receipt = client
        .submit(Outgoing::to_room(room(), "hello"))
        .await
        .unwrap();
    let mut keys = Vec::new();
    for code in [ErrorCode::TooFast, ErrorCode::TryAgain, ErrorCode::Draining] {
        let say = peer.message().await;
        keys.push(say.key.unwrap());
        peer.say(error(say.id, code, Some(1))).await;
    }
    let say = peer.message().await;
    keys.push(say.key.unwrap());
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    peer.say(error(say.id, ErrorCode::NotAllowed, None)).await;
    let refused = soon("the refusal", receipt).await.unwrap_err();
    assert!(
        matches!(refused, Error::Refused { code: 200, .. }),
        "{refused}"
    );
}

#[tokio::test]
async fn a_deadline_ends_the_wait_for_a_server_that_never_comes() {
    let server = Server::bind().await;
    let (client, _events) = server.client(|_| ());
    let outgoing = Outgoing::to_room(room(), "hello").deadline_ms(50);
    let error = soon("the deadline", client.say(outgoing))
        .await
        .unwrap_err();
    assert_eq!(error, Error::NotSent);
}

fn error(id: roomcast_protocol::RequestId, code: ErrorCode, retry: Option<u64>) -> ServerFrame {
    ServerFrame::Error(ErrorFrame {
        id: Some(id),
        room: None,
        code: code.number(),
        message: "no".into(),
        retry_after_ms: retry,
    })
}
