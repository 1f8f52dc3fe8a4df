//! One process of the load: its share of the clients, and its ledger.
//!
//! Owns the conversation with whoever leads the run: orders come on the standard input, a line of JSON
//! each, and once a second a line of news goes to the standard output. A process whose leader is gone
//! ends. Leaves what clients do to `life`, `hear`, `say` and `look_up`.

mod chats;
mod crew;
pub mod cue;
mod habit;
mod hear;
mod life;
mod link;
mod look_up;
mod lookups;
mod member;
pub mod orders;
mod pending;
mod say;
mod seat;
pub mod tally;
mod target;
mod traffic;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines, Stdin, Stdout};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::ledger::clock::Clock;
use crate::ledger::record::Record;
use crate::ledger::writer::{Ledger, Writing};
use crew::Crew;
use cue::{Cue, Stage};
use life::live;
use member::Member;
use orders::{Begin, Order, Report};
use target::Target;

/// How often news is told.
const NEWS_EVERY: Duration = Duration::from_secs(1);
/// How long clients may take to go.
const CLOSE_WITHIN: Duration = Duration::from_secs(20);

/// Works until it is told to close, or its leader is gone.
///
/// # Errors
/// The orders make no sense; the ledger can't be written; the leader is gone.
pub async fn work() -> io::Result<()> {
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    let mut out = tokio::io::stdout();
    let begin = match next(&mut orders).await? {
        Order::Begin(begin) => *begin,
        Order::Cue(_) => return Err(io::Error::other("the first order is not to begin")),
    };
    let (crew, writing) = gather(begin.clone()).await?;
    let (cue, cues) = watch::channel(Cue::default());
    let clients = start(&begin, &crew, &cues);
    drop(cues);
    tell(&mut out, &Report::Began).await?;
    follow(&mut orders, &mut out, &crew, &cue).await?;
    // Whoever is still there was told, and has had its time.
    let _late = tokio::time::timeout(CLOSE_WITHIN, clients.join_all()).await;
    tell(&mut out, &Report::News(Box::new(crew.news()))).await?;
    writing.close()?;
    tell(&mut out, &Report::Closed).await
}

async fn gather(begin: Begin) -> io::Result<(Arc<Crew>, Writing)> {
    let clock = Clock::of_run(begin.run_unix_us);
    let (ledger, writing) = Ledger::create(&begin.ledger, clock, begin.process)?;
    let mut targets = Vec::new();
    for text in &begin.load.targets {
        targets.push(Target::find(text).await?);
    }
    let crew = Crew::new(begin.load, ledger, targets).map_err(io::Error::other)?;
    Ok((Arc::new(crew), writing))
}

/// Starts this process' share: every so-manieth client, so that each process has some of all rooms.
fn start(begin: &Begin, crew: &Arc<Crew>, cues: &watch::Receiver<Cue>) -> JoinSet<()> {
    let mut clients = JoinSet::new();
    let per_second = f64::from(crew.load.connects_per_second.max(1));
    for number in (begin.share..crew.load.clients).step_by(begin.shares.max(1) as usize) {
        let part = crew.load.part(number);
        let member = Member::new(number, &part, crew.clone());
        crew.tally().restless += u32::from(!member.lookups.is_empty());
        let begin_in = Duration::from_secs_f64(f64::from(number) / per_second);
        clients.spawn(live(member, cues.clone(), begin_in));
    }
    clients
}

/// Passes orders on and tells news until the run closes.
async fn follow(
    orders: &mut Lines<BufReader<Stdin>>,
    out: &mut Stdout,
    crew: &Crew,
    cue: &watch::Sender<Cue>,
) -> io::Result<()> {
    let mut news_every = interval(NEWS_EVERY);
    news_every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            order = next(orders) => match order? {
                Order::Begin(_) => return Err(io::Error::other("told to begin twice")),
                Order::Cue(told) => {
                    if told.stage == Stage::Resting && cue.borrow().stage < Stage::Resting {
                        crew.ledger.note(crew.now_us(), &Record::Rest);
                    }
                    cue.send_replace(told);
                    if told.stage == Stage::Closing {
                        return Ok(());
                    }
                }
            },
            _ = news_every.tick() => {
                if crew.ledger.is_broken() {
                    return Err(io::Error::other("the ledger can't be written any more"));
                }
                tell(out, &Report::News(Box::new(crew.news()))).await?;
            }
        }
    }
}

async fn next(orders: &mut Lines<BufReader<Stdin>>) -> io::Result<Order> {
    match orders.next_line().await? {
        Some(line) => serde_json::from_str(&line).map_err(io::Error::other),
        None => Err(io::Error::other("whoever led the run is gone")),
    }
}

async fn tell(out: &mut Stdout, report: &Report) -> io::Result<()> {
    let mut line = serde_json::to_string(report).map_err(io::Error::other)?;
    line.push('\n');
    out.write_all(line.as_bytes()).await?;
    out.flush().await
}
