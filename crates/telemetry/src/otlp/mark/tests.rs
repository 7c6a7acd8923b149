use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use proptest::prelude::*;
use prost::Message;

use super::*;

fn attribute(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    }
}

fn request(resource: Option<Resource>) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource,
            scope_spans: vec![ScopeSpans {
                spans: vec![Span {
                    name: "kept".to_owned(),
                    ..Span::default()
                }],
                ..ScopeSpans::default()
            }],
            schema_url: "kept".to_owned(),
        }],
    }
}

fn resource(attributes: Vec<KeyValue>) -> Option<Resource> {
    Some(Resource {
        attributes,
        dropped_attributes_count: 3,
        ..Resource::default()
    })
}

fn marked(request: &[u8]) -> ExportTraceServiceRequest {
    let bytes = mark(request, "aether.source", "browser").unwrap();
    ExportTraceServiceRequest::decode(&*bytes).unwrap()
}

#[test]
fn a_forged_mark_is_replaced() {
    let forged = vec![
        attribute("aether.source", "backend"),
        attribute("service.name", "page"),
        attribute("aether.source", ""),
    ];
    let honest = vec![
        attribute("service.name", "page"),
        attribute("aether.source", "browser"),
    ];
    let found = marked(&request(resource(forged)).encode_to_vec());
    assert_eq!(found, request(resource(honest)));
}

#[test]
fn a_resource_is_made_where_there_is_none() {
    let found = marked(&request(None).encode_to_vec());
    let expected = Resource {
        attributes: vec![attribute("aether.source", "browser")],
        ..Resource::default()
    };
    assert_eq!(found, request(Some(expected)));
}

#[test]
fn a_mark_hidden_in_pieces_is_replaced() {
    // The same resource written in two pieces, and a key written twice: the last one counts.
    let mut hidden = Vec::new();
    put_bytes(&mut hidden, 1, b"harmless");
    put_bytes(&mut hidden, 1, b"aether.source");
    let mut piece = Vec::new();
    put_bytes(&mut piece, 1, &hidden);
    let mut other = Vec::new();
    put_bytes(&mut other, 1, &attribute("b", "c").encode_to_vec());
    let mut spans = Vec::new();
    put_bytes(&mut spans, 1, &piece);
    put_bytes(&mut spans, 1, &other);
    let mut bytes = Vec::new();
    put_bytes(&mut bytes, 1, &spans);

    let found = marked(&bytes);
    let attributes = &found.resource_spans[0]
        .resource
        .as_ref()
        .unwrap()
        .attributes;
    assert_eq!(
        *attributes,
        [attribute("b", "c"), attribute("aether.source", "browser")]
    );
}

#[test]
fn unknown_fields_survive() {
    let mut bytes = request(None).encode_to_vec();
    put_bytes(&mut bytes, 99, b"from the future");
    let out = mark(&bytes, "k", "v").unwrap();
    let found = Fields::new(&out).map(|field| field.unwrap());
    assert!(found.into_iter().any(|field| field.number == 99));
}

proptest! {
    #[test]
    fn arbitrary_bytes_end_without_a_panic(bytes: Vec<u8>) {
        if let Ok(out) = mark(&bytes, "k", "v") {
            // What was well-formed stays well-formed.
            prop_assert!(Fields::new(&out).all(|field| field.is_ok()));
        }
    }
}
