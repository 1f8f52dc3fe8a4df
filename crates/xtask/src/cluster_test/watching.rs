//! What watches: Prometheus sees all, its rules run, Grafana has the dashboards.

use std::time::Duration;

use serde_json::Value;

use super::http;
use super::report::Word;
use super::stack::Stack;
use super::waiting;

const RULES: &str = "deploy/prometheus/alerts.yml";
const DASHBOARDS: &str = "deploy/grafana/dashboards";
/// A target is asked every five seconds, and names are looked up as often.
const SEEN: Duration = Duration::from_secs(45);

/// All targets are up, each gateway is one, and every rule is evaluated without an error.
pub(super) fn prometheus(stack: &Stack) -> Result<Word, String> {
    let ask = |path: &str| http::json(stack.project.prometheus_port(), path);
    let gateways = stack
        .containers()?
        .iter()
        .filter(|one| one.service == "gateway")
        .count();
    let (targets, _) = waiting::until(SEEN, || {
        targets(&ask("/api/v1/targets?state=active")?, gateways)
    })?;
    let rules = read(stack, RULES)?;
    let written = rules
        .lines()
        .filter(|line| line.trim_start().starts_with("- alert:"))
        .count();
    let (alerts, _) = waiting::until(SEEN, || alerts(&ask("/api/v1/rules")?, written))?;
    Ok(Word::Well(format!(
        "{targets} targets up, {alerts} alerts and all recordings evaluated"
    )))
}

fn targets(told: &Value, gateways: usize) -> Result<usize, String> {
    let all = told["data"]["activeTargets"]
        .as_array()
        .ok_or("no list of targets")?;
    let down = all.iter().filter(|one| one["health"] != "up");
    let down: Vec<String> = down
        .map(|one| format!("{} {}", one["scrapeUrl"], one["lastError"]))
        .collect();
    if !down.is_empty() {
        return Err(format!("not up: {}", down.join(", ")));
    }
    let of = |job: &str| {
        all.iter()
            .filter(|one| one["labels"]["job"] == *job)
            .count()
    };
    if of("roomcast") != gateways || of("balancer") != 1 {
        let (nodes, balancers) = (of("roomcast"), of("balancer"));
        return Err(format!(
            "{nodes} of {gateways} gateways and {balancers} of 1 balancer are targets"
        ));
    }
    Ok(all.len())
}

fn alerts(told: &Value, written: usize) -> Result<usize, String> {
    let groups = told["data"]["groups"]
        .as_array()
        .ok_or("no list of rules")?;
    let rules = || {
        groups
            .iter()
            .flat_map(|group| group["rules"].as_array())
            .flatten()
    };
    if let Some(rule) = rules().find(|rule| rule["health"] != "ok") {
        return Err(format!(
            "{}: {} {}",
            rule["name"], rule["health"], rule["lastError"]
        ));
    }
    match rules().filter(|rule| rule["type"] == "alerting").count() {
        count if count == written => Ok(count),
        count => Err(format!("{count} of {written} alerts are loaded")),
    }
}

/// It answers, and has each dashboard of the project.
pub(super) fn grafana(stack: &Stack) -> Result<Word, String> {
    let ask = |path: &str| http::json(stack.project.grafana_port(), path);
    let (health, _) = waiting::until(SEEN, || ask("/api/health"))?;
    let version = health["version"].as_str().unwrap_or_default();
    if !version.starts_with(|c: char| c.is_ascii_digit()) {
        let words = format!(
            "the container answers as {version:?}, which is no Grafana: dashboards not looked at"
        );
        return Ok(Word::Unjudged(words));
    }
    let mut titles = Vec::new();
    for uid in uids(stack)? {
        let (told, _) = waiting::until(SEEN, || ask(&format!("/api/dashboards/uid/{uid}")))?;
        titles.push(
            told["dashboard"]["title"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        );
    }
    Ok(Word::Well(format!(
        "Grafana {version} shows {}",
        titles.join(", ")
    )))
}

fn uids(stack: &Stack) -> Result<Vec<String>, String> {
    let folder = stack.project.file(DASHBOARDS);
    let files = std::fs::read_dir(&folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    let mut uids = Vec::new();
    for file in files.flatten() {
        let name = format!("{DASHBOARDS}/{}", file.file_name().to_string_lossy());
        let dashboard: Value =
            serde_json::from_str(&read(stack, &name)?).map_err(|why| format!("{name}: {why}"))?;
        let uid = dashboard["uid"]
            .as_str()
            .ok_or_else(|| format!("{name} has no uid"))?;
        uids.push(uid.to_owned());
    }
    uids.sort();
    Ok(uids)
}

fn read(stack: &Stack, name: &str) -> Result<String, String> {
    std::fs::read_to_string(stack.project.file(name))
        .map_err(|why| format!("can't read {name}: {why}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{alerts, targets};

    fn target(job: &str, health: &str) -> Value {
        json!({ "labels": { "job": job }, "health": health, "scrapeUrl": "http://x/", "lastError": "refused" })
    }

    #[test]
    fn each_gateway_must_be_a_target_that_is_up() {
        let told = |jobs: &[Value]| json!({ "data": { "activeTargets": jobs } });
        let [node, balancer] = ["roomcast", "balancer"].map(|job| target(job, "up"));
        assert_eq!(
            targets(&told(&[node.clone(), node.clone(), balancer.clone()]), 2),
            Ok(3)
        );
        let few = targets(&told(&[node.clone(), balancer.clone()]), 2).unwrap_err();
        assert!(few.starts_with("1 of 2 gateways"), "{few}");
        let down = targets(&told(&[node, target("roomcast", "down"), balancer]), 2).unwrap_err();
        assert!(
            down.contains("http://x/") && down.contains("refused"),
            "{down}"
        );
        assert!(targets(&json!({}), 0).is_err());
    }

    #[test]
    fn each_alert_that_is_written_must_be_evaluated() {
        let rule = |kind: &str, health: &str| json!({ "name": "R", "type": kind, "health": health, "lastError": "no" });
        let told = |rules: &[Value]| json!({ "data": { "groups": [{ "rules": rules }] } });
        let both = told(&[rule("alerting", "ok"), rule("recording", "ok")]);
        assert_eq!(alerts(&both, 1), Ok(1));
        assert_eq!(alerts(&both, 2).unwrap_err(), "1 of 2 alerts are loaded");
        assert!(
            alerts(&told(&[rule("recording", "unknown")]), 0)
                .unwrap_err()
                .contains("unknown")
        );
    }
}
