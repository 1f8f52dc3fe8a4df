//! What those who behave feel of those who don't.
//!
//! `cargo bench -p roomcast --bench attacks [-- NAME…]` runs the program as a process of its own with
//! a thousand neighbours in rooms of fifty, who are told a hundred messages a second, and lets
//! offenders loose on it: waves of them, each as soon as the one before is gone. Calm and attack
//! take turns, so that what else the machine does disturbs both alike. Offenders are a process with
//! the least priority: in the field they have a machine of their own, here they have to share.
//! Times are p99 in microseconds, from send to receipt. `gone` runs from the first byte of a wave to
//! the end of its last connection, as the node counts them. Memory is what the node holds more than
//! before the first wave, all its offenders together. Without names all attacks are run, each on a
//! node of its own, which takes about nine minutes.

#![expect(clippy::print_stdout, reason = "the table is what this is for")]

mod attack;
mod neighbours;
mod offender;
#[allow(dead_code, reason = "the other bench uses the rest")]
#[path = "../cost/process.rs"]
mod process;
mod watch;
mod wave;
#[allow(dead_code, reason = "the other bench uses the rest")]
#[path = "../cost/wire.rs"]
mod wire;

use std::thread::sleep;
use std::time::Duration;

use tokio::time::Instant;

use attack::{ATTACKS, Attack};
use neighbours::{MEMBERS, Neighbours};
use process::Node;
use watch::Watch;
use wave::Wave;

/// How often calm and attack take turns, and how long each takes at least.
const ROUNDS: usize = 3;
const TURN: Duration = Duration::from_secs(4);
/// Before the first turn: until the joins have been told.
const REST: Duration = Duration::from_secs(2);
/// An offender that is not gone by then never goes.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked whether the offenders are gone.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Those who behave send no pong here, and the log of the load is kept short so that it is not
/// taken for what an attack costs.
const FLAGS: &[&str] = &["--heartbeat-ms", "600000", "--history-messages", "10"];

/// What was found out about an attack.
#[derive(Default)]
struct Found {
    calm_p99_us: Vec<f64>,
    attack_p99_us: Vec<f64>,
    gone_ms: Vec<f64>,
    /// What the node held more at the highest, and in the end, than before the first attack.
    peak_kib: f64,
    left_kib: f64,
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let [role, name, address] = &arguments[..]
        && role == "offend"
    {
        return wave::offend(name, address.parse().expect("the parent says where"));
    }
    // `cargo test --benches` only wants to see that it starts.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let wanted = |attack: &&Attack| {
        let mut names = arguments.iter().filter(|name| !name.starts_with('-'));
        names.clone().count() == 0 || names.any(|name| name == attack.name)
    };
    println!(
        "{:<16}{:>5}{:>10}{:>10}{:>7}{:>9}{:>10}{:>10}",
        "", "of", "calm p99", "p99", "ratio", "gone s", "peak KiB", "left KiB"
    );
    for attack in ATTACKS.iter().filter(wanted) {
        show(attack, rounds(attack));
    }
}

/// Turns of calm and of attack on a node of its own.
fn rounds(attack: &Attack) -> Found {
    let node = Node::start(FLAGS);
    let neighbours = Neighbours::start(node.address);
    let watch = Watch::of(&node);
    sleep(REST);
    let mut found = Found::default();
    let before_kib = watch.forget_peak();
    for _ in 0..ROUNDS {
        neighbours.take_samples();
        sleep(TURN);
        found.calm_p99_us.push(p99(neighbours.take_samples()));
        let began = Instant::now();
        while began.elapsed() < TURN {
            found.gone_ms.push(wave(attack, &node, &watch));
        }
        found.attack_p99_us.push(p99(neighbours.take_samples()));
    }
    found.peak_kib = watch.peak_kib() - before_kib;
    found.left_kib = node.resident_kib() - before_kib;
    let (heard, said) = neighbours.end();
    let name = attack.name;
    assert_eq!(
        heard,
        said * MEMBERS as u64,
        "{name}: a neighbour was closed"
    );
    found
}

/// Lets one wave loose; milliseconds until the last of it is gone.
fn wave(attack: &Attack, node: &Node, watch: &Watch) -> f64 {
    let wave = Wave::start(attack, node.address);
    let began = Instant::now();
    while watch.connections() > neighbours::CONNECTIONS + attack.guests {
        assert!(began.elapsed() < PATIENCE, "{}: they stay", attack.name);
        sleep(LOOK_EVERY);
    }
    let gone = began.elapsed();
    wave.end();
    while watch.connections() > neighbours::CONNECTIONS {
        sleep(LOOK_EVERY);
    }
    gone.as_secs_f64() * 1_000.0
}

fn show(attack: &Attack, found: Found) {
    let (peak_kib, left_kib) = (found.peak_kib, found.left_kib);
    let (calm, p99) = (median(found.calm_p99_us), median(found.attack_p99_us));
    let gone = found.gone_ms.into_iter().fold(0.0, f64::max) / 1_000.0;
    println!(
        "{:<16}{:>5}{calm:>10.0}{p99:>10.0}{:>7.2}{gone:>9.2}{:>10.0}{:>10.0}  {}",
        attack.name,
        attack.offenders,
        p99 / calm,
        peak_kib,
        left_kib,
        attack.what,
    );
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn p99(mut samples_us: Vec<u32>) -> f64 {
    samples_us.sort_unstable();
    f64::from(samples_us[samples_us.len() * 99 / 100])
}
