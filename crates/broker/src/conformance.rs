//! The suite that every keeper passes, one function a promise, and the Redis processes it runs on.
//!
//! A keeper's tests call [`broker_conformance!`](crate::broker_conformance) with a function that
//! makes a fresh [`Stage`]; each case becomes a test of its own.

mod log_cases;
mod order_cases;
mod redis_stage;

use std::sync::Arc;
use std::time::Duration;

use roomcast_protocol::{Draft, MessageId, RoomName, Said};
use tokio::time::timeout;

use crate::port::{Broker, Feed, FeedEvent, LogConfig};

pub use log_cases::*;
pub use order_cases::*;
pub use redis_stage::{RedisStage, node_at, redis_config, until, why_not};
pub use roomcast_redis::processes::{
    Certificate, ClusterProcesses, RedisProcess, WatchedProcesses,
};

/// How long a case waits for something that must come.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a case listens for something that must not come.
const SILENCE: Duration = Duration::from_millis(200);

/// A keeper for one case: one node of it, with one feed.
pub struct Stage {
    /// The node's broker.
    pub broker: Arc<dyn Broker>,
    /// Its feed.
    pub feed: Feed,
    /// Whatever must live as long as the case: a process, a directory.
    pub keeps: Box<dyn std::any::Any + Send>,
}

/// What a stage's rooms keep: small enough to be trimmed by a case.
pub fn log_config() -> LogConfig {
    LogConfig {
        history_messages: 200,
        ..LogConfig::default()
    }
}

/// Makes a test of every case for one keeper: `broker_conformance!(make)` where `make` is an async
/// function that returns a [`Stage`] whose rooms keep what [`log_config`] says.
#[macro_export]
macro_rules! broker_conformance {
    ($make:path) => {
        $crate::broker_conformance! { $make:
            p1_positions_are_contiguous_from_one_and_told_in_order,
            p1_many_publishers_make_one_order_without_a_hole,
            p1_the_feed_tells_only_subscribed_rooms,
            p4_what_was_acked_can_be_read,
            p5_a_retry_gets_the_first_place_and_is_not_told_twice,
            p5_a_key_is_one_users_in_one_room,
            p6_a_position_is_continued_exactly,
            p6_a_trimmed_log_says_what_is_missing,
            p6_pages_meet_without_overlap,
            p8_a_log_that_ends_before_the_position_is_fenced_and_stays_readable,
            p8_a_publisher_who_saw_further_than_the_log_fences_it,
            p8_fencing_twice_changes_nothing,
            a_body_passes_byte_for_byte,
            a_trace_goes_with_its_message_and_with_no_other,
            a_signal_is_told_and_not_kept,
            a_room_begins_when_opened_and_not_when_read,
            many_rooms_are_read_at_once,
        }
    };
    ($make:path: $($case:ident,)*) => {$(
        #[tokio::test]
        async fn $case() {
            $crate::conformance::$case($make().await).await;
        }
    )*};
}

impl Stage {
    /// Publishes a plain message; its place.
    async fn say(&self, room: &RoomName, text: &str) -> crate::Published {
        let published = self
            .broker
            .publish(&draft(room, "alice", None, text), None)
            .await;
        published.expect("a healthy keeper publishes")
    }

    /// The next event of the feed, interruptions at the start aside.
    async fn told(&mut self) -> FeedEvent {
        loop {
            let event = timeout(PATIENCE, self.feed.recv()).await;
            match event.expect("told in time").expect("the feed is open") {
                FeedEvent::Interrupted => {}
                event => return event,
            }
        }
    }

    /// Asserts that nothing more is told.
    async fn hears_nothing(&mut self) {
        while let Ok(event) = timeout(SILENCE, self.feed.recv()).await {
            assert_eq!(
                event,
                Some(FeedEvent::Interrupted),
                "nothing else should be told"
            );
        }
    }
}

/// A room with this name.
pub fn room(name: &str) -> RoomName {
    name.parse().expect("a room name")
}

/// A draft of a message with this text.
pub fn draft(room: &RoomName, from: &str, key: Option<&str>, text: &str) -> Draft {
    let said = Said {
        id: MessageId::from_uuid(uuid::Uuid::new_v4()),
        from: from.parse().expect("a user"),
        name: None,
        to: None,
        message: text.to_owned(),
        data: None,
        key: key.map(|key| key.parse().expect("a key")),
    };
    Draft::new(room.clone(), &said)
}
