//! Lengths of time as people write them: `250ms`, `10s`, `2m`.

use std::time::Duration;

/// What a length of time looks like, for sentences.
pub const EXPECTED: &str = "a time such as 250ms, 10s or 2m, up to 24 hours";

const MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads a length of time; none if it isn't one.
pub fn parse(written: &str) -> Option<Duration> {
    let digits = written.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = written[..digits].parse().ok()?;
    let unit_ms = match &written[digits..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return None,
    };
    let time = Duration::from_millis(number.checked_mul(unit_ms)?);
    (time <= MAX).then_some(time)
}

/// Writes a length of time in the largest unit that holds it; what is below a millisecond is cut off.
pub fn show(time: Duration) -> String {
    let ms = time.as_millis();
    match ms {
        0 => "0s".to_owned(),
        _ if ms.is_multiple_of(60_000) => format!("{}m", ms / 60_000),
        _ if ms.is_multiple_of(1_000) => format!("{}s", ms / 1_000),
        _ => format!("{ms}ms"),
    }
}

/// Without what is below a millisecond.
pub(super) fn whole_ms(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}
