//! Any bytes, cut anywhere, at either end: no panic, the same events as in one piece, and no more
//! memory than the limits say.
//!
//! An input: one byte of switches (1: the client's end; 2: compression agreed; 4: rates; 8: we
//! have begun to close), the sizes of the pieces, then the wire.

#![no_main]

use libfuzzer_sys::fuzz_target;
use roomcast_socket::{CloseCode, Event, Machine};
use roomcast_socket_fuzz::memory::{Counted, forget_peak, held_bytes, peak_bytes};
use roomcast_socket_fuzz::peer::{MESSAGE_BYTES_MAX, hasty_limits, limits, machine, play};
use roomcast_socket_fuzz::recipe::{Recipe, cut};

#[global_allocator]
static ALLOCATOR: Counted = Counted;

/// What a machine may hold: a message put together in a buffer that grew by doubling, once more
/// while it is moved, its inflated form likewise, and the answer to it.
const HELD_BYTES_MAX: usize = 6 * MESSAGE_BYTES_MAX + (4 << 10);

fuzz_target!(|data: &[u8]| {
    let mut recipe = Recipe::new(data);
    let switches = recipe.byte();
    let sizes = recipe.sizes();
    let wire = recipe.rest();
    let is = |switch: u8| switches & switch != 0;
    let made = || {
        let limits = if is(4) { hasty_limits() } else { limits() };
        let mut machine = machine(is(1), limits, is(2));
        if is(8) {
            machine.close(CloseCode::GOING_AWAY, "soon", 1);
        }
        machine
    };
    let in_pieces = play(&mut made(), cut(wire, &sizes));
    for event in &in_pieces.0 {
        is_within_its_bounds(event);
    }
    // What throttles has been read by the piece, so only without rates are pieces all the same.
    if !is(4) {
        assert_eq!(in_pieces, play(&mut made(), [wire]));
    }
    drop(in_pieces);
    holds_little(&mut made(), wire, &sizes);
});

fn is_within_its_bounds(event: &Event<'_>) {
    match event {
        Event::Text(text) => assert!(text.len() <= MESSAGE_BYTES_MAX),
        Event::Binary(bytes) => assert!(bytes.len() <= MESSAGE_BYTES_MAX),
        // A header, a mask and 125 bytes.
        Event::Ping { answer } => assert!(answer.len() <= 131),
        Event::Pong(payload) => assert!(payload.len() <= 125),
        Event::Close { reason, answer, .. } => {
            assert!(reason.len() <= 123);
            assert!(answer.as_ref().is_none_or(|answer| answer.len() <= 131));
        }
        Event::Throttle { .. } => {}
    }
}

/// Plays once more, keeping no event: what is held then is the machine's. The thread's inflater
/// has been made by the time before, if it is needed.
fn holds_little(machine: &mut Machine, wire: &[u8], sizes: &[usize]) {
    let mut wire = wire.to_vec();
    let mut rest = &mut wire[..];
    let mut now_ms = 1;
    let before = held_bytes();
    forget_peak();
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (mut piece, behind) = rest.split_at_mut((*size).min(rest.len()));
        rest = behind;
        while let Ok(Some(event)) = machine.receive(&mut piece, now_ms) {
            if let Event::Throttle { until_ms } = event {
                now_ms = until_ms;
            }
        }
    }
    let peak = peak_bytes() - before;
    assert!(peak <= HELD_BYTES_MAX, "{peak} bytes were held");
    let held = held_bytes() - before;
    assert!(held <= 3 * MESSAGE_BYTES_MAX, "{held} bytes are held");
    if machine.deadline_ms().is_none() {
        assert_eq!(held, 0, "memory is held between messages");
    }
}
