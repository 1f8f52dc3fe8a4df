//! `/v1/rooms/{room}/messages` and `/v1/users/{user}/messages`: what back ends say and read.

use http::{HeaderMap, Response, StatusCode};
use hyper::body::Bytes;
use roomcast_protocol::{ErrorCode, IdempotencyKey, Refusal, RoomName, UserId};
use warp::{Filter, Rejection, Reply};

use super::body::{Kept, Messages, NewMessage, Paging, answer};
use super::doors::Doors;
use super::problem;

/// The header that makes a retry safe.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

pub(super) fn routes(
    doors: Doors,
) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let bytes_max = doors.node.limits().frame_bytes_max as u64;
    let room = warp::path!("v1" / "rooms" / String / "messages");
    let user = warp::path!("v1" / "users" / String / "messages");
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    // Before the body: who has no key can't make the node hold one.
    let admitted = warp::header::headers_cloned().and_then(move |headers: HeaderMap| {
        let admitted = doors.doorman.admit_api(&headers);
        let admitted = admitted
            .map(|()| (doors.clone(), headers))
            .map_err(|refusal| warp::reject::custom(problem::TurnedAway(refusal)));
        std::future::ready(admitted)
    });
    let admitted = admitted.untuple_one();
    let body = warp::body::content_length_limit(bytes_max).and(warp::body::bytes());
    let say = room.and(warp::post()).and(admitted.clone()).and(body).then(
        async |room: String, doors: Doors, headers: HeaderMap, body: Bytes| {
            reply(&doors, say_in_room(&doors, &room, &headers, &body)).await
        },
    );
    let tell = user.and(warp::post()).and(admitted.clone()).and(body).then(
        async |user: String, doors: Doors, headers: HeaderMap, body: Bytes| {
            reply(&doors, say_to_user(&doors, &user, &headers, &body)).await
        },
    );
    let read = room.and(warp::get()).and(admitted).and(query).then(
        async |room: String, doors: Doors, _: HeaderMap, query: String| {
            reply(&doors, read_room(&doors, &room, &query)).await
        },
    );
    say.or(tell).unify().or(read).unify()
}

async fn reply(
    doors: &Doors,
    done: impl Future<Output = Result<Response<String>, Refusal>>,
) -> Response<String> {
    done.await.unwrap_or_else(|refusal| {
        doors.node.metrics().refused(refusal.code);
        problem::refused(&refusal)
    })
}

async fn say_in_room(
    doors: &Doors,
    room: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response<String>, Refusal> {
    let room: RoomName = parse(room)?;
    if room.is_inbox() {
        // There a message without `to` would be one that nobody can place.
        return Err(Refusal::new(
            ErrorCode::NotAllowed,
            "write to an inbox through /v1/users/{user}/messages",
        ));
    }
    say(doors, room, None, headers, body).await
}

async fn say_to_user(
    doors: &Doors,
    user: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response<String>, Refusal> {
    let user: UserId = parse(user)?;
    say(doors, RoomName::inbox(&user), Some(user), headers, body).await
}

async fn say(
    doors: &Doors,
    room: RoomName,
    to: Option<UserId>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response<String>, Refusal> {
    let key = idempotency_key(headers)?;
    let saying = NewMessage::read(body)?.into_saying(to, key);
    let published = doors.node.say(room.clone(), saying).await?;
    Ok(answer(&Kept {
        room,
        epoch: published.position.epoch,
        seq: published.position.seq,
        id: published.id,
        timestamp: published.timestamp_ms,
        duplicate: published.duplicate,
    }))
}

async fn read_room(doors: &Doors, room: &str, query: &str) -> Result<Response<String>, Refusal> {
    let room: RoomName = parse(room)?;
    let paging: Paging = paging(query)?;
    let page = doors
        .node
        .page(&room, paging.before, paging.after, paging.limit)
        .await?;
    Ok(match page {
        Some(page) => answer(&Messages::of(room, &page)),
        None => problem::plain(StatusCode::NOT_FOUND, "nothing was ever said in this room"),
    })
}

/// Reads `before`, `after` and `limit`; anything else is a mistake worth telling.
fn paging(query: &str) -> Result<Paging, Refusal> {
    let bad = |detail: String| Refusal::new(ErrorCode::BadValue, detail);
    let mut paging = Paging::default();
    for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let number: u64 = value
            .parse()
            .map_err(|_| bad(format!("`{key}` must be a number")))?;
        let seq = || {
            number
                .try_into()
                .map_err(|_| bad(format!("`{key}` is no position")))
        };
        match &*key {
            "before" => paging.before = Some(seq()?),
            "after" => paging.after = Some(seq()?),
            "limit" => paging.limit = Some(u32::try_from(number).unwrap_or(u32::MAX)),
            _ => return Err(bad("take `before`, `after` and `limit`".into())),
        }
    }
    Ok(paging)
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Refusal> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).into_iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        let message = "send one Idempotency-Key";
        return Err(Refusal::new(ErrorCode::BadValue, message));
    }
    // As it stands: unlike a path, a header encodes nothing.
    let text = value.to_str().unwrap_or_default();
    let key = text.parse::<IdempotencyKey>();
    key.map(Some)
        .map_err(|error| Refusal::new(ErrorCode::BadValue, error.to_string()))
}

/// A name from a path, where any character may be percent-encoded.
fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, Refusal> {
    let decoded = percent_decoded(text);
    decoded
        .parse()
        .map_err(|error: T::Err| Refusal::new(ErrorCode::BadValue, error.to_string()))
}

fn percent_decoded(text: &str) -> String {
    // `+` stays a plus: this is no form.
    let kept = text.replace('+', "%2B");
    let mut pairs = url::form_urlencoded::parse(kept.as_bytes());
    pairs
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default()
}
