//! Values that only the configuration makes.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use roomcast_redis::{Address, Certificates};

use crate::secret::Secret;

/// Where a Redis is; its password is not shown.
#[derive(Clone)]
pub struct RedisUrl {
    url: Secret,
    address: Address,
}

impl RedisUrl {
    /// What parses as one.
    pub const EXPECTED: &str = Address::EXPECTED;

    /// Reads a URL.
    ///
    /// # Errors
    /// What is wrong with it; the text itself is not repeated.
    pub fn parse(text: &str) -> Result<Self, String> {
        Ok(Self {
            address: Address::parse(text)?,
            url: Secret::new(text),
        })
    }

    /// The whole URL, password and all.
    pub fn reveal(&self) -> &str {
        self.url.reveal()
    }

    /// The URL without its password.
    pub fn shown(&self) -> String {
        self.address.shown()
    }

    /// What it says.
    pub fn address(&self) -> &Address {
        &self.address
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

/// A file of certificates that a Redis's certificate must come from.
#[derive(Clone, Debug)]
pub struct RedisRoots {
    path: PathBuf,
    certificates: Arc<Certificates>,
}

impl RedisRoots {
    /// What parses as one.
    pub const EXPECTED: &str = "the path of a PEM file with at least one certificate";

    /// Reads the file.
    ///
    /// # Errors
    /// Why it can't be used.
    pub fn load(path: &Path) -> Result<Self, String> {
        let certificates = Certificates::of_file(path).map_err(|error| error.to_string())?;
        Ok(Self {
            path: path.to_owned(),
            certificates: Arc::new(certificates),
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was in it.
    pub fn certificates(&self) -> Arc<Certificates> {
        self.certificates.clone()
    }
}
