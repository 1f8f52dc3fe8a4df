//! Other logs for the double: what a failover or a flush leaves behind.

use std::sync::Arc;

use roomcast_broker::{Broker as _, MemoryBroker, Span};
use roomcast_protocol::{Chat, Draft, Message, MessageId, RoomName, Said, Seq};

use super::{Double, Store};

impl Double {
    /// Everything `room` has now, oldest first.
    pub(crate) async fn log(&self, room: &RoomName) -> Vec<Message> {
        let span = Span::From {
            after: Seq::ZERO,
            limit: usize::MAX,
        };
        self.look(room, span)
            .await
            .map_or(Vec::new(), |s| s.messages)
    }

    /// The log of these rooms comes back without its last messages, under the same epoch, as a
    /// replica does that was promoted without the last writes. `said_since` is what was said to it
    /// before anybody looked. Rooms that aren't named are forgotten altogether. Nothing is told.
    pub(crate) async fn come_back_as(&self, rooms: &[(RoomName, usize, &[&str])]) {
        let (keeper, feeds) = MemoryBroker::new(self.0.config, 1);
        let mut alias = std::collections::HashMap::new();
        for (room, kept, said_since) in rooms {
            let log = self.log(room).await;
            let head = self.look(room, Span::Latest { limit: 0 }).await;
            let epoch = head.map(|slice| slice.head.epoch);
            let whole = log.first().is_none_or(|m| m.position.seq.value() == 1);
            assert!(whole, "only a log that was never trimmed can be rebuilt");
            for message in log.iter().take(*kept) {
                keeper.publish(&draft_of(message), None).await.unwrap();
            }
            for text in *said_since {
                keeper.publish(&draft(room, text), None).await.unwrap();
            }
            let head = keeper.open(room, None).await.unwrap();
            alias.extend(epoch.map(|outer| (room.clone(), (head.epoch, outer))));
        }
        let subscribed = self.0.store.lock().subscribed.clone();
        for room in &subscribed {
            keeper.subscribe(room).await.unwrap();
        }
        *self.0.store.lock() = Store {
            keeper: Arc::new(keeper),
            alias,
            subscribed,
        };
        self.pump(feeds);
    }
}

/// A message that somebody else says.
pub(crate) fn draft(room: &RoomName, text: &str) -> Draft {
    let said = Said {
        id: MessageId::from_uuid(uuid::Uuid::new_v4()),
        from: "else".parse().unwrap(),
        name: None,
        to: None,
        message: text.into(),
        data: None,
        key: None,
    };
    Draft::new(room.clone(), &said)
}

fn draft_of(message: &Message) -> Draft {
    let Chat { from, key, .. } = message.to_chat();
    Draft {
        room: message.room.clone(),
        from,
        key,
        id: message.id,
        body: message.body.clone(),
        trace: message.trace.clone(),
    }
}
