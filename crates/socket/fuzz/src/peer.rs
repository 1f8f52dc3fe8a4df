//! The machine under fuzz, and what its peer does to it.
//!
//! Owns the limits it runs under (small enough to be met by chance), what is agreed about
//! compression, and one way to play bytes to it. Keeps true: whatever is played, all of it is
//! used, a throttle moves time forward, and after the end there is silence.

use std::sync::Arc;

use roomcast_socket::negotiation::{DeflateSettings, accept, confirm};
use roomcast_socket::{Broken, Deflate, Event, Limits, Machine, Rate};

/// The largest message under [`limits`].
pub const MESSAGE_BYTES_MAX: usize = 6_000;

/// What a machine took in, and how it ended.
pub type Taken = (Vec<Event<'static>>, Option<Broken>);

/// Small bounds, and no rates.
pub fn limits() -> Limits {
    Limits {
        frame_bytes_max: 4_000,
        message_bytes_max: MESSAGE_BYTES_MAX,
        fragments_max: 8,
        messages: None,
        frames: None,
        bytes: None,
        controls: None,
        binary: true,
        ..Limits::default()
    }
}

/// Small bounds, rates that some bytes are enough to pass, and little patience with what they
/// hold up.
pub fn hasty_limits() -> Limits {
    let rate = |per_second, burst| Some(Rate { per_second, burst });
    Limits {
        messages: rate(5, 4),
        frames: rate(20, 6),
        bytes: rate(500, 200),
        controls: rate(2, 3),
        message_ms_max: 500,
        flood_ms_max: 2_000,
        ..limits()
    }
}

/// Compression as agreed: all messages, at a level of 1 to 9, for windows of 8 to 15 bits. Of two
/// ends the client's comes first.
pub fn agreed(level: u8, window_bits: u8) -> (Deflate, Deflate) {
    let settings = DeflateSettings {
        bytes_min: 0,
        level: 1 + level % 9,
    };
    let bits = 8 + window_bits % 8;
    let offer = format!("permessage-deflate; server_max_window_bits={bits}");
    let taken = accept([offer.as_str()], settings).expect("the offer is well formed");
    let server = taken.expect("the offer can be honoured").deflate;
    let answer =
        format!("permessage-deflate; server_no_context_takeover; client_max_window_bits={bits}");
    let client = confirm([answer.as_str()], settings).expect("the answer fits the offer");
    (client.expect("the answer agrees"), server)
}

/// One end.
pub fn machine(client: bool, limits: Limits, deflate: bool) -> Machine {
    let (ours, theirs) = agreed(5, 7);
    if client {
        Machine::client(Arc::new(limits), deflate.then_some(ours), || {
            [0xa5, 0, 0x5a, 0xff]
        })
    } else {
        Machine::server(Arc::new(limits), deflate.then_some(theirs))
    }
}

/// Plays pieces until they or the conversation end; what follows the end must change nothing.
pub fn play<'p>(machine: &mut Machine, pieces: impl IntoIterator<Item = &'p [u8]>) -> Taken {
    let mut now_ms = 1;
    let mut taken: Taken = (Vec::new(), None);
    for piece in pieces {
        let mut buffer = piece.to_vec();
        let mut input = &mut buffer[..];
        let ended = taken.1.is_some() || machine.is_closed();
        loop {
            match machine.receive(&mut input, now_ms) {
                Ok(Some(Event::Throttle { until_ms })) => {
                    assert!(until_ms > now_ms, "a throttle that ends before it begins");
                    now_ms = until_ms;
                }
                Ok(Some(event)) => {
                    assert!(!ended, "{event:?} after the end");
                    taken.0.push(event.into_owned());
                }
                Ok(None) => break,
                Err(broken) => {
                    assert!(!ended, "{broken:?} after the end");
                    assert!(!machine.is_open());
                    taken.1 = Some(broken);
                    break;
                }
            }
        }
        assert!(input.is_empty(), "bytes are left without a throttle");
    }
    taken
}
