//! One session as the world sees it: whose it is, where it is, and a bounded queue of what it is sent.
//!
//! When the queue is half full, signals are dropped; when it is full, the session is cut.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use roomcast_protocol::{DisplayName, RoomName, ServerFrame, UserId, encode_server};
use tokio::sync::{Notify, mpsc};
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// Frames that may wait for a slow reader: more than a whole log.
const FRAMES_MAX: usize = 16_384;

/// A frame on its way.
pub(crate) struct Parcel {
    pub(crate) text: Utf8Bytes,
    /// The room, if it is a message.
    pub(crate) room: Option<RoomName>,
    /// Whether the next message of that room is to be sent before it.
    pub(crate) is_late: bool,
}

/// The other end of a line, for the task that writes.
pub(crate) struct LineEnd {
    pub(crate) parcels: mpsc::Receiver<Parcel>,
    /// Fires when the line is to be cut.
    pub(crate) cut: Arc<Notify>,
}

pub(crate) struct Line {
    pub(crate) user: UserId,
    pub(crate) name: Option<DisplayName>,
    pub(crate) rooms: BTreeSet<RoomName>,
    parcels: mpsc::Sender<Parcel>,
    cut: Arc<Notify>,
    /// Messages that wait for the next one of their room.
    held: HashMap<RoomName, Utf8Bytes>,
}

impl Line {
    pub(crate) fn new(user: UserId, name: Option<DisplayName>) -> (Self, LineEnd) {
        let (sender, parcels) = mpsc::channel(FRAMES_MAX);
        let cut = Arc::new(Notify::new());
        let line = Self {
            user,
            name,
            rooms: BTreeSet::new(),
            parcels: sender,
            cut: cut.clone(),
            held: HashMap::new(),
        };
        (line, LineEnd { parcels, cut })
    }

    pub(crate) fn say(&self, frame: &ServerFrame) {
        self.send(Parcel {
            text: encode_server(frame).into(),
            room: None,
            is_late: false,
        });
    }

    /// Says what may be left out.
    pub(crate) fn signal(&self, text: &Utf8Bytes) {
        if self.parcels.capacity() > FRAMES_MAX / 2 {
            self.send(Parcel {
                text: text.clone(),
                room: None,
                is_late: false,
            });
        }
    }

    pub(crate) fn chat(&self, room: &RoomName, text: Utf8Bytes, is_late: bool) {
        self.send(Parcel {
            text,
            room: Some(room.clone()),
            is_late,
        });
    }

    /// Keeps the message back, and sends the one that was kept back before.
    pub(crate) fn chat_with_the_next(&mut self, room: &RoomName, text: Utf8Bytes) {
        if let Some(before) = self.held.insert(room.clone(), text) {
            self.chat(room, before, false);
        }
    }

    /// Forgets what was kept back: the session has come in anew, or left.
    pub(crate) fn let_go(&mut self, room: &RoomName) {
        self.held.remove(room);
    }

    pub(crate) fn cut(&self) {
        self.cut.notify_one();
    }

    fn send(&self, parcel: Parcel) {
        if self.parcels.try_send(parcel).is_err() {
            self.cut();
        }
    }
}
