//! Each bound on size, count and time: kept at the bound, refused one over it.

use roomcast_socket::{Event, Header, Limits, OpCode, Overdue, Violation};

use crate::wire::{frame, open_limits, play, server, text, with_header};

/// How the conversation ended, and with which close code.
fn verdict(limits: Limits, wire: &[u8]) -> Option<(Violation, u16)> {
    let (_, broken) = play(&mut server(limits), [wire], 1);
    let broken = broken?;
    let answer = broken.answer.expect("our close had not gone out");
    assert_eq!(answer[0], 0x88);
    let code = u16::from_be_bytes([answer[2], answer[3]]);
    assert_eq!(code, broken.violation.close_code().number());
    Some((broken.violation, code))
}

fn claim(payload_bytes: u64) -> Vec<u8> {
    let header = Header {
        payload_bytes,
        mask: Some([0; 4]),
        opcode: OpCode::Text,
        fin: true,
        compressed: false,
    };
    with_header(&header, b"")
}

#[test]
fn a_frame_at_the_bound_passes_and_one_byte_more_is_1009() {
    let at = frame(OpCode::Binary, true, &[1; 4_000]);
    let over = frame(OpCode::Binary, true, &[1; 4_001]);
    assert_eq!(verdict(open_limits(), &at), None);
    let too_large = Some((Violation::FrameTooLarge, 1009));
    assert_eq!(verdict(open_limits(), &over), too_large);
}

#[test]
fn a_claim_of_any_length_is_refused_by_its_header_alone() {
    for claimed in [4_001, 65_536, 15 << 20, 1 << 62, (1 << 63) + 5, u64::MAX] {
        let too_large = Some((Violation::FrameTooLarge, 1009));
        assert_eq!(verdict(open_limits(), &claim(claimed)), too_large);
    }
    // One byte short of the header nothing is known, and nothing is held.
    let header = claim(1 << 62);
    assert_eq!(verdict(open_limits(), &header[..header.len() - 1]), None);
}

#[test]
fn a_message_at_the_bound_passes_and_one_byte_more_is_1009_before_it_comes() {
    let message = |second: usize| {
        let mut wire = frame(OpCode::Text, false, &[b'a'; 4_000]);
        wire.extend(frame(OpCode::Continuation, true, &vec![b'b'; second]));
        wire
    };
    assert_eq!(verdict(open_limits(), &message(2_000)), None);
    let over = message(2_001);
    let header_only = &over[..over.len() - 2_001];
    let too_large = Some((Violation::MessageTooLarge, 1009));
    assert_eq!(verdict(open_limits(), header_only), too_large);
}

#[test]
fn a_message_of_all_its_fragments_passes_and_one_more_is_1009() {
    let message = |fragments: usize| {
        let mut wire = frame(OpCode::Text, false, b"");
        for _ in 2..fragments {
            wire.extend(frame(OpCode::Continuation, false, b""));
        }
        wire.extend(frame(OpCode::Continuation, true, b""));
        wire
    };
    let (events, _) = play(&mut server(open_limits()), [&message(8)[..]], 1);
    assert_eq!(events, [Event::Text("".into())]);
    let too_many = Some((Violation::TooManyFragments, 1009));
    assert_eq!(verdict(open_limits(), &message(9)), too_many);
}

#[test]
fn binary_where_none_is_taken_is_1003_by_its_header() {
    let limits = Limits {
        binary: false,
        ..open_limits()
    };
    let binary = frame(OpCode::Binary, true, b"0123456789");
    let refused = Some((Violation::BinaryRefused, 1003));
    assert_eq!(verdict(limits.clone(), &binary[..6]), refused);
    assert_eq!(verdict(limits, &text("fine")), None);
}

#[test]
fn a_message_must_be_whole_in_time_whatever_part_of_it_is_missing() {
    let whole = text("hello");
    let fragment = frame(OpCode::Text, false, b"hel");
    let ping = frame(OpCode::Ping, true, b"ping");
    for begun in [&whole[..1], &whole[..4], &whole[..8], &fragment, &ping[..7]] {
        let mut machine = server(open_limits());
        assert_eq!(machine.deadline_ms(), None);
        play(&mut machine, [begun], 100);
        assert_eq!(machine.deadline_ms(), Some(10_100));
        assert_eq!(machine.overdue(10_099), None);
        let Some(Overdue::Message(broken)) = machine.overdue(10_100) else {
            panic!("the message is overdue");
        };
        assert_eq!(broken.violation, Violation::TooSlow);
        assert_eq!(broken.answer.unwrap()[2..4], 1008u16.to_be_bytes());
    }
}

#[test]
fn a_byte_now_and_then_does_not_put_the_end_of_time_off() {
    let mut machine = server(open_limits());
    let wire = text("a slow one");
    for (byte, now_ms) in wire.iter().zip((0..).step_by(1_500)) {
        let (_, broken) = play(&mut machine, [&[*byte][..]], now_ms);
        if now_ms < 10_000 {
            assert_eq!(broken, None, "at {now_ms}");
        } else {
            assert_eq!(broken.unwrap().violation, Violation::TooSlow);
            return;
        }
    }
    panic!("it took no notice of time");
}

#[test]
fn what_comes_with_the_end_of_time_is_used_up_with_it() {
    let mut machine = server(open_limits());
    let wire = text("a slow one");
    play(&mut machine, [&wire[..4]], 0);
    let mut late = wire[4..].to_vec();
    let mut input = &mut late[..];
    let broken = machine.receive(&mut input, 10_000).unwrap_err();
    assert_eq!(broken.violation, Violation::TooSlow);
    assert!(input.is_empty(), "{} bytes are left", input.len());
}

#[test]
fn each_message_has_its_own_time() {
    let mut machine = server(open_limits());
    let wire = text("one");
    let (first, second) = wire.split_at(4);
    play(&mut machine, [first], 0);
    // The end of one and the beginning of the next in one read.
    let both = [second, first].concat();
    let (events, broken) = play(&mut machine, [&both[..]], 9_000);
    assert_eq!((events.len(), broken), (1, None));
    assert_eq!(machine.deadline_ms(), Some(19_000));
    let (events, _) = play(&mut machine, [second], 18_999);
    assert_eq!(events, [Event::Text("one".into())]);
    assert_eq!(machine.deadline_ms(), None);
}
