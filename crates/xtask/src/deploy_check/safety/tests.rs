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
        "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
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

#[test]
fn each_thing_that_is_not_well_is_found() {
    let container = "/spec/template/spec/containers/0";
    let planted: &[(usize, &str, Value, &str)] = &[
        (
            0,
            "/spec/template/spec/terminationGracePeriodSeconds",
            json!(54),
            "make 55",
        ),
        (
            0,
            "/spec/strategy/rollingUpdate/maxUnavailable",
            json!("25%"),
            "maxUnavailable 0",
        ),
        (
            0,
            &format!("{container}/livenessProbe/httpGet/path"),
            json!("/readyz"),
            "livenessProbe",
        ),
        (
            0,
            &format!("{container}/readinessProbe/httpGet/port"),
            json!("http"),
            "readinessProbe",
        ),
        (
            0,
            &format!("{container}/env/1/value"),
            json!("$(Q)"),
            "Q must stand above it",
        ),
        (
            0,
            &format!("{container}/env/1/name"),
            json!("ROOMCAST_REDIZ"),
            "ROOMCAST_REDIZ is no setting",
        ),
        (
            0,
            &format!("{container}/env/0/valueFrom/secretKeyRef/name"),
            json!("s"),
            "the Secret s",
        ),
        (
            0,
            &format!("{container}/image"),
            json!("host:1/roomcast"),
            "names no version",
        ),
        (
            0,
            &format!("{container}/securityContext/capabilities"),
            json!({}),
            "capabilities",
        ),
        (
            0,
            &format!("{container}/resources/limits"),
            json!({"cpu": "1"}),
            "a limit on CPU",
        ),
        (
            0,
            "/spec/template/spec/securityContext/runAsNonRoot",
            json!(false),
            "runAsNonRoot",
        ),
        (
            0,
            "/spec/template/spec/enableServiceLinks",
            Value::Null,
            "enableServiceLinks",
        ),
        (
            3,
            "/metadata/name",
            json!("d"),
            "the ConfigMap c is not in this build",
        ),
        (
            4,
            "/spec/ports/0/targetPort",
            json!("web"),
            "no port \"web\"",
        ),
        (
            4,
            "/spec/selector",
            json!({"app": "x"}),
            "it selects no pod",
        ),
        (
            5,
            "/spec/rules/0/backendRefs/0/port",
            json!(8080),
            "it leads to no port",
        ),
        (
            6,
            "/spec/selector/matchLabels",
            json!({"app": "x"}),
            "it selects no pod",
        ),
        (7, "/spec/scaleTargetRef/name", json!("x"), "0 autoscalers"),
        (
            8,
            "/spec/policyTypes",
            json!(["Ingress"]),
            "denies everything",
        ),
        (
            6,
            "/metadata",
            json!({"name": "gateway"}),
            "it names no namespace",
        ),
    ];
    for (at, place, value, wanted) in planted {
        let mut things = all();
        *things[*at].pointer_mut(place).expect("the place is there") = value.clone();
        let found = faults(&things);
        assert!(
            found.iter().any(|fault| fault.contains(wanted)),
            "{place}: {found:?}"
        );
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
