//! P1, P5, P8: nodes that share a Redis see one order, one key and one fence.

use std::sync::Arc;
use std::time::Duration;

use roomcast_broker::conformance::{RedisStage, draft, room};
use roomcast_broker::{Broker as _, Feed, FeedEvent, RedisBroker};
use roomcast_protocol::{MessageId, RoomName, Signal, TypingSeen};
use tokio::task::JoinSet;
use tokio::time::timeout;

const PUBLISHERS: usize = 4;
const EACH: usize = 100;

fn speak(crowd: &mut JoinSet<()>, broker: &Arc<RedisBroker>, room: &RoomName) {
    for publisher in 0..PUBLISHERS {
        let (broker, room) = (broker.clone(), room.clone());
        crowd.spawn(async move {
            for n in 0..EACH {
                let draft = draft(&room, "alice", None, &format!("{publisher}-{n}"));
                broker.publish(&draft, None).await.expect("published");
            }
        });
    }
}

async fn next(feed: &mut Feed) -> FeedEvent {
    let event = timeout(Duration::from_secs(15), feed.recv()).await;
    event.expect("in time").expect("open")
}

async fn hear_all(feed: &mut Feed) -> Vec<(u64, MessageId)> {
    let mut told = Vec::new();
    while told.len() < 2 * PUBLISHERS * EACH {
        match next(feed).await {
            FeedEvent::Message(message) => told.push((message.position.seq.value(), message.id)),
            other => panic!("{other:?}"),
        }
    }
    told
}

/// The other node, past its first interruption and subscribed to the room.
async fn other_node(stage: &RedisStage, room: &RoomName) -> (Arc<RedisBroker>, Feed) {
    let (other, mut feed) = stage.another_node("other").await;
    assert_eq!(next(&mut feed).await, FeedEvent::Interrupted);
    other.subscribe(room).await.expect("subscribed");
    stage.listen(room).await;
    (other, feed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p1_two_nodes_hear_the_same_order_without_a_hole_whoever_speaks() {
    let mut stage = RedisStage::start().await;
    let lobby = room("lobby");
    let (other, mut other_feed) = other_node(&stage, &lobby).await;
    let mut crowd = JoinSet::new();
    speak(&mut crowd, &stage.broker, &lobby);
    speak(&mut crowd, &other, &lobby);
    let (here, there) = tokio::join!(hear_all(&mut stage.feeds[0]), hear_all(&mut other_feed));
    crowd.join_all().await;
    assert!(here.iter().map(|(seq, _)| *seq).eq(1..=800));
    assert_eq!(here, there);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p5_a_retry_at_another_node_gets_the_first_place() {
    let stage = RedisStage::start().await;
    let lobby = room("lobby");
    let (other, _feed) = other_node(&stage, &lobby).await;
    let first = draft(&lobby, "alice", Some("k1"), "once");
    let retry = draft(&lobby, "alice", Some("k1"), "once");
    let first = stage.broker.publish(&first, None).await.expect("published");
    let retry = other.publish(&retry, None).await.expect("published");
    assert!(retry.duplicate && !first.duplicate);
    assert_eq!((first.position, first.id), (retry.position, retry.id));
    assert_eq!(stage.texts(&lobby).await, ["once"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p8_a_fence_and_a_signal_of_one_node_are_told_at_the_other() {
    let stage = RedisStage::start().await;
    let lobby = room("lobby");
    let (_other, mut other_feed) = other_node(&stage, &lobby).await;
    let signal = Signal::Typing(TypingSeen {
        room: lobby.clone(),
        user: "alice".parse().unwrap(),
        typing: true,
    });
    stage.broker.signal(&signal).await.expect("told");
    assert_eq!(next(&mut other_feed).await, FeedEvent::Signal(signal));
    let said = stage.say(&lobby, "hello").await;
    let FeedEvent::Message(told) = next(&mut other_feed).await else {
        panic!("no message")
    };
    assert_eq!(told.position, said.position);
    let head = stage
        .broker
        .open(&lobby, Some(said.position.epoch))
        .await
        .expect("fenced");
    assert_eq!(
        next(&mut other_feed).await,
        FeedEvent::Fenced(lobby.clone())
    );
    let again = stage
        .broker
        .open(&lobby, Some(said.position.epoch))
        .await
        .expect("fenced before");
    assert_eq!(again, head, "whoever comes second finds the new epoch");
}
