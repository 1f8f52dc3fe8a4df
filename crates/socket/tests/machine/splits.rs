//! Any split of any bytes decodes the same.

use proptest::prelude::*;
use roomcast_socket::{Deflate, Machine, OpCode};

use crate::wire::{Taken, agreed, conversation, frame, open_limits, play, spoken};

fn decoded(wire: &[u8], sizes: &[usize], deflate: Option<Deflate>) -> Taken {
    let mut machine = Machine::server(open_limits().into(), deflate);
    let mut pieces = Vec::new();
    let mut rest = wire;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, behind) = rest.split_at((*size).min(rest.len()));
        pieces.push(piece);
        rest = behind;
    }
    play(&mut machine, pieces, 1)
}

fn at_once(wire: &[u8], deflate: Option<Deflate>) -> Taken {
    play(
        &mut Machine::server(open_limits().into(), deflate),
        [wire],
        1,
    )
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1..200usize, 1..20)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_good_conversation_decodes_the_same_however_it_is_cut(
        said in conversation(), sizes in sizes()
    ) {
        let wire = spoken(&said);
        let (events, broken) = at_once(&wire, None);
        prop_assert_eq!(&broken, &None);
        prop_assert!(events.len() >= said.len());
        prop_assert_eq!((events, broken), decoded(&wire, &sizes, None));
        prop_assert_eq!(at_once(&wire, None), decoded(&wire, &[1], None));
    }

    #[test]
    fn a_spoilt_conversation_decodes_the_same_however_it_is_cut(
        said in conversation(), sizes in sizes(),
        spoilt in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)
    ) {
        let mut wire = spoken(&said);
        wire.extend(frame(OpCode::Close, true, &[0x03, 0xe8]));
        for (at, byte) in spoilt {
            let at = at.index(wire.len());
            wire[at] = byte;
        }
        let deflate = Some(agreed());
        prop_assert_eq!(at_once(&wire, deflate), decoded(&wire, &sizes, deflate));
        prop_assert_eq!(at_once(&wire, deflate), decoded(&wire, &[1], deflate));
    }

    #[test]
    fn noise_decodes_the_same_however_it_is_cut(
        wire in prop::collection::vec(any::<u8>(), 0..400), sizes in sizes()
    ) {
        prop_assert_eq!(at_once(&wire, None), decoded(&wire, &sizes, None));
    }
}
