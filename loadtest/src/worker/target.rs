//! Where clients connect: an address looked up once, and how to ask for a session there.

use std::io;
use std::net::SocketAddr;

use roomcast_protocol::Since;
use url::Url;

/// One place to connect to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    url: Url,
}

/// What a target's text must look like.
const EXPECTED: &str = "a target is ws://host[:port][/path]";
/// Where a server takes WebSocket, unless the target says so.
const PATH: &str = "/v1/ws";

impl Target {
    /// Reads a target and looks its host up.
    ///
    /// # Errors
    /// It is no `ws://` URL, or its host isn't known.
    pub(crate) async fn find(text: &str) -> io::Result<Self> {
        let wrong = |why: &str| io::Error::other(format!("{text}: {why}; {EXPECTED}"));
        let mut url = Url::parse(text).map_err(|why| wrong(&why.to_string()))?;
        if url.scheme() != "ws" {
            return Err(wrong("TLS is not built in"));
        }
        if url.path() == "/" {
            url.set_path(PATH);
        }
        let host = url.host_str().ok_or_else(|| wrong("it names no host"))?;
        let host = host.trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().unwrap_or(80);
        let mut found = tokio::net::lookup_host((host.as_str(), port)).await?;
        let address = found
            .next()
            .ok_or_else(|| wrong("its host has no address"))?;
        Ok(Self { address, url })
    }

    /// The whole URL to ask for.
    pub(crate) fn uri(&self, user: Option<&str>, batch: bool, inbox: Option<Since>) -> String {
        let mut url = self.url.clone();
        if let Some(user) = user {
            url.query_pairs_mut().append_pair("user", user);
        }
        if batch {
            url.query_pairs_mut().append_pair("batch", "1");
        }
        let mut uri = String::from(url);
        if let Some(since) = inbox {
            uri.push(if uri.contains('?') { '&' } else { '?' });
            uri.push_str("inbox=");
            uri.push_str(&since.to_string());
        }
        uri
    }
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[tokio::test]
    async fn a_target_has_the_usual_path_and_keeps_its_query() {
        let target = Target::find("ws://127.0.0.1:9").await.unwrap();
        assert_eq!(target.address, "127.0.0.1:9".parse().unwrap());
        let since = "000000000000000a:7".parse().unwrap();
        assert_eq!(
            target.uri(Some("a b"), true, Some(since)),
            "ws://127.0.0.1:9/v1/ws?user=a+b&batch=1&inbox=000000000000000a:7"
        );
        let target = Target::find("ws://[::1]:9/other?x=1").await.unwrap();
        assert_eq!(target.uri(None, false, None), "ws://[::1]:9/other?x=1");
    }

    #[tokio::test]
    async fn what_is_no_target_is_refused_with_what_was_expected() {
        for text in ["", "127.0.0.1:9", "http://a/", "wss://a/"] {
            let why = Target::find(text).await.unwrap_err().to_string();
            assert!(
                why.ends_with("a target is ws://host[:port][/path]"),
                "{why}"
            );
        }
    }
}
