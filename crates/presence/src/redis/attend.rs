//! Brings what Redis knows of one person to how they stand here: the one way in which an enter, a
//! leave, the end of a grace and a retry reach Redis.
//!
//! Keeps true: the place in the queue of changes is taken first, so no join or leave happens that
//! could not be told; an answer and its telling are not torn apart by a caller that goes away.

use roomcast_protocol::{DisplayName, RoomName, UserId};
use tokio::time::Instant;

use super::keys;
use super::life::Life;
use super::link::unavailable;
use super::listing::Listing;
use super::place::Place;
use super::scripts::{Asking, Barred, Released};
use super::step::{Held, Step};
use super::token::Token;
use crate::changes::Seat;
use crate::port::{Change, Entry, PresenceError};

/// Does the next step for somebody. How the room is then, if they were held. `entering` if
/// it is for a session that enters: then they are held though Redis knows, and bans are looked at.
pub(super) async fn attend(
    place: &Place,
    room: &RoomName,
    user: &UserId,
    entering: bool,
) -> Result<Option<Entry>, PresenceError> {
    let seat = place.teller.seat().await;
    let step = place
        .ledger
        .lock()
        .step(room, user, entering, Instant::now());
    match step {
        Step::Rest => Ok(None),
        Step::NoLease => Err(unavailable("no lease")),
        Step::Hold {
            life,
            token,
            name,
            listing,
            register,
        } => {
            if register {
                self::register(place, room, &life).await?;
            }
            let what = (token, name, listing);
            hold(place, (room, user), &life, what, (entering, seat))
                .await
                .map(Some)
        }
        Step::Release {
            life,
            token,
            asking,
        } => {
            let grace_ms = place.config.grace_ms;
            release(
                place,
                (room, user),
                &life,
                (token, asking),
                (grace_ms, seat),
            )
            .await?;
            Ok(None)
        }
    }
}

/// Puts a room to those in which `life` may hold somebody; before it does.
async fn register(place: &Place, room: &RoomName, life: &Life) -> Result<(), PresenceError> {
    let mut command = redis::cmd("SADD");
    command.arg(keys::rooms(life)).arg(room.as_str());
    place.link.ask::<u64>(&command).await?;
    place.ledger.lock().registered(room, life);
    Ok(())
}

/// Holds somebody and tells it if they joined. How the room is then.
async fn hold(
    place: &Place,
    (room, user): (&RoomName, &UserId),
    life: &Life,
    (token, name, listing): (Token, Option<DisplayName>, Listing),
    (check, seat): (bool, Seat<'_>),
) -> Result<Entry, PresenceError> {
    let who = (room, user);
    let entered = place
        .scripts
        .enter(
            &place.link,
            who,
            life,
            (token, name.as_ref(), &listing),
            check,
        )
        .await?;
    let answer = Held {
        token,
        edition: listing.edition,
        joined: entered.join.is_some(),
    };
    let (tell, is_retired) = {
        let mut ledger = place.ledger.lock();
        let now = Instant::now();
        let tell = match &entered.banned {
            Some(barred) => ledger.barred(who, life, (answer, barred.stands), now),
            None => ledger.held(who, life, answer, now),
        };
        (tell, ledger.is_retired())
    };
    place.settle_now.notify_one();
    if let Some(Entry { count, revision }) = entered.join.filter(|_| tell) {
        seat.tell(Change::Joined {
            room: room.clone(),
            user: user.clone(),
            name,
            count,
            revision,
        });
    }
    if let Some(Barred { until_ms, .. }) = entered.banned {
        return Err(PresenceError::Banned { until_ms });
    }
    if is_retired {
        // It overtook the retirement; nobody comes after us for it.
        let seat = place.teller.seat().await;
        release(place, who, life, (Token::fresh(), Asking::First), (0, seat)).await?;
        return Err(PresenceError::Retired);
    }
    Ok(entered.entry)
}

/// Releases somebody and tells it if they left.
pub(super) async fn release(
    place: &Place,
    (room, user): (&RoomName, &UserId),
    life: &Life,
    act: (Token, Asking),
    (grace_ms, seat): (u64, Seat<'_>),
) -> Result<(), PresenceError> {
    let token = act.0;
    let mut flight = Flight {
        place,
        room,
        user,
        token,
        has_landed: false,
    };
    let seen_ttl_ms = place.config.last_seen_ms;
    let outcome = place
        .scripts
        .release(
            &place.link,
            (room, user),
            life,
            act,
            (grace_ms, seen_ttl_ms),
        )
        .await?;
    flight.has_landed = true;
    let tell = place
        .ledger
        .lock()
        .released((room, user), token, &outcome, Instant::now());
    place.settle_now.notify_one();
    if let Released::Left {
        name,
        count,
        revision,
    } = outcome
        && tell
    {
        seat.tell(Change::Left {
            room: room.clone(),
            user: user.clone(),
            name,
            count,
            revision,
        });
    }
    Ok(())
}

/// A release under way. Dropped before its answer came, it is lost.
struct Flight<'a> {
    place: &'a Place,
    room: &'a RoomName,
    user: &'a UserId,
    token: Token,
    has_landed: bool,
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if !self.has_landed {
            let mut ledger = self.place.ledger.lock();
            ledger.release_lost((self.room, self.user), self.token, Instant::now());
        }
    }
}
