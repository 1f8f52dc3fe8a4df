//! What stands at each position of one epoch of a room, as far as anybody was told.
//!
//! Keeps true: it takes memory for positions that were spoken of, not for the numbers between them.

use crate::audit::map::Map;

use crate::payload::{Carried, Said};

const CHUNK: u64 = 64;

/// Who told a position first, where no client did.
pub(in crate::audit) const THE_LOG: u32 = u32::MAX;

/// What is known of a position.
#[derive(Clone, Copy)]
pub(in crate::audit) struct Stand {
    id: [u64; 2],
    said: Said,
    kind: Kind,
    /// A session got it.
    pub(in crate::audit) is_seen: bool,
    /// The log has it at the end.
    pub(in crate::audit) is_logged: bool,
    /// The client that told it first, or [`THE_LOG`].
    pub(in crate::audit) witness: u32,
    /// The earliest time at which it is known to have been stamped.
    pub(in crate::audit) first_us: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unknown,
    Intact,
    Altered,
    Foreign,
}

const NOBODY: Said = Said {
    client: 0,
    number: 0,
};

const EMPTY: Stand = Stand {
    id: [0; 2],
    said: NOBODY,
    kind: Kind::Unknown,
    is_seen: false,
    is_logged: false,
    witness: THE_LOG,
    first_us: u64::MAX,
};

impl Stand {
    /// What its text carries; none where nobody was told the message.
    pub(in crate::audit) fn carried(&self) -> Option<Carried> {
        match self.kind {
            Kind::Unknown => None,
            Kind::Intact => Some(Carried::Intact(self.said)),
            Kind::Altered => Some(Carried::Altered(self.said)),
            Kind::Foreign => Some(Carried::Foreign),
        }
    }

    /// Whether somebody was told the message, or the log has it.
    pub(in crate::audit) fn is_told(&self) -> bool {
        self.kind != Kind::Unknown
    }

    pub(in crate::audit) fn is(&self, id: u128, carried: Carried) -> bool {
        self.id == halves(id) && self.carried() == Some(carried)
    }

    pub(in crate::audit) fn tell(&mut self, id: u128, carried: Carried, witness: u32) {
        self.id = halves(id);
        self.witness = witness;
        (self.kind, self.said) = match carried {
            Carried::Intact(said) => (Kind::Intact, said),
            Carried::Altered(said) => (Kind::Altered, said),
            Carried::Foreign => (Kind::Foreign, NOBODY),
        };
    }
}

fn halves(id: u128) -> [u64; 2] {
    [id as u64, (id >> 64) as u64]
}

/// The positions of one epoch.
#[derive(Default)]
pub(in crate::audit) struct Positions {
    chunks: Map<u64, Box<[Stand; CHUNK as usize]>>,
}

impl Positions {
    pub(in crate::audit) fn find(&self, seq: u64) -> Option<&Stand> {
        let chunk = self.chunks.get(&(seq / CHUNK))?;
        Some(&chunk[(seq % CHUNK) as usize])
    }

    pub(in crate::audit) fn at(&mut self, seq: u64) -> &mut Stand {
        let empty = || Box::new([EMPTY; CHUNK as usize]);
        let chunk = self.chunks.entry(seq / CHUNK).or_insert_with(empty);
        &mut chunk[(seq % CHUNK) as usize]
    }

    /// All that is told, in rising order.
    pub(in crate::audit) fn told(&self) -> impl Iterator<Item = (u64, &Stand)> {
        let mut chunks: Vec<u64> = self.chunks.keys().copied().collect();
        chunks.sort_unstable();
        chunks
            .into_iter()
            .filter_map(|number| Some((number, self.chunks.get(&number)?)))
            .flat_map(|(number, chunk)| (number * CHUNK..).zip(chunk.iter()))
            .filter(|(_, stand)| stand.is_told())
    }

    /// How many positions from `from` to `to` the log has at the end.
    pub(in crate::audit) fn logged_within(&self, from: u64, to: u64) -> u64 {
        let told = |number: &u64| (from / CHUNK..=to / CHUNK).contains(number);
        let chunks = self.chunks.iter().filter(|(number, _)| told(number));
        let logged = chunks.map(|(number, chunk)| {
            let stands = (number * CHUNK..).zip(chunk.iter());
            let counts =
                |(seq, stand): &(u64, &Stand)| stand.is_logged && (from..=to).contains(seq);
            stands.filter(counts).count() as u64
        });
        logged.sum()
    }
}
