//! The load test's program: reads the command line and hands over.
//!
//! Exit codes: 0 passed, 1 failed, 2 the command line can't be read, 3 inconclusive, 70 no result.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use loadtest::audit::verdict::Outcome;
use loadtest::command::again::audit_again;
use loadtest::command::error::CommandError;
use loadtest::command::faults::{Faults, faults};
use loadtest::command::play::play;
use loadtest::scenario::Scenario;
use loadtest::settings::Settings;
use loadtest::worker::work;

/// Offers load to a Roomcast cluster as users would, and proves what became of every message.
#[derive(Parser)]
#[command(name = "loadtest", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Sessions that do nothing: what each costs in memory.
    Idle(Box<Settings>),
    /// Rooms of one size, in each of which a few talk and all listen.
    Fanout(Box<Settings>),
    /// People: they type, talk, read, write to each other and reload the page.
    Chatter(Box<Settings>),
    /// Rising rates until deliveries come late or acks don't come.
    Saturate(Box<Settings>),
    /// Everybody is cut at once, comes back and catches up.
    ReconnectStorm(Box<Settings>),
    /// People talk while one node after the other is replaced.
    RollingDrain(Box<Settings>),
    /// Some stop reading; the others must not notice.
    SlowReaders(Box<Settings>),
    /// People, for hours, with an eye on memory.
    Soak(Box<Settings>),
    /// Starts a cluster here and does all the standard faults to it, one after the other.
    Faults(Box<Faults>),
    /// Judges ledgers that were kept.
    Audit {
        /// All ledgers of one run.
        #[arg(required = true)]
        ledgers: Vec<PathBuf>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// One process of a load, led by another through its standard input.
    #[command(hide = true)]
    Worker,
}

fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    let mut builder = match command {
        // All of a process' clients on one thread: its cost is easy to tell from the cluster's.
        Command::Worker => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = match builder.enable_all().build() {
        Ok(runtime) => runtime,
        Err(why) => return no_result(&why.to_string()),
    };
    match runtime.block_on(obey(command)) {
        Ok(word) => ExitCode::from(match word {
            Outcome::Passed => 0,
            Outcome::Failed => 1,
            Outcome::Inconclusive => 3,
        }),
        Err(why) => no_result(&why.to_string()),
    }
}

async fn obey(command: Command) -> Result<Outcome, CommandError> {
    let file = |why| CommandError::File {
        what: "the load itself".into(),
        why,
    };
    let program = std::env::current_exe().map_err(file)?;
    let called = called();
    let (scenario, settings) = match command {
        Command::Idle(settings) => (Scenario::Idle, settings),
        Command::Fanout(settings) => (Scenario::Fanout, settings),
        Command::Chatter(settings) => (Scenario::Chatter, settings),
        Command::Saturate(settings) => (Scenario::Saturate, settings),
        Command::ReconnectStorm(settings) => (Scenario::ReconnectStorm, settings),
        Command::RollingDrain(settings) => (Scenario::RollingDrain, settings),
        Command::SlowReaders(settings) => (Scenario::SlowReaders, settings),
        Command::Soak(settings) => (Scenario::Soak, settings),
        Command::Faults(settings) => return faults(*settings, &program).await,
        Command::Audit { ledgers, json } => return audit_again(&ledgers, json),
        Command::Worker => {
            work().await.map_err(file)?;
            return Ok(Outcome::Passed);
        }
    };
    play(scenario, *settings, &program, called).await
}

/// The command line, without where this program happens to lie.
fn called() -> String {
    let words = std::env::args().skip(1).map(|word| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@+%,".contains(c);
        if !word.is_empty() && word.chars().all(is_plain) {
            word
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    });
    let words: Vec<String> = words.collect();
    format!("cargo run --release -p loadtest -- {}", words.join(" "))
}

fn no_result(why: &str) -> ExitCode {
    // Nobody is left to tell if this fails.
    let _ = writeln!(std::io::stderr(), "loadtest: {why}");
    ExitCode::from(70)
}
