//! What a client asks for in the query of the WebSocket door, beside saying who it is.
//!
//! Leaves who it is to `auth`. Parameters nobody knows are passed over: a page may have its own.

use roomcast_protocol::{ErrorCode, Refusal, Since};

/// What a session is to be like.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wishes {
    /// `batch=1`: several events may come in one frame.
    pub(super) batch: bool,
    /// `inbox=<epoch>:<seq>[:<id>]`: the last position seen in one's own inbox.
    pub(super) inbox: Option<Since>,
}

impl Wishes {
    /// Reads them.
    ///
    /// # Errors
    /// [`ErrorCode::BadValue`] for an `inbox` that is no position, or stands there twice.
    pub(super) fn of(query: &str) -> Result<Self, Refusal> {
        let bad = |detail: String| Refusal::new(ErrorCode::BadValue, detail);
        let mut wishes = Self::default();
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "batch" => wishes.batch |= value == "1",
                "inbox" => {
                    let since: Since = value
                        .parse()
                        .map_err(|error| bad(format!("`inbox`: {error}")))?;
                    if wishes.inbox.replace(since).is_some() {
                        return Err(bad("`inbox` may stand in the query once".into()));
                    }
                }
                _ => {}
            }
        }
        Ok(wishes)
    }
}
