//! What all clients of one process share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roomcast_protocol::{InvalidName, RoomName};

use super::pending::Patience;
use super::tally::{News, Tally};
use super::target::Target;
use super::traffic::Traffic;
use crate::ledger::record::Name;
use crate::ledger::writer::Ledger;
use crate::load::{Crowd, Load};

/// So many members of a room look up who is there, at rest.
const WITNESSES: usize = 3;

/// Everything that isn't one client's own.
pub(crate) struct Crew {
    pub(crate) load: Load,
    pub(crate) ledger: Ledger,
    pub(crate) targets: Vec<Target>,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) patience: Patience,
    rooms: Vec<(RoomName, Name)>,
    /// The first members of each room, of the whole fleet.
    witnesses: Vec<Vec<u32>>,
    tally: Mutex<Tally>,
}

/// What a client looks up at rest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lookup {
    /// Who is in the room of this seat.
    Who { seat: usize },
    /// What its log holds.
    Log { seat: usize },
    /// What the client's inbox holds.
    Inbox,
}

impl Crew {
    /// # Errors
    /// The run's name makes no room name.
    pub(crate) fn new(
        load: Load,
        ledger: Ledger,
        targets: Vec<Target>,
    ) -> Result<Self, InvalidName> {
        let room = |number| -> Result<(RoomName, Name), InvalidName> {
            let name = load.room(number);
            Ok((name.parse()?, ledger.name(&name)))
        };
        let rooms = (0..load.rooms).map(room).collect::<Result<_, _>>()?;
        Ok(Self {
            rooms,
            witnesses: witnesses(&load),
            patience: Patience {
                answer_us: load.answer_ms * 1_000,
                key_window_us: load.key_window_ms * 1_000,
            },
            traffic: Arc::default(),
            tally: Mutex::default(),
            targets,
            ledger,
            load,
        })
    }

    pub(crate) fn room(&self, number: u32) -> (RoomName, Name) {
        self.rooms[number as usize].clone()
    }

    pub(crate) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happened since this was asked last.
    pub(crate) fn news(&self) -> News {
        let waits_us = self.ledger.waits().us;
        self.tally().take(self.traffic.take(), waits_us)
    }

    pub(crate) fn now_us(&self) -> u64 {
        self.ledger.clock().now_us()
    }

    /// What a client in these rooms looks up at rest.
    pub(crate) fn lookups(&self, client: u32, rooms: &[u32]) -> Vec<Lookup> {
        let mut lookups = Vec::new();
        for (seat, room) in rooms.iter().enumerate() {
            let place = self.witnesses[*room as usize]
                .iter()
                .position(|witness| *witness == client);
            if place.is_some() {
                lookups.push(Lookup::Who { seat });
            }
            if place == Some(0) {
                lookups.push(Lookup::Log { seat });
            }
        }
        if self.has_directs() {
            lookups.push(Lookup::Inbox);
        }
        lookups
    }

    /// Whether clients write to each other's inboxes.
    pub(crate) fn has_directs(&self) -> bool {
        matches!(self.load.crowd, Crowd::People { direct_percent, .. } if direct_percent > 0.0)
    }
}

fn witnesses(load: &Load) -> Vec<Vec<u32>> {
    let mut witnesses = BTreeMap::<u32, Vec<u32>>::new();
    for client in 0..load.clients {
        for room in load.part(client).rooms {
            let of_room = witnesses.entry(room).or_default();
            if of_room.len() < WITNESSES {
                of_room.push(client);
            }
        }
    }
    (0..load.rooms)
        .map(|room| witnesses.remove(&room).unwrap_or_default())
        .collect()
}
