//! Part `safety`: what no schema knows of the objects, and what has hurt others.
//!
//! Owns the rules that look at several objects of a build at once. What is asked of each pod by itself stands in
//! `safety/pods.rs`.

mod build;
mod pods;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use self::build::{Build, labels_match, name, number, text};
use super::objects::OBJECTS;
use super::origins::Origins;
use super::verdict::Verdict;
use super::workshop::{Workshop, read};

const SETTINGS: &str = "docs/settings.md";
/// What is left of the grace period when the drain is over, at least: queues are flushed, Redis is told.
const MARGIN_SECONDS: u64 = 10;
/// Kinds that stand in no namespace.
const CLUSTER_WIDE: &[&str] = &["Namespace"];

/// Judges every build.
pub(super) fn check(workshop: &Workshop) -> Result<Verdict, String> {
    let text = read(&workshop.file(OBJECTS))?;
    let builds: BTreeMap<String, Vec<Value>> =
        serde_json::from_str(&text).map_err(|why| format!("{OBJECTS}: {why}"))?;
    let page = read(&workshop.root().join(SETTINGS))?;
    let settings = settings(&page);
    let mut found = Vec::new();
    let mut objects = 0;
    for (build, things) in &builds {
        objects += things.len();
        let faults = judge(&Build::new(things), &settings);
        found.extend(faults.into_iter().map(|fault| (build.clone(), fault)));
    }
    let counted = format!("{} builds, {objects} objects", builds.len());
    Ok(Origins::read(workshop)?.told(counted, &found))
}

/// The variables that the program knows.
fn settings(page: &str) -> BTreeSet<&str> {
    let words = page.split('`').skip(1).step_by(2);
    words.filter(|word| word.starts_with("ROOMCAST_")).collect()
}

fn judge(build: &Build, settings: &BTreeSet<&str>) -> Vec<String> {
    let mut faults = namespaces(build);
    faults.extend(pods::check(build));
    faults.extend(selectors(build));
    faults.extend(ways_in(build));
    match build.one("Deployment", "gateway") {
        None => faults.push("there is no Deployment/gateway".to_owned()),
        Some(gateway) => {
            faults.extend(known_settings(build, gateway, settings));
            faults.extend(deploys_are_quiet(build, gateway));
            faults.extend(probes(gateway));
            faults.extend(scaling(build, gateway));
        }
    }
    faults
}

fn namespaces(build: &Build) -> Vec<String> {
    let things = build.things.iter();
    let lost = things.filter(|thing| {
        let is_cluster_wide = CLUSTER_WIDE.contains(&text(thing, "/kind"));
        !is_cluster_wide && text(thing, "/metadata/namespace").is_empty()
    });
    lost.map(|thing| format!("{}: it names no namespace", name(thing)))
        .collect()
}

/// Who is selected must be there, and nothing may talk that isn't let.
fn selectors(build: &Build) -> Vec<String> {
    let mut faults = Vec::new();
    let pods: Vec<&Value> = build.pods().map(|(_, pod)| pod).collect();
    let mut is_closed = false;
    for thing in build.things {
        let selector = match text(thing, "/kind") {
            "Service" => thing.pointer("/spec/selector"),
            "PodDisruptionBudget" | "PodMonitor" => thing.pointer("/spec/selector/matchLabels"),
            "NetworkPolicy" => match thing.pointer("/spec/podSelector/matchLabels") {
                None => {
                    let types = thing.pointer("/spec/policyTypes").and_then(Value::as_array);
                    let has_rules = thing.pointer("/spec/ingress").is_some();
                    is_closed |= types.is_some_and(|types| types.len() == 2) && !has_rules;
                    continue;
                }
                labels => labels,
            },
            _ => continue,
        };
        if !pods.iter().any(|pod| labels_match(selector, pod)) {
            faults.push(format!("{}: it selects no pod of this build", name(thing)));
        }
    }
    if !is_closed {
        faults.push("there is no NetworkPolicy that denies everything first".to_owned());
    }
    faults
}

/// Routes and Ingresses lead to a Service, and Services to a port of their pods.
fn ways_in(build: &Build) -> Vec<String> {
    let mut faults = Vec::new();
    for service in build.of("Service") {
        let pods: Vec<&Value> = build.pods().map(|(_, pod)| pod).collect();
        let mut served = pods
            .iter()
            .filter(|pod| labels_match(service.pointer("/spec/selector"), pod));
        let target = text(service, "/spec/ports/0/targetPort");
        if !served.any(|pod| pods::ports(pod).contains(&target)) {
            faults.push(format!(
                "{}: its pods have no port {target:?}",
                name(service)
            ));
        }
        if text(service, "/spec/ports/0/appProtocol").is_empty() {
            faults.push(format!("{}: it doesn't say its appProtocol", name(service)));
        }
    }
    let route = "/spec/rules/0/backendRefs/0";
    let ingress = "/spec/rules/0/http/paths/0/backend/service";
    for (kind, place, port) in [
        ("HTTPRoute", route, "/port"),
        ("Ingress", ingress, "/port/name"),
    ] {
        for thing in build.of(kind) {
            let service = build.one("Service", text(thing, &format!("{place}/name")));
            let wanted = thing.pointer(&format!("{place}{port}"));
            let ports = service.map(|service| {
                [
                    service.pointer("/spec/ports/0/port"),
                    service.pointer("/spec/ports/0/name"),
                ]
            });
            if !ports.is_some_and(|ports| wanted.is_some() && ports.contains(&wanted)) {
                faults.push(format!("{}: it leads to no port of a Service", name(thing)));
            }
        }
    }
    faults
}

fn known_settings(build: &Build, gateway: &Value, settings: &BTreeSet<&str>) -> Vec<String> {
    let map = build.settings_of(gateway);
    let from_map = map.iter().flat_map(|map| map.keys().map(String::as_str));
    let env = gateway
        .pointer("/spec/template/spec/containers/0/env")
        .and_then(Value::as_array);
    let from_env = env.into_iter().flatten().map(|entry| text(entry, "/name"));
    from_map
        .chain(from_env)
        .filter(|name| name.starts_with("ROOMCAST_") && !settings.contains(name))
        .map(|name| format!("Deployment/gateway: {name} is no setting; see {SETTINGS}"))
        .collect()
}

/// The grace period holds the pause, the drain and a margin; a rollout takes nobody away too early.
fn deploys_are_quiet(build: &Build, gateway: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let pod = "/spec/template/spec";
    let pause = number(
        gateway,
        &format!("{pod}/containers/0/lifecycle/preStop/sleep/seconds"),
    );
    let grace = number(gateway, &format!("{pod}/terminationGracePeriodSeconds"));
    let map = build.settings_of(gateway);
    let drain_ms = map
        .and_then(|map| map.get("ROOMCAST_DRAIN_MS"))
        .and_then(Value::as_str)
        .and_then(|value| value.parse::<u64>().ok());
    match (pause, grace, drain_ms) {
        (Some(pause), Some(grace), Some(drain_ms)) => {
            let needed = pause + drain_ms.div_ceil(1000) + MARGIN_SECONDS;
            if grace < needed {
                faults.push(format!(
                    "Deployment/gateway: terminationGracePeriodSeconds is {grace}, but {pause} s preStop, \
                     {drain_ms} ms ROOMCAST_DRAIN_MS and {MARGIN_SECONDS} s to spare make {needed}"
                ));
            }
            // Pods that end don't count as a surge: the next one would go while this one drains.
            let alone = pause + drain_ms.div_ceil(1000);
            let ready = number(gateway, "/spec/minReadySeconds").unwrap_or(0);
            if ready < alone {
                faults.push(format!(
                    "Deployment/gateway: minReadySeconds is {ready}, but one takes {alone} s to drain"
                ));
            }
        }
        missing => faults.push(format!(
            "Deployment/gateway: preStop.sleep, terminationGracePeriodSeconds and ROOMCAST_DRAIN_MS must \
             be said, and are {missing:?}"
        )),
    }
    let rolling = "/spec/strategy/rollingUpdate";
    let surge = number(gateway, &format!("{rolling}/maxSurge"));
    let unavailable = number(gateway, &format!("{rolling}/maxUnavailable"));
    if (surge, unavailable) != (Some(1), Some(0)) {
        faults.push("Deployment/gateway: maxSurge must be 1 and maxUnavailable 0".to_owned());
    }
    if build.of("PodDisruptionBudget").next().is_none() {
        faults.push("there is no PodDisruptionBudget".to_owned());
    }
    faults
}

/// Liveness never looks at Redis; readiness does.
fn probes(gateway: &Value) -> Vec<String> {
    let container = "/spec/template/spec/containers/0";
    let wanted = [
        ("startupProbe", "/livez"),
        ("livenessProbe", "/livez"),
        ("readinessProbe", "/readyz"),
    ];
    let wrong = wanted.into_iter().filter(|(probe, path)| {
        let get = format!("{container}/{probe}/httpGet");
        let asks = text(gateway, &format!("{get}/path"));
        asks != *path || text(gateway, &format!("{get}/port")) != "ops"
    });
    wrong
        .map(|(probe, path)| format!("Deployment/gateway: {probe} must ask {path} at the port ops"))
        .collect()
}

/// What KEDA's schema leaves open: a misspelt key of a trigger is no fault to it.
const TRIGGER_KEYS: &[&str] = &["serverAddress", "query", "threshold", "ignoreNullValues"];

/// One autoscaler, and nothing else says how many there are.
fn scaling(build: &Build, gateway: &Value) -> Vec<String> {
    let by_cpu = build.of("HorizontalPodAutoscaler");
    let scalers = by_cpu.chain(build.of("ScaledObject"));
    let scalers = scalers.filter(|scaler| text(scaler, "/spec/scaleTargetRef/name") == "gateway");
    let mut faults = Vec::new();
    let count = scalers.count();
    if count != 1 {
        faults.push(format!(
            "Deployment/gateway: {count} autoscalers; there must be one"
        ));
    }
    for scaler in build.of("ScaledObject") {
        let given = scaler.pointer("/spec/triggers/0/metadata");
        let given = given.and_then(Value::as_object);
        let keys: BTreeSet<&str> = given
            .into_iter()
            .flatten()
            .map(|(key, _)| key.as_str())
            .collect();
        if keys != TRIGGER_KEYS.iter().copied().collect() {
            let name = name(scaler);
            faults.push(format!(
                "{name}: its trigger must have {TRIGGER_KEYS:?}, and has {keys:?}"
            ));
        }
    }
    if gateway.pointer("/spec/replicas").is_some() {
        faults.push("Deployment/gateway: `replicas` fights with the autoscaler".to_owned());
    }
    faults
}

#[cfg(test)]
mod tests;
