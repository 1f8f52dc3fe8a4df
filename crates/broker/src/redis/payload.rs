//! What travels on a room's channel: `m <epoch> <seq> <timestamp> <id> <body>` for a message, `s` and
//! the frame for a signal, `f` when the room was fenced. Written by the scripts, read here. Where a
//! message is traced, `;` and its trace context follow the id.

use roomcast_protocol::{Body, Message, Position, RoomName, Signal};

use super::scripts::{parse_epoch, parse_id, parse_seq, parse_trace};
use crate::error::BrokerError;
use crate::port::FeedEvent;

/// How a signal is published.
pub(super) fn signal(signal: &Signal) -> String {
    format!("s {}", signal.encode())
}

/// What was told in `room`.
pub(super) fn event(room: RoomName, payload: &str) -> Result<FeedEvent, BrokerError> {
    match payload.split_once(' ') {
        Some(("m", rest)) => message(room, rest).map(FeedEvent::Message),
        Some(("s", frame)) => match Signal::decode(frame) {
            Some(signal) if *signal.room() == room => Ok(FeedEvent::Signal(signal)),
            Some(_) | None => Err(corrupt(&room)),
        },
        None if payload == "f" => Ok(FeedEvent::Fenced(room)),
        Some(_) | None => Err(corrupt(&room)),
    }
}

fn message(room: RoomName, text: &str) -> Result<Message, BrokerError> {
    let mut fields = text.splitn(5, ' ');
    let mut next = || fields.next().ok_or_else(|| corrupt(&room));
    let (epoch, seq, timestamp, id, body) = (next()?, next()?, next()?, next()?, next()?);
    let (id, trace) = match id.split_once(';') {
        Some((id, context)) => (id, parse_trace(context)),
        None => (id, None),
    };
    Ok(Message {
        position: Position {
            epoch: parse_epoch(epoch)?,
            seq: parse_seq(seq)?,
        },
        id: parse_id(id)?,
        timestamp_ms: timestamp.parse().map_err(|_| corrupt(&room))?,
        body: Body::from_log(body).ok_or_else(|| corrupt(&room))?,
        trace,
        room,
    })
}

fn corrupt(room: &RoomName) -> BrokerError {
    BrokerError::Corrupt(format!("something unknown was published in {room}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_event_is_an_error_and_no_panic() {
        let room: RoomName = "r".parse().unwrap();
        for bad in [
            "",
            "f x",
            "m",
            "m ",
            "m 1 2 3 4",
            "s {}",
            "s",
            "x y",
            "m 0 0 0 0 {}",
        ] {
            assert!(event(room.clone(), bad).is_err(), "{bad:?}");
        }
        assert_eq!(event(room.clone(), "f").unwrap(), FeedEvent::Fenced(room));
    }

    #[test]
    fn a_trace_that_cannot_be_read_is_no_reason_to_lose_its_message() {
        let context = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let told = |more: &str| {
            let id = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
            let body = format!(r#"{{"id":"{id}","from":"alice","message":"a;b c"}}"#);
            let payload = format!("m 00000000000000a1 7 1000 {id}{more} {body}");
            match event("r".parse().unwrap(), &payload) {
                Ok(FeedEvent::Message(message)) => {
                    assert_eq!(
                        (message.id.to_string(), message.body.as_str()),
                        (id.into(), &*body)
                    );
                    message.trace.map(|trace| trace.to_string())
                }
                other => panic!("{more:?}: {other:?}"),
            }
        };
        assert_eq!(told(&format!(";{context}")).as_deref(), Some(context));
        for more in ["", ";", ";;", ";00-1-2-3", ";what-a-later-version-writes"] {
            assert_eq!(told(more), None, "{more:?}");
        }
    }

    #[test]
    fn a_signal_of_another_room_is_refused() {
        let typing = roomcast_protocol::TypingSeen {
            room: "a".parse().unwrap(),
            user: "u".parse().unwrap(),
            typing: true,
        };
        let told = Signal::Typing(typing);
        let payload = signal(&told);
        assert_eq!(
            event("a".parse().unwrap(), &payload).unwrap(),
            FeedEvent::Signal(told)
        );
        assert!(event("b".parse().unwrap(), &payload).is_err());
    }
}
