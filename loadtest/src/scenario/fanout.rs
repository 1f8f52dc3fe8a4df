//! `fanout`: rooms of one size, in each of which a few talk and all listen.

use super::shape::{IDLE, Shape, talk_for};
use crate::expect::Expect;
use crate::load::Crowd;
use crate::script::Talk;
use crate::settings::Settings;

pub(super) fn shape(settings: &Settings) -> Shape {
    Shape {
        clients: settings.clients.unwrap_or(1_000),
        rooms: settings.rooms.unwrap_or(10),
        crowd: Crowd::Even {
            speakers: settings.speakers.unwrap_or(10),
            rate: settings.rate.unwrap_or(100.0),
        },
        idle: IDLE,
        talk: Talk::For(talk_for(settings, 30)),
        faults: Vec::new(),
        expects: vec![Expect::Offered { share: 0.95 }],
    }
}
