//! The gate: may you, is it well formed. Turns what a client said into a draft, or refuses it.
//!
//! Pure. How fast is looked at before, by the session's allowance.

use roomcast_broker::BrokerError;
use roomcast_presence::PresenceError;
use roomcast_protocol::{
    DisplayName, Draft, ErrorCode, IdempotencyKey, Json, MessageId, Refusal, RoomName, Said, UserId,
};

use crate::clock;
use crate::identity::Identity;
use crate::limits::Limits;

/// When to try again after the back end was not there, in milliseconds.
const UNAVAILABLE_RETRY_MS: u64 = 500;
/// When to try again after it refused to store, in milliseconds.
const REFUSED_RETRY_MS: u64 = 5_000;

/// Something to be said, before it was looked at.
pub struct Saying {
    /// Who says it.
    pub from: UserId,
    /// How they are shown.
    pub name: Option<DisplayName>,
    /// To whom, if it is a direct message.
    pub to: Option<UserId>,
    /// The text.
    pub message: String,
    /// Application data.
    pub data: Option<Json>,
    /// Makes a retry safe.
    pub key: Option<IdempotencyKey>,
}

/// Makes a draft with this id, if the saying is within the limits.
pub(crate) fn draft(
    room: RoomName,
    saying: Saying,
    id: MessageId,
    limits: &Limits,
) -> Result<Draft, Refusal> {
    let Saying {
        from,
        name,
        to,
        message,
        data,
        key,
    } = saying;
    let data_bytes = data.as_ref().map_or(0, |data| data.as_str().len());
    if message.len() > limits.message_bytes_max {
        return Err(too_large(
            "message",
            message.len(),
            limits.message_bytes_max,
        ));
    }
    if data_bytes > limits.data_bytes_max {
        return Err(too_large("data", data_bytes, limits.data_bytes_max));
    }
    if message.is_empty() && data.is_none() {
        return Err(Refusal::new(
            ErrorCode::BadValue,
            "a message needs a text or data",
        ));
    }
    Ok(Draft::new(
        room,
        &Said {
            id,
            from,
            name,
            to,
            message,
            data,
            key,
        },
    ))
}

/// Whether this user may join and read the room.
pub(crate) fn may_read(identity: &Identity, room: &RoomName) -> Result<(), Refusal> {
    let allowed = match room.is_inbox() {
        true => room.is_inbox_of(&identity.user),
        false => identity.rights.may_read(room),
    };
    allowed
        .then_some(())
        .ok_or_else(|| not_allowed("join", room))
}

/// Whether this user may speak in the room.
pub(crate) fn may_write(identity: &Identity, room: &RoomName) -> Result<(), Refusal> {
    if room.is_inbox() {
        return Err(Refusal::new(
            ErrorCode::NotAllowed,
            "write to an inbox with `direct`",
        ));
    }
    identity
        .rights
        .may_write(room)
        .then_some(())
        .ok_or_else(|| not_allowed("write in", room))
}

/// Whether this user may write to that one. To themselves everybody may.
pub(crate) fn may_direct(identity: &Identity, to: &UserId) -> Result<(), Refusal> {
    if *to == identity.user || identity.direct.has(to) {
        return Ok(());
    }
    let message = format!("you may not write to {to}");
    Err(Refusal::new(ErrorCode::NotAllowed, message))
}

/// What a client is told of the back end's error; the operator reads more in the log.
pub(crate) fn refusal_of(error: &BrokerError) -> Refusal {
    match error {
        BrokerError::Unavailable(_) => Refusal::retry(
            ErrorCode::TryAgain,
            "the message store does not answer now",
            UNAVAILABLE_RETRY_MS,
        ),
        BrokerError::Refused { .. } => Refusal::retry(
            ErrorCode::StoreRefused,
            "the message store takes nothing now",
            REFUSED_RETRY_MS,
        ),
        BrokerError::Corrupt(_) => Refusal::new(
            ErrorCode::Internal,
            "the message store gave something unreadable",
        ),
    }
}

/// What a client or a back end is told of presence's error.
pub(crate) fn presence_refusal(error: &PresenceError) -> Refusal {
    tracing::debug!(%error, "presence could not do what was asked");
    match error {
        PresenceError::Corrupt { .. } => {
            Refusal::new(ErrorCode::Internal, "presence gave something unreadable")
        }
        PresenceError::Banned { until_ms } => banned_until(*until_ms),
        PresenceError::Full { bound, limit } => Refusal::retry(
            ErrorCode::StoreRefused,
            format!("presence is full: {bound} is {limit}"),
            REFUSED_RETRY_MS,
        ),
        PresenceError::Unavailable { .. }
        | PresenceError::Refused { .. }
        | PresenceError::Retired => Refusal::retry(
            ErrorCode::TryAgain,
            "presence does not answer now",
            UNAVAILABLE_RETRY_MS,
        ),
    }
}

/// What somebody is told who is banned from a room.
pub(crate) fn banned_until(until_ms: u64) -> Refusal {
    // At least a little, should our clock be ahead of the one that counts.
    let left_ms = until_ms
        .saturating_sub(clock::now_ms())
        .max(UNAVAILABLE_RETRY_MS);
    Refusal::retry(ErrorCode::Banned, "you are banned from this room", left_ms)
}

fn too_large(what: &str, bytes: usize, bytes_max: usize) -> Refusal {
    Refusal::new(
        ErrorCode::MessageTooLarge,
        format!("`{what}` has {bytes} bytes, at most {bytes_max} are taken"),
    )
}

fn not_allowed(verb: &str, room: &RoomName) -> Refusal {
    Refusal::new(
        ErrorCode::NotAllowed,
        format!("your token does not let you {verb} {room}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{Access, Reach, Rights};

    fn identity() -> Identity {
        Identity {
            user: "alice".parse().unwrap(),
            name: None,
            direct: Reach::everybody(),
            rights: Rights::from_patterns([("team.*".to_owned(), Access::ReadWrite)]).unwrap(),
            expires_at_ms: None,
        }
    }

    #[test]
    fn an_inbox_is_read_by_its_user_only_and_written_by_nobody_directly() {
        let (own, other) = ("@alice".parse().unwrap(), "@bob".parse().unwrap());
        assert!(may_read(&identity(), &own).is_ok());
        assert_eq!(
            may_read(&identity(), &other).unwrap_err().code,
            ErrorCode::NotAllowed
        );
        assert!(may_write(&identity(), &own).is_err());
        let everything = Identity {
            rights: Rights::everything(),
            ..identity()
        };
        assert!(
            may_read(&everything, &other).is_err(),
            "no pattern opens an inbox"
        );
    }

    #[test]
    fn limits_are_held_at_the_byte() {
        let limits = Limits {
            message_bytes_max: 4,
            data_bytes_max: 4,
            ..Limits::default()
        };
        let say = |message: &str, data: Option<&str>| {
            let saying = Saying {
                from: "alice".parse().unwrap(),
                name: None,
                to: None,
                message: message.into(),
                data: data.map(|data| Json::parse(data.into()).unwrap()),
                key: None,
            };
            let id = MessageId::from_uuid(uuid::Uuid::nil());
            draft("r".parse().unwrap(), saying, id, &limits).map_err(|refusal| refusal.code)
        };
        assert!(say("abcd", Some("1234")).is_ok());
        assert_eq!(say("abcde", None).unwrap_err(), ErrorCode::MessageTooLarge);
        assert_eq!(say("ååå", None).unwrap_err(), ErrorCode::MessageTooLarge);
        assert_eq!(
            say("a", Some("12345")).unwrap_err(),
            ErrorCode::MessageTooLarge
        );
        assert_eq!(say("", None).unwrap_err(), ErrorCode::BadValue);
        assert!(say("", Some("{}")).is_ok());
    }
}
