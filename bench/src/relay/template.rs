//! One request whose ids are written anew for each sending, so that it costs nothing to make.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;

/// Spans of a trace.
const PER_TRACE: u64 = 8;

/// A request and where the ids of its spans stand in it.
#[derive(Debug)]
pub(crate) struct Template {
    body: Vec<u8>,
    /// Of each span: where its trace id and its own id begin.
    ids: Vec<(usize, usize)>,
}

impl Template {
    /// A request of so many spans as a page or a service makes them: a dozen attributes of the
    /// resource, seven of each span, traces of eight.
    pub(crate) fn new(spans: u32) -> Self {
        let made: Vec<Span> = (0..u64::from(spans)).map(span).collect();
        let marks: Vec<Vec<u8>> = made.iter().map(|span| span.span_id.clone()).collect();
        let body = request(made).encode_to_vec();
        let mut ids = Vec::with_capacity(marks.len());
        let mut from = 0;
        for mark in marks {
            let found = body[from..].windows(8).position(|eight| eight == mark);
            // Every span is in there, in this order, and nothing else looks like its mark. The key
            // and the length of the id are two bytes behind the trace id.
            let at = from + found.unwrap_or_default();
            ids.push((at - 18, at));
            from = at;
        }
        Self { body, ids }
    }

    pub(crate) fn spans(&self) -> u64 {
        self.ids.len() as u64
    }

    /// The request of that number, and its spans' ids, added up.
    pub(crate) fn request(&self, number: u64) -> (Vec<u8>, u64) {
        let mut body = self.body.clone();
        let mut sum = 0u64;
        for (index, (trace, own)) in (0u64..).zip(&self.ids) {
            let span = number * self.spans() + index;
            // Different inputs, so that no span has the id of a trace.
            let high = mix(span / PER_TRACE * 2 + 1).to_be_bytes();
            let id = mix(span * 2 + 2);
            body[*trace..trace + 8].copy_from_slice(&high);
            body[trace + 8..trace + 16].copy_from_slice(&high);
            body[*own..own + 8].copy_from_slice(&id.to_be_bytes());
            sum = sum.wrapping_add(id);
        }
        (body, sum)
    }
}

/// A number that looks random, another one for every input; 0 for 0 only.
fn mix(input: u64) -> u64 {
    let mut number = input.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

fn span(index: u64) -> Span {
    let start = 1_795_305_600_000_000_000 + index * 1_000_000;
    let routes = ["/cart/{id}", "/checkout", "/search", "/item/{id}"];
    // In range: there are four.
    let route = routes[(index % 4) as usize];
    Span {
        trace_id: vec![0xaa; 16],
        // Odd bytes, which no text has.
        span_id: ((index + 1) | 0xfefe_fe00_0000_0000).to_be_bytes().to_vec(),
        parent_span_id: match index % PER_TRACE {
            0 => Vec::new(),
            _ => vec![0xbb; 8],
        },
        name: format!("GET {route}"),
        kind: 2,
        start_time_unix_nano: start,
        end_time_unix_nano: start + 12_345_678,
        attributes: vec![
            text("http.request.method", "GET"),
            text(
                "url.full",
                "https://shop.example/cart/8713?from=home&page=2",
            ),
            text("http.route", route),
            text("server.address", "shop.example"),
            attribute("http.response.status_code", Value::IntValue(200)),
            attribute("http.response.body.size", Value::IntValue(18_211)),
            attribute("app.cached", Value::BoolValue(index.is_multiple_of(2))),
        ],
        status: Some(Status::default()),
        ..Span::default()
    }
}

fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: vec![
                    text("service.name", "shop"),
                    text("service.version", "4.2.0"),
                    text(
                        "service.instance.id",
                        "6f1a2d7e-0f64-4d4a-9a42-7b3f4e2d9c11",
                    ),
                    text("telemetry.sdk.name", "opentelemetry"),
                    text("telemetry.sdk.language", "webjs"),
                    text("telemetry.sdk.version", "2.12.0"),
                    text("deployment.environment.name", "production"),
                    text("browser.language", "de-CH"),
                ],
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans {
                scope: Some(InstrumentationScope {
                    name: "shop.http".to_owned(),
                    version: "1.0.0".to_owned(),
                    ..InstrumentationScope::default()
                }),
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_span_of_every_request_has_an_id_of_its_own() {
        let template = Template::new(24);
        let mut seen = BTreeSet::new();
        for number in 0..3 {
            let (body, sum) = template.request(number);
            let decoded = ExportTraceServiceRequest::decode(&*body).unwrap();
            let spans = &decoded.resource_spans[0].scope_spans[0].spans;
            assert_eq!(spans.len(), 24);
            let mut added = 0u64;
            for span in spans {
                let id = <[u8; 8]>::try_from(&*span.span_id).unwrap();
                added = added.wrapping_add(u64::from_be_bytes(id));
                assert!(seen.insert(id) && id != [0; 8]);
                assert_ne!(span.trace_id, [0xaa; 16]);
            }
            assert_eq!(added, sum);
            let [first, .., last] = &spans[..8] else {
                unreachable!()
            };
            assert_eq!(first.trace_id, last.trace_id);
            assert_ne!(first.trace_id, spans[8].trace_id);
        }
    }
}
