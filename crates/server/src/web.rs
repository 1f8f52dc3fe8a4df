//! The page at `/`: the files of `web/`, carried in the program, and the headers they are served with.
//!
//! Keeps true: nothing the page does needs another server, and a browser runs nothing on it that is
//! not one of these files. What the page does is written in the files themselves.

use std::borrow::Cow;
use std::fmt::Write as _;

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{Response, StatusCode};
use hyper::body::Bytes;
use rust_embed::{EmbeddedFile, RustEmbed};
use warp::{Filter, Rejection, Reply};

/// The file that `/` shows.
const PAGE: &str = "index.html";

/// `connect-src 'self'` covers the WebSocket to the same host and port as well.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'";

/// A shortened SHA-256 is long enough to tell one version of a file from another, in bytes.
const ETAG_BYTES: usize = 16;

#[derive(RustEmbed)]
#[folder = "web/"]
struct Files;

/// `GET /` and `GET /web/<file>`, `HEAD` alike. Anything else is left to the routes after these.
pub fn routes() -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let page = warp::path::end().map(|| PAGE.to_owned());
    let file = warp::path("web")
        .and(warp::path::tail())
        .map(|tail: warp::path::Tail| tail.as_str().to_owned());
    let read = warp::get().or(warp::head()).unify();
    page.or(file)
        .unify()
        .and(read)
        .and(warp::header::optional::<String>(IF_NONE_MATCH.as_str()))
        .and_then(async |path: String, known: Option<String>| {
            let Some(file) = Files::get(&path) else {
                return Err(warp::reject::not_found());
            };
            Ok(answer(&path, file, known.as_deref()))
        })
}

fn answer(path: &str, file: EmbeddedFile, known: Option<&str>) -> Response<Bytes> {
    let etag = etag(&file);
    let fresh = known.is_some_and(|known| names(known, &etag));
    let (status, body) = if fresh {
        (StatusCode::NOT_MODIFIED, Bytes::new())
    } else {
        let body = match file.data {
            Cow::Borrowed(data) => Bytes::from_static(data),
            Cow::Owned(data) => Bytes::from(data),
        };
        (StatusCode::OK, body)
    };
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, content_type(path))
        .header(ETAG, etag)
        // Ask each time: a page and modules of two versions would not fit together.
        .header(CACHE_CONTROL, "no-cache")
        .header(CONTENT_SECURITY_POLICY, POLICY)
        .header(X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(REFERRER_POLICY, "no-referrer")
        .body(body)
        .expect("every header is printable ASCII")
}

fn etag(file: &EmbeddedFile) -> String {
    let mut etag = String::from("\"");
    for byte in &file.metadata.sha256_hash()[..ETAG_BYTES] {
        write!(etag, "{byte:02x}").expect("a string takes whatever is written");
    }
    etag.push('"');
    etag
}

/// Whether an `If-None-Match` names `etag`: a list, weak or strong, or a star for any.
fn names(known: &str, etag: &str) -> bool {
    known
        .split(',')
        .map(|each| each.trim().trim_start_matches("W/"))
        .any(|each| each == etag || each == "*")
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests;
