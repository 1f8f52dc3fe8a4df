//! What a node costs: memory for a session, CPU for a delivered message.
//!
//! `cargo bench -p roomcast --bench cost` runs the program as a process of its own on the embedded
//! back end, with its defaults save the rate a sender may have and the heartbeat, and reads what the kernel says of it.
//! CPU is shown next to a floor measured in the same run: one thread that writes the same bytes to as
//! many sockets, one write a socket, and does nothing else. Everything is over loopback, where the
//! kernel does the receiver's share of TCP within the sender's write. Takes two minutes.
//!
//! With `-- saturate`, how much one core delivers at most; that needs two cores, `taskset` and
//! `redis-server`. One of `memory`, `room` and `saturate` does only that.

#![expect(clippy::print_stdout, reason = "the table is what this is for")]

mod floor;
mod memory;
mod process;
mod readers;
mod room;
mod saturate;
mod wire;

use wire::Extension;

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
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` only wants to see that it starts.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let chosen = arguments.iter().find(|argument| !argument.starts_with('-'));
    let chosen = chosen.map(String::as_str);
    println!("{:<62}{:>12}{:>12}", "", "min", "median");
    if matches!(chosen, None | Some("memory")) {
        memory();
    }
    if matches!(chosen, None | Some("room")) {
        room();
    }
    if chosen == Some("saturate") {
        saturate();
    }
}

fn memory() {
    let (sessions, members) = (memory::SESSIONS, memory::MEMBERS);
    for (extension, agreed) in [(Extension::None, ""), (Extension::Deflate, ", deflate")] {
        let memory = Spread::of(memory::rounds(extension));
        let what = format!("resident KiB a session, {sessions} in rooms of {members}{agreed}");
        println!("{what:<62}{:>12.2}{:>12.2}", memory.min, memory.median);
    }
}

fn room() {
    let (floor, room) = room::rounds();
    let floor = Spread::of(floor);
    let members = room::MEMBERS;
    let what = format!("µs of one thread a write, {members} sockets: the floor");
    println!("{what:<62}{:>12.2}{:>12.2}", floor.min, floor.median);
    for (name, figures) in room {
        let spread = Spread::of(figures);
        let what = format!("µs of the node a delivery, {members} members, {name}");
        println!("{what:<62}{:>12.2}{:>12.2}", spread.min, spread.median);
        let (min, median) = (spread.min / floor.min, spread.median / floor.median);
        let what = "    as a multiple of the floor";
        println!("{what:<62}{min:>12.2}{median:>12.2}");
    }
}

fn saturate() {
    for run in [saturate::one_room, saturate::many_rooms] {
        let saturate::Rates { what, wall, core } = run();
        let (wall, core) = (Spread::of(wall), Spread::of(core));
        let what = format!("deliveries a second, {what}");
        println!("{what:<62}{:>12.0}{:>12.0}", wall.min, wall.median);
        let what = "    of the core's time that it had";
        println!("{what:<62}{:>12.0}{:>12.0}", core.min, core.median);
    }
}
