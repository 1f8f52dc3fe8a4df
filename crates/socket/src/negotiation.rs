//! Agreeing on permessage-deflate (RFC 7692, 5 and 7.1), from either end.
//!
//! Owns which offers are taken and how they are answered. Keeps true: neither side ever keeps its
//! window from one message to the next, so a server compresses a broadcast once and a connection
//! holds no compressor; each parameter is honoured, or its offer is declined. Leaves to others:
//! headers, and the compressing.

use std::num::NonZeroU8;

use crate::deflate::Deflate;
use crate::extension::{Extension, Malformed, Parameter, parse};

const NAME: &str = "permessage-deflate";
const SERVER_FORGETS: &str = "server_no_context_takeover";
const CLIENT_FORGETS: &str = "client_no_context_takeover";
const SERVER_WINDOW: &str = "server_max_window_bits";
const CLIENT_WINDOW: &str = "client_max_window_bits";

/// The largest window, which no parameter asks for.
const WINDOW_BITS_MAX: u8 = 15;

/// What a client offers: no window kept by either, any window of ours.
pub const OFFER: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
     client_max_window_bits";

/// How this end compresses, wherever it was agreed to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DeflateSettings {
    /// Messages of fewer bytes go plain: they hardly get smaller. 0 compresses all of them, even
    /// what grows by it, which is for tests of conformance.
    pub bytes_min: u32,
    /// 1, the fastest, to 9, the smallest.
    pub level: u8,
}

impl Default for DeflateSettings {
    fn default() -> Self {
        Self {
            bytes_min: 256,
            level: 6,
        }
    }
}

/// An offer taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Agreement {
    /// For the machine.
    pub deflate: Deflate,
    /// The value of the answer's `Sec-WebSocket-Extensions`.
    pub answer: String,
}

/// A server's answer to our offer that we can't accept: the handshake fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadAnswer {
    /// The header does not follow its grammar.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// An extension, or a parameter, that was not offered, or not as it was offered.
    #[error("the server answered with an extension that was not offered")]
    NotOffered,
}

/// Takes the first offer that can be honoured from a request's `Sec-WebSocket-Extensions` headers.
/// Without one the connection goes on without compression.
///
/// # Errors
///
/// A header that does not follow the grammar.
pub fn accept<'h>(
    headers: impl IntoIterator<Item = &'h str>,
    settings: DeflateSettings,
) -> Result<Option<Agreement>, Malformed> {
    let mut taken = None;
    for header in headers {
        for extension in parse(header)? {
            if taken.is_none() {
                taken = Parameters::read(&extension);
            }
        }
    }
    Ok(taken.and_then(|offer| offer.accepted(settings)))
}

/// Reads the answer to `OFFER` from a response's `Sec-WebSocket-Extensions` headers.
///
/// # Errors
///
/// Anything but the extension offered, once, with parameters that fit the offer.
pub fn confirm<'h>(
    headers: impl IntoIterator<Item = &'h str>,
    settings: DeflateSettings,
) -> Result<Option<Deflate>, BadAnswer> {
    let mut agreed = None;
    for header in headers {
        for extension in parse(header)? {
            let answer = Parameters::read(&extension)
                .filter(|answer| agreed.is_none() && answer.server_forgets)
                .ok_or(BadAnswer::NotOffered)?;
            let window = match answer.client_window {
                None => WINDOW_BITS_MAX,
                Some(Window::Bits(bits)) => bits,
                Some(Window::Any) => return Err(BadAnswer::NotOffered),
            };
            agreed = Some(settings.towards(window));
        }
    }
    Ok(agreed)
}

impl DeflateSettings {
    fn towards(self, send_window_bits: u8) -> Deflate {
        Deflate {
            bytes_min: self.bytes_min,
            level: NonZeroU8::new(self.level.min(9)).unwrap_or(NonZeroU8::MIN),
            send_window_bits,
        }
    }
}

/// The parameters of one permessage-deflate, each at most once and with a value that it may have.
#[derive(Default)]
struct Parameters {
    server_forgets: bool,
    client_forgets: bool,
    server_window: Option<Window>,
    client_window: Option<Window>,
}

#[derive(Clone, Copy)]
enum Window {
    /// The parameter without a value: any size will do.
    Any,
    Bits(u8),
}

impl Parameters {
    /// `None` for another extension, and for an offer to be declined.
    fn read(extension: &Extension<'_>) -> Option<Self> {
        if extension.name != NAME {
            return None;
        }
        let mut read = Self::default();
        for Parameter { name, value } in &extension.parameters {
            let twice = match (*name, *value) {
                (SERVER_FORGETS, None) => std::mem::replace(&mut read.server_forgets, true),
                (CLIENT_FORGETS, None) => std::mem::replace(&mut read.client_forgets, true),
                (SERVER_WINDOW, Some(bits)) => read.server_window.replace(window(bits)?).is_some(),
                (CLIENT_WINDOW, Some(bits)) => read.client_window.replace(window(bits)?).is_some(),
                (CLIENT_WINDOW, None) => read.client_window.replace(Window::Any).is_some(),
                _ => return None,
            };
            if twice {
                return None;
            }
        }
        Some(read)
    }

    /// The answer to an offer. Both sides forget, asked or not (7.1.1); the client's window may
    /// stay as large as it likes, since one inflater with the largest serves all.
    fn accepted(&self, settings: DeflateSettings) -> Option<Agreement> {
        let mut answer = format!("{NAME}; {SERVER_FORGETS}; {CLIENT_FORGETS}");
        let window = match self.server_window {
            None => WINDOW_BITS_MAX,
            Some(Window::Bits(bits)) => {
                answer.push_str(&format!("; {SERVER_WINDOW}={bits}"));
                bits
            }
            Some(Window::Any) => return None,
        };
        Some(Agreement {
            deflate: settings.towards(window),
            answer,
        })
    }
}

/// 8 to 15, without a leading zero.
fn window(value: &str) -> Option<Window> {
    let bits = match value {
        "8" => 8,
        "9" => 9,
        "10" => 10,
        "11" => 11,
        "12" => 12,
        "13" => 13,
        "14" => 14,
        "15" => 15,
        _ => return None,
    };
    Some(Window::Bits(bits))
}

#[cfg(test)]
mod tests {
    use super::{BadAnswer, DeflateSettings, OFFER, accept, confirm};

    const BOTH_FORGET: &str =
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

    fn answer(headers: &[&str]) -> Option<(String, u8)> {
        let agreed = accept(headers.iter().copied(), DeflateSettings::default()).unwrap()?;
        Some((agreed.answer, agreed.deflate.send_window_bits))
    }

    #[test]
    fn what_browsers_offer_is_taken_and_both_sides_forget() {
        for offer in [
            "permessage-deflate",
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate; client_max_window_bits=10; client_no_context_takeover",
            "permessage-deflate; server_no_context_takeover",
            OFFER,
        ] {
            assert_eq!(answer(&[offer]), Some((BOTH_FORGET.into(), 15)), "{offer}");
        }
    }

    #[test]
    fn a_window_asked_of_the_server_is_named_in_the_answer() {
        let asked = "permessage-deflate; server_max_window_bits=\"9\"";
        let named = format!("{BOTH_FORGET}; server_max_window_bits=9");
        assert_eq!(answer(&[asked]), Some((named, 9)));
    }

    #[test]
    fn an_offer_that_cannot_be_honoured_is_declined_and_the_next_one_taken() {
        for bad in [
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; server_max_window_bits=7",
            "permessage-deflate; server_max_window_bits=16",
            "permessage-deflate; server_max_window_bits=09",
            "permessage-deflate; client_max_window_bits=99",
            "permessage-deflate; client_no_context_takeover=1",
            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
            "permessage-deflate; level=9",
            "x-webkit-deflate-frame",
        ] {
            assert_eq!(answer(&[bad]), None, "{bad}");
            let next = format!("{bad}, permessage-deflate");
            assert_eq!(answer(&[&next]), Some((BOTH_FORGET.into(), 15)), "{bad}");
            assert_eq!(answer(&[bad, "permessage-deflate"]), answer(&[&next]));
        }
        assert_eq!(answer(&[]), None);
        assert!(accept(["permessage-deflate;"], DeflateSettings::default()).is_err());
    }

    #[test]
    fn a_client_takes_only_an_answer_to_its_offer() {
        let confirm = |header: &'static str| {
            confirm([header], DeflateSettings::default())
                .map(|agreed| agreed.map(|agreed| agreed.send_window_bits))
        };
        assert_eq!(confirm(BOTH_FORGET), Ok(Some(15)));
        assert_eq!(
            confirm("permessage-deflate; server_no_context_takeover; client_max_window_bits=9"),
            Ok(Some(9))
        );
        assert_eq!(confirm(""), Ok(None));
        for bad in [
            "permessage-deflate",
            "permessage-deflate; server_no_context_takeover; client_max_window_bits",
            "permessage-deflate; server_no_context_takeover; other",
            "other",
            "permessage-deflate; server_no_context_takeover, \
             permessage-deflate; server_no_context_takeover",
        ] {
            assert_eq!(confirm(bad), Err(BadAnswer::NotOffered), "{bad}");
        }
    }

    #[test]
    fn the_two_ends_agree_with_each_other() {
        let settings = DeflateSettings::default();
        let agreed = accept([OFFER], settings).unwrap().unwrap();
        let confirmed = confirm([agreed.answer.as_str()], settings).unwrap();
        assert_eq!(confirmed, Some(agreed.deflate));
    }
}
