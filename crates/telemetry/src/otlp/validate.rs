//! Whether a request is what it says it is, by decoding all of it: what [`super::survey`] has to agree
//! with. Part of tests and fuzz targets only.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

use super::count;
use super::schema::{self, Kind};
use super::wire::{Fields, Malformed};
use crate::Signal;

/// Decodes `request` and counts its items; the error is a sentence.
pub(crate) fn check(signal: Signal, request: &Bytes) -> Result<u64, String> {
    let failed = |error: prost::DecodeError| format!("not an OTLP {signal} request: {error}");
    match signal {
        Signal::Traces => {
            let traces = ExportTraceServiceRequest::decode(request.clone()).map_err(failed)?;
            check_ids(&traces)?;
        }
        Signal::Logs => {
            ExportLogsServiceRequest::decode(request.clone()).map_err(failed)?;
        }
        Signal::Metrics => {
            ExportMetricsServiceRequest::decode(request.clone()).map_err(failed)?;
        }
    }
    let malformed = |_| format!("not an OTLP {signal} request: malformed protobuf");
    if let Some((name, found)) = wrong_id(schema::request(signal), request).map_err(malformed)? {
        return Err(format!("a {name} has {found} bytes, which is no id"));
    }
    count::items(signal, request).map_err(malformed)
}

/// Ids of a wrong length. Such a span cannot be part of any trace.
fn check_ids(request: &ExportTraceServiceRequest) -> Result<(), String> {
    let spans = request
        .resource_spans
        .iter()
        .flat_map(|resource| &resource.scope_spans)
        .flat_map(|scope| &scope.spans);
    for (position, span) in spans.enumerate() {
        for (name, id, length) in [
            ("trace id", &span.trace_id, 16),
            ("span id", &span.span_id, 8),
        ] {
            if id.len() != length {
                let found = id.len();
                return Err(format!(
                    "span {position} has a {name} of {found} bytes; it must have {length}"
                ));
            }
        }
        let parent = span.parent_span_id.len();
        if parent != 0 && parent != 8 {
            return Err(format!(
                "span {position} has a parent span id of {parent} bytes; it must have 8 or be empty"
            ));
        }
    }
    Ok(())
}

/// An id of a wrong length wherever one may stand, links, log records and exemplars included: its
/// name and its length. It may be left out, and could not be written in JSON otherwise.
fn wrong_id(
    kind: &'static schema::Message,
    message: &[u8],
) -> Result<Option<(&'static str, usize)>, Malformed> {
    for field in Fields::new(message) {
        let field = field?;
        let (Some(known), Some(content)) = (kind.field(field.number), field.content) else {
            continue;
        };
        let wrong = match known.kind {
            Kind::Id(length) if !content.is_empty() && content.len() != length => {
                Some((known.json, content.len()))
            }
            Kind::Message(inner) => wrong_id(inner, content)?,
            _ => None,
        };
        if wrong.is_some() {
            return Ok(wrong);
        }
    }
    Ok(None)
}
