//! Garbage of all kinds: whatever arrives is read or refused, never a panic, and what was read can
//! be written and read again.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use roomcast_protocol::{
    Body, Signal, decode_client, decode_server, decode_server_batch, encode_client, encode_server,
};

use crate::frames::{client_frame, server_frame};
use crate::values::json_text;

const FRAME_BYTES_MAX: usize = 1 << 16;
/// A refusal goes back to whoever sent the garbage; it must not grow with what was sent.
const COMPLAINT_BYTES_MAX: usize = 1_024;

/// One way in which a line or a client spoils a frame.
#[derive(Clone, Debug)]
enum Damage {
    Flip(Index, u8),
    Cut(Index, Index),
    Double(Index, Index),
    Splice(Index, Vec<u8>),
}

impl Damage {
    fn apply(self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let range = |a: Index, b: Index| {
            let (a, b) = (a.index(bytes.len()), b.index(bytes.len()));
            a.min(b)..a.max(b)
        };
        match self {
            Self::Flip(at, mask) => {
                let at = at.index(bytes.len());
                bytes[at] ^= mask;
            }
            Self::Cut(a, b) => drop(bytes.drain(range(a, b))),
            Self::Double(a, b) => {
                let range = range(a, b);
                let (end, copy) = (range.end, bytes[range].to_vec());
                bytes.splice(end..end, copy);
            }
            Self::Splice(at, other) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, other);
            }
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let other = valid_text().prop_map(String::into_bytes);
    let part = (other, any::<Index>(), any::<Index>()).prop_map(|(bytes, a, b)| {
        let (a, b) = (a.index(bytes.len()), b.index(bytes.len()));
        bytes[a.min(b)..a.max(b)].to_vec()
    });
    let at = any::<Index>;
    prop_oneof![
        (at(), 1_u8..=255).prop_map(|(at, mask)| Damage::Flip(at, mask)),
        (at(), at()).prop_map(|(a, b)| Damage::Cut(a, b)),
        (at(), at()).prop_map(|(a, b)| Damage::Double(a, b)),
        (at(), part).prop_map(|(at, part)| Damage::Splice(at, part)),
    ]
}

fn valid_text() -> impl Strategy<Value = String> {
    prop_oneof![
        client_frame().prop_map(|frame| encode_client(&frame)),
        server_frame().prop_map(|frame| encode_server(&frame)),
    ]
}

/// An object that looks like a frame: fields that frames have, holding what they should not.
fn pretender() -> impl Strategy<Value = String> {
    let name = select(vec![
        "id",
        "room",
        "rooms",
        "since",
        "history",
        "epoch",
        "seq",
        "message",
        "messages",
        "data",
        "key",
        "to",
        "from",
        "typing",
        "before",
        "after",
        "limit",
        "token",
        "gap",
        "members",
        "session",
        "user",
        "node",
        "limits",
        "code",
        "timestamp",
        "count",
        "recovered",
        "type",
    ]);
    let usual = select(vec![
        "1",
        "0",
        "-1",
        "null",
        "true",
        "\"a\"",
        "[]",
        "[{}]",
        "{}",
        "9007199254740992",
        "1.0",
        "\"00000000000000aa\"",
        "\"0190a7c0-0000-7000-8000-000000000001\"",
        "[{\"room\":\"a\"}]",
    ]);
    let value = prop_oneof![4 => usual.prop_map(str::to_owned), 1 => json_text()];
    let field = (name, value).prop_map(|(name, value)| format!(",\"{name}\":{value}"));
    (kind(), vec(field, 0..12))
        .prop_map(|(kind, fields)| format!("{{\"type\":\"{kind}\"{}}}", fields.concat()))
}

fn kind() -> impl Strategy<Value = &'static str> {
    select(vec![
        "join",
        "leave",
        "chat",
        "direct",
        "typing",
        "read",
        "who",
        "history",
        "auth",
        "ping",
        "connected",
        "joined",
        "ack",
        "user_joined",
        "user_left",
        "gap",
        "members",
        "ok",
        "pong",
        "reconnect",
        "error",
        "",
        "\\u0070ing",
    ])
}

fn read_by_every_door(text: &str) -> Result<(), TestCaseError> {
    match decode_client(text, FRAME_BYTES_MAX) {
        Ok(frame) => {
            let again = decode_client(&encode_client(&frame), usize::MAX);
            prop_assert_eq!(again, Ok(frame));
        }
        Err(error) => prop_assert!(error.refusal.message.len() <= COMPLAINT_BYTES_MAX),
    }
    match decode_server(text) {
        Ok(frame) => prop_assert_eq!(decode_server(&encode_server(&frame)), Ok(frame)),
        Err(refusal) => prop_assert!(refusal.message.len() <= COMPLAINT_BYTES_MAX),
    }
    drop(decode_server_batch(text));
    if let Some(signal) = Signal::decode(text) {
        prop_assert_eq!(Signal::decode(&signal.encode()), Some(signal));
    }
    if let Some(body) = Body::from_log(text) {
        prop_assert_eq!(body.as_str(), text);
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..512)) {
        read_by_every_door(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn any_json_is_read_or_refused(text in json_text()) {
        read_by_every_door(&text)?;
        read_by_every_door(&format!("[{text},{text}]"))?;
    }

    #[test]
    fn damaged_frames_are_read_or_refused(
        text in valid_text(),
        damages in vec(damage(), 1..4),
    ) {
        let mut bytes = text.into_bytes();
        for damage in damages {
            damage.apply(&mut bytes);
        }
        read_by_every_door(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn frames_with_the_wrong_fields_are_read_or_refused(text in pretender()) {
        read_by_every_door(&text)?;
    }
}
