//! Arbitrary valid values: names, ids, positions, text, and JSON as no encoder of ours would write
//! it. Owns how they are made; keeps each one inside the documented rules.

use std::fmt::Debug;
use std::str::FromStr;

use proptest::collection::vec;
use proptest::prelude::*;
use roomcast_protocol::{
    DisplayName, Epoch, IdempotencyKey, Json, MessageId, NodeId, RequestId, RoomName, SEQ_MAX, Seq,
    SessionId, Since, UserId,
};

pub(crate) fn room() -> impl Strategy<Value = RoomName> {
    named("[A-Za-z0-9._:@#-]{1,128}")
}

pub(crate) fn user() -> impl Strategy<Value = UserId> {
    named("[A-Za-z0-9._:@#-]{1,127}")
}

pub(crate) fn node() -> impl Strategy<Value = NodeId> {
    named("[A-Za-z0-9._-]{1,64}")
}

pub(crate) fn key() -> impl Strategy<Value = IdempotencyKey> {
    named("[!-z|~]{1,64}")
}

/// Names of up to 128 bytes in any script: 32 characters of at most 4 bytes.
pub(crate) fn display_name() -> impl Strategy<Value = DisplayName> {
    vec(any::<char>(), 1..=32).prop_filter_map("a name the rule allows", |chars| {
        chars.into_iter().collect::<String>().parse().ok()
    })
}

pub(crate) fn epoch() -> impl Strategy<Value = Epoch> {
    any::<u64>().prop_map(Epoch::from_bits)
}

pub(crate) fn seq() -> impl Strategy<Value = Seq> {
    prop_oneof![0..=SEQ_MAX, 0..=3_u64, SEQ_MAX - 3..=SEQ_MAX]
        .prop_map(|value| value.try_into().expect("the range ends at SEQ_MAX"))
}

pub(crate) fn message_id() -> impl Strategy<Value = MessageId> {
    uuid()
}

pub(crate) fn session_id() -> impl Strategy<Value = SessionId> {
    uuid()
}

pub(crate) fn since() -> impl Strategy<Value = Since> {
    (epoch(), seq(), option(message_id())).prop_map(|(epoch, seq, id)| Since { epoch, seq, id })
}

pub(crate) fn request_id() -> impl Strategy<Value = RequestId> {
    let text = vec(any::<char>(), 1..=16).prop_map(|chars| chars.into_iter().collect::<String>());
    prop_oneof![
        (0..=SEQ_MAX).prop_map(RequestId::Number),
        Just(RequestId::Number(SEQ_MAX)),
        text.prop_map(|text| RequestId::Text(text.into())),
    ]
}

/// Text with everything JSON must escape and everything it need not.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let tricky = prop::sample::select(vec![
        "", "\"", "\\", "\\u0000", "\0", "\u{7f}", "\u{2028}", "\u{feff}", "{[", "🐝", "e\u{301}",
    ]);
    let piece = prop_oneof![
        tricky.prop_map(str::to_owned),
        vec(any::<char>(), 0..12).prop_map(|chars| chars.into_iter().collect()),
    ];
    vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

/// Application data: any JSON but a bare `null`, which says the same as no data at all.
pub(crate) fn data() -> impl Strategy<Value = Json> {
    json_text()
        .prop_filter_map("not null", |text| (text != "null").then_some(text))
        .prop_map(|text| Json::parse(text).expect("json_text writes JSON"))
}

/// JSON with odd spaces, escapes, numbers and doubled keys, nested less than ten deep.
pub(crate) fn json_text() -> impl Strategy<Value = String> {
    let scalar = prop::sample::select(vec![
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1.50",
        "1E+2",
        "1e-7",
        "1e999",
        "12345678901234567890",
    ]);
    let leaf = prop_oneof![scalar.prop_map(str::to_owned), json_string()];
    leaf.prop_recursive(6, 40, 4, |inner| {
        let item = (space(), inner, space())
            .prop_map(|(a, value, b)| a + &value + &b)
            .boxed();
        let field = (space(), json_string(), space(), item.clone())
            .prop_map(|(a, name, b, value)| format!("{a}{name}{b}:{value}"));
        prop_oneof![
            vec(item, 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            vec(field, 0..4).prop_map(|fields| format!("{{{}}}", fields.join(","))),
        ]
    })
}

/// `Some` half of the time.
pub(crate) fn option<T: Debug>(
    strategy: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<T>> {
    proptest::option::of(strategy)
}

fn space() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", "", "", " ", "\n", "\t", "\r\n", "  "]).prop_map(str::to_owned)
}

/// A JSON string, escaped now as little as can be, now throughout, halves of surrogate pairs
/// included: JSON's grammar takes them, and data is not ours to mend.
fn json_string() -> impl Strategy<Value = String> {
    let escaped = vec(any::<u16>(), 0..6).prop_map(|units| {
        let units: Vec<String> = units.iter().map(|unit| format!("\\u{unit:04X}")).collect();
        format!("\"{}\\/\\b\"", units.concat())
    });
    let plain = text().prop_map(|text| serde_json::to_string(&text).expect("text is JSON text"));
    prop_oneof![plain, escaped]
}

fn named<T>(pattern: &'static str) -> impl Strategy<Value = T>
where
    T: FromStr + Debug,
    T::Err: Debug,
{
    pattern.prop_map(|text| text.parse().expect("the pattern is the rule"))
}

fn uuid<T>() -> impl Strategy<Value = T>
where
    T: FromStr + Debug,
    T::Err: Debug,
{
    any::<u128>().prop_map(|bits| {
        let text = uuid::Uuid::from_u128(bits).to_string();
        text.parse().expect("a UUID as it is written")
    })
}
