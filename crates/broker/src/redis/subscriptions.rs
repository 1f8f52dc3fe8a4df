//! What this link is subscribed to, and who waits for it: the pure part of the subscriber.
//!
//! Redis answers each SSUBSCRIBE and SUNSUBSCRIBE once, in order. A room counts as subscribed when
//! none of its answers is outstanding, so that leaving and coming back quickly can't be taken for
//! the first coming.

use std::collections::HashMap;

use roomcast_protocol::RoomName;
use tokio::sync::oneshot;

#[derive(Default)]
pub(super) struct Subscriptions {
    rooms: HashMap<RoomName, Subscription>,
}

#[derive(Default)]
struct Subscription {
    wanted: bool,
    answers_due: u32,
    waiting: Vec<oneshot::Sender<()>>,
}

impl Subscriptions {
    /// Wants a room; says whether a SSUBSCRIBE must be sent.
    pub(super) fn want(&mut self, room: &RoomName, done: oneshot::Sender<()>) -> bool {
        let subscription = self.rooms.entry(room.clone()).or_default();
        let fresh = !std::mem::replace(&mut subscription.wanted, true);
        if fresh || subscription.answers_due > 0 {
            subscription.waiting.push(done);
        } else {
            // Whoever asked may have given up meanwhile.
            let _ = done.send(());
        }
        fresh
    }

    /// Wants a room no more; says whether a SUNSUBSCRIBE must be sent.
    pub(super) fn forget(&mut self, room: &RoomName) -> bool {
        let Some(subscription) = self.rooms.get_mut(room) else {
            return false;
        };
        subscription.waiting.clear();
        let was_wanted = std::mem::replace(&mut subscription.wanted, false);
        if subscription.answers_due == 0 && !was_wanted {
            self.rooms.remove(room);
        }
        was_wanted
    }

    /// A command for the room was sent.
    pub(super) fn sent(&mut self, room: &RoomName) {
        if let Some(subscription) = self.rooms.get_mut(room) {
            subscription.answers_due += 1;
        }
    }

    /// Redis answered a command for the room.
    pub(super) fn answered(&mut self, room: &RoomName) {
        let Some(subscription) = self.rooms.get_mut(room) else {
            return;
        };
        subscription.answers_due = subscription.answers_due.saturating_sub(1);
        if subscription.answers_due > 0 {
            return;
        }
        for waiting in subscription.waiting.drain(..) {
            let _ = waiting.send(());
        }
        if !subscription.wanted {
            self.rooms.remove(room);
        }
    }

    /// The server keeps the room no longer. Whether it was wanted; who waits for it waits in vain.
    pub(super) fn displace(&mut self, room: &RoomName) -> bool {
        let Some(subscription) = self.rooms.get_mut(room) else {
            return false;
        };
        subscription.waiting.clear();
        let was_wanted = std::mem::replace(&mut subscription.wanted, false);
        if subscription.answers_due == 0 {
            self.rooms.remove(room);
        }
        was_wanted
    }

    /// Whether every wanted room is subscribed.
    pub(super) fn settled(&self) -> bool {
        self.rooms
            .values()
            .all(|subscription| subscription.answers_due == 0)
    }

    /// The link is a new one: nothing is outstanding, and these rooms are to be subscribed again.
    pub(super) fn begin_again(&mut self) -> Vec<RoomName> {
        self.rooms.retain(|_, subscription| subscription.wanted);
        for subscription in self.rooms.values_mut() {
            subscription.answers_due = 0;
        }
        self.rooms.keys().cloned().collect()
    }

    pub(super) fn len(&self) -> usize {
        self.rooms.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room() -> RoomName {
        "r".parse().unwrap()
    }

    #[test]
    fn leaving_and_coming_back_waits_for_the_last_answer() {
        let mut subscriptions = Subscriptions::default();
        let (first, mut first_done) = oneshot::channel();
        assert!(subscriptions.want(&room(), first));
        subscriptions.sent(&room());
        assert!(subscriptions.forget(&room()));
        subscriptions.sent(&room());
        let (second, mut second_done) = oneshot::channel();
        assert!(subscriptions.want(&room(), second));
        subscriptions.sent(&room());
        subscriptions.answered(&room());
        subscriptions.answered(&room());
        assert!(
            second_done.try_recv().is_err(),
            "the last subscribe is still on its way"
        );
        subscriptions.answered(&room());
        assert!(second_done.try_recv().is_ok());
        assert!(first_done.try_recv().is_err(), "the first one left");
    }

    #[test]
    fn a_second_wish_for_a_subscribed_room_is_granted_at_once() {
        let mut subscriptions = Subscriptions::default();
        let (first, _first_done) = oneshot::channel();
        subscriptions.want(&room(), first);
        subscriptions.sent(&room());
        subscriptions.answered(&room());
        let (second, mut second_done) = oneshot::channel();
        assert!(!subscriptions.want(&room(), second));
        assert!(second_done.try_recv().is_ok());
    }

    #[test]
    fn a_new_link_subscribes_what_is_wanted_and_drops_the_rest() {
        let mut subscriptions = Subscriptions::default();
        let (done, mut waiting) = oneshot::channel();
        subscriptions.want(&room(), done);
        subscriptions.sent(&room());
        let gone: RoomName = "gone".parse().unwrap();
        let (other, _other_waiting) = oneshot::channel();
        subscriptions.want(&gone, other);
        subscriptions.sent(&gone);
        subscriptions.forget(&gone);
        assert_eq!(subscriptions.begin_again(), [room()]);
        assert!(waiting.try_recv().is_err(), "not yet");
        subscriptions.sent(&room());
        subscriptions.answered(&room());
        assert!(waiting.try_recv().is_ok() && subscriptions.settled());
        assert_eq!(subscriptions.len(), 1);
    }
}
