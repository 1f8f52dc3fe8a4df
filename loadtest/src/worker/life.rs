//! The life of one client, from its first connection to its last.
//!
//! The story from top to bottom: connect, talk until it ends, decide when to come back, and so on until
//! the run closes. When to come back, and whether to, is the Rust client's own logic.

use std::net::{IpAddr, Ipv4Addr};
use std::pin::pin;
use std::time::Duration;

use rand::Rng as _;
use roomcast_client::{Backoff, Beat, Came, Ended, Next, Opened, Pulse, Rules};
use roomcast_protocol::{CloseCode, Connected};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::cue::{Cue, Stage};
use super::hear::hear;
use super::link::{Dial, Link, dial};
use super::member::Member;
use super::seat::Seat;
use crate::ledger::record::ClosedBy;

/// As by default in the Rust client.
const BACKOFF_BASE_MS: u64 = 250;
const BACKOFF_CAP_MS: u64 = 10_000;
/// For TCP, the upgrade and `connected` together.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// An answer to `join` that takes longer is no answer.
const JOIN_US_MAX: u64 = 20_000_000;
/// How long a page takes to load again.
const RELOAD_MS: (u64, u64) = (200, 2_000);
/// Of so many pages that are loaded again, one doesn't know where it was: a late joiner.
const FORGETS_ONE_IN: u32 = 5;
/// Longer than a run.
const FAR: Duration = Duration::from_secs(365 * 24 * 3_600);

/// How a connection ended.
enum Parted {
    /// The server closed it, or it broke.
    By(Ended),
    /// The server had told to come back elsewhere.
    Moved,
    /// Everybody was told to drop it.
    Cut,
    /// It is let lie.
    Mute,
    Reloads,
    /// No answer to `join`.
    Unheard,
    Closing,
}

/// Lives until the run closes, or until coming back is of no use.
pub(crate) async fn live(mut member: Member, mut cues: watch::Receiver<Cue>, begin_in: Duration) {
    sleep(begin_in).await;
    let mut backoff = Backoff::new(Rules {
        base_ms: BACKOFF_BASE_MS,
        cap_ms: BACKOFF_CAP_MS,
        attempts_max: None,
        endpoints: member.crew.targets.len() as u32,
        token_can_change: false,
    });
    let mut turn = member.number as usize;
    // A connection that lies is held until its fault is over.
    let mut lies: Option<Box<Link>> = None;
    while cues.borrow().stage < Stage::Closing {
        let (parted, lived_ms) = one_connection(&mut member, &mut cues, turn, &mut lies).await;
        turn = turn.wrapping_add(1);
        let ended = match parted {
            Parted::Closing => break,
            Parted::Reloads => {
                if member.dice.random_ratio(1, FORGETS_ONE_IN) {
                    member.seats.iter_mut().for_each(Seat::forget);
                }
                pause(
                    member.dice.random_range(RELOAD_MS.0..RELOAD_MS.1),
                    &mut cues,
                )
                .await;
                continue;
            }
            Parted::Mute => Ended::lost("it was let lie"),
            Parted::By(ended) => ended,
            Parted::Moved => Ended::Moved,
            Parted::Cut => Ended::lost("it was cut"),
            Parted::Unheard => Ended::lost("no answer to join"),
        };
        let why = ended.to_string();
        match backoff.after(&ended, lived_ms, None, member.dice.random()) {
            Next::ComeBack { in_ms } => pause(in_ms, &mut cues).await,
            Next::Stop(end) => {
                let text = format!("client {}: {end} ({why})", member.number);
                member.crew.tally().stopped(text);
                break;
            }
        }
    }
    member.end();
}

/// Makes one connection and lives through it; how it ended, and how long it was up.
async fn one_connection(
    member: &mut Member,
    cues: &mut watch::Receiver<Cue>,
    turn: usize,
    lies: &mut Option<Box<Link>>,
) -> (Parted, u64) {
    let began = Instant::now();
    // Boxed: a handshake is large and short, and the task would keep its room for good.
    let dialled = Box::pin(dial(plan(member, turn), CONNECT_WITHIN)).await;
    let Opened {
        link,
        connected,
        more,
    } = match dialled {
        Ok(opened) => opened,
        Err(ended) => {
            member.crew.tally().turned_away(ended.to_string());
            return (Parted::By(ended), 0);
        }
    };
    let opened = Instant::now();
    let connect_us = (opened - began).as_micros() as u64;
    let now_us = member.crew.now_us();
    member.opened(&connected, now_us, connect_us);
    take(member, Came::Frames(more), now_us);
    let parted = talk(member, link, &connected, cues, lies).await;
    (parted, opened.elapsed().as_millis() as u64)
}

fn plan(member: &Member, turn: usize) -> Dial {
    let crew = &member.crew;
    let load = &crew.load;
    let target = &crew.targets[turn % crew.targets.len()];
    let token = load.tokens.get(member.number as usize).cloned();
    let user = token.is_none().then(|| load.user(member.number));
    let inbox = member.inbox.and_then(|seat| member.seats[seat].since());
    let source = (load.sources > 0).then(|| {
        let last = (member.number % u32::from(load.sources)) as u8 + 1;
        IpAddr::V4(Ipv4Addr::new(127, 0, 0, last))
    });
    Dial {
        address: target.address,
        source,
        has_small_buffer: load.is_picked(member.number, load.small_buffers),
        uri: target.uri(user.as_deref(), load.batch, inbox),
        token,
        traffic: crew.traffic.clone(),
    }
}

/// Uses a connection until it ends, and notes how it did. One that is let lie goes to `lies`.
async fn talk(
    member: &mut Member,
    mut link: Link,
    connected: &Connected,
    cues: &mut watch::Receiver<Cue>,
    lies: &mut Option<Box<Link>>,
) -> Parted {
    let mut pulse = Pulse::new(connected.heartbeat_ms, member.crew.now_us() / 1_000);
    let cuts = cues.borrow().cuts;
    let mut alarm = pin!(sleep_until(Instant::now() + FAR));
    let mut alarm_us = u64::MAX;
    let mut is_reading = true;
    let parted = loop {
        let now_us = member.crew.now_us();
        if cues.has_changed().is_ok_and(|changed| changed) || alarm_us == u64::MAX {
            let cue = *cues.borrow_and_update();
            member.reads(!member.crew.load.is_picked(member.number, cue.slow), now_us);
            is_reading = member.is_reading();
            if let Some(link) = lies.take_if(|_| cue.mute == 0) {
                let was_ended = link.was_ended().await;
                member.crew.tally().rose(was_ended);
            }
            if let Some(parted) = follow(member, cue, cuts, is_reading, lies.is_some(), now_us) {
                break parted;
            }
        }
        member.pump(now_us);
        if let Some(parted) = is_over(member, is_reading, now_us) {
            break parted;
        }
        if !is_reading {
            // Silence that is ours says nothing about the peer.
            pulse.heard(now_us / 1_000);
        }
        if let Err(ended) = write(member, &mut link, &mut pulse, now_us).await {
            // Whoever doesn't read hears no last words either.
            let said = if is_reading {
                link.last_words().await
            } else {
                None
            };
            return by(member, said.unwrap_or(ended));
        }
        let wake_us = wake_us(member, &pulse, is_reading);
        if wake_us < alarm_us || alarm_us <= now_us {
            alarm_us = wake_us;
            let in_us = wake_us.saturating_sub(now_us);
            alarm
                .as_mut()
                .reset(Instant::now() + Duration::from_micros(in_us));
        }
        tokio::select! {
            biased;
            came = link.next(), if is_reading => {
                let now_us = member.crew.now_us();
                pulse.heard(now_us / 1_000);
                if let Err(ended) = came.map(|came| take(member, came, now_us)) {
                    return by(member, ended);
                }
            }
            changed = cues.changed() => match changed {
                Ok(()) => cues.mark_changed(),
                Err(_) => break Parted::Closing,
            },
            () = alarm.as_mut() => alarm_us = alarm_us.min(now_us),
        }
    };
    *lies = part(member, link, &parted).await.or(lies.take());
    parted
}

fn take(member: &mut Member, came: Came, now_us: u64) {
    match came {
        Came::Frames(frames) => {
            for frame in frames {
                hear(member, frame, now_us);
            }
        }
        Came::Nothing => {}
        Came::Unknown | Came::Unreadable(_) => member.crew.tally().unreadable += 1,
    }
}

/// Why the client itself ends the connection now, if it does.
fn is_over(member: &mut Member, is_reading: bool, now_us: u64) -> Option<Parted> {
    if std::mem::take(&mut member.reloads) {
        return Some(Parted::Reloads);
    }
    if member.move_at_us.is_some_and(|at| at <= now_us) {
        return Some(Parted::Moved);
    }
    let waits_since_us = member.waits_since_us().filter(|_| is_reading);
    let is_unheard = waits_since_us.is_some_and(|since| now_us > since + JOIN_US_MAX);
    is_unheard.then_some(Parted::Unheard)
}

/// When to look again, if nothing comes in.
fn wake_us(member: &Member, pulse: &Pulse, is_reading: bool) -> u64 {
    let waits = member.waits_since_us().filter(|_| is_reading);
    let times = [
        member.wake_us(),
        Some(pulse.wake_at_ms() * 1_000),
        waits.map(|since| since + JOIN_US_MAX + 1),
    ];
    times.into_iter().flatten().min().unwrap_or(u64::MAX - 1)
}

/// The run has come further, or a fault began or ended; whether that ends the connection.
fn follow(
    member: &mut Member,
    cue: Cue,
    cuts: u32,
    is_reading: bool,
    lies: bool,
    now_us: u64,
) -> Option<Parted> {
    if cue.stage == Stage::Closing {
        return Some(Parted::Closing);
    }
    if cue.cuts != cuts {
        return Some(Parted::Cut);
    }
    if !lies && member.crew.load.is_picked(member.number, cue.mute) {
        return Some(Parted::Mute);
    }
    if cue.stage == Stage::Talking && is_reading {
        member.schedule.begin(now_us, cue.pace, &mut member.dice);
    } else {
        member.schedule.end();
    }
    if cue.stage == Stage::Resting {
        member.lookups.begin();
    }
    None
}

/// Writes what is to be sent, and a ping when it is time.
async fn write(
    member: &mut Member,
    link: &mut Link,
    pulse: &mut Pulse,
    now_us: u64,
) -> Result<(), Ended> {
    let within_ms = pulse.silence_ms_max();
    match pulse.beat(now_us / 1_000) {
        Beat::Nothing => {}
        Beat::Ping => link.ping(within_ms).await?,
        Beat::Dead => return Err(Ended::lost("nothing was heard for two heartbeats")),
    }
    if member.out.is_empty() {
        return Ok(());
    }
    let frames = std::mem::take(&mut member.out);
    link.write(&frames, within_ms).await
}

/// The other end, or the line, ended it.
fn by(member: &mut Member, ended: Ended) -> Parted {
    let (code, by) = match &ended {
        Ended::Closed { code, .. } => (Some(*code), ClosedBy::Server),
        _ => (None, ClosedBy::Lost),
    };
    member.closed(code, by, true);
    Parted::By(ended)
}

/// We end it; what is let lie is given back.
async fn part(member: &mut Member, link: Link, parted: &Parted) -> Option<Box<Link>> {
    match parted {
        Parted::Closing | Parted::Moved => {
            let normal = Some(CloseCode::Normal.number());
            member.closed(normal, ClosedBy::Us, matches!(parted, Parted::Moved));
            link.farewell(true).await;
        }
        Parted::Cut | Parted::Unheard => member.closed(None, ClosedBy::Us, true),
        Parted::Mute => {
            member.closed(None, ClosedBy::Us, true);
            return Some(Box::new(link));
        }
        // As a browser does it: most say nothing.
        Parted::Reloads => member.closed(None, ClosedBy::Us, false),
        Parted::By(_) => {}
    }
    None
}

/// Waits, unless the run closes meanwhile.
async fn pause(in_ms: u64, cues: &mut watch::Receiver<Cue>) {
    let closes = cues.wait_for(|cue| cue.stage == Stage::Closing);
    let _in_time = timeout(Duration::from_millis(in_ms), closes).await;
}
