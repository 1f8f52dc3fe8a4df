//! Where a collector is.

use std::fmt;

use url::{Host, Position, Url};

/// Where a collector takes traces, below its base address.
const TRACES: &str = "/v1/traces";

/// A collector's address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoint {
    url: Url,
}

impl Endpoint {
    /// What parses as one.
    pub const EXPECTED: &str =
        "http:// or https://, a host, and perhaps a port and a path, such as http://collector:4318";

    /// Reads an address: the base one, or that of traces itself.
    ///
    /// # Errors
    /// What is wrong with it; the text itself is not repeated.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut url = Url::parse(text).map_err(|error| error.to_string())?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(String::new());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a login goes into otlp_headers, as authorization".into());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("nothing may follow its path".into());
        }
        let base = url.path().trim_end_matches('/');
        let base = base.strip_suffix(TRACES).unwrap_or(base);
        let path = format!("{base}{TRACES}");
        url.set_path(&path);
        Ok(Self { url })
    }

    /// Whether it is spoken to over TLS.
    pub(super) fn is_tls(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The host to connect to: a name, or an address without brackets.
    pub(super) fn host(&self) -> String {
        match self.url.host() {
            Some(Host::Ipv6(address)) => address.to_string(),
            Some(host) => host.to_string(),
            None => String::new(),
        }
    }

    /// The port to connect to.
    pub(super) fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or_default()
    }

    /// As a request names the host.
    pub(super) fn authority(&self) -> &str {
        &self.url[Position::BeforeHost..Position::AfterPort]
    }

    /// What is posted to.
    pub(super) fn path(&self) -> &str {
        self.url.path()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::Endpoint;

    #[test]
    fn an_address_leads_to_where_traces_are_taken() {
        for (text, host, port, path) in [
            ("http://collector:4318", "collector", 4318, "/v1/traces"),
            ("http://collector:4318/", "collector", 4318, "/v1/traces"),
            ("https://example.com", "example.com", 443, "/v1/traces"),
            ("http://10.0.0.1/otlp/", "10.0.0.1", 80, "/otlp/v1/traces"),
            ("http://[::1]:1/v1/traces", "::1", 1, "/v1/traces"),
            ("http://h/a/v1/traces/", "h", 80, "/a/v1/traces"),
        ] {
            let endpoint = Endpoint::parse(text).unwrap();
            let found = (endpoint.host(), endpoint.port(), endpoint.path().to_owned());
            assert_eq!(found, (host.to_owned(), port, path.to_owned()), "{text}");
        }
        let endpoint = Endpoint::parse("http://[::1]:4318").unwrap();
        assert_eq!(endpoint.authority(), "[::1]:4318");
        assert_eq!(endpoint.to_string(), "http://[::1]:4318/v1/traces");
    }

    #[test]
    fn what_is_no_address_of_a_collector_is_refused() {
        for text in [
            "",
            "collector:4318",
            "localhost",
            "grpc://collector:4317",
            "http://",
            "http://me:secret@collector",
            "http://collector/?key=secret",
            "http://collector/#x",
        ] {
            assert!(Endpoint::parse(text).is_err(), "{text}");
        }
    }
}
