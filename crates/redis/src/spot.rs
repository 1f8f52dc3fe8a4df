//! One host and port: what one connects to in the end.

use std::fmt;
use std::str::FromStr;

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Spot {
    /// A name or an IP address, IPv6 without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for Spot {
    type Err = ();

    /// Reads `host:port`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (host, port) = text.rsplit_once(':').ok_or(())?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = port.parse().map_err(|_| ())?;
        (!host.is_empty())
            .then(|| Self {
                host: host.to_owned(),
                port,
            })
            .ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spot_is_read_as_it_is_shown() {
        for text in ["h:1", "10.0.0.1:6379", "[::1]:7000"] {
            assert_eq!(text.parse::<Spot>().unwrap().to_string(), text);
        }
        for bad in ["", "h", ":1", "h:x", "h:70000"] {
            assert!(bad.parse::<Spot>().is_err(), "{bad}");
        }
    }
}
