//! Rates: what passes at once, what waits, and who is sent away.

use roomcast_socket::{Event, Limits, Machine, OpCode, Rate, Violation};

use crate::wire::{frame, open_limits, play, server, text};

fn rate(per_second: u32, burst: u32) -> Option<Rate> {
    Some(Rate { per_second, burst })
}

/// Feeds one buffer; what came of it, what was left, and until when.
fn feed(machine: &mut Machine, wire: &[u8], now_ms: u64) -> (usize, Vec<u8>, Option<u64>) {
    let mut buffer = wire.to_vec();
    let mut input = &mut buffer[..];
    let mut told = 0;
    loop {
        match machine
            .receive(&mut input, now_ms)
            .expect("no rule is broken")
        {
            Some(Event::Throttle { until_ms }) => return (told, input.to_vec(), Some(until_ms)),
            Some(_) => told += 1,
            None => return (told, input.to_vec(), None),
        }
    }
}

#[test]
fn frames_over_the_burst_are_left_in_the_input_and_pass_later() {
    let limits = Limits {
        frames: rate(10, 5),
        ..open_limits()
    };
    let mut machine = server(limits);
    let (told, rest, until_ms) = feed(&mut machine, &text("hi").repeat(7), 1_000);
    assert_eq!((told, rest.len()), (5, 2 * text("hi").len()));
    let until_ms = until_ms.unwrap();
    assert!(until_ms > 1_000);
    let (told, rest, again) = feed(&mut machine, &rest, until_ms + 200);
    assert_eq!((told, rest.len(), again), (2, 0, None));
}

#[test]
fn messages_over_the_burst_wait_and_the_fragments_of_one_do_not() {
    let limits = Limits {
        messages: rate(10, 2),
        ..open_limits()
    };
    let fragmented = [
        frame(OpCode::Text, false, b"a"),
        frame(OpCode::Continuation, false, b"b"),
        frame(OpCode::Continuation, true, b"c"),
    ]
    .concat();
    let mut machine = server(limits);
    let wire = [text("hi"), fragmented, text("hi")].concat();
    let (told, rest, until_ms) = feed(&mut machine, &wire, 1_000);
    assert_eq!((told, rest.len()), (2, text("hi").len()));
    let (told, rest, again) = feed(&mut machine, &rest, until_ms.unwrap());
    assert_eq!((told, rest.len(), again), (1, 0, None));
}

#[test]
fn a_burst_of_frames_at_the_bound_is_not_throttled() {
    let limits = Limits {
        frames: rate(10, 5),
        ..open_limits()
    };
    let (told, rest, until_ms) = feed(&mut server(limits), &text("hi").repeat(5), 1_000);
    assert_eq!((told, rest.len(), until_ms), (5, 0, None));
}

#[test]
fn bytes_over_the_burst_wait_even_inside_a_frame() {
    let limits = Limits {
        bytes: rate(1_000, 1_000),
        ..open_limits()
    };
    let mut machine = server(limits);
    let wire = text(&"x".repeat(3_000));
    let (told, rest, until_ms) = feed(&mut machine, &wire[..1_000], 0);
    assert_eq!((told, rest.len(), until_ms), (0, 0, None));
    let (told, rest, until_ms) = feed(&mut machine, &wire[1_000..], 0);
    assert_eq!((told, rest.len()), (0, wire.len() - 1_000));
    let (told, rest, _) = feed(&mut machine, &rest, until_ms.unwrap());
    assert_eq!((told, rest.len()), (1, 0));
    // What was overdrawn is waited for.
    let (_, _, until_ms) = feed(&mut machine, &text("more"), 200);
    assert!(until_ms.unwrap() > 2_000);
}

#[test]
fn control_frames_at_the_burst_pass_and_one_more_is_1008() {
    let limits = Limits {
        controls: rate(1, 10),
        ..open_limits()
    };
    for opcode in [OpCode::Ping, OpCode::Pong] {
        let mut machine = server(limits.clone());
        let wire = frame(opcode, true, b"").repeat(11);
        let (events, broken) = play(&mut machine, [&wire[..]], 1);
        assert_eq!(events.len(), 10);
        let broken = broken.unwrap();
        assert_eq!(broken.violation, Violation::ControlFlood);
        assert_eq!(broken.answer.unwrap()[2..4], 1008u16.to_be_bytes());
    }
}

#[test]
fn who_floods_without_rest_is_sent_away_within_the_time_given() {
    let limits = Limits {
        frames: rate(10, 20),
        flood_ms_max: 5_000,
        ..open_limits()
    };
    let mut machine = server(limits);
    let mut wire = text("").repeat(10_000);
    let mut input = &mut wire[..];
    let mut now_ms = 0;
    let mut told = 0;
    let violation = loop {
        match machine.receive(&mut input, now_ms) {
            Ok(Some(Event::Throttle { until_ms })) => now_ms = until_ms,
            Ok(Some(_)) => told += 1,
            Ok(None) => panic!("all of the flood passed"),
            Err(broken) => break broken.violation,
        }
    };
    assert_eq!(violation, Violation::Flood);
    assert!((5_000..6_000).contains(&now_ms), "{now_ms}");
    assert!(told <= 20 + 60, "{told}");
    assert!(input.is_empty());
}

#[test]
fn a_peer_at_half_its_rate_is_never_throttled() {
    let limits = Limits {
        frames: rate(100, 20),
        bytes: rate(10_000, 2_000),
        flood_ms_max: 1_000,
        ..open_limits()
    };
    let mut machine = server(limits);
    for now_ms in (0..60_000).step_by(20) {
        let (told, _, until_ms) = feed(&mut machine, &text("hello"), now_ms);
        assert_eq!((told, until_ms), (1, None));
    }
}
