//! The seconds of a run in columns, thinned out where there are more than a plot can show.
//!
//! Keeps true: thinning never hides the worst. Rates are averaged; of sessions the lowest is kept, of times
//! and of messages that wait the highest.

use serde::Serialize;

use crate::outcome::{Second, Totals};

/// Points of a plot. A screen has about as many columns.
const POINTS_MAX: usize = 1_200;

/// The columns. Those of a plot are as long as `at_s`.
#[derive(Serialize)]
pub(super) struct Series {
    /// Seconds that a point stands for.
    step_s: u32,
    at_s: Vec<u32>,
    due: Vec<f64>,
    acked: Vec<f64>,
    delivered: Vec<f64>,
    cut: Vec<f64>,
    gaps: Vec<f64>,
    refused: Vec<f64>,
    open: Vec<u32>,
    settled: Vec<u32>,
    waiting: Vec<u32>,
    p50_us: Vec<Option<u64>>,
    p99_us: Vec<Option<u64>>,
    max_us: Vec<Option<u64>>,
    /// For each node, a column.
    by_node: Vec<Vec<u32>>,
}

/// How many seconds a point stands for.
pub(super) fn seconds_a_point(seconds: &[Second]) -> u32 {
    seconds.len().div_ceil(POINTS_MAX).max(1) as u32
}

impl Series {
    pub(super) fn of(seconds: &[Second]) -> Self {
        let step_s = seconds_a_point(seconds);
        let points: Vec<&[Second]> = seconds.chunks(step_s as usize).collect();
        let rate = |of: fn(&Totals) -> u64| rates(&points, of);
        let lowest = |of: fn(&Second) -> u32| column(&points, |point| point.iter().map(of).min());
        let nodes = seconds.iter().map(|second| second.by_node.len()).max();
        let by_node = (0..nodes.unwrap_or(0)).map(|node| {
            let of = |second: &Second| second.by_node.get(node).copied().unwrap_or(0);
            column(&points, |point| point.iter().map(of).min())
        });
        Self {
            step_s,
            at_s: column(&points, |point| point.first().map(|second| second.at_s)),
            due: rate(|counted| counted.due),
            acked: rate(|counted| counted.acked),
            delivered: rate(|counted| counted.delivered),
            cut: rate(|counted| counted.cut),
            gaps: rate(|counted| counted.gaps),
            refused: rate(|counted| counted.refused),
            open: lowest(|second| second.open),
            settled: lowest(|second| second.settled),
            waiting: column(&points, |point| point.iter().map(|s| s.waiting).max()),
            p50_us: column(&points, |point| Some(worst(point, |s| s.p50_us))),
            p99_us: column(&points, |point| Some(worst(point, |s| s.p99_us))),
            max_us: column(&points, |point| Some(worst(point, |s| s.max_us))),
            by_node: by_node.collect(),
        }
    }
}

fn column<T>(points: &[&[Second]], of: impl Fn(&[Second]) -> Option<T>) -> Vec<T> {
    points.iter().filter_map(|point| of(point)).collect()
}

fn rates(points: &[&[Second]], of: fn(&Totals) -> u64) -> Vec<f64> {
    let rate = |point: &&[Second]| {
        let sum: u64 = point.iter().map(|second| of(&second.counted)).sum();
        let rate = sum as f64 / point.len() as f64;
        (rate * 100.0).round() / 100.0
    };
    points.iter().map(rate).collect()
}

fn worst(point: &[Second], of: fn(&Second) -> Option<u64>) -> Option<u64> {
    point.iter().filter_map(of).max()
}

#[cfg(test)]
mod tests {
    use super::{POINTS_MAX, Series};
    use crate::outcome::{Second, Totals};

    fn second(at_s: u32) -> Second {
        Second {
            at_s,
            counted: Totals {
                acked: u64::from(at_s % 2) * 10,
                ..Totals::default()
            },
            open: if at_s == 7 { 1 } else { 100 },
            p99_us: (at_s == 7).then_some(9_000_000),
            by_node: vec![100; if at_s < 5 { 1 } else { 2 }],
            ..Second::default()
        }
    }

    #[test]
    fn a_short_run_is_kept_second_by_second() {
        let series = Series::of(&(0..9).map(second).collect::<Vec<_>>());
        assert_eq!((series.step_s, series.at_s.len()), (1, 9));
        assert_eq!(series.acked[..4], [0.0, 10.0, 0.0, 10.0]);
        assert_eq!(series.by_node[1], [0, 0, 0, 0, 0, 100, 100, 100, 100]);
        assert_eq!(
            (series.p99_us[6], series.p99_us[7]),
            (None, Some(9_000_000))
        );
    }

    #[test]
    fn a_long_run_is_thinned_and_its_worst_second_still_shows() {
        let series = Series::of(&(0..86_400).map(second).collect::<Vec<_>>());
        assert_eq!((series.step_s, series.at_s[1]), (72, 72));
        assert!(series.at_s.len() <= POINTS_MAX);
        assert_eq!((series.open[0], series.open[1]), (1, 100));
        assert_eq!((series.p99_us[0], series.acked[0]), (Some(9_000_000), 5.0));
    }

    #[test]
    fn a_run_without_a_second_has_no_point() {
        let series = Series::of(&[]);
        assert!(series.at_s.is_empty() && series.by_node.is_empty());
    }
}
