//! Reading the reports of a run: the index of all cases, and the numbers in a case's own report.
//!
//! Keeps true: what is not there or of another shape is an error, never a default.

use serde_json::{Map, Value};

/// The longest header of a server's frame, and its close with a code.
const HEADER_BYTES_MAX: u64 = 10;
const CLOSE_BYTES: u64 = 4;

/// A case of the index.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) id: String,
    /// `OK`, `NON-STRICT`, `INFORMATIONAL`, `UNIMPLEMENTED` or `FAILED`.
    pub(super) behavior: String,
    /// The same of the close, or what is wrong with it.
    pub(super) behavior_close: String,
    /// The code of the close that the echo sent.
    pub(super) close_code: Option<u64>,
    /// The name of the case's own report.
    pub(super) report: String,
}

/// Reads `index.json`: of one agent, the cases by their names.
///
/// # Errors
/// A sentence, for another shape than that.
pub(super) fn read_index(text: &str) -> Result<Vec<Case>, String> {
    let index: Map<String, Value> =
        serde_json::from_str(text).map_err(|why| format!("the index can't be read: {why}"))?;
    let agents: Vec<&Value> = index.values().collect();
    let [Value::Object(cases)] = agents[..] else {
        return Err(format!(
            "the index is of {} agents, not of one",
            agents.len()
        ));
    };
    cases
        .iter()
        .map(|(id, case)| {
            let word = |name| {
                let word = case.get(name).and_then(Value::as_str);
                word.map(str::to_owned)
                    .ok_or_else(|| format!("case {id} has no {name} in the index"))
            };
            Ok(Case {
                id: id.clone(),
                behavior: word("behavior")?,
                behavior_close: word("behaviorClose")?,
                close_code: case.get("remoteCloseCode").and_then(Value::as_u64),
                report: word("reportfile")?,
            })
        })
        .collect()
}

/// Reads how many bytes the messages of a case have on average, in a run in which all of them
/// were echoed. With compression the suite counts itself; without it the frames and bytes that
/// came back are counted, one frame a message, less what frames add.
///
/// # Errors
/// A sentence, for a report without these counts.
pub(super) fn mean_message_bytes(text: &str) -> Result<u64, String> {
    let report: Value = serde_json::from_str(text).map_err(|why| why.to_string())?;
    let lacks = |what: &str| format!("the report says nothing of {what}");
    let traffic = &report["trafficStats"];
    let (bytes, messages) = if traffic.is_null() {
        let frames = report["rxFrameStats"].as_object();
        let frames = frames.ok_or_else(|| lacks("frames"))?;
        let octets = report["rxOctetStats"].as_object();
        let octets = octets.ok_or_else(|| lacks("bytes"))?;
        // Frames by opcode; bytes by the size of what was read at once.
        let of = |opcode| frames.get(opcode).and_then(Value::as_u64).unwrap_or(0);
        let messages = of("1") + of("2");
        let others = of("8") + of("9") + of("10");
        let mut bytes = 0;
        for (size, times) in octets {
            let size: u64 = size.parse().map_err(|_| lacks("bytes"))?;
            bytes += size * times.as_u64().ok_or_else(|| lacks("bytes"))?;
        }
        let added = HEADER_BYTES_MAX * messages + CLOSE_BYTES * others;
        (bytes.saturating_sub(added), messages)
    } else {
        let count = |name: &str| traffic[name].as_u64().ok_or_else(|| lacks(name));
        (
            count("outgoingOctetsAppLevel")?,
            count("outgoingWebSocketMessages")?,
        )
    };
    Ok(bytes.div_ceil(messages.max(1)))
}

#[cfg(test)]
mod tests {
    use super::{mean_message_bytes, read_index};

    #[test]
    fn an_index_is_read_with_verdicts_and_codes() {
        let text = r#"{"127.0.0.1:1": {
            "1.1.1": {"behavior": "OK", "behaviorClose": "OK", "duration": 0,
                      "remoteCloseCode": 1000, "reportfile": "a_case_1_1_1.json"},
            "7.3.1": {"behavior": "NON-STRICT", "behaviorClose": "UNCLEAN", "duration": 0,
                      "remoteCloseCode": null, "reportfile": "a_case_7_3_1.json"}}}"#;
        let cases = read_index(text).unwrap();
        assert_eq!(cases.len(), 2);
        assert_eq!(
            (cases[0].id.as_str(), cases[0].close_code),
            ("1.1.1", Some(1000))
        );
        assert_eq!(cases[1].behavior, "NON-STRICT");
        assert_eq!(
            (cases[1].behavior_close.as_str(), cases[1].close_code),
            ("UNCLEAN", None)
        );
        assert_eq!(cases[1].report, "a_case_7_3_1.json");
    }

    #[test]
    fn another_shape_is_an_error_and_not_an_empty_index() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"a": {}, "b": {}}"#,
            r#"{"a": []}"#,
            r#"{"a": {"1.1.1": {"behavior": "OK", "reportfile": "x"}}}"#,
        ] {
            assert!(read_index(text).is_err(), "{text}");
        }
    }

    #[test]
    fn plain_messages_are_measured_by_what_came_back() {
        // 64 KiB in one frame and a close, read in three pieces; then three of 16 bytes.
        let one = r#"{"trafficStats": null, "rxFrameStats": {"1": 1, "8": 1},
                      "rxOctetStats": {"4": 1, "10": 1, "65536": 1}}"#;
        assert_eq!(mean_message_bytes(one), Ok(65_536));
        let three = r#"{"trafficStats": null, "rxFrameStats": {"2": 3, "8": 1},
                        "rxOctetStats": {"4": 1, "131082": 3}}"#;
        assert_eq!(mean_message_bytes(three), Ok(131_072));
        let none = r#"{"trafficStats": null, "rxFrameStats": {"8": 1}, "rxOctetStats": {"4": 1}}"#;
        assert_eq!(mean_message_bytes(none), Ok(0));
    }

    #[test]
    fn compressed_messages_are_measured_by_what_the_suite_counted() {
        let text = r#"{"rxFrameStats": {"1": 2}, "rxOctetStats": {"9": 2}, "trafficStats":
                       {"outgoingOctetsAppLevel": 131073, "outgoingWebSocketMessages": 2}}"#;
        assert_eq!(mean_message_bytes(text), Ok(65_537));
    }

    #[test]
    fn a_report_without_counts_is_an_error() {
        for text in [
            "{}",
            r#"{"trafficStats": {}}"#,
            r#"{"trafficStats": null}"#,
            "no",
        ] {
            assert!(mean_message_bytes(text).is_err(), "{text}");
        }
    }
}
