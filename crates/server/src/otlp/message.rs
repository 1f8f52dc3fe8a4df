//! Spans as OTLP spells them, and what a collector answers.

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span as Told, Status};
use prost::Message as _;
use roomcast_gateway::{Deed, Entrance, Source, Span};
use roomcast_protocol::{ErrorCode, NodeId};

/// Who exports.
const SERVICE: &str = "roomcast";
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The flag of a recorded trace, in W3C's terms.
const SAMPLED: u32 = 0x01;

/// The request that brings these spans of a node.
pub(super) fn request(node: &NodeId, spans: Vec<Span>) -> Vec<u8> {
    let resource = Resource {
        attributes: vec![
            text("service.name", SERVICE),
            text("service.instance.id", node.as_str()),
            text("service.version", VERSION),
        ],
        ..Resource::default()
    };
    let scope = InstrumentationScope {
        name: SERVICE.into(),
        version: VERSION.into(),
        ..InstrumentationScope::default()
    };
    let scope_spans = ScopeSpans {
        scope: Some(scope),
        spans: spans.into_iter().map(told).collect(),
        ..ScopeSpans::default()
    };
    let resource_spans = ResourceSpans {
        resource: Some(resource),
        scope_spans: vec![scope_spans],
        ..ResourceSpans::default()
    };
    let request = ExportTraceServiceRequest {
        resource_spans: vec![resource_spans],
    };
    request.encode_to_vec()
}

/// What a collector says of a request that it took: how many of its spans it did not keep, and why.
/// What can't be read says nothing, as an empty answer does.
pub(super) fn rejected(answer: &[u8]) -> (u64, String) {
    let answer = ExportTraceServiceResponse::decode(answer).unwrap_or_default();
    let partial = answer.partial_success.unwrap_or_default();
    let count = u64::try_from(partial.rejected_spans).unwrap_or_default();
    (count, partial.error_message)
}

fn told(span: Span) -> Told {
    let (name, kind) = match &span.deed {
        Deed::Publish { .. } => ("publish", SpanKind::Server),
        Deed::Store { .. } => ("store", SpanKind::Client),
        Deed::Relay { .. } => ("relay", SpanKind::Consumer),
        Deed::Deliver { .. } => ("deliver", SpanKind::Internal),
    };
    let (attributes, status) = facts(&span.deed);
    Told {
        trace_id: span.trace_id.to_bytes().into(),
        span_id: span.span_id.to_bytes().into(),
        parent_span_id: span
            .parent
            .map(|id| id.to_bytes().into())
            .unwrap_or_default(),
        flags: SAMPLED,
        name: name.into(),
        kind: kind.into(),
        start_time_unix_nano: span.began_ns,
        end_time_unix_nano: span.ended_ns,
        attributes,
        status,
        ..Told::default()
    }
}

/// What is known of a deed, and whether it went wrong by a fault that is not its sender's.
fn facts(deed: &Deed) -> (Vec<KeyValue>, Option<Status>) {
    match deed {
        Deed::Publish { entrance, outcome } => {
            let entrance = match entrance {
                Entrance::Chat => "chat",
                Entrance::Direct => "direct",
                Entrance::BackEnd => "http",
            };
            let mut attributes = vec![text("roomcast.entrance", entrance)];
            let failed = match outcome {
                Some(Ok(())) => None,
                Some(Err(code)) => {
                    attributes.push(text("error.type", code.name()));
                    failed(*code)
                }
                None => {
                    attributes.push(text("error.type", "given_up"));
                    None
                }
            };
            (attributes, failed)
        }
        Deed::Store {
            outcome: Ok(stored),
        } => {
            let id = text("roomcast.message_id", &stored.id.to_string());
            let duplicate = attribute("roomcast.duplicate", Value::BoolValue(stored.duplicate));
            (vec![id, duplicate], None)
        }
        Deed::Store { outcome: Err(code) } => {
            (vec![text("error.type", code.name())], failed(*code))
        }
        Deed::Relay { source, members } => {
            let source = match source {
                Source::Feed => "feed",
                Source::Log => "log",
            };
            let members = i64::try_from(*members).unwrap_or(i64::MAX);
            let members = attribute("roomcast.members", Value::IntValue(members));
            (vec![text("roomcast.source", source), members], None)
        }
        Deed::Deliver { rank } => {
            let rank = attribute("roomcast.rank", Value::IntValue(i64::from(*rank)));
            (vec![rank], None)
        }
    }
}

fn failed(code: ErrorCode) -> Option<Status> {
    let is_ours = matches!(
        code,
        ErrorCode::TryAgain | ErrorCode::StoreRefused | ErrorCode::Internal
    );
    is_ours.then(|| Status {
        message: code.name().into(),
        code: StatusCode::Error.into(),
    })
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.into()))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}
