//! What a node costs: memory for a session, CPU for a delivered message.
//!
//! `cargo bench -p roomcast --bench cost` runs the program as a process of its own on the embedded
//! back end, with its defaults save the rate a sender may have, and reads what the kernel says of it.
//! CPU is shown next to a floor measured in the same run: one thread that writes the same bytes to as
//! many sockets, one write a socket, and does nothing else. Everything is over loopback, where the
//! kernel does the receiver's share of TCP within the sender's write. Takes less than a minute.

#![expect(clippy::print_stdout, reason = "the table is what this is for")]

mod floor;
mod memory;
mod process;
mod readers;
mod room;
mod wire;

/// The least and the middle one of some figures.
struct Spread {
    min: f64,
    median: f64,
}

impl Spread {
    fn of(mut figures: Vec<f64>) -> Self {
        figures.sort_by(f64::total_cmp);
        Self {
            min: figures[0],
            median: figures[figures.len() / 2],
        }
    }
}

fn main() {
    // `cargo test --benches` only wants to see that it starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let (sessions, members) = (memory::SESSIONS, memory::MEMBERS);
    println!("{:<58}{:>9}{:>9}", "", "min", "median");
    let memory = Spread::of(memory::rounds());
    let what = format!("resident KiB a session, {sessions} in rooms of {members}");
    println!("{what:<58}{:>9.2}{:>9.2}", memory.min, memory.median);
    let (floor, room) = room::rounds();
    let floor = Spread::of(floor);
    let members = room::MEMBERS;
    let what = format!("µs of one thread a write, {members} sockets: the floor");
    println!("{what:<58}{:>9.2}{:>9.2}", floor.min, floor.median);
    for (name, figures) in room {
        let spread = Spread::of(figures);
        let what = format!("µs of the node a delivery, {members} members, {name}");
        println!("{what:<58}{:>9.2}{:>9.2}", spread.min, spread.median);
        let (min, median) = (spread.min / floor.min, spread.median / floor.median);
        println!(
            "{:<58}{min:>9.2}{median:>9.2}",
            "    as a multiple of the floor"
        );
    }
}
