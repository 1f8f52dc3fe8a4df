//! What people cost a cluster: being there, coming, going, and all coming back at once.
//!
//! `cargo bench -p roomcast --bench people` runs a `redis-server` and three nodes as processes of
//! their own, with the default settings, and counts what Redis is asked and what members are told.
//! `sent` are the commands that nodes sent, as `MONITOR` shows them; commands inside scripts come on
//! top. CPU is what the kernel says of the processes; the load runs beside them on the same machine.
//! One of `idle`, `events` and `storm` does only that. `idle 300` watches 5,000 people for so many
//! seconds (60 without a number): every tenth look, each five minutes, is a thorough one. Takes six
//! minutes.

#![expect(clippy::print_stdout, reason = "the table is what this is for")]

mod cluster;
mod counted;
mod crowd;
mod events;
mod frames;
mod idle;
mod label;
mod monitor;
#[allow(dead_code, reason = "the other bench uses the rest")]
#[path = "../cost/process.rs"]
mod process;
mod session;
mod storm;

use std::time::Duration;

use tokio::task::LocalSet;

/// How long an idle cluster is watched: twice the time from one routine look to the next.
const IDLE: Duration = Duration::from_secs(60);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` only wants to see that it starts.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let seconds = arguments.iter().find_map(|argument| argument.parse().ok());
    let watched = seconds.map_or(IDLE, Duration::from_secs);
    let is_number = |argument: &&String| argument.parse::<u64>().is_ok();
    let chosen = arguments
        .iter()
        .find(|argument| !argument.starts_with('-') && !is_number(argument));
    let chosen = chosen.map(String::as_str);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        if matches!(chosen, None | Some("idle")) {
            idle::run(watched).await;
        }
        if matches!(chosen, None | Some("events")) {
            events::run().await;
        }
        if matches!(chosen, None | Some("storm")) {
            storm::run().await;
        }
    });
}
