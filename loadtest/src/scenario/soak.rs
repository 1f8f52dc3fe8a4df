//! `soak`: people, for hours, with an eye on memory.

use super::chatter;
use super::shape::{Shape, talk_for};
use crate::expect::Expect;
use crate::script::Talk;
use crate::settings::Settings;

/// What allocators and tables of a crowd that comes and goes may take over hours.
const GROWTH_MAX: f64 = 1.15;

pub(super) fn shape(settings: &Settings) -> Shape {
    Shape {
        talk: Talk::For(talk_for(settings, 2 * 3_600)),
        expects: vec![Expect::MemoryIsFlat { factor: GROWTH_MAX }],
        ..chatter::shape(settings)
    }
}
