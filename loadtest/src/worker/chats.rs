//! Messages as they stand in frames: what they carry, and how they are read where they stand inside others.

use roomcast_protocol::{Chat, Json, RoomName, ServerFrame, decode_server};

use crate::load::Load;
use crate::payload::{self, Carried};

/// What a message carries. One that is direct was said to the inbox of whom it is for, whosever copy
/// this is. One that is told under another's name is not what was said.
pub(super) fn carried(chat: &Chat, load: &Load) -> Carried {
    let carried = match &chat.to {
        Some(to) => payload::check(RoomName::inbox(to).as_str(), &chat.message),
        None => payload::check(chat.room.as_str(), &chat.message),
    };
    match carried {
        Carried::Intact(said) if !load.is_user(chat.from.as_str(), said.client) => {
            Carried::Altered(said)
        }
        Carried::Intact(_) | Carried::Altered(_) | Carried::Foreign => carried,
    }
}

/// A message that stands inside another frame.
pub(super) fn chat_of(json: &Json) -> Option<Box<Chat>> {
    match decode_server(json.as_str()) {
        Ok(ServerFrame::Chat(chat)) => Some(chat),
        Ok(_) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use roomcast_protocol::{Chat, Epoch, MessageId, Seq};

    use super::carried;
    use crate::load::{Crowd, sample};
    use crate::payload::{Carried, Said, text};

    #[test]
    fn a_message_under_the_name_of_somebody_else_is_altered() {
        let crowd = Crowd::Even {
            speakers: 1,
            rate: 1.0,
        };
        let mut load = sample(20, 1, crowd);
        let said = Said {
            client: 12,
            number: 3,
        };
        let from = |user: &str| Chat {
            room: "r-0".parse().unwrap(),
            epoch: Epoch::from_bits(1),
            seq: Seq::ZERO.next(),
            timestamp: 1,
            id: MessageId::from_uuid(uuid::Uuid::from_u128(1)),
            from: user.parse().unwrap(),
            name: None,
            to: None,
            message: text("r-0", said, 0),
            data: None,
            key: None,
        };
        assert_eq!(carried(&from("r-u12"), &load), Carried::Intact(said));
        for other in ["r-u1", "r-u", "q-u12", "12"] {
            assert_eq!(carried(&from(other), &load), Carried::Altered(said));
        }
        load.tokens = vec!["t".into()];
        assert_eq!(carried(&from("12"), &load), Carried::Intact(said));
    }
}
