//! What back ends order about users, through any node, about sessions on any other; and bans that
//! hold although their order was lost.

use roomcast_client::{Client, Config, End, Error, Event, Events, JoinOptions};
use roomcast_protocol::{ErrorCode, RoomName};
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::cluster::Cluster;
use crate::fleet::PATIENCE;
use crate::http::{Answer, ask_with_key};

async fn order(cluster: &Cluster, node: usize, method: &str, path: &str, body: &str) -> Answer {
    let node = cluster.nodes[node].address;
    let answer = ask_with_key(node, method, path, None, body).await;
    answer.expect("the node answers")
}

async fn enter(cluster: &Cluster, node: usize, user: &str, room: &RoomName) -> (Client, Events) {
    let mut config = Config::new(format!("ws://{}/v1/ws", cluster.nodes[node].address));
    config.user = Some(user.to_owned());
    let (client, events) = Client::connect(config).unwrap();
    let joined = client.join(room, JoinOptions::default());
    timeout(PATIENCE, joined)
        .await
        .expect("it joins in time")
        .unwrap();
    (client, events)
}

async fn closed(events: &mut Events) -> End {
    let closed = async {
        loop {
            if let Some(Event::Closed { reason }) = events.next().await {
                return reason;
            }
        }
    };
    timeout(PATIENCE, closed)
        .await
        .expect("it is closed in time")
}

async fn lost(events: &mut Events) -> Error {
    let lost = async {
        loop {
            match events.next().await {
                Some(Event::RoomLost { error, .. }) => return error,
                Some(_) => {}
                None => panic!("the client has stopped"),
            }
        }
    };
    timeout(PATIENCE, lost)
        .await
        .expect("it is taken out in time")
}

fn code(error: &Error) -> Option<u16> {
    match error {
        Error::Refused { code, .. } => Some(*code),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_are_listed_and_ended_on_every_node_through_any() {
    let cluster = Cluster::start(&[]).await;
    let den: RoomName = "den".parse().unwrap();
    let mut people = Vec::new();
    for node in 0..3 {
        people.push(enter(&cluster, node, "alice", &den).await);
    }
    let (_bob, mut bobs) = enter(&cluster, 0, "bob", &den).await;
    timeout(PATIENCE, cluster.sees("alice", |sessions| sessions == 3))
        .await
        .expect("all are seen");
    let user = order(&cluster, 1, "GET", "/v1/users/alice", "").await;
    assert_eq!(
        (&user.body["online"], &user.body["nodes"]),
        (&json!(true), &json!(["a", "b", "c"]))
    );
    let sessions = order(&cluster, 1, "GET", "/v1/users/alice/sessions", "").await;
    assert_eq!(sessions.body["sessions"].as_array().map(Vec::len), Some(3));

    let how = r#"{"code":4450,"reason":"signed out"}"#;
    let done = order(&cluster, 1, "POST", "/v1/users/alice/disconnect", how).await;
    assert_eq!((done.status, &done.body["sessions"]), (200, &json!(3)));
    for (_, events) in &mut people {
        let End::Closed { code, reason } = closed(events).await else {
            panic!("it was not closed by the server");
        };
        assert_eq!((code, &*reason), (4450, "signed out"));
    }
    timeout(PATIENCE, cluster.sees("alice", |sessions| sessions == 0))
        .await
        .expect("none is left");
    let user = order(&cluster, 2, "GET", "/v1/users/alice", "").await;
    assert_eq!(user.body["online"], json!(false));
    while let Some(event) = bobs.try_next() {
        assert!(
            !matches!(event, Event::Closed { .. } | Event::Disconnected { .. }),
            "{event:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ban_takes_effect_on_every_node_though_its_order_and_redis_links_are_lost() {
    let cluster = Cluster::start(&[]).await;
    let den: RoomName = "den".parse().unwrap();
    let (alice, mut alices) = enter(&cluster, 0, "alice", &den).await;
    let (_phone, mut phones) = enter(&cluster, 2, "alice", &den).await;
    let (bob, _bobs) = enter(&cluster, 1, "bob", &den).await;
    // The order reaches neither node: what is left of it is the ban itself.
    for node in [0, 2] {
        cluster.nodes[node].freeze();
    }
    cluster.redis.run(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    let ban = order(
        &cluster,
        1,
        "PUT",
        "/v1/rooms/den/bans/alice",
        r#"{"for_ms":600000}"#,
    )
    .await;
    assert_eq!(ban.status, 200, "{}", ban.text);
    for node in [0, 2] {
        cluster.nodes[node].thaw();
    }
    for events in [&mut alices, &mut phones] {
        let error = lost(events).await;
        assert_eq!(code(&error), Some(ErrorCode::Banned.number()), "{error}");
    }
    let again = alice.join(&den, JoinOptions::default()).await.unwrap_err();
    assert_eq!(code(&again), Some(ErrorCode::Banned.number()));
    assert!(bob.send(&den, "still here").await.is_ok());

    let bans = order(&cluster, 0, "GET", "/v1/rooms/den/bans", "").await;
    assert_eq!(bans.body["bans"][0]["user"], json!("alice"));
    let end = order(&cluster, 2, "DELETE", "/v1/rooms/den/bans/alice", "").await;
    assert_eq!(end.status, 200);
    let joined = alice.join(&den, JoinOptions::default());
    timeout(PATIENCE, joined)
        .await
        .expect("it joins in time")
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_taken_out_is_out_on_every_node_and_may_come_back() {
    let cluster = Cluster::start(&[]).await;
    let den: RoomName = "den".parse().unwrap();
    let (alice, mut alices) = enter(&cluster, 0, "alice", &den).await;
    let (_phone, mut phones) = enter(&cluster, 2, "alice", &den).await;
    timeout(PATIENCE, cluster.sees("alice", |sessions| sessions == 2))
        .await
        .expect("both are seen");
    let done = order(&cluster, 1, "DELETE", "/v1/rooms/den/members/alice", "").await;
    assert_eq!(done.status, 200);
    for events in [&mut alices, &mut phones] {
        let error = lost(events).await;
        assert_eq!(code(&error), Some(ErrorCode::Removed.number()), "{error}");
    }
    let gone = async {
        loop {
            let members = order(&cluster, 1, "GET", "/v1/rooms/den/members", "").await;
            if members.body["count"] == json!(0) {
                return;
            }
            sleep(std::time::Duration::from_millis(200)).await;
        }
    };
    timeout(PATIENCE, gone)
        .await
        .expect("she is gone after the grace");
    let joined = alice.join(&den, JoinOptions::default());
    timeout(PATIENCE, joined)
        .await
        .expect("it joins in time")
        .unwrap();
}
