//! A back end talks to the cluster over HTTP: the same key on two nodes says one thing, and what is
//! posted anywhere reaches members everywhere.

use std::time::Duration;

use serde_json::Value;

use crate::audit::Allowed;
use crate::cluster::Cluster;
use crate::fleet::{Crowd, Fleet, cast, rooms};
use crate::http::{ask, ask_with_key};

const LISTENERS: Crowd = Crowd {
    members: 6,
    talking_rooms: 1,
    senders_a_room: 0,
    says: 0,
    pause: Duration::ZERO,
    window: 1,
};

/// P5.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_repeated_on_another_node_is_said_once_and_reaches_everybody() {
    let cluster = Cluster::start(&[]).await;
    let room = rooms(1);
    let fleet = Fleet::join(&cluster, cast(&cluster, &room, LISTENERS)).await;
    let path = "/v1/rooms/room-0/messages";
    let body = r#"{"from":"robot","name":"Robot","message":"Lunch","data":{"dish":7}}"#;
    let mut answers = Vec::new();
    for node in cluster.addresses() {
        let answer = ask_with_key(node, "POST", path, Some("lunch-1"), body).await;
        let answer = answer.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}\n{}", cluster.tails());
        answers.push(answer.body);
    }
    let duplicates: Vec<&Value> = answers.iter().map(|answer| &answer["duplicate"]).collect();
    assert_eq!(duplicates, [false, true, true], "{answers:?}");
    for answer in &answers[1..] {
        for field in ["room", "epoch", "seq", "timestamp"] {
            assert_eq!(answer[field], answers[0][field], "{field}: {answers:?}");
        }
    }
    let other = ask_with_key(
        cluster.nodes[2].address,
        "POST",
        path,
        Some("lunch-2"),
        body,
    );
    assert_eq!(other.await.unwrap().body["seq"], 2);

    let (node, first) = (cluster.nodes[1].address, format!("{path}?after=0&limit=1"));
    let page = ask_with_key(node, "GET", &first, None, "").await;
    let page = page.unwrap().body;
    assert_eq!((&page["seq"], &page["more"]), (&2.into(), &true.into()));
    let [message] = &page["messages"].as_array().unwrap()[..] else {
        panic!("{page}")
    };
    let said = (&message["from"], &message["message"], &message["seq"]);
    assert_eq!(said, (&"robot".into(), &"Lunch".into(), &1.into()));
    assert_eq!(message["data"]["dish"], 7);

    let ledgers = fleet.finish(&cluster, Allowed::Nothing).await;
    for ledger in ledgers {
        assert_eq!(ledger.heard(&room[0]).count(), 2, "{}", ledger.user);
    }
}

/// P12.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_back_end_without_the_key_hears_a_problem_document() {
    let cluster = Cluster::start(&[]).await;
    let path = "/v1/rooms/room-0/messages";
    for headers in [&[][..], &["Authorization: Bearer not-the-key-at-all"]] {
        let answer = ask(cluster.nodes[0].address, "GET", path, headers, "").await;
        let answer = answer.unwrap();
        assert_eq!((answer.status, &answer.body["status"]), (401, &401.into()));
    }
}
