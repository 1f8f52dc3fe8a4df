//! Removes what dead nodes left, and takes this one away when it leaves for good.
//!
//! Keeps true: one node at a time reaps a dead life (a claim with a TTL; if the reaper dies too,
//! another goes on with the rooms that are left), and each leave comes out of one run of the
//! script, so it is told once. A reaper that dies between that run and the telling leaves its
//! page of at most 500 untold; state is right all the same.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use roomcast_protocol::RoomName;
use tokio::sync::mpsc;

use super::attend::release;
use super::beat::Dead;
use super::keys;
use super::life::Life;
use super::place::Place;
use super::scripts::{Asking, Reaped};
use super::step::Retirement;
use super::token::Token;
use crate::port::{Change, PresenceError};

/// How many rooms are taken from the dead node's at a time.
const ROOMS_PAGE: usize = 64;
/// How many of them share the connection at a time.
const ROOMS_AT_ONCE: usize = 16;
/// How often a page is asked for again when its answer is lost.
const TRIES: usize = 5;
/// How long it is remembered that a life was reaped, for a node that comes back that late.
const REAPED_TTL_MS: u64 = 24 * 60 * 60 * 1_000;

/// Reaps what comes out of `dead`, until it is aborted.
pub(super) async fn keep_reaping(place: Arc<Place>, mut dead: mpsc::Receiver<Dead>) {
    while let Some(Dead { life, link_changes }) = dead.recv().await {
        if let Err(error) = reap_if_dead(&place, &life, link_changes).await {
            // The next beat finds it again.
            tracing::warn!(redis = place.index, %life, %error, "Presence could not reap a node");
        }
    }
}

async fn reap_if_dead(place: &Place, life: &Life, link_changes: u64) -> Result<(), PresenceError> {
    let mut alive = redis::cmd("EXISTS");
    alive.arg(keys::lease(life));
    if place.link.ask(&alive).await? {
        return Ok(());
    }
    if place.link.changes() != link_changes {
        // A master was away, and every lease that it had may have ended meanwhile. Whose node lives says
        // so in the next beats; then those who are still dead are found again.
        return Ok(());
    }
    let Some(reaper) = place.ledger.lock().life() else {
        return Ok(());
    };
    let mut claim = redis::cmd("SET");
    claim.arg(keys::reaper(life)).arg(reaper.as_str()).arg("NX");
    claim.arg("PX").arg(place.config.lease_ms);
    let claimed: Option<String> = place.link.ask(&claim).await?;
    if claimed.is_none() && !is_claimed_by(place, life, &reaper).await? {
        return Ok(());
    }
    let rooms = reap_rooms(place, life).await?;
    note_reaped(place, life).await?;
    tracing::info!(redis = place.index, %life, rooms, "Presence reaped a node");
    Ok(())
}

/// Whether we hold the claim already: from a try that failed, or because this life was reaped
/// before and something may have been written under it since.
async fn is_claimed_by(place: &Place, life: &Life, reaper: &Life) -> Result<bool, PresenceError> {
    let mut holder = redis::cmd("GET");
    holder.arg(keys::reaper(life));
    let holder: Option<String> = place.link.ask(&holder).await?;
    Ok(holder.is_some_and(|holder| holder == reaper.as_str() || holder == REAPED))
}

/// What the claim says when the work is done.
const REAPED: &str = "reaped";

/// Reaps room after room until the dead life has none. How many.
async fn reap_rooms(place: &Place, life: &Life) -> Result<usize, PresenceError> {
    let mut reaped = 0;
    loop {
        let mut some = redis::cmd("SRANDMEMBER");
        some.arg(keys::rooms(life)).arg(ROOMS_PAGE);
        let rooms: Vec<String> = place.link.ask(&some).await?;
        if rooms.is_empty() {
            return Ok(reaped);
        }
        // What does not parse no node of ours wrote; it is only taken away.
        let names: Vec<RoomName> = rooms.iter().filter_map(|room| room.parse().ok()).collect();
        reap_some(place, &names, life).await?;
        reaped += names.len();
        let mut done = redis::cmd("SREM");
        done.arg(keys::rooms(life)).arg(&rooms);
        place.link.ask::<u64>(&done).await?;
        let mut go_on = redis::cmd("PEXPIRE");
        go_on.arg(keys::reaper(life)).arg(place.config.lease_ms);
        place.link.ask::<u64>(&go_on).await?;
    }
}

async fn reap_some(place: &Place, rooms: &[RoomName], life: &Life) -> Result<(), PresenceError> {
    for some in rooms.chunks(ROOMS_AT_ONCE) {
        let acts = some.iter().map(|room| reap_room(place, room, life));
        for result in join_all(acts).await {
            result?;
        }
    }
    Ok(())
}

/// Goes through a room until a whole pass of several pages has nothing more to take: a cursor says nothing
/// to another process, and a master that was replaced between two pages has them in another order. One
/// page that is all is one look at everybody.
async fn reap_room(place: &Place, room: &RoomName, life: &Life) -> Result<(), PresenceError> {
    loop {
        let pass = reap_pass(place, room, life).await?;
        if pass.is_smooth && (pass.pages == 1 || pass.taken == 0) {
            return Ok(());
        }
    }
}

/// What came of going through a room once.
struct Pass {
    pages: u64,
    taken: u64,
    /// No page had to be asked for again.
    is_smooth: bool,
}

async fn reap_pass(place: &Place, room: &RoomName, life: &Life) -> Result<Pass, PresenceError> {
    let mut pass = Pass {
        pages: 0,
        taken: 0,
        is_smooth: true,
    };
    let mut cursor = Some(0);
    while let Some(at) = cursor {
        let (page, tries) = reap_page(place, room, life, at).await?;
        pass.pages += 1;
        pass.taken += page.taken;
        pass.is_smooth &= tries == 1;
        cursor = page.next.filter(|_| pass.is_smooth);
        tell_left(place, room, page).await;
    }
    Ok(pass)
}

async fn tell_left(place: &Place, room: &RoomName, page: Reaped) {
    let left = page.left.len() as u64;
    let mut count = page.count + left;
    // The last one's is the page's.
    let first = page.revision.saturating_sub(left) + 1;
    for (revision, gone) in (first..).zip(page.left) {
        count -= 1;
        let (user, name) = (gone.user, gone.name);
        let change = Change::Left {
            room: room.clone(),
            user,
            name,
            count,
            revision,
        };
        place.teller.seat().await.tell(change);
    }
}

/// One page, asked for again under the same token if the answer is lost; and how often it was asked for.
async fn reap_page(
    place: &Place,
    room: &RoomName,
    life: &Life,
    cursor: u64,
) -> Result<(Reaped, usize), PresenceError> {
    let token = Token::fresh();
    let mut tries = 1;
    loop {
        let act = (cursor, token, tries > 1);
        let times = (place.config.grace_ms, place.config.last_seen_ms);
        match place
            .scripts
            .reap(&place.link, room, life, act, times)
            .await
        {
            Ok(page) => return Ok((page, tries)),
            Err(error @ PresenceError::Unavailable { .. }) if tries < TRIES => {
                tracing::debug!(redis = place.index, %error, "Presence asks for a page again");
                tries += 1;
                tokio::time::sleep(place.config.beat()).await;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn note_reaped(place: &Place, life: &Life) -> Result<(), PresenceError> {
    let mut note = redis::cmd("SET");
    note.arg(keys::reaper(life))
        .arg(REAPED)
        .arg("PX")
        .arg(REAPED_TTL_MS);
    place.link.ask::<()>(&note).await?;
    let mut forget = redis::cmd("ZREM");
    forget.arg(keys::NODES).arg(life.as_str());
    place.link.ask::<u64>(&forget).await.map(|_| ())
}

/// Takes this node away: its people leave now, then its lease goes. Gives up after one lease.
pub(super) async fn retire(place: &Place) {
    let retirement = place.ledger.lock().retire();
    let Some(life) = &retirement.life else {
        return;
    };
    let limit = Duration::from_millis(place.config.lease_ms);
    match tokio::time::timeout(limit, take_away(place, &retirement, life)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::warn!(redis = place.index, %error, "Presence retires when its lease ends");
        }
        Err(_) => tracing::warn!(redis = place.index, "Presence retires when its lease ends"),
    }
}

async fn take_away(
    place: &Place,
    retirement: &Retirement,
    life: &Life,
) -> Result<(), PresenceError> {
    for (room, user, token) in &retirement.in_doubt {
        let seat = place.teller.seat().await;
        let act = (*token, Asking::WhetherGone);
        release(place, (room, user), life, act, (0, seat)).await?;
    }
    reap_some(place, &retirement.rooms, life).await?;
    for key in [keys::rooms(life), keys::lease(life)] {
        let mut drop_key = redis::cmd("DEL");
        drop_key.arg(key);
        place.link.ask::<u64>(&drop_key).await?;
    }
    let mut forget = redis::cmd("ZREM");
    forget.arg(keys::NODES).arg(life.as_str());
    place.link.ask::<u64>(&forget).await.map(|_| ())
}
