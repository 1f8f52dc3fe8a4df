//! Bounds are where the documents say: sizes, depth, sequence numbers, names, request ids. Each is
//! compared with the rule written a second time, and through JSON as well as through `parse`.

use proptest::collection::vec;
use proptest::prelude::*;
use roomcast_protocol::{
    DisplayName, ErrorCode, IdempotencyKey, JSON_DEPTH_MAX, RequestId, RoomName, SEQ_MAX, Seq,
    UserId, decode_client, encode_client,
};

use crate::frames::client_frame;
use crate::values::text;

/// Text near the rules of names: now within, now just outside.
fn name_text() -> impl Strategy<Value = String> {
    let long = |unit: &'static str| (120..140_usize).prop_map(|n| unit.repeat(n));
    prop_oneof![
        text(),
        "[ -~]{0,8}",
        "[A-Za-z0-9._:@#{} -]{0,140}",
        "[!-~]{60,68}",
        long("a"),
        (60..70_usize).prop_map(|n| "é".repeat(n)),
        (text(), "[\\u{200e}-\\u{2070}\\u{85}\\u{a0}]", text()).prop_map(|(a, b, c)| a + &b + &c),
    ]
}

/// What `parse` takes, JSON takes, and nothing else; and both give the text back.
fn parses_alike<T>(text: &str, allowed: bool) -> Result<(), TestCaseError>
where
    T: std::str::FromStr + serde::de::DeserializeOwned + serde::Serialize,
{
    let json = serde_json::to_string(text).expect("text is JSON text");
    prop_assert_eq!(text.parse::<T>().is_ok(), allowed, "{:?}", text);
    match serde_json::from_str::<T>(&json) {
        Ok(name) => {
            prop_assert!(allowed);
            prop_assert_eq!(
                serde_json::to_string(&name).expect("a name is JSON text"),
                json
            );
        }
        Err(_) => prop_assert!(!allowed),
    }
    Ok(())
}

fn plain(text: &str, bytes_max: usize) -> bool {
    let symbol = |c: char| matches!(c, '.' | '_' | ':' | '@' | '#' | '-');
    !text.is_empty()
        && text.len() <= bytes_max
        && text.chars().all(|c| c.is_ascii_alphanumeric() || symbol(c))
}

proptest! {
    #[test]
    fn a_room_and_a_user_are_plain_text(text in name_text()) {
        parses_alike::<RoomName>(&text, plain(&text, 128))?;
        parses_alike::<UserId>(&text, plain(&text, 127))?;
        if let Ok(user) = text.parse::<UserId>() {
            parses_alike::<RoomName>(RoomName::inbox(&user).as_str(), true)?;
        }
    }

    #[test]
    fn a_key_is_visible_ascii_without_braces(text in name_text()) {
        let visible = |c: char| ('!'..='~').contains(&c) && c != '{' && c != '}';
        let allowed = (1..=64).contains(&text.len()) && text.chars().all(visible);
        parses_alike::<IdempotencyKey>(&text, allowed)?;
    }

    #[test]
    fn a_display_name_has_no_control_no_turn_and_no_space_at_its_ends(text in name_text()) {
        let turns = |c| ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c);
        let edge = |c: Option<char>| c.is_some_and(char::is_whitespace);
        let allowed = (1..=128).contains(&text.len())
            && !text.chars().any(|c| c.is_control() || turns(c))
            && !edge(text.chars().next())
            && !edge(text.chars().last());
        parses_alike::<DisplayName>(&text, allowed)?;
    }

    #[test]
    fn a_seq_is_what_every_json_reader_keeps_exact(
        value in prop_oneof![any::<u64>(), SEQ_MAX - 2..SEQ_MAX + 3, 0..3_u64],
    ) {
        let read = serde_json::from_str::<Seq>(&value.to_string()).ok();
        prop_assert_eq!(read, Seq::try_from(value).ok());
        prop_assert_eq!(read.map(Seq::value), (value <= SEQ_MAX).then_some(value));
        if let Some(seq) = read {
            prop_assert_eq!(seq.next().value(), (value + 1).min(SEQ_MAX));
            prop_assert_eq!(seq.previous().value(), value.saturating_sub(1));
        }
    }

    #[test]
    fn a_number_that_is_not_whole_is_no_seq_and_no_request_id(
        whole in 1..SEQ_MAX,
        form in prop::sample::select(vec!["-N", "N.0", "N.5", "Ne0", "Ne1", "[N]", "true"]),
    ) {
        let written = form.replace('N', &whole.to_string());
        prop_assert!(serde_json::from_str::<Seq>(&written).is_err());
        prop_assert!(serde_json::from_str::<RequestId>(&written).is_err());
        let quoted = format!("\"{whole}\"");
        prop_assert!(serde_json::from_str::<Seq>(&quoted).is_err());
    }

    #[test]
    fn a_request_id_is_a_number_or_a_short_text(number in any::<u64>(), text in name_text()) {
        let read = serde_json::from_str::<RequestId>(&number.to_string()).is_ok();
        prop_assert_eq!(read, number <= SEQ_MAX);
        let json = serde_json::to_string(&text).expect("text is JSON text");
        let read = serde_json::from_str::<RequestId>(&json).ok();
        let expected = (1..=64).contains(&text.len()).then(|| RequestId::Text(text.into()));
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn a_frame_is_taken_up_to_the_limit_and_not_a_byte_beyond(frame in client_frame()) {
        let text = encode_client(&frame);
        prop_assert!(decode_client(&text, text.len()).is_ok());
        let error = decode_client(&text, text.len() - 1).expect_err("a byte too long");
        prop_assert_eq!(error.refusal.code, ErrorCode::FrameTooLarge);
    }

    #[test]
    fn depth_is_counted_in_brackets_outside_strings(
        kinds in vec(any::<bool>(), 0..2 * JSON_DEPTH_MAX),
        inside in text(),
    ) {
        let string = serde_json::to_string(&inside).expect("text is JSON text");
        let mut data = string.clone();
        for array in &kinds {
            data = if *array {
                format!("[{string},{data},[]]")
            } else {
                format!("{{{string}:{data}}}")
            };
        }
        // The empty list beside the innermost value is one level deeper than its own brackets.
        let deepest = 1 + kinds.len() + usize::from(kinds.first() == Some(&true));
        let frame = format!(r#"{{"type":"chat","id":1,"room":"a","message":{string},"data":{data}}}"#);
        match decode_client(&frame, usize::MAX) {
            Ok(_) => prop_assert!(deepest <= JSON_DEPTH_MAX),
            Err(error) => {
                prop_assert_eq!(error.refusal.code, ErrorCode::TooDeep);
                prop_assert!(deepest > JSON_DEPTH_MAX);
            }
        }
    }
}
