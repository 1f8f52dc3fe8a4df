//! What a run of the load test came to, read from its `result.json`.
//!
//! Keeps true: a result that can't be read, or was not proven, is a failure, never a zero. How the figures are
//! reckoned is the load test's business; only the bounds of each act are ours.

use serde_json::Value;

/// What an act must keep beside the audit.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// When the last of those who were cut must be back in all rooms, in seconds since each lost its session.
    pub(super) away_s_max: f64,
    /// The longest time in which nobody gets an ack, in seconds.
    pub(super) silence_s_max: f64,
}

/// The figures of an act.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Figures {
    cut: u64,
    away_p50_s: f64,
    away_p99_s: f64,
    away_max_s: f64,
    silence_s: f64,
    acked: u64,
    delivered: u64,
    lost: u64,
    repeated: u64,
    disordered: u64,
    holes: u64,
    /// What was not as it should be, in words.
    pub(super) failures: Vec<String>,
    /// What was seen beside the load.
    pub(super) seen: String,
}

/// Checks of the audit, by the column that they are told in.
const LOST: &[&str] = &["acked_is_kept"];
const REPEATED: &[&str] = &["no_duplicate", "retry_safe"];
const DISORDERED: &[&str] = &[
    "order_per_client",
    "one_message_per_position",
    "sender_order",
];
const HOLES: &[&str] = &["no_silent_hole", "gap_is_true"];

impl Figures {
    /// The head of the table that [`Figures::row`] makes rows for.
    pub(super) const HEAD: &str = "\
| act | cut | back: half | 99 % | last | no ack for | acked | delivered | lost | repeated | out of order | holes |
|---|---|---|---|---|---|---|---|---|---|---|---|
";

    /// Reads them.
    ///
    /// # Errors
    /// A sentence that names what the result lacks.
    pub(super) fn read(result: &Value, bounds: Bounds) -> Result<Self, String> {
        let away = |of: &str| number(result, &format!("/latency/away/{of}"));
        let fault = |of: &str| number(result, &format!("/faults/0/{of}"));
        let checks = list(result, "/audit/checks")?;
        let violations = |names: &[&str]| -> u64 {
            let named = checks
                .iter()
                .filter(|check| names.iter().any(|name| check["check"] == *name));
            named.filter_map(|check| check["violations"].as_u64()).sum()
        };
        let seconds = |us: u64| us as f64 / 1e6;
        let mut figures = Self {
            cut: fault("cut")?,
            away_p50_s: seconds(away("p50_us")?),
            away_p99_s: seconds(away("p99_us")?),
            away_max_s: seconds(away("max_us")?),
            silence_s: fault("silence_ms")? as f64 / 1e3,
            acked: number(result, "/audit/facts/acked")?,
            delivered: number(result, "/audit/facts/deliveries")?,
            lost: violations(LOST),
            repeated: violations(REPEATED),
            disordered: violations(DISORDERED),
            holes: violations(HOLES),
            failures: failures(result, checks)?,
            seen: String::new(),
        };
        figures.keep(bounds);
        Ok(figures)
    }

    fn keep(&mut self, bounds: Bounds) {
        let Bounds {
            away_s_max,
            silence_s_max,
        } = bounds;
        if self.away_max_s > away_s_max {
            let words = format!(
                "somebody was away for {:.1} s, not {away_s_max}",
                self.away_max_s
            );
            self.failures.push(words);
        }
        if self.silence_s > silence_s_max {
            let words = format!("no ack for {:.1} s, not {silence_s_max}", self.silence_s);
            self.failures.push(words);
        }
    }

    /// All of it in a line.
    pub(super) fn words(&self) -> String {
        let back = match self.cut {
            0 => "nobody cut".to_owned(),
            cut => format!(
                "{cut} cut, back: half {:.1} s, 99 % {:.1} s, last {:.1} s",
                self.away_p50_s, self.away_p99_s, self.away_max_s
            ),
        };
        let Self {
            acked,
            delivered,
            lost,
            repeated,
            disordered,
            holes,
            ..
        } = self;
        let seen = match self.seen.as_str() {
            "" => String::new(),
            seen => format!("; {seen}"),
        };
        format!(
            "{back}; no ack for {:.1} s; {acked} acked, {delivered} delivered; lost {lost}, repeated {repeated}, \
             out of order {disordered}, holes {holes}{seen}",
            self.silence_s
        )
    }

    /// A row of the table.
    pub(super) fn row(&self, name: &str) -> String {
        let time = |seconds: f64| match self.cut {
            0 => "-".to_owned(),
            _ => format!("{seconds:.1} s"),
        };
        let cells = [
            name.to_owned(),
            self.cut.to_string(),
            time(self.away_p50_s),
            time(self.away_p99_s),
            time(self.away_max_s),
            format!("{:.1} s", self.silence_s),
            self.acked.to_string(),
            self.delivered.to_string(),
            self.lost.to_string(),
            self.repeated.to_string(),
            self.disordered.to_string(),
            self.holes.to_string(),
        ];
        format!("| {} |", cells.join(" | "))
    }
}

/// Whatever the load test itself holds against the run.
fn failures(result: &Value, checks: &[Value]) -> Result<Vec<String>, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut failures = Vec::new();
    for check in checks.iter().filter(|check| check["violations"] != 0) {
        let first = check["first"][0].as_str().unwrap_or_default();
        failures.push(format!(
            "{}: {} ({first})",
            text(&check["check"]),
            check["violations"]
        ));
    }
    for fault in list(result, "/faults")? {
        failures.extend(list(fault, "/failures")?.iter().map(text));
    }
    for met in list(result, "/expectations")?
        .iter()
        .filter(|met| met["is_met"] != true)
    {
        failures.push(format!(
            "not met: {} ({})",
            text(&met["what"]),
            text(&met["measured"])
        ));
    }
    for missing in list(result, "/audit/missing")? {
        failures.push(format!("not proven: {}", text(&missing["why"])));
    }
    if result["audit"]["outcome"] != "passed" && failures.is_empty() {
        failures.push(format!("the audit says {}", result["audit"]["outcome"]));
    }
    Ok(failures)
}

fn number(result: &Value, place: &str) -> Result<u64, String> {
    let found = result.pointer(place).and_then(Value::as_u64);
    found.ok_or_else(|| format!("the load test's result has no number at {place}"))
}

fn list<'a>(result: &'a Value, place: &str) -> Result<&'a [Value], String> {
    let found = result.pointer(place).and_then(Value::as_array);
    let found = found.map(Vec::as_slice);
    found.ok_or_else(|| format!("the load test's result has no list at {place}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Bounds, Figures};

    const BOUNDS: Bounds = Bounds {
        away_s_max: 10.0,
        silence_s_max: 5.0,
    };

    fn result() -> Value {
        json!({
            "latency": { "away": { "p50_us": 250_000, "p99_us": 900_000, "max_us": 1_400_000 } },
            "faults": [{ "cut": 200, "silence_ms": 300, "failures": [] }],
            "expectations": [{ "what": "all are back", "measured": "600 of 600", "is_met": true }],
            "audit": {
                "outcome": "passed",
                "missing": [],
                "facts": { "acked": 2_500, "deliveries": 130_000 },
                "checks": [
                    { "check": "acked_is_kept", "violations": 0, "first": [] },
                    { "check": "no_duplicate", "violations": 0, "first": [] },
                    { "check": "retry_safe", "violations": 0, "first": [] },
                ],
            },
        })
    }

    #[test]
    fn a_run_that_passed_is_told_in_a_line_and_in_a_row() {
        let figures = Figures::read(&result(), BOUNDS).unwrap();
        assert_eq!(figures.failures, [] as [String; 0]);
        assert!(
            figures
                .words()
                .starts_with("200 cut, back: half 0.2 s, 99 % 0.9 s, last 1.4 s; no ack for 0.3 s")
        );
        let row = figures.row("kill");
        assert_eq!(
            row,
            "| kill | 200 | 0.2 s | 0.9 s | 1.4 s | 0.3 s | 2500 | 130000 | 0 | 0 | 0 | 0 |"
        );
        assert_eq!(
            row.matches('|').count(),
            Figures::HEAD.lines().next().unwrap().matches('|').count()
        );
    }

    #[test]
    fn whatever_the_load_test_holds_against_a_run_fails_it() {
        for (place, value, told) in [
            ("/audit/checks/1/violations", json!(3), "no_duplicate: 3"),
            ("/audit/checks/0/violations", json!(1), "acked_is_kept: 1"),
            (
                "/faults/0/failures",
                json!(["it never ended"]),
                "it never ended",
            ),
            (
                "/expectations/0/is_met",
                json!(false),
                "not met: all are back (600 of 600)",
            ),
            (
                "/audit/missing",
                json!([{ "why": "nobody resumed" }]),
                "not proven: nobody resumed",
            ),
            (
                "/audit/outcome",
                json!("inconclusive"),
                "the audit says \"inconclusive\"",
            ),
            (
                "/latency/away/max_us",
                json!(11_000_000),
                "away for 11.0 s, not 10",
            ),
            (
                "/faults/0/silence_ms",
                json!(6_000),
                "no ack for 6.0 s, not 5",
            ),
        ] {
            let mut result = result();
            *result.pointer_mut(place).unwrap() = value;
            let failures = Figures::read(&result, BOUNDS).unwrap().failures;
            assert_eq!(failures.len(), 1, "{place}: {failures:?}");
            assert!(failures[0].contains(told), "{failures:?}");
        }
    }

    #[test]
    fn a_result_that_lacks_something_is_no_zero() {
        for place in ["latency", "faults", "expectations", "audit"] {
            let mut result = result();
            result.as_object_mut().unwrap().remove(place);
            let sentence = Figures::read(&result, BOUNDS).unwrap_err();
            assert!(sentence.contains(place), "{sentence}");
        }
    }
}
