//! The life of one client, from its first connection to its last.
//!
//! The story from top to bottom: connect, talk until it ends, decide when to come back, and so on until
//! the run closes. When to come back, and whether to, is the Rust client's own logic.

use std::net::{IpAddr, Ipv4Addr};
use std::pin::pin;
use std::time::Duration;

use rand::Rng as _;
use roomcast_client::{Backoff, Beat, Ended, Next, Pulse, Rules};
use roomcast_protocol::{CloseCode, Connected, ServerFrame};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::cue::{Cue, Stage};
use super::hear::hear;
use super::link::{Came, Dial, Link, dial};
use super::member::Member;
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
    Mute(Box<Link>),
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
        let (parted, lived_ms) = one_connection(&mut member, &mut cues, turn, lies.is_some()).await;
        turn = turn.wrapping_add(1);
        let ended = match parted {
            Parted::Closing => break,
            Parted::Reloads => {
                pause(
                    member.dice.random_range(RELOAD_MS.0..RELOAD_MS.1),
                    &mut cues,
                )
                .await;
                continue;
            }
            Parted::Mute(link) => {
                lies = Some(link);
                lost("it was let lie")
            }
            Parted::By(ended) => ended,
            Parted::Moved => Ended::Moved,
            Parted::Cut => lost("it was cut"),
            Parted::Unheard => lost("no answer to join"),
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
        if cues.borrow().mute == 0 {
            lies = None;
        }
    }
    member.end();
}

/// Makes one connection and lives through it; how it ended, and how long it was up.
async fn one_connection(
    member: &mut Member,
    cues: &mut watch::Receiver<Cue>,
    turn: usize,
    lies: bool,
) -> (Parted, u64) {
    let began = Instant::now();
    // Boxed: a handshake is large and short, and the task would keep its room for good.
    let dialled = Box::pin(dial(plan(member, turn), CONNECT_WITHIN)).await;
    let (link, connected) = match dialled {
        Ok(opened) => opened,
        Err(ended) => {
            member.crew.tally().counted.turned_away += 1;
            return (Parted::By(ended), 0);
        }
    };
    let opened = Instant::now();
    let connect_us = (opened - began).as_micros() as u64;
    member.opened(&connected, member.crew.now_us(), connect_us);
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
        uri: target.uri(user.as_deref(), load.batch, inbox),
        token,
        traffic: crew.traffic.clone(),
    }
}

/// Uses a connection until it ends, and notes how it did.
async fn talk(
    member: &mut Member,
    mut link: Link,
    connected: &Connected,
    cues: &mut watch::Receiver<Cue>,
    lies: bool,
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
            is_reading = !member.crew.load.is_picked(member.number, cue.slow);
            follow(member, cue, is_reading, now_us);
            if cue.stage == Stage::Closing {
                break Parted::Closing;
            }
            if cue.cuts != cuts {
                break Parted::Cut;
            }
            if !lies && member.crew.load.is_picked(member.number, cue.mute) {
                member.closed(None, ClosedBy::Us, true);
                return Parted::Mute(Box::new(link));
            }
        }
        member.pump(now_us);
        if std::mem::take(&mut member.reloads) {
            break Parted::Reloads;
        }
        if member.move_at_us.is_some_and(|at| at <= now_us) {
            break Parted::Moved;
        }
        let waits = member.waits_since_us().filter(|_| is_reading);
        if waits.is_some_and(|since| now_us > since + JOIN_US_MAX) {
            break Parted::Unheard;
        }
        if !is_reading {
            // Silence that is ours says nothing about the peer.
            pulse.heard(now_us / 1_000);
        }
        if let Err(ended) = write(member, &mut link, &mut pulse, now_us).await {
            let said = if is_reading {
                link.last_words().await
            } else {
                None
            };
            return by(member, said.unwrap_or(ended));
        }
        let times = [
            member.wake_us(),
            Some(pulse.wake_at_ms() * 1_000),
            waits.map(|since| since + JOIN_US_MAX + 1),
        ];
        let wake_us = times.into_iter().flatten().min().unwrap_or(u64::MAX - 1);
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
                match came {
                    Ok(Came::Frame(frame)) => hear(member, frame, now_us),
                    Ok(Came::Frames(frames)) => hear_all(member, frames, now_us),
                    Ok(Came::Nothing) => {}
                    Ok(Came::Unreadable) => member.crew.tally().unreadable += 1,
                    Err(ended) => return by(member, ended),
                }
            }
            changed = cues.changed() => {
                if changed.is_err() {
                    break Parted::Closing;
                }
                cues.mark_changed();
            }
            () = alarm.as_mut() => alarm_us = alarm_us.min(now_us),
        }
    };
    part(member, link, &parted).await;
    parted
}

fn hear_all(member: &mut Member, frames: Vec<ServerFrame>, now_us: u64) {
    for frame in frames {
        hear(member, frame, now_us);
    }
}

/// The run has come further, or a fault began or ended.
fn follow(member: &mut Member, cue: Cue, is_reading: bool, now_us: u64) {
    if cue.stage == Stage::Talking && is_reading {
        member.schedule.begin(now_us, cue.pace, &mut member.dice);
    } else {
        member.schedule.end();
    }
    if cue.stage == Stage::Resting {
        member.lookups.begin();
    }
}

/// Writes what is to be sent, and a ping when it is time.
async fn write(
    member: &mut Member,
    link: &mut Link,
    pulse: &mut Pulse,
    now_us: u64,
) -> Result<(), Ended> {
    let within = Duration::from_millis(pulse.silence_ms_max());
    match pulse.beat(now_us / 1_000) {
        Beat::Nothing => {}
        Beat::Ping => link.ping(within).await?,
        Beat::Dead => return Err(lost("nothing was heard for two heartbeats")),
    }
    if member.out.is_empty() {
        return Ok(());
    }
    let frames = std::mem::take(&mut member.out);
    link.write(&frames, within).await
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

/// We end it.
async fn part(member: &mut Member, link: Link, parted: &Parted) {
    match parted {
        Parted::Closing | Parted::Moved => {
            let normal = Some(CloseCode::Normal.number());
            member.closed(normal, ClosedBy::Us, matches!(parted, Parted::Moved));
            link.farewell().await;
        }
        Parted::Cut | Parted::Unheard => member.closed(None, ClosedBy::Us, true),
        // Going away (RFC 6455, 7.4.1) is what a browser says; mostly it says nothing.
        Parted::Reloads => member.closed(None, ClosedBy::Us, false),
        Parted::By(_) | Parted::Mute(_) => {}
    }
}

/// Waits, unless the run closes meanwhile.
async fn pause(in_ms: u64, cues: &mut watch::Receiver<Cue>) {
    let closes = cues.wait_for(|cue| cue.stage == Stage::Closing);
    let _in_time = timeout(Duration::from_millis(in_ms), closes).await;
}

fn lost(why: &str) -> Ended {
    Ended::Lost { why: why.into() }
}
