//! The door itself: one question for a session, one for the HTTP API, one for a fresh token.
//!
//! Two modes. With keys, a signed token tells who comes. Without, in development, the query does
//! (`?user=alice&name=Alice`); the configuration sees to it that such a node listens on loopback
//! only, and this module that only the node's own pages and what is no browser come in.

use std::net::SocketAddr;

use http::HeaderMap;
use roomcast_gateway::{Identity, Reach, Rights};

use super::api_key::ApiKey;
use super::credentials::{self, Query};
use super::origin::{self, Origin};
use super::refusal::{AuthRefusal, Reason};
use super::verifier::Verifier;

const NO_TOKEN: AuthRefusal = AuthRefusal::unauthorized(
    Reason::NoToken,
    "a token is required: Authorization: Bearer, or bearer.<token> in Sec-WebSocket-Protocol",
);
const QUERY_TOKEN: AuthRefusal = AuthRefusal::unauthorized(
    Reason::NoToken,
    "a token in the query is not allowed here; send it as Authorization: Bearer, or as \
     bearer.<token> in Sec-WebSocket-Protocol",
);
const NO_USER: AuthRefusal = AuthRefusal::unauthorized(
    Reason::User,
    "this server runs in development mode: say who you are with ?user=alice",
);
const BAD_USER: AuthRefusal = AuthRefusal::unauthorized(
    Reason::User,
    "user must be 1 to 127 of the characters A-Z a-z 0-9 . _ : @ # -, and name 1 to 128 bytes \
     without control characters",
);
const NO_RENEWAL: AuthRefusal = AuthRefusal::unauthorized(
    Reason::NoToken,
    "this server runs in development mode and reads no tokens",
);
const API_OFF: AuthRefusal = AuthRefusal::forbidden(
    Reason::ApiOff,
    "the HTTP API is off; the operator turns it on by setting api_key",
);
const API_KEY: AuthRefusal = AuthRefusal::unauthorized(
    Reason::ApiKey,
    "the HTTP API wants its key as Authorization: Bearer",
);

/// How a session's user is known.
#[derive(Debug)]
pub enum Admission {
    /// By a signed token.
    Tokens(Verifier),
    /// By their own word.
    Development,
}

/// Decides who comes in.
#[derive(Debug)]
pub struct Doorman {
    admission: Admission,
    origins: Vec<Origin>,
    allow_query_token: bool,
    api_key: Option<ApiKey>,
}

impl Doorman {
    /// A doorman for a node that listens on `bound`; in development mode that node's own pages
    /// join the `origins`.
    pub fn new(
        admission: Admission,
        mut origins: Vec<Origin>,
        allow_query_token: bool,
        api_key: Option<ApiKey>,
        bound: SocketAddr,
    ) -> Self {
        match admission {
            Admission::Tokens(_) => {}
            Admission::Development => origins.extend(Origin::own_pages(bound)),
        }
        Self {
            admission,
            origins,
            allow_query_token,
            api_key,
        }
    }

    /// Who opens a session with these headers and this query, at `now_ms` since the Unix epoch.
    ///
    /// # Errors
    /// 401 for what another token would mend, 403 for a page that may not come in at all.
    pub fn admit(
        &self,
        headers: &HeaderMap,
        query: Option<&str>,
        now_ms: u64,
    ) -> Result<Identity, AuthRefusal> {
        origin::check(headers, &self.origins)?;
        let query = Query::parse(query)?;
        match &self.admission {
            Admission::Development => believe(query),
            Admission::Tokens(verifier) => {
                if query.token.is_some() && !self.allow_query_token {
                    return Err(QUERY_TOKEN);
                }
                let token = credentials::token(headers, query.token)?.ok_or(NO_TOKEN)?;
                verifier.verify(&token, now_ms)
            }
        }
    }

    /// Who a fresh token on a running session speaks for; that it is the same user as before is
    /// for the session to see.
    ///
    /// # Errors
    /// 401 with what is wrong with it.
    pub fn renew(&self, token: &str, now_ms: u64) -> Result<Identity, AuthRefusal> {
        match &self.admission {
            Admission::Tokens(verifier) => verifier.verify(token, now_ms),
            Admission::Development => Err(NO_RENEWAL),
        }
    }

    /// Whether a request to the HTTP API shows its key.
    ///
    /// # Errors
    /// 401 for a missing or wrong key, 403 when the API is off.
    pub fn admit_api(&self, headers: &HeaderMap) -> Result<(), AuthRefusal> {
        let key = self.api_key.as_ref().ok_or(API_OFF)?;
        let offered = credentials::token(headers, None)?.ok_or(API_KEY)?;
        if key.admits(&offered) {
            Ok(())
        } else {
            Err(API_KEY)
        }
    }

    /// Whether users are believed without a token.
    pub fn is_development(&self) -> bool {
        matches!(self.admission, Admission::Development)
    }
}

fn believe(query: Query) -> Result<Identity, AuthRefusal> {
    let user = query.user.ok_or(NO_USER)?.parse().map_err(|_| BAD_USER)?;
    let name = match query.name.as_deref().map(str::trim) {
        None | Some("") => None,
        Some(name) => Some(name.parse().map_err(|_| BAD_USER)?),
    };
    Ok(Identity {
        user,
        name,
        rights: Rights::everything(),
        direct: Reach::everybody(),
        expires_at_ms: None,
    })
}
