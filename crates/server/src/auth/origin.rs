//! Web origins: which pages may open a session.
//!
//! An origin is scheme, host and port, compared exactly (RFC 6454). What is not a browser sends
//! none; `null`, which sandboxed pages and local files send, is never on the list.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use http::{HeaderMap, header};
use url::Url;

use super::refusal::{AuthRefusal, Reason};

/// The longest origin, in bytes: the longest host name with room for a scheme and a port.
const ORIGIN_BYTES_MAX: usize = 300;

/// One origin in its plain form: lower case, the scheme's own port left out.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Origin(String);

impl Origin {
    /// What parses as one.
    pub const EXPECTED: &str = "an origin such as https://chat.example.com or \
        http://localhost:3000: scheme, host and port, without a path and without *";

    /// The origin as a browser writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The pages that a node listening on `bound` in development mode serves itself.
    pub(crate) fn own_pages(bound: SocketAddr) -> Vec<Self> {
        ["127.0.0.1", "localhost", "[::1]"]
            .iter()
            .filter_map(|host| format!("http://{host}:{}", bound.port()).parse().ok())
            .collect()
    }
}

impl FromStr for Origin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = text.len() <= ORIGIN_BYTES_MAX && text.bytes().all(|b| b.is_ascii_graphic());
        let authority = text
            .split_once("://")
            .map(|(_, rest)| rest)
            .unwrap_or_default();
        // `Url` forgives much of this; a browser never sends any of it.
        if !plain || authority.is_empty() || authority.contains(['/', '\\', '?', '#', '@', '*']) {
            return Err(Self::EXPECTED);
        }
        let url = Url::parse(text).map_err(|_| Self::EXPECTED)?;
        match url.scheme() {
            "http" | "https" => Ok(Self(url.origin().ascii_serialization())),
            // An app's own scheme (`capacitor://localhost`) has no rules of its own: as written.
            _ => Ok(Self(text.to_ascii_lowercase())),
        }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether the page that sent these headers, if a page did, may come in.
///
/// # Errors
/// 403 for an origin that is not on the list, `null`, garbage, or more than one.
pub(crate) fn check(headers: &HeaderMap, allowed: &[Origin]) -> Result<(), AuthRefusal> {
    let mut sent = headers.get_all(header::ORIGIN).iter();
    let Some(first) = sent.next() else {
        return Ok(());
    };
    let origin = first
        .to_str()
        .ok()
        .and_then(|text| text.parse::<Origin>().ok());
    match (origin, sent.next()) {
        (Some(origin), None) if allowed.contains(&origin) => Ok(()),
        _ => Err(AuthRefusal::forbidden(
            Reason::Origin,
            "this page's origin is not allowed here; the operator lists it under origins",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(listed: &[&str], sent: &[&str]) -> bool {
        let allowed: Vec<Origin> = listed.iter().map(|text| text.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        for value in sent {
            headers.append(header::ORIGIN, value.parse().unwrap());
        }
        check(&headers, &allowed).is_ok()
    }

    #[test]
    fn a_listed_origin_passes_however_its_own_port_and_case_are_written() {
        let listed = [
            "https://app.example.com",
            "http://localhost:3000",
            "capacitor://localhost",
        ];
        for sent in [
            "https://app.example.com",
            "https://app.example.com:443",
            "https://APP.example.com",
            "http://localhost:3000",
            "capacitor://localhost",
        ] {
            assert!(passes(&listed, &[sent]), "{sent}");
        }
    }

    #[test]
    fn what_only_looks_like_a_listed_origin_is_refused() {
        for sent in [
            "null",
            "",
            "http://app.example.com",
            "https://app.example.com:8443",
            "https://app.example.com.evil.test",
            "https://evil.test",
            "https://example.com",
            "https://app.example.com@evil.test",
            "https://evil.test@app.example.com",
            "https://app.example.com/",
            "https://app.example.com/path",
            "https://app.example.com\\evil",
            "app.example.com",
            "https://",
            "*",
        ] {
            assert!(!passes(&["https://app.example.com"], &[sent]), "{sent}");
        }
        let both = ["https://app.example.com", "https://app.example.com"];
        assert!(!passes(&both[..1], &both), "two origins");
    }

    #[test]
    fn what_is_not_a_browser_sends_no_origin_and_passes() {
        assert!(passes(&[], &[]));
    }

    #[test]
    fn a_list_with_a_star_or_a_path_is_refused() {
        for bad in [
            "*",
            "https://*.example.com",
            "https://a.example/x",
            "null",
            "https://a b",
        ] {
            assert!(bad.parse::<Origin>().is_err(), "{bad}");
        }
    }
}
