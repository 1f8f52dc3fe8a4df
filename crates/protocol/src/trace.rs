//! Where in a trace a message belongs, as W3C Trace Context has it: the `traceparent` of a header, of
//! the log and of a channel.
//!
//! Keeps true: ids are never all zero. Leaves to the gateway which messages are traced, and to the
//! broker how a context goes with its message.

use std::fmt;
use std::num::NonZero;
use std::str::FromStr;

/// Bytes of a `traceparent` of version 00, and the least of any later one.
const TEXT_BYTES: usize = 55;
/// The one flag that means something to us.
const SAMPLED: u8 = 0x01;

/// A trace's id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TraceId(NonZero<u128>);

/// A span's id inside its trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SpanId(NonZero<u64>);

/// A span that others may be part of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TraceContext {
    /// The trace.
    pub trace_id: TraceId,
    /// The span.
    pub span_id: SpanId,
    /// Whether its trace is recorded.
    pub sampled: bool,
}

/// Why a text is no `traceparent`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a traceparent is 00-<32 hex digits>-<16 hex digits>-<2 hex digits>, no id all zero")]
pub struct InvalidTraceContext;

impl TraceId {
    /// The id of these bits, unless they are all zero.
    pub const fn from_bits(bits: u128) -> Option<Self> {
        match NonZero::new(bits) {
            Some(bits) => Some(Self(bits)),
            None => None,
        }
    }

    /// Its bytes, as they are written.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.get().to_be_bytes()
    }
}

impl SpanId {
    /// The id of these bits, unless they are all zero.
    pub const fn from_bits(bits: u64) -> Option<Self> {
        match NonZero::new(bits) {
            Some(bits) => Some(Self(bits)),
            None => None,
        }
    }

    /// Its bytes, as they are written.
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0.get().to_be_bytes()
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = if self.sampled { SAMPLED } else { 0 };
        write!(f, "00-{}-{}-{flags:02x}", self.trace_id, self.span_id)
    }
}

impl FromStr for TraceContext {
    type Err = InvalidTraceContext;

    /// Reads version 00, and of a later one, which can only add to it, what 00 has.
    fn from_str(text: &str) -> Result<Self, InvalidTraceContext> {
        let (known, more) = text
            .split_at_checked(TEXT_BYTES)
            .ok_or(InvalidTraceContext)?;
        let mut fields = known.split('-');
        let mut next = |digits| hex(fields.next(), digits);
        let (version, trace_id) = (next(2)?, next(32)?);
        let (span_id, flags) = (next(16)?, next(2)?);
        let is_whole = match version {
            0x00 => more.is_empty(),
            0xff => false,
            _ => more.is_empty() || more.starts_with('-'),
        };
        if !is_whole || fields.next().is_some() {
            return Err(InvalidTraceContext);
        }
        let span_id = u64::try_from(span_id).ok().and_then(SpanId::from_bits);
        Ok(Self {
            trace_id: TraceId::from_bits(trace_id).ok_or(InvalidTraceContext)?,
            span_id: span_id.ok_or(InvalidTraceContext)?,
            sampled: flags & u128::from(SAMPLED) != 0,
        })
    }
}

fn hex(field: Option<&str>, digits: usize) -> Result<u128, InvalidTraceContext> {
    let is_hex = |field: &&str| {
        let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        field.len() == digits && field.bytes().all(is_digit)
    };
    let field = field.filter(is_hex).ok_or(InvalidTraceContext)?;
    u128::from_str_radix(field, 16).map_err(|_| InvalidTraceContext)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn parsed(text: &str) -> Option<TraceContext> {
        text.parse().ok()
    }

    #[test]
    fn what_is_printed_is_read_back() {
        let context = parsed(TEXT).unwrap();
        assert_eq!(context.to_string(), TEXT);
        assert_eq!(
            context.span_id.to_bytes(),
            0x00f0_67aa_0ba9_02b7_u64.to_be_bytes()
        );
        assert_eq!(context.trace_id.to_bytes()[..2], [0x4b, 0xf9]);
        let unsampled = TraceContext {
            sampled: false,
            ..context
        };
        assert_eq!(parsed(&unsampled.to_string()), Some(unsampled));
    }

    #[test]
    fn flags_we_do_not_know_mean_nothing() {
        assert!(parsed(&TEXT.replace("-01", "-03")).unwrap().sampled);
        assert!(!parsed(&TEXT.replace("-01", "-fe")).unwrap().sampled);
    }

    #[test]
    fn a_later_version_may_add_to_it_and_ours_may_not() {
        let later = TEXT.replacen("00", "cc", 1);
        assert_eq!(parsed(&later), parsed(TEXT));
        assert_eq!(parsed(&format!("{later}-what-ever")), parsed(TEXT));
        assert_eq!(parsed(&format!("{later}.what-ever")), None);
        assert_eq!(parsed(&format!("{TEXT}-what-ever")), None);
        assert_eq!(parsed(&TEXT.replacen("00", "ff", 1)), None);
    }

    #[test]
    fn what_is_no_traceparent_is_refused() {
        for text in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-000f067aa0ba902b7-01",
            "0-04bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902-b7-1",
            " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0é",
            "€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€",
        ] {
            assert_eq!(parsed(text), None, "{text:?}");
        }
    }
}
