//! What may happen in a small run.

use super::world::{CLIENTS, ROOMS, USERS};

/// What may happen.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Say { client: u32, room: u32, fate: u8 },
    Direct { client: u32, to: u32 },
    Cut { client: u32 },
    Back { client: u32 },
    Leave { client: u32, room: u32 },
    Forget { room: u32, lost: u64 },
}

impl Step {
    pub(super) fn from_dice([kind, a, b, c]: [u8; 4]) -> Self {
        let client = u32::from(a) % CLIENTS;
        let room = u32::from(b) % ROOMS;
        match kind % 16 {
            0 => Self::Cut { client },
            1..=3 => Self::Back { client },
            4 if c % 2 == 0 => Self::Leave { client, room },
            4 => Self::Forget {
                room,
                lost: u64::from(c) % 3,
            },
            5 => Self::Direct {
                client,
                to: u32::from(b) % USERS,
            },
            _ => Self::Say {
                client,
                room,
                fate: c,
            },
        }
    }
}
