//! A view of one room, made of its events: who is here, who types, who has read how far.
//!
//! Pure: no clock, no connection. Keeps true: it holds a bounded number of users, and says when its
//! list of them can't be relied on. Leaves asking for what it lacks to the caller, by
//! [`crate::Client::who`].

mod people;
mod reading;
mod typing;

use roomcast_protocol::{DisplayName, RoomName, Seq, TypingNews, UserId};

use crate::event::{Event, JoinedRoom};
use people::People;
use reading::Reading;
use typing::Typing;

/// What a room looks like to one of its users. Every event may be handed to it: those of other
/// rooms are passed over. Holds 10,000 users, 64 of those who type, and 1,000 read marks at most.
///
/// ```
/// # use roomcast_client::{Event, RoomView};
/// # fn f(event: Event, now_ms: u64) {
/// let mut view = RoomView::new("lobby".parse().unwrap(), "alice".parse().unwrap());
/// view.apply(&event, now_ms);
/// if !view.is_complete() {
///     // Client::who asks for the others; its pages come as events.
/// }
/// println!("{} here, {} type", view.count(), view.typing(now_ms).count);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RoomView {
    room: RoomName,
    user: UserId,
    people: People,
    typing: Typing,
    reading: Reading,
}

impl RoomView {
    /// The view that `user` has of `room`, before anything was heard of it.
    pub fn new(room: RoomName, user: UserId) -> Self {
        Self {
            room,
            user,
            people: People::default(),
            typing: Typing::default(),
            reading: Reading::default(),
        }
    }

    /// Takes in what happened. `now_ms` is in milliseconds of any clock that never goes back.
    pub fn apply(&mut self, event: &Event, now_ms: u64) {
        if event.room().is_some_and(|room| *room != self.room) {
            return;
        }
        match event {
            Event::Joined(joined) => self.joined(joined, now_ms),
            Event::Disconnected { .. } | Event::Closed { .. } => {
                self.people.lose_track();
                self.typing = Typing::default();
            }
            Event::RoomLost { .. } => {
                let (room, user) = (self.room.clone(), self.user.clone());
                *self = Self::new(room, user);
            }
            Event::Chat(chat) | Event::Direct(chat) => {
                self.typing.seen(&chat.from, false, now_ms);
                self.reading.said(chat.position());
            }
            Event::Gap { epoch, to, .. } => self.reading.skipped(*epoch, *to),
            Event::UserJoined(joined) => {
                self.people.came(&joined.user, joined.name.as_ref());
                self.people.count = joined.count;
            }
            Event::UserLeft(left) => {
                self.went(&left.user, now_ms);
                self.people.count = left.count;
            }
            Event::Presence(news) => {
                for user in &news.left {
                    self.went(user, now_ms);
                }
                for member in &news.joined {
                    self.people.came(&member.user, member.name.as_ref());
                }
                if news.left.is_empty() && news.joined.is_empty() {
                    self.people.lose_track();
                }
                self.people.count = news.count;
            }
            Event::Members(page) => self.people.listed(page),
            Event::Typing(seen) => self.typing.seen(&seen.user, seen.typing, now_ms),
            Event::Typists(typists) => self.typing.replace(Some(&typists.news), now_ms),
            Event::Read(mark) => self.has_read(&mark.user, mark.seq),
            Event::Reads(reads) => {
                for mark in &reads.marks {
                    self.has_read(&mark.user, mark.seq);
                }
            }
            Event::Connected { .. } => {}
        }
    }

    /// The room.
    pub fn room(&self) -> &RoomName {
        &self.room
    }

    /// Users in the room, as last told; 0 before one came in.
    pub fn count(&self) -> u64 {
        self.people.count
    }

    /// The users known to be here, in the order of their ids. Where the view
    /// [is not complete](Self::is_complete), some may be missing, and some may have gone.
    pub fn users(&self) -> impl Iterator<Item = (&UserId, Option<&DisplayName>)> {
        self.people.users()
    }

    /// Whether [`users`](Self::users) are all that are here, and no others.
    pub fn is_complete(&self) -> bool {
        self.people.is_complete()
    }

    /// Who types at `now_ms`, oneself left out. Too many to be named are only counted. Whoever was
    /// not heard to type for 8 seconds is not believed to any more.
    pub fn typing(&self, now_ms: u64) -> TypingNews {
        self.typing.now(&self.user, now_ms)
    }

    /// When [`typing`](Self::typing) changes without an event; `None` if nobody types.
    pub fn typing_ends_at_ms(&self, now_ms: u64) -> Option<u64> {
        self.typing.ends_at_ms(now_ms)
    }

    /// How far the user has read in the room's present epoch, in whatever session.
    pub fn read(&self) -> Option<Seq> {
        self.reading.own()
    }

    /// How many messages stand behind that, the user's own among them; `None` as long as it is not
    /// known.
    pub fn unread(&self) -> Option<u64> {
        self.reading.unread()
    }

    /// How far others have read in the room's present epoch, where it was told.
    pub fn marks(&self) -> impl Iterator<Item = (&UserId, Seq)> {
        self.reading.marks()
    }

    fn joined(&mut self, joined: &JoinedRoom, now_ms: u64) {
        self.people.began(joined.count, joined.members.as_deref());
        self.typing.replace(joined.typing.as_ref(), now_ms);
        let JoinedRoom {
            position,
            read,
            unread,
            ..
        } = joined;
        self.reading.began(*position, *read, *unread);
    }

    fn went(&mut self, user: &UserId, now_ms: u64) {
        self.people.went(user);
        self.typing.seen(user, false, now_ms);
    }

    fn has_read(&mut self, user: &UserId, seq: Seq) {
        if *user == self.user {
            self.reading.read(seq);
        } else {
            self.reading.read_by(user, seq);
        }
    }
}

#[cfg(test)]
mod tests;
