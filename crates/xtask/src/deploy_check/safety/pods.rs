//! What is asked of every pod: no privileges, bounds, and references that lead somewhere.

use serde_json::Value;

use super::build::{Build, name, text};

/// Secrets that k8s/make-secrets makes, or that docs/operations.md says how to make.
const SECRETS: &[&str] = &["roomcast-keys", "roomcast-redis"];

/// Judges all pods of a build.
pub(super) fn check(build: &Build) -> Vec<String> {
    let mut faults = Vec::new();
    for (workload, pod) in build.pods() {
        let mut found = of_pod(build, pod);
        for container in containers(pod) {
            let who = text(container, "/name");
            let of_container = privileges(container).into_iter().chain(bounds(container));
            let of_container = of_container.chain(environment(build, container));
            found.extend(of_container.map(|fault| format!("{who}: {fault}")));
        }
        faults.extend(
            found
                .iter()
                .map(|fault| format!("{}: {fault}", name(workload))),
        );
    }
    faults
}

/// The names of a pod's ports.
pub(super) fn ports(pod: &Value) -> Vec<&str> {
    let ports = containers(pod).filter_map(|container| container.get("ports")?.as_array());
    ports.flatten().map(|port| text(port, "/name")).collect()
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    let lists = ["/spec/containers", "/spec/initContainers"].map(|place| pod.pointer(place));
    lists
        .into_iter()
        .flatten()
        .filter_map(Value::as_array)
        .flatten()
}

fn of_pod(build: &Build, pod: &Value) -> Vec<String> {
    let is = |place: &str, wanted: bool| pod.pointer(place) == Some(&Value::Bool(wanted));
    let mut faults = Vec::new();
    let mut ask = |holds: bool, fault: &str| {
        if !holds {
            faults.push(fault.to_owned());
        }
    };
    ask(
        is("/spec/automountServiceAccountToken", false),
        "it gets a token that it doesn't need",
    );
    ask(
        is("/spec/enableServiceLinks", false),
        "enableServiceLinks fills the environment",
    );
    ask(
        is("/spec/securityContext/runAsNonRoot", true),
        "runAsNonRoot must be said",
    );
    let profile = text(pod, "/spec/securityContext/seccompProfile/type");
    ask(
        profile == "RuntimeDefault",
        "seccompProfile must be RuntimeDefault",
    );
    let account = text(pod, "/spec/serviceAccountName");
    ask(
        build.one("ServiceAccount", account).is_some(),
        "its ServiceAccount is not in this build",
    );
    for volume in pod
        .pointer("/spec/volumes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let map = text(volume, "/configMap/name");
        let is_there = map.is_empty() || build.one("ConfigMap", map).is_some();
        ask(
            is_there,
            &format!("the ConfigMap {map} is not in this build"),
        );
    }
    faults
}

fn privileges(container: &Value) -> Vec<String> {
    let context = "/securityContext";
    let is = |key: &str, wanted: bool| {
        container.pointer(&format!("{context}/{key}")) == Some(&Value::Bool(wanted))
    };
    let dropped = container.pointer(&format!("{context}/capabilities/drop/0"));
    let mut faults = Vec::new();
    if !is("allowPrivilegeEscalation", false) {
        faults.push("allowPrivilegeEscalation must be false".to_owned());
    }
    if !is("readOnlyRootFilesystem", true) {
        faults.push("readOnlyRootFilesystem must be true".to_owned());
    }
    if dropped.and_then(Value::as_str) != Some("ALL") {
        faults.push("all capabilities must be dropped".to_owned());
    }
    faults
}

fn bounds(container: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    for place in [
        "/resources/requests/cpu",
        "/resources/requests/memory",
        "/resources/limits/memory",
    ] {
        if container.pointer(place).is_none() {
            faults.push(format!("{place} is not said"));
        }
    }
    if container.pointer("/resources/limits/cpu").is_some() {
        faults.push("a limit on CPU delays everybody who is on it".to_owned());
    }
    let image = text(container, "/image");
    let (_, tag) = image.rsplit_once(':').unwrap_or((image, ""));
    if tag.is_empty() || tag.contains('/') || tag == "latest" {
        faults.push(format!("the image {image:?} names no version"));
    }
    faults
}

/// ConfigMaps and Secrets that are there, and `$(NAME)` only of what stands further up, where Kubernetes looks.
fn environment(build: &Build, container: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let from = container
        .pointer("/envFrom/0/configMapRef/name")
        .and_then(Value::as_str);
    if let Some(map) = from.filter(|map| build.one("ConfigMap", map).is_none()) {
        faults.push(format!("the ConfigMap {map} is not in this build"));
    }
    let entries = container.get("env").and_then(Value::as_array);
    let mut above: Vec<&str> = Vec::new();
    for entry in entries.into_iter().flatten() {
        let this = text(entry, "/name");
        let secret = text(entry, "/valueFrom/secretKeyRef/name");
        if !secret.is_empty() && !SECRETS.contains(&secret) {
            faults.push(format!(
                "{this}: nobody is told to make the Secret {secret}"
            ));
        }
        for reference in text(entry, "/value").split("$(").skip(1) {
            let wanted = reference.split(')').next().unwrap_or_default();
            if !above.contains(&wanted) {
                faults.push(format!(
                    "{this}: {wanted} must stand above it, or it stays `$({wanted})`"
                ));
            }
        }
        above.push(this);
    }
    faults
}
