//! `slow-readers`: a share of the clients stops reading for a while. The others must not notice, and the
//! slow ones must get the rest, or be told what they don't get.

use super::shape::{IDLE, Shape, talk_for};
use crate::expect::Expect;
use crate::fault::Fault;
use crate::fault::deed::Deed;
use crate::load::Crowd;
use crate::script::Talk;
use crate::settings::Settings;

/// Twice is what a reader would notice; below this nobody would.
const NOTICED_FACTOR: f64 = 2.0;
const NOTICED_US: u64 = 50_000;

pub(super) fn shape(settings: &Settings) -> Shape {
    let clients = settings.clients.unwrap_or(500);
    let talk = talk_for(settings, 40);
    let slow = settings.slow.unwrap_or(clients.div_ceil(10));
    let deed = Deed::SlowReaders { clients: slow };
    Shape {
        clients,
        rooms: settings.rooms.unwrap_or(5),
        crowd: Crowd::Even {
            speakers: settings.speakers.unwrap_or(20),
            rate: settings.rate.unwrap_or(200.0),
        },
        idle: IDLE,
        talk: Talk::For(talk),
        faults: vec![Fault::new(deed, talk / 4, talk / 2)],
        expects: vec![Expect::OthersDontNotice {
            factor: NOTICED_FACTOR,
            us_max: NOTICED_US,
        }],
    }
}
