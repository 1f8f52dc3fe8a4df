//! The client that is given to others, on a real cluster: it resumes on another node, says what was
//! not acked again, and hands its caller each message once and in order (P1 to P6).

use std::collections::BTreeSet;
use std::time::Duration;

use roomcast_client::{Client, Config, Event, Events, JoinOptions};
use roomcast_protocol::{Chat, Position, RoomName};
use tokio::time::{sleep, timeout};

use crate::cluster::Cluster;
use crate::fleet::PATIENCE;

const CLIENTS: usize = 6;
const MESSAGES: usize = 20;

/// What one client's caller was told until it had heard everything.
struct Story {
    nodes: Vec<String>,
    chats: Vec<Chat>,
    /// What should not come.
    odd: Vec<Event>,
}

async fn listen(mut events: Events, messages: usize) -> Story {
    let mut story = Story {
        nodes: Vec::new(),
        chats: Vec::new(),
        odd: Vec::new(),
    };
    while story.chats.len() < messages {
        let Some(event) = events.next().await else {
            break;
        };
        match event {
            Event::Connected { node, .. } => story.nodes.push(node.to_string()),
            Event::Chat(chat) => story.chats.push(*chat),
            Event::Joined(joined) if joined.gap.is_none() && joined.recovered == joined.resumed => {
            }
            Event::Disconnected { .. }
            | Event::UserJoined(_)
            | Event::UserLeft(_)
            | Event::Presence(_)
            | Event::Members(_)
            | Event::Typing(_)
            | Event::Typists(_)
            | Event::Read(_)
            | Event::Reads(_) => {}
            Event::Joined(_)
            | Event::Direct(_)
            | Event::Gap { .. }
            | Event::RoomLost { .. }
            | Event::Closed { .. } => story.odd.push(event),
        }
    }
    story
}

/// Says all its lines; the positions of their acks.
async fn talk(client: Client, room: RoomName, name: String) -> Vec<(String, Position)> {
    let mut acks = Vec::new();
    for n in 0..MESSAGES {
        let text = format!("{name} says {n}");
        let ack = client.send(&room, text.clone()).await.unwrap();
        let (epoch, seq) = (ack.epoch, ack.seq);
        acks.push((text, Position { epoch, seq }));
        sleep(Duration::from_millis(100)).await;
    }
    acks
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_library_rides_over_a_killed_node_and_cut_links() {
    let mut cluster = Cluster::start(&[]).await;
    let room: RoomName = "den".parse().unwrap();
    let (mut clients, mut stories, mut talks) = (Vec::new(), Vec::new(), Vec::new());
    for index in 0..CLIENTS {
        let mut urls: Vec<String> = cluster
            .addresses()
            .iter()
            .map(|node| format!("ws://{node}/v1/ws"))
            .collect();
        urls.rotate_left(index % 3);
        let mut config = Config::new(urls[0].clone());
        config.urls = urls;
        config.user = Some(format!("user-{index}"));
        config.batch = index % 2 == 0;
        let (client, events) = Client::connect(config).unwrap();
        stories.push(tokio::spawn(listen(events, CLIENTS * MESSAGES)));
        let joined = timeout(PATIENCE, client.join(&room, JoinOptions::default())).await;
        joined.expect("it joins in time").unwrap();
        clients.push(client);
    }
    for (index, client) in clients.iter().enumerate() {
        let name = format!("user-{index}");
        talks.push(tokio::spawn(talk(client.clone(), room.clone(), name)));
    }
    sleep(Duration::from_millis(500)).await;
    cluster.nodes[0].kill().await;
    sleep(Duration::from_millis(500)).await;
    cluster.redis.run(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    cluster.redis.run(&["CLIENT", "KILL", "TYPE", "normal"]);

    let mut acked = BTreeSet::new();
    for talk in talks {
        let acks = timeout(PATIENCE, talk)
            .await
            .unwrap_or_else(|_| panic!("not everything was acked in time:\n{}", cluster.tails()));
        acked.extend(acks.unwrap().into_iter().map(|(text, at)| (at.seq, text)));
    }
    assert_eq!(acked.len(), CLIENTS * MESSAGES);
    for (index, story) in stories.into_iter().enumerate() {
        let story = timeout(PATIENCE, story).await.unwrap_or_else(|_| {
            panic!("user-{index} did not hear everything:\n{}", cluster.tails())
        });
        let story = story.unwrap();
        assert!(story.odd.is_empty(), "user-{index}: {:?}", story.odd);
        let heard: Vec<_> = story
            .chats
            .iter()
            .map(|chat| (chat.seq, chat.message.clone()))
            .collect();
        let acked: Vec<_> = acked.iter().cloned().collect();
        assert_eq!(heard, acked, "user-{index} on {:?}", story.nodes);
    }
    for client in clients {
        client.close().await;
    }
}
