//! Writes the seeds of the fuzz targets, of our own frames: `cargo run --example seeds` in this
//! folder, after a change to how an input is laid out. Cases found since are kept beside them.

use std::io;
use std::path::Path;

use roomcast_socket::{CloseCode, Header, Machine, OpCode};
use roomcast_socket_fuzz::peer::{limits, machine};

/// Switches of the decoder's inputs.
const CLIENT: u8 = 1;
const DEFLATE: u8 = 2;
const RATES: u8 = 4;
const CLOSING: u8 = 8;

fn main() -> io::Result<()> {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let write = |name: &str, parts: &[&[u8]]| std::fs::write(seeds.join(name), parts.concat());
    let conversation = |client, deflate| said(&mut machine(client, limits(), deflate));

    // Each machine reads what the other end says.
    write(
        "decoder/to_server",
        &[&[0, 0, 6], &conversation(true, false)],
    )?;
    write(
        "decoder/to_server_deflated",
        &[&[DEFLATE, 1, 0, 30], &conversation(true, true)],
    )?;
    write(
        "decoder/to_client",
        &[&[CLIENT, 0, 255], &conversation(false, false)],
    )?;
    write(
        "decoder/to_client_deflated",
        &[&[CLIENT | DEFLATE, 2, 1, 2, 3], &conversation(false, true)],
    )?;
    write(
        "decoder/to_hasty_server",
        &[&[RATES, 0, 60], &conversation(true, false)],
    )?;
    write(
        "decoder/to_closing_server",
        &[&[CLOSING, 0, 9], &conversation(true, false)],
    )?;
    write("decoder/slow_by_throttle", &[&[RATES, 0, 255], &slow()])?;
    write("decoder/fragments", &[&[0, 0, 3], &fragments()])?;
    write("decoder/claim_of_all_memory", &[&[0, 0, 3], &claim()])?;

    let deflated = machine(true, limits(), true).text(&"over and over ".repeat(20));
    let payload = payload(&deflated.expect("it is open"));
    write("deflate/text_in_fragments", &[&[2, 1, 9, 5], &payload])?;
    write(
        "deflate/stored",
        &[&[0, 0, 255], b"\x00\x05\x00\xfa\xffHello\x00"],
    )?;
    write(
        "deflate/final_block",
        &[&[2, 0, 255], b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00"],
    )?;
    let bomb = machine(true, roomcast_socket::Limits::default(), true).text(&"0".repeat(40_000));
    let bomb = self::payload(&bomb.expect("it is open"));
    write("deflate/bomb", &[&[2, 0, 255], &bomb])?;
    // A level, a window of 15 bits, pieces of one size; two messages of two runs and of one.
    let two = [
        &[2, 7, 15][..],
        b"roomcast",
        &[2, 63],
        b"\xff\x00",
        &[1, 4, 0],
        b"text",
    ]
    .concat();
    write("deflate/both_ends", &[&[1, 5, 7, 0, 20], &two])?;
    write("deflate/both_ends_small_window", &[&[1, 8, 1, 0, 3], &two])?;
    sessions(write)
}

/// Conversations over a socket.
fn sessions(write: impl Fn(&str, &[&[u8]]) -> io::Result<()>) -> io::Result<()> {
    // Acts: 0 says text in pieces, 2 pings, 3 is told text, 5 hears, 6 sends bytes, 7 is ended,
    // 8 shuts down.
    let says = [&[0, 1, 5, 63][..], b"hello", &[0, 3]].concat();
    let is_told = [&[3, 1, 3, 9][..], b"you"].concat();
    let all = [&says[..], &[2, 0, 7], &is_told, &[5], &says, &is_told].concat();
    write("session/all_is_heard", &[&[0], &all])?;
    write("session/all_is_heard_deflated", &[&[1], &all])?;
    write(
        "session/a_rule_is_broken",
        &[&[0], &says, &[6, 1, 2, 0, 0xff, 0xff], &says],
    )?;
    write(
        "session/the_party_ends_it",
        &[&[0], &says, &is_told, &[7, 4], &says],
    )?;
    write("session/the_client_is_gone", &[&[1], &says, &[8], &is_told])
}

/// One of each.
fn said(machine: &mut Machine) -> Vec<u8> {
    let frames = [
        machine.text("grün und blau, grün und blau"),
        machine.binary(&[0, 255, 1, 254]),
        machine.ping(b"there?"),
        machine.text(&"a longer one, with a length in two bytes ".repeat(4)),
        machine.close(CloseCode::NORMAL, "done", 1),
    ];
    frames.into_iter().flatten().flatten().collect()
}

/// A text in three frames, cut inside a character, with a ping between them.
fn fragments() -> Vec<u8> {
    let mut wire = Vec::new();
    for (opcode, fin, piece) in [
        (OpCode::Text, false, &b"gr\xc3"[..]),
        (OpCode::Ping, true, b"between"),
        (OpCode::Continuation, false, b"\xbc"),
        (OpCode::Continuation, true, b"n"),
    ] {
        header(opcode, fin, piece.len() as u64).encode(&mut wire);
        wire.extend_from_slice(piece);
    }
    wire
}

/// A message that rates let in so slowly that it is overdue in the middle of a piece.
fn slow() -> Vec<u8> {
    let mut wire = Vec::new();
    header(OpCode::Text, true, 1_000).encode(&mut wire);
    wire.resize(wire.len() + 1_000, b'a');
    wire
}

/// A frame that says it has 2^62 bytes.
fn claim() -> Vec<u8> {
    let mut wire = Vec::new();
    header(OpCode::Binary, true, 1 << 62).encode(&mut wire);
    wire.extend_from_slice(b"and so on");
    wire
}

/// Masked with zeros: what is written is what is read.
fn header(opcode: OpCode, fin: bool, payload_bytes: u64) -> Header {
    Header {
        payload_bytes,
        mask: Some([0; 4]),
        opcode,
        fin,
        compressed: false,
    }
}

/// A client's frame without its header and mask.
fn payload(frame: &[u8]) -> Vec<u8> {
    let decoded = Header::decode(frame).expect("our own frame is good");
    let (header, at) = decoded.expect("the frame is whole");
    let mut payload = frame[at..].to_vec();
    roomcast_socket::apply_mask(&mut payload, header.mask.unwrap_or_default(), 0);
    payload
}
