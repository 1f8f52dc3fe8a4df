//! How a request finds its row in the table of the API: by path, then method, then key, and only
//! then is its body taken.
//!
//! Keeps true for every row: who has no key makes the node hold no body, and learns nothing but
//! that the path is there; a refusal is counted, and told as a problem document. Leaves what a
//! request means to the rows.

use std::pin::Pin;

use http::{HeaderMap, Method, Response};
use hyper::body::Bytes;
use roomcast_protocol::Refusal;
use warp::path::Tail;
use warp::{Filter, Rejection, Reply};

use super::call::Call;
use super::doors::Doors;
use super::problem;

/// What a row answers with.
pub(super) type Answer = Result<Response<String>, Refusal>;

/// A row of the table.
pub(super) struct Route {
    pub(super) method: Method,
    /// Below `/v1/`; a star stands for a name.
    pub(super) path: &'static str,
    pub(super) answer: fn(Call) -> Pin<Box<dyn Future<Output = Answer> + Send>>,
}

/// Makes rows out of a method, a path and the function that answers.
macro_rules! table {
    ($($method:ident $path:literal => $answer:path;)+) => {
        &[$(Route {
            method: http::Method::$method,
            path: $path,
            answer: |call| Box::pin($answer(call)),
        },)+]
    };
}
pub(super) use table;

/// The rows of `table`, behind the API key.
pub(super) fn routes(
    doors: Doors,
    table: &'static [Route],
) -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let bytes_max = doors.node.limits().frame_bytes_max as u64;
    let admitted = warp::path("v1")
        .and(warp::path::tail())
        .and(warp::method())
        .and(warp::header::headers_cloned())
        .and_then(move |path: Tail, method: Method, headers: HeaderMap| {
            let admitted = admit(&doors, table, &path, &method, headers);
            std::future::ready(admitted)
        });
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    let with_body = warp::post().or(warp::put()).unify();
    let without = warp::get().or(warp::delete()).unify();
    let body = with_body
        .and(warp::body::content_length_limit(bytes_max))
        .and(warp::body::bytes())
        .or(without.map(Bytes::new))
        .unify();
    admitted.and(query).and(body).then(
        async |(route, mut call): (&'static Route, Call), query: String, body: Bytes| {
            let node = call.node.clone();
            (call.query, call.body) = (query, body);
            (route.answer)(call).await.unwrap_or_else(|refusal| {
                node.metrics().refused(refusal.code);
                problem::refused(&refusal)
            })
        },
    )
}

/// The row for a request that shows the key, and what is known before its body.
fn admit(
    doors: &Doors,
    table: &'static [Route],
    path: &Tail,
    method: &Method,
    headers: HeaderMap,
) -> Result<(&'static Route, Call), Rejection> {
    let path = path.as_str();
    let there = || table.iter().filter(|row| names(row.path, path).is_some());
    let Some(route) = there().find(|row| row.method == *method) else {
        let allowed: Vec<&str> = there().map(|row| row.method.as_str()).collect();
        return Err(match allowed.is_empty() {
            true => warp::reject::not_found(),
            false => warp::reject::custom(problem::WrongMethod(allowed.join(", "))),
        });
    };
    doors.doorman.admit_api(&headers).map_err(|refusal| {
        doors.metrics.turned_away(&refusal);
        warp::reject::custom(problem::TurnedAway(refusal))
    })?;
    let names = names(route.path, path).unwrap_or_default();
    Ok((route, Call::new(doors.node.clone(), names, headers)))
}

/// What stands for the stars of `pattern` in `path`, if they fit.
fn names(pattern: &str, path: &str) -> Option<Vec<String>> {
    let mut parts = path.strip_suffix('/').unwrap_or(path).split('/');
    let mut names = Vec::new();
    for expected in pattern.split('/') {
        match (expected, parts.next()?) {
            ("*", name) if !name.is_empty() => names.push(name.to_owned()),
            (_, part) if part == expected => {}
            _ => return None,
        }
    }
    parts.next().is_none().then_some(names)
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_path_fits_part_by_part() {
        let fits = |path: &str| names("rooms/*/bans/*", path);
        assert_eq!(
            fits("rooms/a%20b/bans/bob/"),
            Some(vec!["a%20b".into(), "bob".into()])
        );
        assert_eq!(
            fits("rooms/*/bans/*"),
            Some(vec!["*".into(), "*".into()]),
            "a star is a name like any other"
        );
        for other in [
            "",
            "rooms",
            "rooms/a/bans",
            "rooms/a/bans/",
            "rooms//bans/bob",
            "rooms/a/bans/bob//",
            "rooms/a/bans/bob/more",
            "rooms/a/members/bob",
            "/rooms/a/bans/bob",
        ] {
            assert_eq!(fits(other), None, "{other}");
        }
    }
}
