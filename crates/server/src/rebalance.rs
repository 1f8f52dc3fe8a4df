//! `roomcast rebalance`: asks a node to let a share of its sessions go, for images without other tools.

use std::str::FromStr;

use crate::ops::{Begun, Order, PATH, WITHIN_MS_MAX, WITHIN_MS_MIN};
use crate::ops_client::{self, Question};

/// The arguments of `roomcast rebalance`.
#[derive(clap::Args, Debug)]
pub struct RebalanceArgs {
    /// The part of the node's sessions that is to go, above 0 and at most 1. After a scale-out, on each of
    /// the nodes that were there: 1 - nodes before / nodes now.
    #[arg(long)]
    share: f64,
    /// The time that they are spread over, such as 30s, 2500ms or 2m; from 1s to 10m.
    #[arg(long, default_value = "30s")]
    within: Within,
    /// The ops listener, as host:port or http://host:port. Without it, the one of the setting
    /// ops_listen.
    #[arg(long, value_name = "HOST:PORT")]
    pub ops: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
struct Within {
    ms: u64,
}

impl FromStr for Within {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unit_at = text.find(|c: char| !c.is_ascii_digit());
        let (number, unit) = text.split_at(unit_at.unwrap_or(text.len()));
        let unit_ms = match unit {
            "ms" => Some(1),
            "s" => Some(1_000),
            "m" => Some(60_000),
            _ => None,
        };
        let ms = number.parse::<u64>().ok().zip(unit_ms);
        let ms = ms.and_then(|(number, unit_ms)| number.checked_mul(unit_ms));
        ms.filter(|ms| (WITHIN_MS_MIN..=WITHIN_MS_MAX).contains(ms))
            .map(|ms| Self { ms })
            .ok_or_else(|| "expected a time from 1s to 10m, such as 30s, 2500ms or 2m".into())
    }
}

/// Asks the node at `host_port`; what it has begun, as a sentence.
///
/// # Errors
/// A sentence that says why it began nothing.
pub fn ask(args: &RebalanceArgs, host_port: &str) -> Result<String, String> {
    let order = Order {
        share: args.share,
        within_ms: args.within.ms,
    };
    let body = order.written();
    let question = Question {
        method: "POST",
        path: PATH,
        body: &body,
    };
    let answer = ops_client::ask(host_port, &question)?;
    if answer.status != 202 {
        let (address, why) = (answer.address, answer.body.trim());
        return Err(match why {
            "" => format!("{address} began nothing: {}", answer.status_line),
            why => format!("{address} began nothing: {why}"),
        });
    }
    let Begun {
        sessions,
        moving,
        within_ms,
    } = Begun::read(&answer.body)
        .map_err(|why| format!("{} answered what can't be read: {why}", answer.address))?;
    let within_s = within_ms as f64 / 1_000.0;
    Ok(format!(
        "{moving} of {sessions} sessions are told to go, spread over {within_s} s\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops_client::tests::answering;

    fn asked(answer: &'static str) -> (Result<String, String>, String) {
        let (address, asked) = answering(answer);
        let args = RebalanceArgs {
            share: 0.4,
            within: "30s".parse().unwrap(),
            ops: None,
        };
        let told = ask(&args, &address.to_string());
        (told, asked.join().unwrap())
    }

    #[test]
    fn it_tells_what_began_or_why_nothing_did() {
        let (told, asked) = asked(
            "HTTP/1.1 202 Accepted\r\n\r\n{\"sessions\":1000,\"moving\":400,\"within_ms\":30000}",
        );
        assert!(asked.starts_with("POST /rebalance HTTP/1.1\r\n"), "{asked}");
        assert!(asked.ends_with("\r\n\r\n{\"share\":0.4,\"within_ms\":30000}"));
        let expected = "400 of 1000 sessions are told to go, spread over 30 s\n";
        assert_eq!(told.as_deref(), Ok(expected));
        let (told, _) = self::asked("HTTP/1.1 409 Conflict\r\n\r\none is under way\n");
        assert!(told.unwrap_err().ends_with(": one is under way"));
        let (told, _) = self::asked("HTTP/1.1 404 Not Found\r\n\r\n");
        assert!(told.unwrap_err().ends_with("HTTP/1.1 404 Not Found"));
    }

    #[test]
    fn a_time_has_a_number_and_a_unit() {
        for (text, ms) in [("30s", 30_000), ("1500ms", 1_500), ("10m", 600_000)] {
            assert_eq!(text.parse(), Ok(Within { ms }), "{text}");
        }
        for none in [
            "",
            "30",
            "s",
            "-1s",
            "1.5s",
            "999ms",
            "11m",
            "1h",
            "99999999999999999999s",
        ] {
            assert!(none.parse::<Within>().is_err(), "{none}");
        }
    }
}
