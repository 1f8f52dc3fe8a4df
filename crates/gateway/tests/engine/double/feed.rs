//! The double's feed: passes on what the keeper tells, as the script has it.

use roomcast_broker::{Feed, FeedEvent};
use tokio::time::sleep;

use super::Double;

impl Double {
    /// Starts telling what a keeper tells; ends with that keeper.
    pub(super) fn pump(&self, feeds: Vec<Feed>) {
        for mut feed in feeds {
            let double = self.clone();
            tokio::spawn(async move {
                while let Some(event) = feed.recv().await {
                    double.tell(event).await;
                }
            });
        }
    }

    async fn tell(&self, event: FeedEvent) {
        let (times, delay) = match event {
            FeedEvent::Message(_) | FeedEvent::Fenced(_) => self.script().draw(),
            FeedEvent::Signal(_) | FeedEvent::Doubted(_) | FeedEvent::Interrupted => {
                (1, std::time::Duration::ZERO)
            }
        };
        if !delay.is_zero() {
            sleep(delay).await;
        }
        self.script().feed.pass().await;
        let event = match event {
            FeedEvent::Message(message) => FeedEvent::Message(self.message_outward(message)),
            other => other,
        };
        for _ in 0..times {
            // The node may have stopped by now.
            let _ = self.0.out.send(event.clone()).await;
        }
    }
}
