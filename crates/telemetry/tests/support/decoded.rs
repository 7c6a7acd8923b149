//! What a backend received, decoded.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use super::backend::Received;

/// A log record with the name of its scope.
#[derive(Debug, Clone)]
pub struct Log {
    pub scope: String,
    pub record: LogRecord,
}

impl Log {
    pub fn text(&self) -> String {
        let body = self
            .record
            .body
            .as_ref()
            .and_then(|body| body.value.clone());
        match body {
            Some(Value::StringValue(text)) => text,
            other => format!("{other:?}"),
        }
    }
}

pub fn spans(received: &[Received]) -> Vec<Span> {
    let requests = of::<ExportTraceServiceRequest>(received, "/v1/traces").into_iter();
    let resources = requests.flat_map(|request| request.resource_spans);
    let scopes = resources.flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

pub fn logs(received: &[Received]) -> Vec<Log> {
    let requests = of::<ExportLogsServiceRequest>(received, "/v1/logs").into_iter();
    let resources = requests.flat_map(|request| request.resource_logs);
    let scopes = resources.flat_map(|resource| resource.scope_logs);
    scopes
        .flat_map(|scope| {
            let name = scope.scope.unwrap_or_default().name;
            scope.log_records.into_iter().map(move |record| Log {
                scope: name.clone(),
                record,
            })
        })
        .collect()
}

pub fn metrics(received: &[Received]) -> Vec<Metric> {
    let requests = of::<ExportMetricsServiceRequest>(received, "/v1/metrics").into_iter();
    let resources = requests.flat_map(|request| request.resource_metrics);
    let scopes = resources.flat_map(|resource| resource.scope_metrics);
    scopes.flat_map(|scope| scope.metrics).collect()
}

/// The resource of the first spans.
pub fn resource(received: &[Received]) -> Resource {
    let requests = of::<ExportTraceServiceRequest>(received, "/v1/traces").into_iter();
    let mut resources = requests.flat_map(|request| request.resource_spans);
    let first = resources.next().expect("some spans");
    first.resource.expect("a resource")
}

/// The value of an attribute as text; numbers and booleans as they are written.
pub fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|one| one.key == key)?;
    Some(match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        Value::DoubleValue(number) => number.to_string(),
        Value::BoolValue(truth) => truth.to_string(),
        other => format!("{other:?}"),
    })
}

fn of<M: Message + Default>(received: &[Received], path: &str) -> Vec<M> {
    let line = format!("{path} http");
    let requests = received.iter();
    let requests = requests.filter(|request| {
        let first = request.head.lines().next().unwrap_or_default();
        first.contains(&line)
    });
    requests
        .map(|request| M::decode(&*request.body).expect("protobuf"))
        .collect()
}
