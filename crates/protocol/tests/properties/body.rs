//! A message keeps its bytes from the draft through the log to the frame, and what members read is
//! what was said.

use proptest::collection::hash_set;
use proptest::prelude::*;
use proptest::sample::select;
use roomcast_protocol::{
    Body, Draft, Message, Position, ServerFrame, Signal, decode_server, encode_server,
};

use crate::frames::{chat, said, server_frame, signal};
use crate::values::{epoch, message_id, room, seq};

/// Fields that a log may hold beside the needed ones, and whether a body may bring them along: those
/// of the stamp would stand twice in the frame.
const FOREIGN_FIELDS: &[(&str, bool)] = &[
    (r#""edited":true"#, true),
    (r#""x":[[{}]]"#, true),
    (r#""name":"Åsa""#, true),
    (r#""to":null"#, true),
    (r#""data":{"room":1,"room":2}"#, true),
    (r#""key":"with space""#, false),
    (r#""type":"chat""#, false),
    (r#""room":"b""#, false),
    (r#""roo\u006d":null"#, false),
    (r#""epoch":"00000000000000aa""#, false),
    (r#""seq":7"#, false),
    (r#""timestamp":1"#, false),
];

proptest! {
    #[test]
    fn a_log_gives_a_body_back_as_it_was_kept(room in room(), said in said()) {
        let draft = Draft::new(room, &said);
        prop_assert_eq!(&draft.from, &said.from);
        prop_assert_eq!(&draft.key, &said.key);
        prop_assert_eq!(draft.id, said.id);
        let kept = draft.body.as_str();
        prop_assert_eq!(Body::from_log(kept), Some(draft.body.clone()));
        prop_assert_eq!(serde_json::from_str(kept).ok(), Some(said));
    }

    #[test]
    fn a_stamped_message_is_the_chat_that_members_read(chat in chat()) {
        let said = roomcast_protocol::Said {
            id: chat.id,
            from: chat.from.clone(),
            name: chat.name.clone(),
            to: chat.to.clone(),
            message: chat.message.clone(),
            data: chat.data.clone(),
            key: chat.key.clone(),
        };
        let draft = Draft::new(chat.room.clone(), &said);
        let message = Message {
            room: draft.room,
            position: chat.position(),
            id: draft.id,
            timestamp_ms: chat.timestamp,
            body: draft.body,
            trace: None,
        };
        let frame = ServerFrame::Chat(Box::new(chat.clone()));
        prop_assert_eq!(message.encode(), encode_server(&frame), "one spelling of a chat");
        prop_assert_eq!(decode_server(&message.encode()), Ok(frame));
        prop_assert_eq!(message.to_chat(), chat);
        let json = message.to_json();
        prop_assert_eq!(json.as_str(), message.encode());
    }

    /// What another version, or a hand in Redis, left in the log: taken only if it makes a chat.
    #[test]
    fn a_body_that_a_log_gives_always_makes_a_chat(
        room in room(),
        (epoch, seq, id) in (epoch(), seq(), message_id()),
        fields in hash_set(0..FOREIGN_FIELDS.len(), 0..3),
        space in select(vec!["", " ", "\n"]),
    ) {
        let mut text =
            r#"{"id":"0190a7c0-0000-7000-8000-000000000001", "from":"alice","message":"m""#.to_owned();
        for field in &fields {
            text.push(',');
            text.push_str(FOREIGN_FIELDS[*field].0);
        }
        text = format!("{text}{space}}}{space}");
        let body = Body::from_log(&text);
        let fits = fields.iter().all(|field| FOREIGN_FIELDS[*field].1);
        prop_assert_eq!(body.is_some(), fits, "{}", text);
        if let Some(body) = body {
            let position = Position { epoch, seq };
            let message = Message { room, position, id, timestamp_ms: 1, body, trace: None };
            let read = decode_server(&message.encode());
            prop_assert!(matches!(read, Ok(ServerFrame::Chat(_))), "{:?}", read);
            prop_assert_eq!(message.to_chat().position(), position);
        }
    }

    #[test]
    fn a_signal_is_read_as_it_was_told(signal in signal()) {
        prop_assert_eq!(Signal::decode(&signal.encode()), Some(signal));
    }

    #[test]
    fn what_members_read_is_no_signal(frame in server_frame()) {
        prop_assert_eq!(Signal::decode(&encode_server(&frame)), None);
    }
}
