//! Direct messages between users on different nodes, while nodes die and links are cut: in both
//! inboxes once, under one id, in order, also for who was away.

use std::time::Duration;

use roomcast_client::{Client, Config, Event, Events};
use roomcast_protocol::{Chat, RoomName, UserId};
use tokio::time::{sleep, timeout};

use crate::cluster::Cluster;
use crate::fleet::PATIENCE;

const MESSAGES: usize = 60;

fn connect(cluster: &Cluster, user: &str, first: usize) -> (Client, Events) {
    let nodes = cluster.addresses();
    let mut urls: Vec<String> = nodes
        .iter()
        .map(|node| format!("ws://{node}/v1/ws"))
        .collect();
    urls.rotate_left(first);
    let mut config = Config::new(urls[0].clone());
    config.urls = urls;
    config.user = Some(user.to_owned());
    Client::connect(config).unwrap()
}

async fn is_in_its_inbox(events: &mut Events) {
    let joined = async {
        while !matches!(events.next().await, Some(Event::Joined(joined)) if joined.room.is_inbox())
        {
        }
    };
    timeout(PATIENCE, joined).await.expect("it comes in time");
}

/// The direct messages of an inbox, until so many have come; anything told as lost is an error.
async fn inbox(mut events: Events, messages: usize) -> Result<Vec<Chat>, String> {
    let mut chats = Vec::new();
    while chats.len() < messages {
        match events.next().await {
            Some(Event::Direct(chat)) => chats.push(*chat),
            Some(Event::Joined(joined)) if joined.gap.is_some() => {
                return Err(format!("{joined:?}"));
            }
            Some(event @ (Event::Gap { .. } | Event::RoomLost { .. } | Event::Closed { .. })) => {
                return Err(format!("{event:?}"));
            }
            Some(_) => {}
            None => return Err("the client has stopped".into()),
        }
    }
    Ok(chats)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn direct_messages_reach_both_inboxes_once_though_nodes_die_in_between() {
    let mut cluster = Cluster::start(&[]).await;
    let (alice, alice_desk) = connect(&cluster, "alice", 0);
    let (_phone, alice_phone) = connect(&cluster, "alice", 2);
    let (_bob, bob_desk) = connect(&cluster, "bob", 1);
    let mut stories = Vec::new();
    for mut events in [alice_desk, alice_phone, bob_desk] {
        // Whoever comes for the first time hears what is said from then on.
        is_in_its_inbox(&mut events).await;
        stories.push(tokio::spawn(inbox(events, MESSAGES)));
    }
    let bob: UserId = "bob".parse().unwrap();
    let said = tokio::spawn(async move {
        for n in 0..MESSAGES {
            let acked = alice.direct(&bob, format!("message {n}")).await.unwrap();
            assert_eq!(acked.room, "@bob".parse::<RoomName>().unwrap());
            sleep(Duration::from_millis(30)).await;
        }
        alice
    });
    sleep(Duration::from_millis(600)).await;
    cluster.nodes[0].kill().await;
    sleep(Duration::from_millis(500)).await;
    cluster.redis.run(&["CLIENT", "KILL", "TYPE", "normal"]);
    cluster.redis.run(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    sleep(Duration::from_millis(300)).await;
    cluster.nodes[1].kill().await;

    let _alice = timeout(PATIENCE, said)
        .await
        .expect("all is acked")
        .unwrap();
    let mut heard = Vec::new();
    for story in stories {
        let story = timeout(PATIENCE, story).await;
        let story = story.unwrap_or_else(|_| panic!("not all came:\n{}", cluster.tails()));
        heard.push(story.unwrap().unwrap());
    }
    let texts: Vec<String> = (0..MESSAGES).map(|n| format!("message {n}")).collect();
    for story in &heard {
        let said: Vec<_> = story.iter().map(|chat| chat.message.clone()).collect();
        assert_eq!(said, texts);
    }
    let ids = |story: &[Chat]| story.iter().map(|chat| chat.id).collect::<Vec<_>>();
    assert_eq!(
        ids(&heard[0]),
        ids(&heard[2]),
        "one message in both inboxes"
    );
    assert_eq!(ids(&heard[0]), ids(&heard[1]), "on every device");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_away_hears_on_another_node_what_was_said_to_them() {
    let cluster = Cluster::start(&[]).await;
    let (bob, mut events) = connect(&cluster, "bob", 0);
    is_in_its_inbox(&mut events).await;
    let own: RoomName = "@bob".parse().unwrap();
    let since = bob.position(&own).await.unwrap();
    bob.close().await;
    let (alice, _events) = connect(&cluster, "alice", 1);
    let user: UserId = "bob".parse().unwrap();
    for n in 0..5 {
        let said = alice.direct(&user, format!("message {n}"));
        timeout(PATIENCE, said).await.expect("it is acked").unwrap();
    }
    let mut config = Config::new(format!("ws://{}/v1/ws", cluster.nodes[2].address));
    config.user = Some("bob".to_owned());
    config.inbox = since;
    let (_bob, events) = Client::connect(config).unwrap();
    let heard = timeout(PATIENCE, inbox(events, 5))
        .await
        .expect("they come");
    let texts: Vec<_> = heard
        .unwrap()
        .into_iter()
        .map(|chat| chat.message)
        .collect();
    assert_eq!(
        texts,
        (0..5).map(|n| format!("message {n}")).collect::<Vec<_>>()
    );
}
