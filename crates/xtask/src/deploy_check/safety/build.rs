//! The objects of one build, and looking things up in them.

use serde_json::{Map, Value};

/// Kinds that make pods.
const WORKLOADS: &[&str] = &["Deployment", "StatefulSet", "Job"];

/// What one overlay became.
pub(super) struct Build<'a> {
    pub(super) things: &'a [Value],
}

impl<'a> Build<'a> {
    pub(super) fn new(things: &'a [Value]) -> Self {
        Self { things }
    }

    /// All objects of a kind.
    pub(super) fn of(&self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.things
            .iter()
            .filter(move |thing| text(thing, "/kind") == kind)
    }

    /// The object of that kind and name.
    pub(super) fn one(&self, kind: &'a str, name: &str) -> Option<&'a Value> {
        self.of(kind)
            .find(|thing| text(thing, "/metadata/name") == name)
    }

    /// Each workload with its pod template.
    pub(super) fn pods(&self) -> impl Iterator<Item = (&'a Value, &'a Value)> {
        let workloads = self
            .things
            .iter()
            .filter(|thing| WORKLOADS.contains(&text(thing, "/kind")));
        workloads.filter_map(|thing| Some((thing, thing.pointer("/spec/template")?)))
    }

    /// The data of the ConfigMap that a workload's first container takes its environment from.
    pub(super) fn settings_of(&self, workload: &Value) -> Option<&'a Map<String, Value>> {
        let place = "/spec/template/spec/containers/0/envFrom/0/configMapRef/name";
        let map = self.one("ConfigMap", text(workload, place))?;
        map.pointer("/data")?.as_object()
    }
}

/// `Kind/name`.
pub(super) fn name(thing: &Value) -> String {
    format!("{}/{}", text(thing, "/kind"), text(thing, "/metadata/name"))
}

/// The text at a place; empty where there is none.
pub(super) fn text<'v>(thing: &'v Value, place: &str) -> &'v str {
    thing
        .pointer(place)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

pub(super) fn number(thing: &Value, place: &str) -> Option<u64> {
    thing.pointer(place).and_then(Value::as_u64)
}

/// Whether a pod template has all labels of a selector; an absent or empty one matches none.
pub(super) fn labels_match(selector: Option<&Value>, pod: &Value) -> bool {
    let Some(wanted) = selector.and_then(Value::as_object) else {
        return false;
    };
    let labels = pod.pointer("/metadata/labels");
    let has =
        |(key, value): (&String, &Value)| labels.and_then(|labels| labels.get(key)) == Some(value);
    !wanted.is_empty() && wanted.iter().all(has)
}
