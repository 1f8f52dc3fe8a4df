//! What one text has to be to become a value, and how the value is shown again.

use std::marker::PhantomData;
use std::net::SocketAddr;
use std::path::Path;

use rand::Rng as _;
use roomcast_protocol::NodeId;

use super::values::{RedisRoots, RedisUrl};
use crate::auth::{ApiKey, KeySet, KeySpec, Origin, TokenKey};
use crate::logs::{self, LogFormat};
use crate::otlp::{Endpoint, Header};
use crate::secret::HIDDEN;

/// Reads one text.
pub(super) trait Parse {
    /// What it becomes.
    type Value;

    /// What it has to be.
    fn expected(&self) -> String;
    /// Reads it; the error says more than [`Parse::expected`] does, or is empty.
    fn parse(&self, text: &str) -> Result<Self::Value, String>;
    /// The value as logs may show it.
    fn show(&self, value: &Self::Value) -> String;
    /// Whether a refused text must not be shown.
    fn is_secret(&self) -> bool {
        false
    }
    /// Whether a flag without a value means `true`.
    fn is_switch(&self) -> bool {
        false
    }
    /// Whether, in a list, a text goes on where the one before it was cut off at a comma.
    fn goes_on(&self, _text: &str) -> bool {
        false
    }
}

/// A parser without parameters, in one row: name, value, what is expected, reading, showing, and
/// whether a refused text is a secret.
macro_rules! parsers {
    ($($(#[doc = $doc:literal])+
        $name:ident -> $value:ty, $expected:expr, $parse:expr, $show:expr, secret: $secret:literal;
    )+) => {$(
        $(#[doc = $doc])+
        pub(super) struct $name;

        impl Parse for $name {
            type Value = $value;

            fn expected(&self) -> String {
                $expected.into()
            }

            fn parse(&self, text: &str) -> Result<$value, String> {
                let parse: fn(&str) -> Result<$value, String> = $parse;
                parse(text)
            }

            fn show(&self, value: &$value) -> String {
                let show: fn(&$value) -> String = $show;
                show(value)
            }

            fn is_secret(&self) -> bool {
                $secret
            }
        }
    )+};
}

parsers! {
    /// An address to listen on.
    Address -> SocketAddr, "an IP address and a port, such as 127.0.0.1:8080 or [::]:8080",
        |text| text.parse().map_err(|_| String::new()), ToString::to_string, secret: false;
    /// A node's name, or `random`.
    NodeName -> NodeId, "random, or 1 to 64 of the characters A-Z a-z 0-9 . _ -",
        node_name, ToString::to_string, secret: false;
    /// Roots of a Redis's certificate.
    RootsFile -> RedisRoots, RedisRoots::EXPECTED,
        |text| RedisRoots::load(Path::new(text)), |roots| roots.path().display().to_string(),
        secret: false;
    /// `text` or `json`.
    Format -> LogFormat, "text or json", log_format, ToString::to_string, secret: false;
    /// A filter for logs.
    Filter -> String, "a level (error, warn, info, debug, trace), or target=level with commas",
        log_filter, Clone::clone, secret: false;
    /// A key to check tokens with.
    Key -> TokenKey, KeySpec::EXPECTED,
        |text| TokenKey::load(&text.parse()?), |key| format!("{key:?}"), secret: true;
    /// A file of such keys.
    KeyFile -> KeySet, KeySet::EXPECTED,
        |text| KeySet::load(Path::new(text)), |set| set.path().display().to_string(),
        secret: false;
    /// The page of a browser that may open a session.
    Page -> Origin, Origin::EXPECTED,
        |text| text.parse().map_err(|_| String::new()), |origin| origin.as_str().to_owned(),
        secret: false;
    /// The key of the HTTP API.
    BackEndKey -> ApiKey, ApiKey::EXPECTED,
        |text| ApiKey::parse(text).ok_or_else(String::new), |_| HIDDEN.to_owned(), secret: true;
    /// A collector of traces.
    Collector -> Endpoint, Endpoint::EXPECTED, Endpoint::parse, ToString::to_string, secret: true;
    /// A header for it.
    CollectorHeader -> Header, Header::EXPECTED, Header::parse, ToString::to_string, secret: true;
    /// A part of the whole.
    Share -> f64, "a number from 0 to 1", share, ToString::to_string, secret: false;
    /// Any text but an empty one.
    Text -> String, "a text of 1 to 1024 bytes",
        |text| match text.len() { 1..=1024 => Ok(text.to_owned()), _ => Err(String::new()) },
        Clone::clone, secret: false;
}

/// A Redis to keep rooms in.
pub(super) struct RedisLink;

impl Parse for RedisLink {
    type Value = RedisUrl;

    fn expected(&self) -> String {
        RedisUrl::EXPECTED.into()
    }

    fn parse(&self, text: &str) -> Result<RedisUrl, String> {
        RedisUrl::parse(text)
    }

    fn show(&self, value: &RedisUrl) -> String {
        value.shown()
    }

    fn is_secret(&self) -> bool {
        true
    }

    /// The hosts of sentinels and of a Cluster have commas between them.
    fn goes_on(&self, text: &str) -> bool {
        !text.contains("://")
    }
}

fn node_name(text: &str) -> Result<NodeId, String> {
    let made_up = || format!("node-{:06x}", rand::rng().random_range(0..0x0100_0000));
    let name = if text == "random" {
        made_up()
    } else {
        text.to_owned()
    };
    name.parse().map_err(|_| String::new())
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| String::new())?;
    if (0.0..=1.0).contains(&share) {
        Ok(share)
    } else {
        Err(String::new())
    }
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(String::new()),
    }
}

fn log_filter(text: &str) -> Result<String, String> {
    if logs::filter_is_valid(text) {
        Ok(text.to_owned())
    } else {
        Err(String::new())
    }
}

/// `true` or `false`.
pub(super) struct Switch;

impl Parse for Switch {
    type Value = bool;

    fn expected(&self) -> String {
        "true or false".into()
    }

    fn parse(&self, text: &str) -> Result<bool, String> {
        match text {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(String::new()),
        }
    }

    fn show(&self, value: &bool) -> String {
        value.to_string()
    }

    fn is_switch(&self) -> bool {
        true
    }
}

/// A whole number of something within bounds; `_` may group its digits.
pub(super) struct Whole<T> {
    what: &'static str,
    min: u64,
    max: u64,
    becomes: PhantomData<T>,
}

impl<T> Whole<T> {
    const fn of(what: &'static str, min: u64, max: u64) -> Self {
        Self {
            what,
            min,
            max,
            becomes: PhantomData,
        }
    }
}

/// How many, from `min` to `max`.
pub(super) const fn count(min: u64, max: u64) -> Whole<usize> {
    Whole::of("a whole number", min, max)
}

/// How many, from `min` to `max`, in four bytes.
pub(super) const fn small_count(min: u64, max: u64) -> Whole<u32> {
    Whole::of("a whole number", min, max)
}

/// Bytes, from `min` to `max`.
pub(super) const fn bytes(min: u64, max: u64) -> Whole<usize> {
    Whole::of("a whole number of bytes", min, max)
}

/// Milliseconds, from `min` to `max`.
pub(super) const fn ms(min: u64, max: u64) -> Whole<u64> {
    Whole::of("a whole number of milliseconds", min, max)
}

impl<T: TryFrom<u64> + ToString> Parse for Whole<T> {
    type Value = T;

    fn expected(&self) -> String {
        format!("{} from {} to {}", self.what, self.min, self.max)
    }

    fn parse(&self, text: &str) -> Result<T, String> {
        let digits = text.replace('_', "");
        let number = digits
            .parse::<u64>()
            .ok()
            .filter(|n| (self.min..=self.max).contains(n));
        number
            .and_then(|n| T::try_from(n).ok())
            .ok_or_else(String::new)
    }

    fn show(&self, value: &T) -> String {
        value.to_string()
    }
}
