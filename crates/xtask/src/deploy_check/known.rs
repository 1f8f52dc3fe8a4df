//! What a query may name: metrics that a gateway exports, that rules record, that Prometheus or HAProxy has.
//!
//! Leaves whether the page of metrics is true to `metrics`, and whether a query parses to promtool.

use std::collections::{BTreeMap, BTreeSet};

use super::metrics::{self, Metric};
use super::promql;
use super::workshop::{Workshop, read};

const RECORDING: &str = "deploy/prometheus/recording.yml";
/// Where HAProxy is told to export a metric of ours.
const BALANCER: &str = "deploy/haproxy-tls.cfg";
const ITS_METRIC: &str = "# TYPE ";
/// What Prometheus itself adds.
const ALWAYS_THERE: &[&str] = &["up", "ALERTS"];
/// HAProxy's own exporter.
const FOREIGN: &str = "haproxy_";
/// Labels of targets, of alerts and of histograms.
const LABELS: &[&str] = &[
    "job",
    "instance",
    "le",
    "alertname",
    "alertstate",
    "severity",
];
/// What a histogram is asked for by.
const HISTOGRAM_PARTS: &[&str] = &["_bucket", "_sum", "_count"];

/// What queries may name.
pub(super) struct Known {
    /// By the name that is asked for: `x_seconds_bucket` of the histogram `x_seconds`.
    series: BTreeMap<String, Metric>,
    others: BTreeSet<String>,
}

/// A query and where it stands.
pub(super) struct Query {
    /// `file:line: what it belongs to`.
    pub(super) place: String,
    pub(super) text: String,
}

impl Known {
    /// Gathers it.
    ///
    /// # Errors
    /// A sentence that names what can't be read.
    pub(super) fn gather(workshop: &Workshop) -> Result<Self, String> {
        let text = |file: &str| read(&workshop.root().join(file));
        let balancer = text(BALANCER)?;
        let exported = balancer.split(ITS_METRIC).skip(1);
        let exported = exported.filter_map(|rest| rest.split(' ').next());
        let mut others = recorded(&text(RECORDING)?);
        others.extend(exported.map(str::to_owned));
        Ok(Self::new(metrics::table(workshop)?, others))
    }

    fn new(table: BTreeMap<String, Metric>, mut others: BTreeSet<String>) -> Self {
        others.extend(ALWAYS_THERE.iter().map(|&name| name.to_owned()));
        let mut series = BTreeMap::new();
        for (name, metric) in table {
            if metric.kind == "histogram" {
                for part in HISTOGRAM_PARTS {
                    series.insert(format!("{name}{part}"), metric.clone());
                }
            } else {
                series.insert(name, metric);
            }
        }
        Self { series, others }
    }

    /// Metrics that nobody exports, and labels that none of the query's metrics has.
    pub(super) fn strangers(&self, query: &Query) -> Vec<String> {
        let names = promql::names(&query.text);
        let place = &query.place;
        let mut faults = Vec::new();
        let mut labels: BTreeSet<&str> = LABELS.iter().copied().collect();
        let mut is_foreign = false;
        for name in &names.metrics {
            match self.series.get(name) {
                Some(metric) => labels.extend(metric.labels.iter().map(String::as_str)),
                None if name.starts_with(FOREIGN) => is_foreign = true,
                None if self.others.contains(name) => {}
                None => faults.push(format!("{place}: no gateway exports {name}")),
            }
        }
        if !is_foreign {
            let strangers = names.labels.iter();
            let strangers = strangers.filter(|label| !labels.contains(label.as_str()));
            let told =
                strangers.map(|label| format!("{place}: no metric of it has a label {label}"));
            faults.extend(told);
        }
        faults
    }
}

/// The names that rules give to what they record.
fn recorded(rules: &str) -> BTreeSet<String> {
    let lines = rules.lines();
    let lines = lines.filter_map(|line| line.trim_start().strip_prefix("- record:"));
    lines.map(|name| name.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Known, Query, recorded};
    use crate::deploy_check::metrics::Metric;

    fn known() -> Known {
        let metric = |kind: &str| Metric {
            kind: kind.into(),
            labels: ["reason".to_owned()].into(),
            line: 1,
        };
        let table = [
            ("roomcast_a_total", "counter"),
            ("roomcast_b_seconds", "histogram"),
        ];
        let table = table.map(|(name, kind)| (name.to_owned(), metric(kind)));
        Known::new(
            BTreeMap::from(table),
            recorded("  - record: roomcast:a:sum\n"),
        )
    }

    fn found(text: &str) -> Vec<String> {
        let place = "f:1: p".into();
        known().strangers(&Query {
            place,
            text: text.into(),
        })
    }

    #[test]
    fn a_query_may_name_what_is_there() {
        let ours = "sum by (reason, le) (rate(roomcast_b_seconds_bucket{job=\"a\"}[5m]))";
        assert!(found(&format!("{ours} / roomcast:a:sum and up == 1")).is_empty());
        assert!(found("haproxy_server_up{proxy=\"gateways\"}").is_empty());
    }

    #[test]
    fn strangers_among_metrics_and_labels_are_found() {
        assert_eq!(
            found("up + roomcast_c"),
            ["f:1: p: no gateway exports roomcast_c"]
        );
        // A histogram has no series of its own name.
        assert_eq!(found("roomcast_b_seconds").len(), 1);
        assert_eq!(
            found("sum by (code) (roomcast_a_total)"),
            ["f:1: p: no metric of it has a label code"]
        );
    }
}
