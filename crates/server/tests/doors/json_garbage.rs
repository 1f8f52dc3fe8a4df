//! Every field of every verb with every kind of wrong value: an `error` each, and the session goes on.

use serde_json::{Value, json};

use crate::node::Node;
use crate::session::{Neighbour, Session};

/// What a field takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Id,
    Room,
    User,
    Text,
    Token,
    Key,
    Flag,
    Seq,
    Count,
    Since,
    Rooms,
    Anything,
}
use Kind::{Anything, Count, Flag, Id, Key, Room, Rooms, Seq, Since, Text, Token, User};

/// A verb's fields: name, kind, a good value, whether it may be left out.
type Field = (&'static str, Kind, &'static str, bool);

const SINCE: &str = r#"{"epoch":"6f1c2a9be4d07735","seq":1}"#;
const VERBS: &[(&str, &[Field])] = &[
    (
        "join",
        &[
            ("id", Id, "1", false),
            ("rooms", Rooms, r#"[{"room":"lobby"}]"#, false),
        ],
    ),
    (
        "join",
        &[
            ("id", Id, "1", false),
            ("room", Room, r#""lobby""#, false),
            ("history", Count, "1", true),
        ],
    ),
    (
        "join",
        &[
            ("id", Id, "1", false),
            ("room", Room, r#""lobby""#, false),
            ("since", Since, SINCE, true),
        ],
    ),
    (
        "leave",
        &[("id", Id, "1", false), ("room", Room, r#""lobby""#, false)],
    ),
    (
        "chat",
        &[
            ("id", Id, "1", false),
            ("room", Room, r#""lobby""#, false),
            ("message", Text, r#""Hi""#, false),
            ("data", Anything, "1", true),
            ("key", Key, r#""k""#, true),
        ],
    ),
    (
        "direct",
        &[
            ("id", Id, "1", false),
            ("to", User, r#""bob""#, false),
            ("message", Text, r#""Hi""#, false),
            ("data", Anything, "1", true),
            ("key", Key, r#""k""#, true),
        ],
    ),
    (
        "typing",
        &[
            ("room", Room, r#""lobby""#, false),
            ("typing", Flag, "true", false),
        ],
    ),
    (
        "read",
        &[
            ("id", Id, "1", true),
            ("room", Room, r#""lobby""#, false),
            ("seq", Seq, "1", false),
        ],
    ),
    (
        "who",
        &[
            ("id", Id, "1", false),
            ("room", Room, r#""lobby""#, false),
            ("after", User, r#""bob""#, true),
            ("limit", Count, "1", true),
        ],
    ),
    (
        "history",
        &[
            ("id", Id, "1", false),
            ("room", Room, r#""lobby""#, false),
            ("before", Seq, "1", true),
            ("limit", Count, "1", true),
        ],
    ),
    (
        "history",
        &[
            ("id", Id, "1", false),
            ("room", Room, r#""lobby""#, false),
            ("after", Seq, "1", true),
        ],
    ),
    (
        "auth",
        &[
            ("id", Id, "1", false),
            ("token", Token, r#""a.b.c""#, false),
        ],
    ),
    ("ping", &[("id", Id, "1", false)]),
];

const TEXTS: &[Kind] = &[Id, Room, User, Text, Token, Key, Anything];
const NO_NAMES: &[Kind] = &[Id, Text, Token, Anything];
const LONG: &[Kind] = &[Text, Token, Anything];
/// Values, and the kinds that may take them. A kind that isn't named must refuse.
const TAKEN: &[(&str, &[Kind])] = &[
    ("true", &[Flag, Anything]),
    ("0", &[Id, Seq, Count, Anything]),
    ("7", &[Id, Seq, Count, Anything]),
    ("4294967296", &[Id, Seq, Anything]),
    ("9007199254740991", &[Id, Seq, Anything]),
    (r#""x""#, TEXTS),
    (r#""@""#, TEXTS),
    (r#""""#, LONG),
    (r#""a b""#, NO_NAMES),
    (r#""{x}""#, NO_NAMES),
    (r#""\u0000""#, NO_NAMES),
    (r#""🐝""#, NO_NAMES),
    (SINCE, &[Since, Anything]),
    (r#"[{"room":"x","new":1}]"#, &[Rooms, Anything]),
];
/// JSON that application data may be, and no other field.
const NEVER: &[&str] = &[
    "-1",
    "-0",
    "1.5",
    "1e2",
    "1e999",
    "9007199254740992",
    "18446744073709551616",
    "[]",
    "{}",
    "[1]",
    "[[]]",
    "[null]",
    r#"{"room":"lobby"}"#,
    r#""\ud800""#,
    r#"[{"room":"x"},{"room":"x y"}]"#,
    r#"[{"room":"x"},{"room":"x"},[]]"#,
    r#"[{"room":"x"},null]"#,
    r#"[{"room":"x","history":1,"since":{"epoch":"6f1c2a9be4d07735","seq":1}}]"#,
    r#"{"epoch":"6f1c2a9be4d07735"}"#,
    r#"{"epoch":"6F1C2A9BE4D07735","seq":1}"#,
    r#"{"epoch":"6f1c2a9be4d07735","seq":1,"id":"x"}"#,
    r#"["6f1c2a9be4d07735",1]"#,
];
/// No JSON.
const BROKEN: &[&str] = &[
    "",
    "nul",
    "NaN",
    "Infinity",
    "01",
    "+1",
    "1.",
    ".5",
    "0x1",
    "'x'",
    "\"x",
    "\"\n\"",
    "\"\\x\"",
    "\"\\ud800\u{0}\"",
    "[1,]",
    "{,}",
    "{\"a\"}",
    "{\"a\":1,}",
    "1}{",
    "1 1",
    "\u{feff}1",
    "/**/1",
];

/// All values, those too long to be written out as well.
fn values() -> Vec<(String, &'static [Kind])> {
    let text = |bytes| format!("\"{}\"", "x".repeat(bytes));
    let nested = |levels| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let mut values: Vec<(String, &[Kind])> = vec![
        (text(65), &[Room, User, Text, Token, Anything]),
        (text(128), &[Room, Text, Token, Anything]),
        (text(129), LONG),
        (text(17_000), LONG),
        (nested(31), &[Anything]),
        (nested(32), &[]),
        (nested(200), &[]),
        (nested(30_000), &[]),
    ];
    let mut add = |list: &[&str], takers| {
        values.extend(list.iter().map(|value| ((*value).to_owned(), takers)));
    };
    add(NEVER, &[Anything]);
    add(BROKEN, &[]);
    values.extend(
        TAKEN
            .iter()
            .map(|(value, takers)| ((*value).to_owned(), *takers)),
    );
    values
}

fn write(verb: &str, fields: &[Field], changed: usize, value: Option<&str>) -> String {
    let mut text = format!(r#"{{"type":"{verb}""#);
    for (at, (name, _, good, _)) in fields.iter().enumerate() {
        let value = if at == changed { value } else { Some(*good) };
        if let Some(value) = value {
            text.push_str(&format!(r#","{name}":{value}"#));
        }
    }
    text.push('}');
    text
}

/// Sends a frame; the errors it met, beside whatever else was said.
fn errors(session: &mut Session, text: &str) -> Vec<Value> {
    session.send_text(text);
    let said = session.still_works();
    said.into_iter()
        .filter(|frame| frame["type"] == "error")
        .collect()
}

/// Asserts one error, with a code that says the frame or a value is wrong.
fn refused(session: &mut Session, text: &str) {
    let errors = errors(session, text);
    let shown: String = text.chars().take(120).collect();
    let codes: Vec<_> = errors
        .iter()
        .map(|error| error["code"].as_u64().unwrap())
        .collect();
    let expected = [100, 101, 103, 104];
    assert!(
        codes.len() == 1 && expected.contains(&codes[0]),
        "{shown}: {errors:?}"
    );
    assert!(
        errors[0]["message"].as_str().unwrap().len() <= 800,
        "{errors:?}"
    );
}

#[test]
fn every_field_with_every_wrong_value_is_refused_and_the_session_goes_on() {
    let node = Node::start(&[]);
    let mut neighbour = Neighbour::of(&node);
    let mut session = Session::open(&node, "alice");
    let values = values();
    let mut refusals = 0;
    for (verb, fields) in VERBS {
        for (at, (_, kind, good, optional)) in fields.iter().enumerate() {
            for (value, takers) in &values {
                let text = write(verb, fields, at, Some(value));
                if takers.contains(kind) {
                    errors(&mut session, &text);
                } else {
                    refused(&mut session, &text);
                    refusals += 1;
                }
            }
            let (left_out, null) = (
                write(verb, fields, at, None),
                write(verb, fields, at, Some("null")),
            );
            for text in [left_out, null] {
                if *optional {
                    errors(&mut session, &text);
                } else {
                    refused(&mut session, &text);
                }
            }
            let doubled = write(
                verb,
                fields,
                at,
                Some(&format!(r#"{good},"{}":{good}"#, fields[at].0)),
            );
            refused(&mut session, &doubled);
        }
        neighbour.feels_nothing();
    }
    assert!(refusals > 500, "the table is still a table: {refusals}");
}

#[test]
fn what_is_no_frame_at_all_is_refused_and_the_session_goes_on() {
    let node = Node::start(&[]);
    let mut neighbour = Neighbour::of(&node);
    let mut session = Session::open(&node, "alice");
    let types = [
        "null",
        "1",
        "true",
        "[]",
        "{}",
        r#""""#,
        r#""dance""#,
        r#""PING""#,
        r#""ping ""#,
        r#""connected""#,
        r#""joined""#,
        r#""\u0000""#,
        &format!("\"{}\"", "x".repeat(60_000)),
    ]
    .map(|kind| format!(r#"{{"type":{kind},"id":1}}"#));
    let others = [
        "",
        " ",
        "\n",
        "null",
        "true",
        "0",
        "1e999",
        "\"\"",
        "\"ping\"",
        "[]",
        "{}",
        "{{}}",
        "[{}]",
        r#"[{"type":"ping","id":1}]"#,
        r#"["ping",1]"#,
        r#"{"id":1}"#,
        r#"{"type":"ping","id":1"#,
        r#"{"type":"ping","id":1}}"#,
        r#"{"type":"ping","id":1},"#,
        r#"{"type":"ping","id":1}{}"#,
        r#"{"type":"ping","id":1} x"#,
        r#"{type:"ping",id:1}"#,
        r#"{'type':'ping','id':1}"#,
        r#"{"type":"ping","type":"ping","id":1}"#,
        r#"{"type":"ping","id":1,"id":1}"#,
        "\u{feff}{\"type\":\"ping\",\"id\":1}",
        "{\"type\":\"ping\",\"id\":1}\0",
        "\0",
        "<xml/>",
        "GET / HTTP/1.1",
        "\u{202e}",
        "🐝",
    ]
    .map(str::to_owned);
    for text in types.iter().chain(&others) {
        refused(&mut session, text);
    }
    for levels in [33, 1_000, 65_000] {
        refused(&mut session, &"[".repeat(levels));
        refused(&mut session, &r#"{"a":"#.repeat(levels.min(13_000)));
    }
    neighbour.feels_nothing();
    let pong = session.ask(&json!({"type": "ping", "id": 1, "unknown": [[null]]}));
    assert_eq!(pong["type"], "pong");
}
