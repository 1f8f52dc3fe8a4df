//! Thousands of strangers leave nothing behind.

use std::net::TcpStream;

use crate::line::Line;
use crate::node::{Node, until};
use crate::session::{FIN, Neighbour, Session, TEXT, frame, upgrade};

/// Connections of a round. A leak of 8 KiB in each would show.
const STRANGERS: usize = 2_000;
/// What an allocator may keep, and then some.
const SLACK_KIB: u64 = 16 * 1024;

/// One stranger of eight kinds; each is gone when this returns, or just vanishes.
fn stranger(node: &Node, at: usize) {
    match at % 8 {
        0 => drop(TcpStream::connect(node.address)),
        1 => node.line().send([0xff; 4_096]),
        2 => node.line().send("GET / HTTP/1.1\r\nX-Half: "),
        3 => drop(node.ask("POST /v1/rooms/x/messages HTTP/1.1\r\nContent-Length: 9\r\n\r\n")),
        4 => drop(node.ask(upgrade("/v1/ws", ""))),
        5 => {
            let mut session = Session::open(node, &format!("stranger-{at}"));
            session.send_text(&format!(
                r#"{{"type":"join","id":1,"room":"room-{}"}}"#,
                at % 64
            ));
            session.send_text("{{{{");
        }
        6 => {
            let mut session = Session::open(node, "stranger");
            session
                .line
                .send(&frame(FIN | TEXT, &[b' '; 60_000])[..50_000]);
        }
        _ => Line::open(node.ops).send("GET /met"),
    }
}

fn all_gone(node: &Node) {
    until("nobody but the neighbour is left", || {
        let metrics = node.ask_ops("/metrics").body;
        let left = |line: &str| metrics.contains(&format!("\n{line}\n"));
        (left("roomcast_sessions 1") && left("roomcast_connections 1")).then_some(())
    });
}

#[test]
fn two_thousand_strangers_leave_no_memory_behind() {
    // Without trace lines: the log of this test would be the thing that grows.
    let node = Node::start(&[
        "--log",
        "info",
        "--linger-ms",
        "100",
        "--idle-room-ms",
        "100",
    ]);
    let mut neighbour = Neighbour::of(&node);
    let round = || (0..STRANGERS).for_each(|at| stranger(&node, at));
    // The first round warms up whatever is kept on purpose: arenas, the page, the tables.
    round();
    all_gone(&node);
    neighbour.feels_nothing();
    let before = node.resident_kib();
    round();
    all_gone(&node);
    neighbour.feels_nothing();
    let after = node.resident_kib();
    assert!(after < before + SLACK_KIB, "{before} KiB, then {after} KiB");
}
