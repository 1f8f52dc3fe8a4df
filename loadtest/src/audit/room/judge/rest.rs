//! What holds at rest: everybody stands at the head, and who is said to be here is here.

use std::collections::BTreeSet;

use crate::audit::check::Check;
use crate::audit::faults::seconds;
use crate::audit::room::trouble::{At, standing};
use crate::audit::room::walk::{AtRest, Walk};
use crate::audit::room::{Room, witness_name};
use crate::audit::scene::Scene;

/// When the client's ledger came to rest and how it was then, if it had a session here.
fn live_at_rest(scene: &Scene<'_>, client: u32, walk: &Walk) -> Option<(u64, AtRest)> {
    let known = scene.survey.clients.get(&client)?;
    let file = &scene.survey.files[known.file];
    let rest_us = file.rest_us?;
    let rest = walk.at_rest(rest_us);
    let life = file.sessions.get(rest.session? as usize)?.as_ref()?;
    file.is_live_at_rest(life).then_some((rest_us, rest))
}

pub(super) fn convergence(room: &Room, scene: &mut Scene<'_>) {
    for (client, walk) in &room.walks {
        let Some((rest_us, rest)) = live_at_rest(scene, *client, walk) else {
            continue;
        };
        if rest.is_waiting {
            scene.looked(Check::Convergence, 1);
            let who = scene.who(*client);
            scene.found(Check::Convergence, rest_us, || {
                format!("{who} was to be let in and never was")
            });
            continue;
        }
        let Some(head) = room.head else { continue };
        scene.looked(Check::Convergence, 1);
        let why = if rest.stands != Some(head) {
            let stands = standing(rest.stands);
            format!("stands at {stands}, the head is at {}", At(head))
        } else if rest.still_to_come > 0 {
            format!("still waits for {} messages of joined", rest.still_to_come)
        } else if rest.moved_us > rest_us {
            format!("came to the head only at {}", seconds(rest.moved_us))
        } else {
            continue;
        };
        let who = scene.who(*client);
        scene.found(Check::Convergence, rest_us, || format!("{who} {why}"));
    }
}

pub(super) fn presence(room: &Room, scene: &mut Scene<'_>) {
    // Who is here at rest is known only if all say when that is.
    let mut files = scene.survey.files.iter();
    let all_rest =
        files.all(|file| file.rest_us.is_some() || (file.sessions.is_empty() && file.is_whole));
    if room.claims.all.is_empty() || !all_rest {
        return;
    }
    let here = room.walks.iter().filter(|(client, walk)| {
        let live = live_at_rest(scene, **client, walk);
        live.is_some_and(|(_, rest)| !rest.is_waiting)
    });
    let users = here.filter_map(|(client, _)| Some(scene.survey.clients.get(client)?.user));
    let truth: BTreeSet<u32> = users.collect();
    for (claim, made) in &room.claims.all {
        scene.looked(Check::PresenceAtRest, made.times);
        let told: Option<BTreeSet<u32>> =
            (claim.users.as_ref()).map(|users| users.iter().copied().collect());
        let is_listed_once = claim
            .users
            .as_ref()
            .is_none_or(|users| users.len() == told.as_ref().map_or(0, BTreeSet::len));
        let is_count_right = claim.count == truth.len() as u64;
        if is_count_right && is_listed_once && told.as_ref().is_none_or(|told| *told == truth) {
            continue;
        }
        let by = made
            .by
            .map_or("the API".into(), |by| witness_name(scene, by));
        let names = |of: Vec<&u32>| {
            let few = of
                .iter()
                .take(5)
                .map(|user| scene.survey.names.text(**user));
            few.collect::<Vec<_>>().join(", ")
        };
        let (ghosts, missing) = told.as_ref().map_or_else(Default::default, |told| {
            let ghosts = names(told.difference(&truth).collect());
            (ghosts, names(truth.difference(told).collect()))
        });
        let (count, are, times) = (claim.count, truth.len(), made.times);
        scene.found(Check::PresenceAtRest, made.at_us, || {
            format!(
                "{by} was told {count} users, {times} times; {are} are here; \
                 ghosts: [{ghosts}], missing: [{missing}]"
            )
        });
    }
}
