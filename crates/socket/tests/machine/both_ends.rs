//! Our two ends talk to each other: what goes in at one comes out at the other.

use std::sync::Arc;

use proptest::prelude::*;
use roomcast_socket::{CloseCode, Deflate, Event, Limits, Machine};

use crate::wire::{agreed, open_limits, play};

fn ends(deflate: Option<Deflate>) -> (Machine, Machine) {
    let limits = Arc::new(Limits {
        frame_bytes_max: 1 << 20,
        message_bytes_max: 1 << 20,
        ..open_limits()
    });
    let client = Machine::client(limits.clone(), deflate, || [0xde, 0xad, 0xbe, 0xef]);
    (client, Machine::server(limits, deflate))
}

/// Bytes that compress well, hardly or not at all.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    let few = prop::collection::vec(0..4u8, 0..3_000);
    let noise = prop::collection::vec(any::<u8>(), 0..3_000);
    let repeated = (prop::collection::vec(any::<u8>(), 1..50), 1..2_000usize)
        .prop_map(|(piece, times)| piece.repeat(times));
    prop_oneof![few, noise, repeated]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn deflate_and_inflate_are_identity(
        payload in payload(), text in ".{0,400}", cut in 1..5_000usize, small in any::<bool>()
    ) {
        let (mut client, mut server) = ends(small.then(agreed));
        for there in [true, false] {
            let (from, to) = if there { (&client, &mut server) } else { (&server, &mut client) };
            let mut wire = from.binary(&payload).unwrap().to_vec();
            wire.extend(from.text(&text).unwrap());
            let taken = play(to, wire.chunks(cut), 1);
            let expected = vec![
                Event::Binary(payload.clone().into()),
                Event::Text(text.clone().into()),
            ];
            prop_assert_eq!(taken, (expected, None));
        }
    }
}

#[test]
fn a_ping_comes_back_as_a_pong_and_a_close_as_a_close() {
    let (mut client, mut server) = ends(None);
    let ping = server.ping(b"1234").unwrap();
    let (events, _) = play(&mut client, [&ping[..]], 1);
    let [Event::Ping { answer }] = &events[..] else {
        panic!("{events:?}");
    };
    let (events, _) = play(&mut server, [&answer[..]], 1);
    assert_eq!(events, [Event::Pong(b"1234"[..].into())]);
    let close = server.close(CloseCode::GOING_AWAY, "soon", 1).unwrap();
    let (events, _) = play(&mut client, [&close[..]], 1);
    let [
        Event::Close {
            code,
            reason,
            answer,
        },
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!(
        (code, reason.as_ref()),
        (&Some(CloseCode::GOING_AWAY), "soon")
    );
    play(&mut server, [&answer.as_ref().unwrap()[..]], 1);
    assert!(server.is_closed() && client.is_closed());
}

#[test]
fn each_end_refuses_the_frames_of_its_own_kind() {
    let (mut client, mut server) = ends(None);
    let (from_client, from_server) = (client.text("x").unwrap(), server.text("x").unwrap());
    assert!(play(&mut client, [&from_client[..]], 1).1.is_some());
    assert!(play(&mut server, [&from_server[..]], 1).1.is_some());
}
