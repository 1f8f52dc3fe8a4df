//! One line of a log: `key=value`, so that a program can pick it apart.

use super::snapshot::Snapshot;

/// The line, with its break.
pub(super) fn line(now: &Snapshot<'_>) -> String {
    let (second, counted, totals) = (now.second, &now.second.counted, now.totals);
    let planned =
        (now.planned_ms).map_or(String::new(), |ms| format!(" planned_s={}", seconds(ms)));
    let time = |us: Option<u64>| us.map_or("none".into(), |us| us.to_string());
    let fault = now.fault.unwrap_or("none");
    format!(
        "live at_s={}{planned} phase={:?} clients={} open={} settled={} due_per_s={} acked_per_s={} \
         delivered_per_s={} p50_us={} p99_us={} waiting={} acked={} delivered={} gaps={} refused={} \
         cut={} fault={fault:?}\n",
        seconds(now.elapsed_ms),
        now.phase,
        now.clients,
        second.open,
        second.settled,
        counted.due,
        counted.acked,
        counted.delivered,
        time(now.p50_us),
        time(now.p99_us),
        second.waiting,
        totals.acked,
        totals.delivered,
        totals.gaps,
        totals.refused,
        totals.cut,
    )
}

fn seconds(ms: u64) -> String {
    format!("{}.{}", ms / 1_000, ms / 100 % 10)
}
