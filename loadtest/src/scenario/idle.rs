//! `idle`: sessions that are in a room and do nothing, for what each costs. At the end a little is said
//! in each room: a session that only seems to be there proves nothing.

use std::time::Duration;

use super::shape::{Shape, talk_for};
use crate::load::Crowd;
use crate::script::Talk;
use crate::settings::Settings;

/// How long the proof takes.
const PROOF: Duration = Duration::from_secs(10);

pub(super) fn shape(settings: &Settings) -> Shape {
    let clients = settings.clients.unwrap_or(5_000);
    let rooms = settings.rooms.unwrap_or(clients.div_ceil(10));
    Shape {
        clients,
        rooms,
        crowd: Crowd::Even {
            speakers: 1,
            // Each room hears some two words.
            rate: settings.rate.unwrap_or(f64::from(rooms) / 5.0),
        },
        idle: talk_for(settings, 60),
        talk: Talk::For(PROOF),
        faults: Vec::new(),
        expects: Vec::new(),
    }
}
