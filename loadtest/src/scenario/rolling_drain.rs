//! `rolling-drain`: people talk while one node after the other is asked to end and is started anew, as a
//! deployment does it.

use std::time::Duration;

use super::chatter;
use super::shape::{Shape, talk_for};
use crate::fault::Fault;
use crate::fault::deed::Deed;
use crate::script::Talk;
use crate::settings::Settings;

/// From one node to the next: a drain takes ten seconds by default, and then the node comes back.
const EACH: Duration = Duration::from_secs(20);
/// Before the first.
const CALM: Duration = Duration::from_secs(5);

pub(super) fn shape(settings: &Settings, nodes: &[String]) -> Shape {
    let drains = nodes.iter().zip(0_u32..).map(|(node, turn)| {
        let node = node.clone();
        Fault::usual(Deed::Drain { node }, CALM + EACH * turn)
    });
    let faults: Vec<Fault> = drains.collect();
    let takes = CALM + EACH * u32::try_from(faults.len()).unwrap_or(u32::MAX);
    Shape {
        talk: Talk::For(talk_for(settings, takes.as_secs())),
        faults,
        ..chatter::shape(settings)
    }
}
