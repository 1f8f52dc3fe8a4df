//! What the machine takes of a thread for one message, next to tungstenite in the same run.
//!
//! `cargo bench -p roomcast-socket` prints nanoseconds of CPU (the scheduler's own account of this
//! thread) for a message: least and middle of seven rounds. Compare lines of one run only.

#![expect(clippy::print_stdout, reason = "the table is what this is for")]

use std::hint::black_box;
use std::io::{Cursor, Read, Write};
use std::num::NonZeroU8;
use std::sync::Arc;

use http::header::{HeaderMap, HeaderValue};
use roomcast_socket::handshake::Upgrade;
use roomcast_socket::negotiation::{DeflateSettings, OFFER};
use roomcast_socket::{Deflate, Event, Limits, Machine, SharedFrame};
use tungstenite::protocol::{Role, WebSocket};

const MESSAGES: usize = 1_000;
const ROUNDS: usize = 7;
/// Long next to the kernel's own steps of accounting, which may be whole ticks.
const ROUND_NS: u64 = 150_000_000;

fn main() {
    // `cargo test --benches` only wants to see that it starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    println!(
        "{:<58}{:>9}{:>9}",
        "nanoseconds of CPU a message", "min", "median"
    );
    for bytes in [60, 300, 16_384] {
        let text = json(bytes);
        let wire = sent(&text, None);
        row(&format!("receive {bytes} bytes"), || receive(&wire, None));
        row("    tungstenite", || receive_by_tungstenite(&wire));
    }
    let agreed = agreed();
    let text = json(300);
    let wire = sent(&text, Some(agreed));
    row("receive 300 bytes, compressed", || {
        receive(&wire, Some(agreed));
    });
    row("encode 300 bytes for any number of members", || {
        for _ in 0..MESSAGES {
            black_box(SharedFrame::text(&text).for_peer(None));
        }
    });
    row("the same, compressed", || {
        for _ in 0..MESSAGES {
            black_box(SharedFrame::text(&text).for_peer(Some(&agreed)));
        }
    });
}

/// Runs `work`, which handles all messages, for a while and prints what one took.
fn row(name: &str, mut work: impl FnMut()) {
    work();
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let (begun, mut handled, mut took) = (cpu_ns(), 0, 0);
            while took < ROUND_NS {
                for _ in 0..8 {
                    work();
                }
                handled += 8 * MESSAGES;
                took = cpu_ns() - begun;
            }
            took as f64 / handled as f64
        })
        .collect();
    rounds.sort_unstable_by(f64::total_cmp);
    let (min, median) = (rounds[0], rounds[ROUNDS / 2]);
    println!("{name:<58}{min:>9.0}{median:>9.0}");
}

/// CPU time of this thread so far: the first field of its `schedstat`, see proc(5).
fn cpu_ns() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("we run on Linux");
    let field = stat.split(' ').next();
    field
        .and_then(|field| field.parse().ok())
        .expect("a number")
}

/// Limits without rates: a bench is a flood.
fn limits() -> Arc<Limits> {
    Arc::new(Limits {
        messages: None,
        frames: None,
        bytes: None,
        ..Limits::default()
    })
}

/// A text like those of a room.
fn json(bytes: usize) -> String {
    let head = r#"{"type":"chat","room":"lobby","seq":4711,"from":"alice","message":""#;
    let words = "the quick brown fox jumps over the lazy dog, said nobody in particular; ";
    let rest = bytes.saturating_sub(head.len() + 2);
    let message: String = words.chars().cycle().take(rest).collect();
    format!("{head}{message}\"}}")
}

/// All messages as a client puts them on the wire.
fn sent(text: &str, agreed: Option<Deflate>) -> Vec<u8> {
    let client = Machine::client(limits(), agreed, || [0x5a, 0xc3, 0x17, 0x88]);
    let frame = client.text(text).expect("it is open");
    frame.repeat(MESSAGES)
}

fn receive(wire: &[u8], agreed: Option<Deflate>) {
    let mut machine = Machine::server(limits(), agreed);
    let mut wire = wire.to_vec();
    let mut texts = 0;
    // In reads as a gateway does them.
    for read in wire.chunks_mut(16 << 10) {
        let mut input = read;
        while let Some(event) = machine.receive(&mut input, 0).expect("it is well formed") {
            texts += usize::from(matches!(black_box(event), Event::Text(_)));
        }
    }
    assert_eq!(texts, MESSAGES);
}

/// A stream that is read from memory and written to nowhere.
struct Memory(Cursor<Vec<u8>>);

impl Read for Memory {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn receive_by_tungstenite(wire: &[u8]) {
    let stream = Memory(Cursor::new(wire.to_vec()));
    let mut socket = WebSocket::from_raw_socket(stream, Role::Server, None);
    for _ in 0..MESSAGES {
        black_box(socket.read().expect("it is well formed"));
    }
}

/// What a client that offers compression is told.
fn agreed() -> Deflate {
    let settings = DeflateSettings {
        level: NonZeroU8::MIN.get(),
        ..DeflateSettings::default()
    };
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-extensions", OFFER),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let upgrade = Upgrade::check(&headers, Some(settings)).expect("it is an upgrade");
    upgrade.deflate().expect("it was offered")
}
