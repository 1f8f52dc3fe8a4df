//! Logs: one subscriber for the process, to standard error, as text or as JSON.
//!
//! Owns the format, the filter and which dependencies are kept quiet. What is logged, and that no
//! secret is, is up to those who log.

use std::fmt;
use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

/// Dependencies that talk about every connection at info or below; the operator's own filter
/// stands behind and wins.
const QUIET: &str = "h2=warn,hyper=warn,hyper_util=warn,redis=warn,tokio_tungstenite=warn,\
                     tungstenite=warn,warp=warn";

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One line of text an event, coloured on a terminal.
    Text,
    /// One JSON object an event.
    Json,
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

/// Whether `filter` can be used: a level, or `target=level` pairs with commas between them.
pub fn filter_is_valid(filter: &str) -> bool {
    EnvFilter::try_new(filter).is_ok()
}

/// Installs the process's subscriber. Call it once, before the first event.
///
/// # Errors
/// When one is installed already.
pub fn start(format: LogFormat, filter: &str) -> Result<(), TryInitError> {
    let filter = EnvFilter::new(format!("{QUIET},{filter}"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => builder
            .compact()
            .with_ansi(std::io::stderr().is_terminal())
            .finish()
            .try_init(),
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_a_level_or_pairs() {
        for good in [
            "info",
            "debug,roomcast=trace",
            "roomcast_gateway::relay=debug",
        ] {
            assert!(filter_is_valid(good), "{good}");
        }
        for bad in ["=", "roomcast=loud", "a=b=c"] {
            assert!(!filter_is_valid(bad), "{bad}");
        }
    }

    #[test]
    fn the_quiet_list_is_itself_a_filter() {
        assert!(filter_is_valid(QUIET));
    }
}
