//! Values that only the configuration makes.

use std::fmt;

use url::Url;

use crate::secret::Secret;

/// Where a Redis is; its password is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl {
    url: Secret,
    shown: String,
}

impl RedisUrl {
    /// What parses as one.
    pub const EXPECTED: &str = "a URL such as redis://host:6379 or redis://user:password@host:6379";

    /// Reads a URL.
    ///
    /// # Errors
    /// What is wrong with it; the text itself is not repeated.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut url = Url::parse(text).map_err(|error| error.to_string())?;
        match url.scheme() {
            "redis" if url.host_str().is_some_and(|host| !host.is_empty()) => {}
            "redis" => return Err("it names no host".into()),
            "rediss" => return Err("TLS to Redis is not built in".into()),
            _ => return Err("its scheme is not redis".into()),
        }
        if url.password().is_some() {
            // Fails only for URLs that can hold no password.
            let _ = url.set_password(Some("***"));
        }
        Ok(Self {
            url: Secret::new(text),
            shown: url.to_string(),
        })
    }

    /// The whole URL, password and all.
    pub fn reveal(&self) -> &str {
        self.url.reveal()
    }

    /// The URL without its password.
    pub fn shown(&self) -> String {
        self.shown.clone()
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}
