//! Where a request carries what it shows at the door: headers, the subprotocol list, the query.
//!
//! Pure; leaves judging it to the doorman.

use http::{HeaderMap, header};
use roomcast_protocol::SUBPROTOCOL;

use super::refusal::{AuthRefusal, Reason};

/// What opens the entry of the subprotocol list that carries a token: browsers can set no other
/// header on a WebSocket.
const BEARER_ENTRY: &str = "bearer.";

const SEVERAL: AuthRefusal = AuthRefusal::unauthorized(
    Reason::NoToken,
    "more than one token was sent; send one, in one place",
);

/// The parameters of the query that matter at the door.
#[derive(Default)]
pub(super) struct Query {
    pub(super) token: Option<String>,
    pub(super) user: Option<String>,
    pub(super) name: Option<String>,
}

impl Query {
    /// Reads a query string; other parameters are not looked at.
    ///
    /// # Errors
    /// 401 for one of ours given twice.
    pub(super) fn parse(query: Option<&str>) -> Result<Self, AuthRefusal> {
        let mut found = Self::default();
        for (key, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            let place = match &*key {
                "token" => &mut found.token,
                "user" => &mut found.user,
                "name" => &mut found.name,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(AuthRefusal::unauthorized(
                    Reason::NoToken,
                    "token, user and name may stand in the query once each",
                ));
            }
        }
        Ok(found)
    }
}

/// The one token of a request, if there is any; `query_token` is one that its query is allowed to
/// carry.
///
/// # Errors
/// 401 for more than one: which of them counts must not be a matter of taste.
pub(super) fn token(
    headers: &HeaderMap,
    query_token: Option<String>,
) -> Result<Option<String>, AuthRefusal> {
    let authorizations = headers.get_all(header::AUTHORIZATION).iter();
    let in_header = authorizations.filter_map(|value| bearer(value.to_str().ok()?));
    let in_list = protocols(headers).filter_map(|entry| entry.strip_prefix(BEARER_ENTRY));
    let mut tokens = in_header
        .chain(in_list)
        .map(str::to_owned)
        .chain(query_token);
    match (tokens.next(), tokens.next()) {
        (_, Some(_)) => Err(SEVERAL),
        (token, None) => Ok(token),
    }
}

/// Whether a WebSocket client offers this wire by name; the answer must then name it too, and
/// never a `bearer.` entry.
pub fn offers_subprotocol(headers: &HeaderMap) -> bool {
    protocols(headers).any(|entry| entry == SUBPROTOCOL)
}

fn protocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
}

/// The credentials of `Bearer`, whose name has no case (RFC 9110, section 11.1). Other schemes
/// are a proxy's own business.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_token_is_found_in_each_of_its_places() {
        for (pairs, query) in [
            (vec![("authorization", "Bearer abc")], None),
            (vec![("authorization", "bearer  abc")], None),
            (
                vec![("sec-websocket-protocol", "roomcast.v1, bearer.abc")],
                None,
            ),
            (
                vec![
                    ("sec-websocket-protocol", "bearer.abc"),
                    ("sec-websocket-protocol", "x"),
                ],
                None,
            ),
            (
                vec![("authorization", "Basic eDp5")],
                Some("abc".to_owned()),
            ),
        ] {
            assert_eq!(
                token(&headers(&pairs), query).unwrap().as_deref(),
                Some("abc"),
                "{pairs:?}"
            );
        }
        assert_eq!(
            token(&headers(&[("authorization", "Basic eDp5")]), None),
            Ok(None)
        );
    }

    #[test]
    fn two_tokens_are_refused() {
        let two = headers(&[
            ("authorization", "Bearer a"),
            ("sec-websocket-protocol", "bearer.a"),
        ]);
        assert!(token(&two, None).is_err());
        let twice = headers(&[("authorization", "Bearer a"), ("authorization", "Bearer b")]);
        assert!(token(&twice, None).is_err());
        assert!(Query::parse(Some("token=a&token=b")).is_err());
    }

    #[test]
    fn the_wire_is_offered_only_by_its_own_name() {
        let offers = |list| offers_subprotocol(&headers(&[("sec-websocket-protocol", list)]));
        assert!(offers("x, roomcast.v1"));
        assert!(!offers("roomcast.v10, bearer.roomcast.v1"));
    }
}
