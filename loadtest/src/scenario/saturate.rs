//! `saturate`: rooms of one size in which everybody talks, faster from step to step, until deliveries come
//! late or acks don't come. The last rate that was kept is the knee.

use std::time::Duration;

use super::shape::{IDLE, Shape, talk_for};
use crate::load::Crowd;
use crate::script::Talk;
use crate::settings::{Settings, Time};

/// With the usual factor, some three hundred times the first rate.
const STEPS_MAX: u32 = 22;

pub(super) fn shape(settings: &Settings) -> Shape {
    let clients = settings.clients.unwrap_or(1_000);
    let rooms = settings.rooms.unwrap_or(50);
    let p99 = settings
        .p99
        .map_or(Duration::from_millis(250), |Time(time)| time);
    Shape {
        clients,
        rooms,
        crowd: Crowd::Even {
            // Everybody: a few could be held back by what one session may say.
            speakers: settings.speakers.unwrap_or(clients.div_ceil(rooms.max(1))),
            rate: settings.rate.unwrap_or(200.0),
        },
        idle: IDLE,
        talk: Talk::Steps {
            factor: settings.factor.unwrap_or(1.3),
            each: talk_for(settings, 6),
            p99_us_max: u64::try_from(p99.as_micros()).unwrap_or(u64::MAX),
            steps_max: STEPS_MAX,
        },
        faults: Vec::new(),
        expects: Vec::new(),
    }
}
