//! The opening handshake's headers (RFC 6455, 4).
//!
//! Owns what makes a request an upgrade, the accept key, and the headers of the answer. Leaves to
//! others: the HTTP around them, method and version, origins and subprotocols.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::header::{
    CONNECTION, HeaderMap, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use sha1::{Digest as _, Sha1};

use crate::deflate::Deflate;
use crate::extension::Malformed;
use crate::negotiation::{Agreement, BadAnswer, DeflateSettings, accept, confirm};

/// What a server appends to a key (RFC 6455, 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A request that may be upgraded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Upgrade {
    accept: String,
    agreement: Option<Agreement>,
}

/// Why a request is not upgraded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// It does not ask for a WebSocket.
    #[error("this is a WebSocket door: ask for an upgrade to websocket, version 13")]
    NotAnUpgrade,
    /// It asks for another version than 13.
    #[error("Sec-WebSocket-Version must be 13")]
    Version,
    /// Its key is missing, not alone, or not 16 bytes in base64.
    #[error("Sec-WebSocket-Key must be given once, as 16 bytes in base64")]
    Key,
    /// Its extensions can't be read.
    #[error(transparent)]
    Extensions(#[from] Malformed),
}

/// Why a server's answer is not an upgrade.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unanswered {
    /// It does not upgrade to a WebSocket.
    #[error("the server did not upgrade to a WebSocket")]
    NotAnUpgrade,
    /// The accept key is not the one that belongs to our key.
    #[error("the server's accept key does not answer ours")]
    AcceptKey,
    /// Its extensions are not what was offered.
    #[error(transparent)]
    Extensions(#[from] BadAnswer),
}

impl Upgrade {
    /// Checks a request's headers, and takes its offer of compression where that has settings.
    ///
    /// # Errors
    ///
    /// What keeps it from being an upgrade; `Refusal::status` is the answer.
    pub fn check(headers: &HeaderMap, deflate: Option<DeflateSettings>) -> Result<Self, Refusal> {
        if !names(headers, CONNECTION, "upgrade") || !names(headers, UPGRADE, "websocket") {
            return Err(Refusal::NotAnUpgrade);
        }
        if only(headers, SEC_WEBSOCKET_VERSION) != Some("13") {
            return Err(Refusal::Version);
        }
        let key = only(headers, SEC_WEBSOCKET_KEY).filter(|key| is_key(key));
        let accept_key = accept_key(key.ok_or(Refusal::Key)?);
        let agreement = match deflate {
            Some(settings) => accept(extensions(headers), settings)?,
            None => None,
        };
        Ok(Self {
            accept: accept_key,
            agreement,
        })
    }

    /// What was agreed about compression, for the machine.
    #[must_use]
    pub fn deflate(&self) -> Option<Deflate> {
        self.agreement.as_ref().map(|agreement| agreement.deflate)
    }

    /// The headers of the 101 that answers it.
    pub fn headers(&self) -> impl Iterator<Item = (HeaderName, &str)> {
        let extensions = self
            .agreement
            .as_ref()
            .map(|agreement| agreement.answer.as_str());
        [
            (CONNECTION, "Upgrade"),
            (UPGRADE, "websocket"),
            (SEC_WEBSOCKET_ACCEPT, self.accept.as_str()),
        ]
        .into_iter()
        .chain(extensions.map(|answer| (SEC_WEBSOCKET_EXTENSIONS, answer)))
    }
}

impl Refusal {
    /// 426, which names what would do (`Refusal::headers`), or 400.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::NotAnUpgrade | Self::Version => StatusCode::UPGRADE_REQUIRED,
            Self::Key | Self::Extensions(_) => StatusCode::BAD_REQUEST,
        }
    }

    /// The headers that belong to the status.
    pub fn headers(self) -> impl Iterator<Item = (HeaderName, &'static str)> {
        let wanted = [(UPGRADE, "websocket"), (SEC_WEBSOCKET_VERSION, "13")];
        let named = self.status() == StatusCode::UPGRADE_REQUIRED;
        wanted.into_iter().filter(move |_| named)
    }
}

/// Checks a server's answer to a request with `key`; what was agreed about compression, where it
/// was offered (`negotiation::OFFER`).
///
/// # Errors
///
/// What keeps it from being an upgrade to what was asked for.
pub fn check_answer(
    status: StatusCode,
    headers: &HeaderMap,
    key: &str,
    offered: Option<DeflateSettings>,
) -> Result<Option<Deflate>, Unanswered> {
    let upgraded = status == StatusCode::SWITCHING_PROTOCOLS
        && names(headers, CONNECTION, "upgrade")
        && names(headers, UPGRADE, "websocket");
    if !upgraded {
        return Err(Unanswered::NotAnUpgrade);
    }
    if only(headers, SEC_WEBSOCKET_ACCEPT) != Some(accept_key(key).as_str()) {
        return Err(Unanswered::AcceptKey);
    }
    match offered {
        Some(settings) => Ok(confirm(extensions(headers), settings)?),
        None if headers.contains_key(SEC_WEBSOCKET_EXTENSIONS) => Err(BadAnswer::NotOffered.into()),
        None => Ok(None),
    }
}

/// A client's key: 16 random bytes in base64.
#[must_use]
pub fn key(random: [u8; 16]) -> String {
    STANDARD.encode(random)
}

fn accept_key(key: &str) -> String {
    let hash = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    STANDARD.encode(hash)
}

fn is_key(key: &str) -> bool {
    STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16)
}

/// Whether a header's list holds a token, in any case of letters.
fn names(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).into_iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|each| each.trim().eq_ignore_ascii_case(token))
}

/// A header's value, if it stands there once.
fn only(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).into_iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok().map(str::trim),
        _ => None,
    }
}

/// The extension headers; one that is not text is as malformed as an empty parameter.
fn extensions(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(SEC_WEBSOCKET_EXTENSIONS).into_iter();
    values.map(|value| value.to_str().unwrap_or(";"))
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use http::header::{HeaderMap, HeaderName, HeaderValue};

    use super::{Refusal, Unanswered, Upgrade, accept_key, check_answer, key};
    use crate::negotiation::{DeflateSettings, OFFER};

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

    fn request(change: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let all = [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", KEY),
        ];
        for (name, value) in all.iter().chain(change) {
            let name = HeaderName::from_static(name);
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn the_key_of_the_rfc_is_answered_as_there() {
        assert_eq!(accept_key(KEY), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        let upgrade = Upgrade::check(&request(&[]), None).unwrap();
        let headers: Vec<_> = upgrade.headers().collect();
        assert_eq!(headers.len(), 3);
        assert_eq!(headers[2].1, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn each_header_that_is_wrong_is_named() {
        for (name, value, refusal) in [
            ("connection", "close", Refusal::NotAnUpgrade),
            ("upgrade", "h2c", Refusal::NotAnUpgrade),
            ("sec-websocket-version", "8", Refusal::Version),
            ("sec-websocket-key", "c2hvcnQ=", Refusal::Key),
            (
                "sec-websocket-key",
                "not base64 not base64 no",
                Refusal::Key,
            ),
        ] {
            let checked = Upgrade::check(&request(&[(name, value)]), None);
            assert_eq!(checked, Err(refusal), "{name}: {value}");
        }
        let mut twice = request(&[]);
        twice.append("sec-websocket-key", HeaderValue::from_static(KEY));
        assert_eq!(Upgrade::check(&twice, None), Err(Refusal::Key));
        assert_eq!(Refusal::Version.status(), StatusCode::UPGRADE_REQUIRED);
        assert_eq!(Refusal::Version.headers().count(), 2);
    }

    #[test]
    fn compression_is_agreed_only_where_it_is_wanted() {
        let headers = request(&[("sec-websocket-extensions", OFFER)]);
        let settings = Some(DeflateSettings::default());
        assert_eq!(Upgrade::check(&headers, None).unwrap().deflate(), None);
        let upgrade = Upgrade::check(&headers, settings).unwrap();
        assert!(upgrade.deflate().is_some());
        assert_eq!(upgrade.headers().count(), 4);
        let malformed = request(&[("sec-websocket-extensions", "permessage-deflate;")]);
        let refusal = Upgrade::check(&malformed, settings).unwrap_err();
        assert_eq!(refusal.status(), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn a_client_believes_only_the_answer_to_its_key() {
        let key = key([7; 16]);
        let mut asked = request(&[("sec-websocket-extensions", OFFER)]);
        asked.insert("sec-websocket-key", key.parse().unwrap());
        let settings = Some(DeflateSettings::default());
        let upgrade = Upgrade::check(&asked, settings).unwrap();
        let mut answer = HeaderMap::new();
        for (name, value) in upgrade.headers() {
            answer.insert(name, value.parse().unwrap());
        }
        let check = |status, key: &str, offered| check_answer(status, &answer, key, offered);
        let switching = StatusCode::SWITCHING_PROTOCOLS;
        assert_eq!(check(switching, &key, settings), Ok(upgrade.deflate()));
        assert_eq!(check(switching, KEY, settings), Err(Unanswered::AcceptKey));
        assert_eq!(
            check(StatusCode::OK, &key, settings),
            Err(Unanswered::NotAnUpgrade)
        );
        assert!(check(switching, &key, None).is_err());
    }
}
