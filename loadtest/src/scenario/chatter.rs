//! `chatter`: people. They are in a few rooms each, some of which are much fuller than others; they type
//! before they talk, tell what they have read, write to each other directly, and reload their page.

use super::shape::{IDLE, Shape, talk_for};
use crate::load::Crowd;
use crate::script::Talk;
use crate::settings::Settings;

pub(super) fn shape(settings: &Settings) -> Shape {
    let clients = settings.clients.unwrap_or(600);
    Shape {
        clients,
        rooms: settings.rooms.unwrap_or(clients.div_ceil(10)),
        crowd: Crowd::People {
            rooms_each: settings.rooms_each.unwrap_or(3),
            zipf: settings.zipf.unwrap_or(1.0),
            rate: settings.rate.unwrap_or(f64::from(clients) / 6.0),
            direct_percent: settings.direct.unwrap_or(5.0),
            reload_percent: settings.reloads.unwrap_or(1.0),
        },
        idle: IDLE,
        talk: Talk::For(talk_for(settings, 60)),
        faults: Vec::new(),
        expects: Vec::new(),
    }
}
