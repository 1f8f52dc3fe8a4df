//! Encode then decode is identity, for frames of every variant and for batches of them.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use roomcast_protocol::{
    ClientFrame, JSON_DEPTH_MAX, decode_client, decode_server, decode_server_batch, encode_client,
    encode_server,
};
use serde_json::Value;

use crate::frames::{client_frame, server_frame};
use crate::values::json_text;

const FRAME_BYTES_MAX: usize = 1 << 20;

proptest! {
    #[test]
    fn a_client_frame_is_read_as_it_was_written(frame in client_frame()) {
        let text = encode_client(&frame);
        prop_assert_eq!(decode_client(&text, FRAME_BYTES_MAX), Ok(frame));
    }

    #[test]
    fn a_server_frame_is_read_as_it_was_written(frame in server_frame()) {
        let text = encode_server(&frame);
        prop_assert_eq!(decode_server(&text), Ok(frame.clone()));
        prop_assert_eq!(decode_server_batch(&text), Ok(vec![frame]));
    }

    #[test]
    fn a_batch_is_read_as_its_frames(frames in vec(server_frame(), 0..4)) {
        let texts: Vec<String> = frames.iter().map(encode_server).collect();
        prop_assert_eq!(decode_server_batch(&format!(" [{}]", texts.join(" , "))), Ok(frames));
    }

    #[test]
    fn a_type_of_a_later_version_takes_nothing_else_of_its_batch_along(
        before in vec(server_frame(), 0..3),
        after in vec(server_frame(), 0..3),
    ) {
        let later = r#"{"type":"confetti","id":{"not":"one of ours"}}"#.to_owned();
        let texts: Vec<String> = before
            .iter()
            .map(encode_server)
            .chain([later])
            .chain(after.iter().map(encode_server))
            .collect();
        let frames: Vec<_> = before.into_iter().chain(after).collect();
        prop_assert_eq!(decode_server_batch(&format!("[{}]", texts.join(","))), Ok(frames));
    }

    #[test]
    fn data_passes_byte_for_byte_and_null_says_there_is_none(text in json_text()) {
        let frame = format!(r#"{{"type":"chat","id":1,"room":"a","message":"","data": {text} }}"#);
        let Ok(ClientFrame::Chat(say)) = decode_client(&frame, FRAME_BYTES_MAX) else {
            return Err(TestCaseError::fail("no chat"));
        };
        let told = say.data.as_ref().map(|data| data.as_str());
        prop_assert_eq!(told, (text != "null").then_some(text.as_str()));
    }

    #[test]
    fn what_is_written_keeps_to_the_depth_it_takes(frame in client_frame()) {
        let value = serde_json::from_str::<Value>(&encode_client(&frame));
        // Data may hold numbers and half surrogate pairs that this reader can't take.
        if let Ok(value) = value {
            prop_assert!(depth(&value) <= JSON_DEPTH_MAX);
        }
    }
}

/// A strategy that forgets a variant would make the properties above say less than they seem to.
#[test]
fn the_strategies_make_every_type_of_frame() {
    let (mut runner, mut client, mut server) = (
        TestRunner::deterministic(),
        BTreeSet::new(),
        BTreeSet::new(),
    );
    for _ in 0..400 {
        let frame = client_frame().new_tree(&mut runner).unwrap().current();
        client.insert(kind(&encode_client(&frame)));
        let frame = server_frame().new_tree(&mut runner).unwrap().current();
        server.insert(kind(&encode_server(&frame)));
    }
    assert_eq!(client.len(), 10, "{client:?}");
    assert_eq!(server.len(), 18, "{server:?}");
}

fn kind(frame: &str) -> String {
    let rest = frame
        .strip_prefix(r#"{"type":""#)
        .expect("the type is first");
    rest.split('"').next().unwrap_or_default().to_owned()
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}
