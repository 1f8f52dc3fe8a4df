//! Examines each line by itself: the codec reads it and writes the very same bytes.

use roomcast_protocol::{
    CLOSE_CODES, Draft, ErrorFrame, Json, Message, Said, ServerFrame, decode_client, decode_server,
    decode_server_batch, encode_client, encode_server,
};

use crate::transcript::{FRAME_BYTES_MAX, Line, Transcript};

/// The first line that is spelled otherwise than the codec spells it.
pub(crate) fn check(transcript: &Transcript) -> Result<(), String> {
    for (at, line) in transcript.lines.iter().enumerate() {
        let next = transcript.lines.get(at + 1);
        let written = match (line, next) {
            (Line::Client(text), _) => (client(text)?, text.clone()),
            (Line::Server(text), _) => (server(text)?, text.clone()),
            (Line::Accepted(text), Some(Line::Client(plain))) => (client(text)?, plain.clone()),
            (Line::Refused(text), Some(Line::Server(answer))) => (refusal(text)?, answer.clone()),
            (Line::Accepted(_) | Line::Refused(_), _) => {
                return Err(format!("{line:?} needs the line it goes with below it"));
            }
            (Line::Close(number, name), _) => {
                let known = CLOSE_CODES
                    .iter()
                    .any(|(code, known, _)| code.number() == *number && known == name);
                (known.to_string(), true.to_string())
            }
            (Line::Note(_), _) => continue,
        };
        if written.0 != written.1 {
            return Err(format!(
                "the codec writes {}\nthe line says    {}",
                written.0, written.1
            ));
        }
    }
    Ok(())
}

fn client(text: &str) -> Result<String, String> {
    let frame = decode_client(text, FRAME_BYTES_MAX).map_err(|error| format!("{text}: {error}"))?;
    Ok(encode_client(&frame))
}

/// The answer to a line that can't be read.
fn refusal(text: &str) -> Result<String, String> {
    match decode_client(text, FRAME_BYTES_MAX) {
        Ok(_) => Err(format!("{text} can be read")),
        Err(error) => {
            let answer = ErrorFrame::new(error.id, error.refusal);
            Ok(encode_server(&ServerFrame::Error(answer)))
        }
    }
}

fn server(text: &str) -> Result<String, String> {
    let frames = decode_server_batch(text).map_err(|refusal| format!("{text}: {refusal}"))?;
    let written: Result<Vec<String>, String> = frames.into_iter().map(server_frame).collect();
    let written = written?.join(",");
    Ok(if text.starts_with('[') {
        format!("[{written}]")
    } else {
        written
    })
}

/// Writes a frame again, and each message in it as the log would stamp it.
fn server_frame(frame: ServerFrame) -> Result<String, String> {
    let mut inner: &[Json] = &[];
    if let ServerFrame::Joined(joined) = &frame {
        inner = &joined.messages;
    } else if let ServerFrame::History(page) = &frame {
        inner = &page.messages;
    }
    for message in inner {
        let written = match decode_server(message.as_str()) {
            Ok(chat @ ServerFrame::Chat(_)) => server_frame(chat)?,
            other => return Err(format!("{message:?} is no chat: {other:?}")),
        };
        if written != message.as_str() {
            return Err(format!("{message:?} would be written {written}"));
        }
    }
    let ServerFrame::Chat(chat) = frame else {
        return Ok(encode_server(&frame));
    };
    let position = chat.position();
    let said = Said {
        id: chat.id,
        from: chat.from,
        name: chat.name,
        to: chat.to,
        message: chat.message,
        data: chat.data,
        key: chat.key,
    };
    let Draft { room, id, body, .. } = Draft::new(chat.room, &said);
    let timestamp_ms = chat.timestamp;
    Ok(Message {
        room,
        position,
        id,
        timestamp_ms,
        body,
        trace: None,
    }
    .encode())
}
