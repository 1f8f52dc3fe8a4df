//! `reconnect-storm`: everybody's connection is cut at once, and all come back and catch up. What it shows
//! is how long they are away, and that they get what was said meanwhile.

use std::time::Duration;

use super::shape::{IDLE, Shape, talk_for};
use crate::fault::Fault;
use crate::fault::deed::Deed;
use crate::load::Crowd;
use crate::script::Talk;
use crate::settings::Settings;

pub(super) fn shape(settings: &Settings) -> Shape {
    let clients = settings.clients.unwrap_or(2_000);
    let talk = talk_for(settings, 40);
    Shape {
        clients,
        rooms: settings.rooms.unwrap_or(clients.div_ceil(20)),
        crowd: Crowd::Even {
            speakers: settings.speakers.unwrap_or(2),
            rate: settings.rate.unwrap_or(100.0),
        },
        idle: IDLE,
        talk: Talk::For(talk),
        faults: vec![Fault::new(Deed::Reconnect, talk / 4, Duration::ZERO)],
        expects: Vec::new(),
    }
}
