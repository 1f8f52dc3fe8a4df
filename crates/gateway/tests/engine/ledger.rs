//! Judges what one session was told: in each room an unbroken row, or a gap that says what is
//! missing (P2), and no position twice (P3). Two ledgers are compared for one order (P1).

use std::collections::{BTreeMap, HashMap};

use roomcast_protocol::{Chat, Epoch, GapRange, Joined, MessageId, RoomName, ServerFrame, Since};

/// What a session saw, by room.
#[derive(Default)]
pub(crate) struct Ledger {
    rooms: HashMap<RoomName, Row>,
}

/// What a session saw in one room.
pub(crate) struct Row {
    pub(crate) epoch: Epoch,
    /// The last position covered.
    pub(crate) told: u64,
    pub(crate) seen: BTreeMap<(u64, u64), (MessageId, String)>,
    pub(crate) gaps: Vec<(Epoch, GapRange)>,
    /// Epochs in the order seen; a message's first coordinate is a place in here.
    epochs: Vec<Epoch>,
}

impl Ledger {
    /// Reads everything a client was told, over all sessions it had one after the other.
    pub(crate) fn of(heard: &[ServerFrame]) -> Self {
        let mut ledger = Self::default();
        for frame in heard {
            match frame {
                ServerFrame::Joined(joined) => ledger.joined(joined),
                ServerFrame::Chat(chat) => ledger
                    .rooms
                    .get_mut(&chat.room)
                    .expect("no chat before `joined`")
                    .chat(chat),
                ServerFrame::Gap(gap) => {
                    let range = GapRange {
                        from: gap.from,
                        to: gap.to,
                    };
                    let row = ledger.rooms.get_mut(&gap.room);
                    row.expect("no gap before `joined`").gap(gap.epoch, range);
                }
                _ => {}
            }
        }
        ledger
    }

    pub(crate) fn row(&self, room: &RoomName) -> &Row {
        self.rooms
            .get(room)
            .unwrap_or_else(|| panic!("{room} was never joined"))
    }

    /// The same, if it was joined.
    pub(crate) fn row_if_joined(&self, room: &RoomName) -> Option<&Row> {
        self.rooms.get(room)
    }

    /// No position means one message here and another one there.
    pub(crate) fn agrees_with(&self, other: &Self) {
        for (room, row) in &self.rooms {
            let Some(theirs) = other.rooms.get(room) else {
                continue;
            };
            for ((epoch, seq), message) in &row.seen {
                let epoch = row.epochs[usize::try_from(*epoch).unwrap()];
                if let Some(place) = theirs.epochs.iter().position(|e| *e == epoch)
                    && let Some(found) = theirs.seen.get(&(place as u64, *seq))
                {
                    assert_eq!(message, found, "{room} {epoch} {seq} means two messages");
                }
            }
        }
    }

    fn joined(&mut self, joined: &Joined) {
        let chats: Vec<Chat> = joined
            .messages
            .iter()
            .map(
                |json| match roomcast_protocol::decode_server(json.as_str()) {
                    Ok(ServerFrame::Chat(chat)) => *chat,
                    other => panic!("a message is a chat frame: {other:?}"),
                },
            )
            .collect();
        let first = joined.seq.value() + 1 - chats.len() as u64;
        let before = joined.gap.map_or(first, |gap| gap.from.value()) - 1;
        let row = self
            .rooms
            .entry(joined.room.clone())
            .or_insert_with(|| Row {
                epoch: joined.epoch,
                told: before,
                seen: BTreeMap::new(),
                gaps: Vec::new(),
                epochs: vec![joined.epoch],
            });
        if joined.recovered {
            assert_eq!(row.epoch, joined.epoch, "recovered means the same epoch");
            assert!(joined.gap.is_none(), "recovered means no gap");
        } else if let Some(gap) = joined.gap {
            row.gap(joined.epoch, gap);
        } else if row.epoch != joined.epoch || row.told != first - 1 {
            // Joined afresh: nothing was promised about what lies between.
            row.enter_epoch(joined.epoch);
            row.told = first - 1;
        }
        for chat in &chats {
            row.chat(chat);
        }
        assert_eq!(row.told, joined.seq.value(), "`joined` covers what it says");
    }
}

impl Row {
    /// Whether everything up to the log's end was told.
    pub(crate) fn reaches(&self, epoch: Epoch, seq: u64) {
        assert_eq!((self.epoch, self.told), (epoch, seq), "not told to the end");
    }

    /// The position to come back with.
    pub(crate) fn since(&self) -> Since {
        let last = self.seen.get(&(self.epochs.len() as u64 - 1, self.told));
        Since {
            epoch: self.epoch,
            seq: self.told.try_into().unwrap(),
            id: last.map(|(id, _)| *id),
        }
    }

    pub(crate) fn texts(&self) -> Vec<&str> {
        self.seen.values().map(|(_, text)| &**text).collect()
    }

    fn chat(&mut self, chat: &Chat) {
        let at = format!("{} {} {}", chat.room, chat.epoch, chat.seq);
        assert_eq!(chat.epoch, self.epoch, "{at}: no other epoch without a gap");
        assert_eq!(
            chat.seq.value(),
            self.told + 1,
            "{at}: the next one, or a gap"
        );
        self.told += 1;
        let place = (self.epochs.len() as u64 - 1, self.told);
        self.seen.insert(place, (chat.id, chat.message.clone()));
    }

    fn gap(&mut self, epoch: Epoch, gap: GapRange) {
        self.gaps.push((epoch, gap));
        if epoch == self.epoch {
            assert_eq!(
                gap.from.value(),
                self.told + 1,
                "a gap begins where telling ended"
            );
            assert!(gap.to >= gap.from, "a gap inside an epoch misses something");
        } else {
            self.enter_epoch(epoch);
        }
        self.told = gap.to.value();
    }

    fn enter_epoch(&mut self, epoch: Epoch) {
        if epoch != self.epoch {
            assert!(
                !self.epochs.contains(&epoch),
                "an epoch that is over stays over"
            );
            self.epochs.push(epoch);
            self.epoch = epoch;
        }
    }
}
