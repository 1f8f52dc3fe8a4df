//! A URL, taken apart once into what a connection needs.
//!
//! Keeps the query out of every text it gives away: it may hold a token.

use std::fmt;

use roomcast_protocol::Since;
use url::{Host, Url};

use crate::config::Config;
use crate::error::ConfigError;

/// One place to connect to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Endpoint {
    /// A name or an address, without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The whole URL with the query that the config adds.
    uri: String,
    shown: String,
}

impl Endpoint {
    /// The whole URL, with the place in the inbox from which to go on. It takes the place of one
    /// that the address itself named: that is older.
    pub(crate) fn uri(&self, inbox: Option<Since>) -> String {
        let Some(since) = inbox else {
            return self.uri.clone();
        };
        let (address, query) = self.uri.split_once('?').unwrap_or((&self.uri, ""));
        let mut uri = format!("{address}?");
        let others = query.split('&').filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            !pair.is_empty() && name != "inbox"
        });
        for pair in others {
            uri.extend([pair, "&"]);
        }
        // Hex digits, hyphens and colons stand for themselves in a query (RFC 3986, 3.4).
        uri + "inbox=" + &since.to_string()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// Every place that `config` names, in its order; at least one.
pub(crate) fn endpoints(config: &Config) -> Result<Vec<Endpoint>, ConfigError> {
    if config.urls.is_empty() {
        return Err(ConfigError::NoUrl);
    }
    let endpoint = |url: &String| endpoint(url, config);
    config.urls.iter().map(endpoint).collect()
}

fn endpoint(text: &str, config: &Config) -> Result<Endpoint, ConfigError> {
    let shown = text.split(['?', '#']).next().unwrap_or_default().to_owned();
    let bad = |expected| ConfigError::BadUrl {
        url: shown.clone(),
        expected,
    };
    let mut url = Url::parse(text).map_err(|_| bad("expected ws://host:port/v1/ws"))?;
    match url.scheme() {
        "ws" => {}
        "wss" => return Err(bad("TLS is not built in; expected ws://")),
        _ => return Err(bad("expected ws://")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("expected no user or password in it"));
    }
    url.set_fragment(None);
    if let Some(user) = &config.user {
        url.query_pairs_mut().append_pair("user", user);
    }
    if config.batch {
        url.query_pairs_mut().append_pair("batch", "1");
    }
    let host = match url.host() {
        Some(Host::Domain(name)) => name.to_owned(),
        Some(Host::Ipv4(address)) => address.to_string(),
        Some(Host::Ipv6(address)) => address.to_string(),
        None => return Err(bad("expected a host")),
    };
    Ok(Endpoint {
        host,
        port: url.port_or_known_default().unwrap_or(80),
        uri: url.into(),
        shown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Endpoint, ConfigError> {
        let mut config = Config::new(url);
        config.user = Some("al ice&x".into());
        config.batch = true;
        endpoints(&config).map(|mut all| all.remove(0))
    }

    #[test]
    fn the_query_is_added_and_never_shown() {
        let endpoint = parse("ws://[::1]:8080/v1/ws?token=secret").unwrap();
        assert_eq!(endpoint.host, "::1");
        assert_eq!(endpoint.port, 8080);
        assert_eq!(
            endpoint.uri(None),
            "ws://[::1]:8080/v1/ws?token=secret&user=al+ice%26x&batch=1"
        );
        assert_eq!(endpoint.to_string(), "ws://[::1]:8080/v1/ws");
        assert_eq!(parse("ws://chat.example/v1/ws").unwrap().port, 80);
    }

    #[test]
    fn the_place_in_the_inbox_is_added_to_what_the_query_says_and_replaces_an_older_one() {
        let since = "000000000000000a:7:00000000-0000-4000-8000-000000000007";
        let place = Some(since.parse().unwrap());
        let uri = |url: &str| endpoints(&Config::new(url)).unwrap()[0].uri(place);
        assert_eq!(uri("ws://a/v1/ws"), format!("ws://a/v1/ws?inbox={since}"));
        assert_eq!(uri("ws://a/v1/ws?"), format!("ws://a/v1/ws?inbox={since}"));
        assert_eq!(
            uri("ws://a/?token=a%2Bb+c&inbox=0b:1&inboxes=2"),
            format!("ws://a/?token=a%2Bb+c&inboxes=2&inbox={since}")
        );
        let named = endpoints(&Config::new("ws://a/?inbox=0b:1")).unwrap();
        assert_eq!(named[0].uri(None), "ws://a/?inbox=0b:1");
    }

    #[test]
    fn a_url_that_cannot_work_is_refused_with_what_was_expected() {
        for bad in [
            "",
            "127.0.0.1:8080",
            "http://a/",
            "wss://a/",
            "ws://",
            "ws://me:pw@a/",
        ] {
            assert!(
                matches!(parse(bad), Err(ConfigError::BadUrl { .. })),
                "{bad}"
            );
        }
        let mut none = Config::new("");
        none.urls.clear();
        assert_eq!(endpoints(&none), Err(ConfigError::NoUrl));
    }
}
