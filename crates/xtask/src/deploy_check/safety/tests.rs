//! A build in which all is well, and what is found when one thing of it is not.

use serde_json::{Value, json};

use super::build::Build;
use super::{judge, settings};

const PAGE: &str = "- `--redis` · `ROOMCAST_REDIS` · default\n- `ROOMCAST_DRAIN_MS`\n";

fn meta(name: &str) -> Value {
    json!({"name": name, "namespace": "r"})
}

fn gateway() -> Value {
    let get = |path: &str| json!({"httpGet": {"path": path, "port": "ops"}});
    json!({"kind": "Deployment", "metadata": meta("gateway"), "spec": {
        "minReadySeconds": 45, "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": {"metadata": {"labels": {"app": "g"}}, "spec": {
            "automountServiceAccountToken": false, "enableServiceLinks": false,
            "serviceAccountName": "a", "terminationGracePeriodSeconds": 60,
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "gateway", "image": "host:1/roomcast:1.0",
                "envFrom": [{"configMapRef": {"name": "c"}}],
                "env": [
                    {"name": "P", "valueFrom": {"secretKeyRef": {"name": "roomcast-redis"}}},
                    {"name": "ROOMCAST_REDIS", "value": "redis://u:$(P)@h"},
                ],
                "ports": [{"name": "http"}, {"name": "ops"}],
                "startupProbe": get("/livez"), "livenessProbe": get("/livez"), "readinessProbe": get("/readyz"),
                "lifecycle": {"preStop": {"sleep": {"seconds": 15}}},
                "resources": {"requests": {"cpu": "1", "memory": "1"}, "limits": {"memory": "1"}},
                "securityContext": {
                    "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                    "capabilities": {"drop": ["ALL"]},
                },
            }],
        }},
    }})
}

fn all() -> Vec<Value> {
    let pods = json!({"app": "g"});
    vec![
        gateway(),
        json!({"kind": "Namespace", "metadata": {"name": "r"}}),
        json!({"kind": "ServiceAccount", "metadata": meta("a")}),
        json!({"kind": "ConfigMap", "metadata": meta("c"), "data": {"ROOMCAST_DRAIN_MS": "30000"}}),
        json!({"kind": "Service", "metadata": meta("gateway"), "spec": {"selector": pods, "ports": [
            {"name": "http", "port": 80, "targetPort": "http", "appProtocol": "kubernetes.io/ws"}]}}),
        json!({"kind": "HTTPRoute", "metadata": meta("gateway"), "spec": {
            "rules": [{"backendRefs": [{"name": "gateway", "port": 80}]}]}}),
        json!({"kind": "PodDisruptionBudget", "metadata": meta("gateway"), "spec": {
            "selector": {"matchLabels": pods}}}),
        json!({"kind": "HorizontalPodAutoscaler", "metadata": meta("gateway"), "spec": {
            "scaleTargetRef": {"name": "gateway"}}}),
        json!({"kind": "NetworkPolicy", "metadata": meta("default-deny"), "spec": {
            "podSelector": {}, "policyTypes": ["Ingress", "Egress"]}}),
    ]
}

fn faults(things: &[Value]) -> Vec<String> {
    judge(&Build::new(things), &settings(PAGE))
}

#[test]
fn a_build_in_which_all_is_well_has_no_faults() {
    assert_eq!(faults(&all()), Vec::<String>::new());
}

/// Which object, where in it, what stands there then, and words of the fault.
const PLANTED: &str = r#"[
    [0, "/spec/template/spec/terminationGracePeriodSeconds", 54, "make 55"],
    [0, "/spec/minReadySeconds", 44, "one takes 45 s to drain"],
    [0, "/spec/template/spec/securityContext/runAsNonRoot", false, "runAsNonRoot"],
    [0, "/spec/template/spec/enableServiceLinks", null, "enableServiceLinks"],
    [0, "/spec/strategy/rollingUpdate/maxUnavailable", "25%", "maxUnavailable 0"],
    [0, "CONTAINER/livenessProbe/httpGet/path", "/readyz", "livenessProbe"],
    [0, "CONTAINER/readinessProbe/httpGet/port", "http", "readinessProbe"],
    [0, "CONTAINER/env/1/value", "$(Q)", "Q must stand above it"],
    [0, "CONTAINER/env/1/name", "ROOMCAST_REDIZ", "ROOMCAST_REDIZ is no setting"],
    [0, "CONTAINER/env/0/valueFrom/secretKeyRef/name", "s", "the Secret s"],
    [0, "CONTAINER/image", "host:1/roomcast", "names no version"],
    [0, "CONTAINER/securityContext/capabilities", {}, "capabilities"],
    [0, "CONTAINER/resources/limits", {"cpu": "1"}, "a limit on CPU"],
    [3, "/metadata/name", "d", "the ConfigMap c is not in this build"],
    [4, "/spec/ports/0/targetPort", "web", "no port \"web\""],
    [4, "/spec/selector", {"app": "x"}, "it selects no pod"],
    [5, "/spec/rules/0/backendRefs/0/port", 8080, "it leads to no port"],
    [6, "/spec/selector/matchLabels", {"app": "x"}, "it selects no pod"],
    [6, "/metadata", {"name": "gateway"}, "it names no namespace"],
    [7, "/spec/scaleTargetRef/name", "x", "0 autoscalers"],
    [8, "/spec/policyTypes", ["Ingress"], "denies everything"]
]"#;

#[test]
fn each_thing_that_is_not_well_is_found() {
    let planted: Vec<(usize, String, Value, String)> =
        serde_json::from_str(PLANTED).expect("it is JSON");
    for (at, place, value, wanted) in planted {
        let place = place.replace("CONTAINER", "/spec/template/spec/containers/0");
        let mut things = all();
        *things[at].pointer_mut(&place).expect("the place is there") = value;
        let found = faults(&things);
        let is_found = found.iter().any(|fault| fault.contains(&wanted));
        assert!(is_found, "{place}: {found:?}");
    }
}

#[test]
fn two_autoscalers_fight_and_so_do_replicas() {
    let mut things = all();
    things[0]["spec"]["replicas"] = json!(3);
    things.push(
        json!({"kind": "ScaledObject", "metadata": meta("gateway"), "spec": {
        "scaleTargetRef": {"name": "gateway"}}}),
    );
    let found = faults(&things);
    assert!(
        found.iter().any(|fault| fault.contains("2 autoscalers")),
        "{found:?}"
    );
    assert!(
        found.iter().any(|fault| fault.contains("`replicas`")),
        "{found:?}"
    );
}
