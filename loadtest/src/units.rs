//! Numbers as people read them: times, counts, bytes, dates.
//!
//! Owns how many digits are shown: three, wherever more would say nothing. Keeps true: a number is never
//! rounded into a shorter unit's next one ("1000 ms"), and what isn't there is a dash, not a zero.

/// What stands where there is no number.
const NONE: &str = "–";

/// 1234567 as 1,234,567.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// 1234567 as 1.23M; up to 9,999 as it is.
pub(crate) fn short(number: u64) -> String {
    let value = number as f64;
    match number {
        0..=9_999 => grouped(number),
        10_000..=999_499 => format!("{}k", digits(value / 1e3)),
        999_500..=999_499_999 => format!("{}M", digits(value / 1e6)),
        _ => format!("{}G", digits(value / 1e9)),
    }
}

/// A time in ns.
pub(crate) fn ns(ns: u64) -> String {
    match ns {
        0..=999 => format!("{ns} ns"),
        1_000..=999_499 => format!("{} µs", digits(ns as f64 / 1e3)),
        _ => us(ns / 1_000),
    }
}

/// A time in µs.
pub(crate) fn us(us: u64) -> String {
    let value = us as f64;
    match us {
        0..=999 => format!("{us} µs"),
        1_000..=999_499 => format!("{} ms", digits(value / 1e3)),
        999_500..=599_499_999 => format!("{} s", digits(value / 1e6)),
        599_500_000..3_600_000_000 => format!("{} min", clock(us / 1_000)),
        _ => format!("{} h", clock(us / 1_000)),
    }
}

/// A time in ms.
pub(crate) fn ms(ms: u64) -> String {
    us(ms.saturating_mul(1_000))
}

/// A time in µs, if there is one.
pub(crate) fn maybe_us(time_us: Option<u64>) -> String {
    time_us.map_or_else(|| NONE.into(), us)
}

/// A time in ms, if there is one.
pub(crate) fn maybe_ms(time_ms: Option<u64>) -> String {
    time_ms.map_or_else(|| NONE.into(), ms)
}

/// A time in ns, if there is one.
pub(crate) fn maybe_ns(time_ns: Option<u64>) -> String {
    time_ns.map_or_else(|| NONE.into(), ns)
}

/// A count, if there is one.
pub(crate) fn maybe(number: Option<u64>) -> String {
    number.map_or_else(|| NONE.into(), grouped)
}

/// A count with its noun: "1 node", "3 nodes".
pub(crate) fn counted(number: u64, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", grouped(number))
}

/// A size.
pub(crate) fn bytes(bytes: u64) -> String {
    let value = bytes as f64;
    let units = [("KiB", 1_u64 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
    // A size that would be shown as 1024 is shown in the next unit.
    let fits = |size: &u64| value / (*size as f64) < 1_023.5;
    if bytes < 1_024 {
        return format!("{bytes} B");
    }
    let (unit, size) = (units.into_iter())
        .find(|(_, size)| fits(size))
        .unwrap_or(units[2]);
    format!("{} {unit}", digits(value / size as f64))
}

/// A size, if there is one.
pub(crate) fn maybe_bytes(size: Option<u64>) -> String {
    size.map_or_else(|| NONE.into(), bytes)
}

/// A place on the timeline: 6:12, or 1:06:12.
pub(crate) fn clock(ms: u64) -> String {
    let s = ms / 1_000;
    let (hours, minutes, s) = (s / 3_600, s / 60 % 60, s % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{s:02}")
    } else {
        format!("{minutes}:{s:02}")
    }
}

/// A moment in ms since 1970: 2026-11-22 09:22 UTC.
pub(crate) fn date(unix_ms: u64) -> String {
    let minutes = unix_ms / 60_000;
    let (mut days, minutes) = (minutes / 1_440, minutes % 1_440);
    let mut year = 1970;
    while days >= days_of_year(year) {
        days -= days_of_year(year);
        year += 1;
    }
    let mut month = 1;
    while days >= days_of_month(year, month) {
        days -= days_of_month(year, month);
        month += 1;
    }
    let (hour, minute) = (minutes / 60, minutes % 60);
    format!(
        "{year}-{month:02}-{:02} {hour:02}:{minute:02} UTC",
        days + 1
    )
}

fn days_of_year(year: u64) -> u64 {
    365 + u64::from(is_leap(year))
}

fn days_of_month(year: u64, month: u64) -> u64 {
    match month {
        2 => 28 + u64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400)
}

/// Three digits, or all before the point.
fn digits(value: f64) -> String {
    if value < 9.995 {
        format!("{value:.2}")
    } else if value < 99.95 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let words: Vec<String> = [0, 999, 1_000, 1_234_567].map(grouped).into();
        assert_eq!(words, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn large_numbers_are_cut_to_three_digits() {
        let words: Vec<String> = [0, 9_999, 10_000, 999_499, 999_500, 61_234_567, u64::MAX]
            .map(short)
            .into();
        assert_eq!(words[..4], ["0", "9,999", "10.0k", "999k"]);
        assert_eq!(words[4..], ["1.00M", "61.2M", "18446744074G"]);
    }

    #[test]
    fn a_time_takes_the_unit_that_suits_it() {
        let words: Vec<String> = [0, 999, 1_000, 9_996, 124_400, 999_500].map(us).into();
        let wanted = ["0 µs", "999 µs", "1.00 ms", "10.0 ms", "124 ms", "1.00 s"];
        assert_eq!(words, wanted);
        let words: Vec<String> = [59_949_999, 59_950_000, 3_725_000_000].map(us).into();
        assert_eq!(words, ["59.9 s", "60.0 s", "1:02:05 h"]);
        assert_eq!(
            [0, 999, 2_034, 1_500_000].map(ns),
            ["0 ns", "999 ns", "2.03 µs", "1.50 ms"]
        );
        assert_eq!(
            (maybe_us(None), maybe_ms(Some(0))),
            ("–".into(), "0 µs".into())
        );
    }

    #[test]
    fn sizes_go_by_powers_of_two() {
        let words: Vec<String> = [0, 1_023, 1_024, 1_048_575, 1_572_864, 1 << 40]
            .map(bytes)
            .into();
        assert_eq!(
            words,
            [
                "0 B", "1023 B", "1.00 KiB", "1.00 MiB", "1.50 MiB", "1024 GiB"
            ]
        );
    }

    #[test]
    fn a_moment_has_a_date_in_leap_years_too() {
        let days = [0, 951_782_400_000, 1_709_164_740_000, 1_795_339_349_000];
        assert_eq!(
            days.map(date),
            [
                "1970-01-01 00:00 UTC",
                "2000-02-29 00:00 UTC",
                "2024-02-28 23:59 UTC",
                "2026-11-22 09:22 UTC",
            ]
        );
        assert_eq!(
            [0, 59_999, 3_661_000].map(clock),
            ["0:00", "0:59", "1:01:01"]
        );
    }
}
