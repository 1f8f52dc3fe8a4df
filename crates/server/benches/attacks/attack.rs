//! The attacks: who connects how, and what each then does.

use std::io::Read as _;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::Duration;

use flate2::Compression;
use flate2::read::DeflateEncoder;

use crate::offender::{Offender, frame};

/// First bytes of frames: FIN, the bit of compression, opcodes.
const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;
const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const PING: u8 = 0x9;
const DEFLATE: &str = "Sec-WebSocket-Extensions: permessage-deflate; \
    client_no_context_takeover; server_no_context_takeover\r\n";
/// What a bomb inflates to.
const BOMB_BYTES: u64 = 50 << 20;
static BOMB: OnceLock<Vec<u8>> = OnceLock::new();
/// Between two pieces of what comes in drops.
const DROP_EVERY: Duration = Duration::from_millis(500);
/// Between two words of a loud talker: within its allowance of commands.
const WORD_EVERY: Duration = Duration::from_millis(52);
/// Words of a loud talker: enough for every buffer on the way to fill up.
const WORDS: usize = 100;

/// One attack.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// How many do it at the same time.
    pub(crate) offenders: usize,
    /// How many of them do nothing wrong, and stay.
    pub(crate) guests: u64,
    pub(crate) open: fn(SocketAddr, usize) -> Offender,
    pub(crate) offend: fn(&mut Offender),
}

const fn attack(
    name: &'static str,
    offenders: usize,
    what: &'static str,
    open: fn(SocketAddr, usize) -> Offender,
    offend: fn(&mut Offender),
) -> Attack {
    Attack {
        name,
        what,
        offenders,
        guests: 0,
        open,
        offend,
    }
}

/// All of them.
pub(crate) const ATTACKS: &[Attack] = &[
    attack("claims", 100, "heads that claim 2^62 bytes", session, claim),
    attack(
        "fragments",
        20,
        "empty fragments without end",
        session,
        fragments,
    ),
    attack("pings", 20, "pings without end, pongs read", session, pings),
    attack(
        "deaf-pings",
        20,
        "pings without end, never reading",
        session,
        deaf_pings,
    ),
    attack(
        "bytes",
        10,
        "messages of 64 KiB without end",
        session,
        bytes,
    ),
    attack(
        "frames",
        10,
        "messages of 500 fragments without end",
        session,
        frames,
    ),
    attack(
        "commands",
        20,
        "small commands without end",
        session,
        commands,
    ),
    attack(
        "deaf-commands",
        20,
        "the same, never reading",
        session,
        deaf_commands,
    ),
    attack(
        "bombs",
        20,
        "bombs of 50 MB, each in 50 KB",
        deflating,
        bomb,
    ),
    attack(
        "slow-message",
        10,
        "60 KB of a message, then drops",
        session,
        slow_message,
    ),
    attack(
        "no-close",
        50,
        "never answer a close, go on sending",
        session,
        no_close,
    ),
    Attack {
        guests: 1,
        ..attack(
            "deaf-members",
            4,
            "members of a loud room who never read",
            loud_room,
            loud,
        )
    },
    attack("slow-heads", 200, "heads in drops", connected, slow_head),
    attack(
        "large-heads",
        50,
        "heads without end",
        connected,
        large_head,
    ),
];

fn connected(address: SocketAddr, _: usize) -> Offender {
    Offender::connect(address)
}

fn session(address: SocketAddr, at: usize) -> Offender {
    Offender::session(address, &format!("offender-{at}"), "")
}

fn deflating(address: SocketAddr, at: usize) -> Offender {
    BOMB.get_or_init(make_bomb);
    Offender::session(address, &format!("offender-{at}"), DEFLATE)
}

fn claim(offender: &mut Offender) {
    offender.send(
        &[
            &[FIN | TEXT, 0x80 | 127][..],
            &(1_u64 << 62).to_be_bytes(),
            &[0; 4],
        ]
        .concat(),
    );
}

fn fragments(offender: &mut Offender) {
    offender.send(&frame(TEXT, b""));
    offender.flood(&frame(CONTINUATION, b"").repeat(1_000));
}

fn pings(offender: &mut Offender) {
    offender.read_all();
    deaf_pings(offender);
}

fn deaf_pings(offender: &mut Offender) {
    offender.flood(&frame(FIN | PING, &[7; 125]).repeat(100));
}

fn bytes(offender: &mut Offender) {
    offender.read_all();
    offender.flood(&frame(FIN | TEXT, &command(65_536)));
}

fn frames(offender: &mut Offender) {
    offender.read_all();
    let between = frame(CONTINUATION, b" ").repeat(498);
    let last = frame(FIN | CONTINUATION, &command(22)[1..]);
    offender.flood(&[frame(TEXT, b"{"), between, last].concat());
}

fn commands(offender: &mut Offender) {
    offender.read_all();
    deaf_commands(offender);
}

fn deaf_commands(offender: &mut Offender) {
    offender.flood(&frame(FIN | TEXT, &command(22)).repeat(500));
}

fn bomb(offender: &mut Offender) {
    offender.send(BOMB.get().expect("it was made before"));
}

fn make_bomb() -> Vec<u8> {
    let spaces = std::io::repeat(b' ').take(BOMB_BYTES);
    let mut payload = Vec::new();
    DeflateEncoder::new(spaces, Compression::best())
        .read_to_end(&mut payload)
        .expect("memory only");
    // Behind a last block, RFC 7692 wants a byte of zeros.
    payload.push(0);
    frame(FIN | RSV1 | TEXT, &payload)
}

fn slow_message(offender: &mut Offender) {
    let whole = frame(FIN | TEXT, &[b' '; 65_000]);
    let (now, later) = whole.split_at(60_000);
    offender.send(now);
    drops(offender, later);
}

fn no_close(offender: &mut Offender) {
    offender.send(&frame(FIN | BINARY, b"x"));
    drops(offender, &frame(FIN | TEXT, &[b'x'; 10_000]));
}

/// One joins a room and talks, the others join it and do nothing at all.
fn loud_room(address: SocketAddr, at: usize) -> Offender {
    let mut offender = session(address, at);
    offender.send(&frame(
        FIN | TEXT,
        br#"{"type":"join","id":1,"room":"loud"}"#,
    ));
    offender.is_loud = at == 0;
    offender
}

fn loud(offender: &mut Offender) {
    if !offender.is_loud {
        return;
    }
    offender.read_all();
    let text = "x".repeat(16_000);
    let word = format!(r#"{{"type":"chat","id":1,"room":"loud","message":"{text}"}}"#);
    let word = frame(FIN | TEXT, word.as_bytes());
    for _ in 0..WORDS {
        offender.send(&word);
        sleep(WORD_EVERY);
    }
}

fn slow_head(offender: &mut Offender) {
    offender.send(b"GET / HTTP/1.1\r\nX-Slow: ");
    drops(offender, &[b'x'; 100]);
}

fn large_head(offender: &mut Offender) {
    offender.send(b"GET / HTTP/1.1\r\n");
    offender.flood(&b"X-More: and more\r\n".repeat(500));
}

/// A byte now and then, until nothing is taken any more.
fn drops(offender: &mut Offender, bytes: &[u8]) {
    for byte in bytes {
        if !offender.send(&[*byte]) {
            return;
        }
        sleep(DROP_EVERY);
    }
}

/// A ping in so many bytes.
fn command(bytes: usize) -> Vec<u8> {
    let mut text = br#"{"type":"ping","id":1}"#.to_vec();
    text.resize(bytes, b' ');
    text
}
