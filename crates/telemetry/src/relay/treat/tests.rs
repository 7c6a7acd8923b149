use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use proptest::prelude::*;
use prost::Message;

use super::*;
use crate::config::{RelaySettings, Scrub};
use crate::otlp::testing::attribute;

fn text(text: &str) -> Value {
    Value::StringValue(text.to_owned())
}

fn request(resource: Option<Resource>, span: Span) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource,
            scope_spans: vec![ScopeSpans {
                spans: vec![span],
                ..ScopeSpans::default()
            }],
            schema_url: "kept".to_owned(),
        }],
    }
}

fn resource(attributes: Vec<KeyValue>) -> Option<Resource> {
    Some(Resource {
        attributes,
        ..Resource::default()
    })
}

fn treat(settings: &RelaySettings, request: &[u8], stamp: &Stamp) -> ExportTraceServiceRequest {
    let treatment = Treatment::new(settings, None).unwrap();
    let treated = treatment
        .apply(Signal::Traces, request, None, stamp)
        .unwrap();
    ExportTraceServiceRequest::decode(&*treated.body).unwrap()
}

fn source() -> KeyValue {
    attribute(SOURCE, text("browser"))
}

/// A span with these attributes, after it was treated by these settings.
fn span_with(settings: &RelaySettings, attributes: Vec<KeyValue>) -> Span {
    let span = Span {
        attributes,
        ..Span::default()
    };
    let request = request(None, span).encode_to_vec();
    let mut found = treat(settings, &request, &Stamp::default());
    found.resource_spans[0].scope_spans[0].spans.remove(0)
}

#[test]
fn a_forged_mark_is_replaced_wherever_it_stands() {
    let forged = || attribute(SOURCE, text("server"));
    let mut sent = request(
        resource(vec![
            forged(),
            attribute("service.name", text("page")),
            attribute(CLIENT, text("shop")),
            forged(),
        ]),
        Span {
            attributes: vec![forged(), attribute("kept", text("1"))],
            ..Span::default()
        },
    );
    sent.resource_spans[0].scope_spans[0].scope = Some(InstrumentationScope {
        attributes: vec![forged()],
        ..InstrumentationScope::default()
    });
    let found = treat(
        &RelaySettings::default(),
        &sent.encode_to_vec(),
        &Stamp::default(),
    );
    let part = &found.resource_spans[0];
    let honest = [attribute("service.name", text("page")), source()];
    assert_eq!(part.resource.as_ref().unwrap().attributes, honest);
    let scope = &part.scope_spans[0];
    assert_eq!(scope.scope, Some(InstrumentationScope::default()));
    assert_eq!(scope.spans[0].attributes, [attribute("kept", text("1"))]);
    assert_eq!(part.schema_url, "kept");
}

#[test]
fn a_mark_hidden_in_pieces_is_replaced() {
    // The same resource written in two pieces, and a key written twice: the last one counts.
    let mut hidden = Vec::new();
    put_bytes(&mut hidden, 1, b"harmless");
    put_bytes(&mut hidden, 1, SOURCE.as_bytes());
    let mut piece = Vec::new();
    put_bytes(&mut piece, 1, &hidden);
    let mut other = Vec::new();
    put_bytes(&mut other, 1, &attribute("b", text("c")).encode_to_vec());
    let mut spans = Vec::new();
    put_bytes(&mut spans, 1, &piece);
    put_bytes(&mut spans, 1, &other);
    let mut bytes = Vec::new();
    put_bytes(&mut bytes, 1, &spans);

    let found = treat(&RelaySettings::default(), &bytes, &Stamp::default());
    let resource = found.resource_spans[0].resource.as_ref().unwrap();
    assert_eq!(resource.attributes, [attribute("b", text("c")), source()]);
}

#[test]
fn what_the_relay_knows_is_said_once() {
    let claimed = vec![
        attribute("client.address", text("6.6.6.6")),
        attribute("user_agent.original", text("own")),
    ];
    let stamp = Stamp {
        client: Some("shop".into()),
        address: Some("192.0.2.0".to_owned()),
        user_agent: Some("Mozilla/5.0".to_owned()),
        ..Stamp::default()
    };
    let known = |resource| {
        let request = request(resource, Span::default()).encode_to_vec();
        let found = treat(&RelaySettings::default(), &request, &stamp);
        found.resource_spans[0].resource.clone().unwrap().attributes
    };
    let address = attribute("client.address", text("192.0.2.0"));
    let client = attribute(CLIENT, text("shop"));
    let agent = |agent| attribute("user_agent.original", text(agent));
    let own = [agent("own"), source(), client.clone(), address.clone()];
    assert_eq!(known(resource(claimed)), own);
    assert_eq!(
        known(None),
        [source(), client, address, agent("Mozilla/5.0")]
    );
}

#[test]
fn secrets_are_masked_at_any_depth() {
    let list = |values: Vec<KeyValue>| Value::KvlistValue(KeyValueList { values });
    let array = |values: Vec<Value>| {
        let values = values
            .into_iter()
            .map(|value| AnyValue { value: Some(value) });
        Value::ArrayValue(ArrayValue {
            values: values.collect(),
        })
    };
    let url = "/pay?token=s3cr3t";
    let found = span_with(
        &RelaySettings::default(),
        vec![
            attribute("password", Value::IntValue(1234)),
            attribute("url.full", text(url)),
            attribute(
                "headers",
                list(vec![
                    attribute("Authorization", text("x")),
                    attribute("deep", array(vec![text("fine"), array(vec![text(url)])])),
                ]),
            ),
            attribute("count", Value::IntValue(7)),
        ],
    );
    let masked = "/pay?token=****";
    let expected = [
        attribute("password", text("****")),
        attribute("url.full", text(masked)),
        attribute(
            "headers",
            list(vec![
                attribute("Authorization", text("****")),
                attribute("deep", array(vec![text("fine"), array(vec![text(masked)])])),
            ]),
        ),
        attribute("count", Value::IntValue(7)),
    ];
    assert_eq!(found.attributes, expected);
}

#[test]
fn own_rules_delete_and_hash() {
    let list = |keys: &[&str]| keys.iter().map(|&key| key.to_owned()).collect();
    let settings = RelaySettings {
        scrub: Scrub {
            delete: list(&["*.phone"]),
            hash: list(&["user.email"]),
            ..Scrub::none()
        },
        ..RelaySettings::default()
    };
    let found = span_with(
        &settings,
        vec![
            attribute("user.phone", text("1")),
            attribute("user.email", text("me@shop.example")),
            attribute("password", text("hunter2")),
        ],
    );
    assert_eq!(found.attributes[1], attribute("password", text("hunter2")));
    assert_eq!(found.attributes.len(), 2);
    let hash = &found.attributes[0];
    assert_eq!(hash.key, "user.email");
    match &hash.value.as_ref().unwrap().value {
        Some(Value::StringValue(hash)) => {
            assert!(
                hash.len() == 32 && hash.bytes().all(|b| b.is_ascii_hexdigit()),
                "{hash}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn names_and_messages_are_scrubbed_and_cut() {
    let settings = RelaySettings {
        limits: RelayLimits {
            value_length: Some(12),
            ..RelayLimits::default()
        },
        ..RelaySettings::default()
    };
    let span = Span {
        name: "/a?token=s3cr3t".to_owned(),
        status: Some(Status {
            message: "größer als zwölf".to_owned(),
            code: 2,
        }),
        attributes: vec![attribute("bytes", Value::BytesValue(vec![7; 13]))],
        trace_state: "longer than twelve".to_owned(),
        ..Span::default()
    };
    let found = treat(
        &settings,
        &request(None, span).encode_to_vec(),
        &Stamp::default(),
    );
    let span = &found.resource_spans[0].scope_spans[0].spans[0];
    assert_eq!(span.name, "/a?token=***");
    let status = span.status.as_ref().unwrap();
    assert_eq!((&*status.message, status.code), ("größer als z", 2));
    assert_eq!(span.trace_state, "longer than twelve");
    let cut = attribute("bytes", Value::BytesValue(vec![7; 12]));
    assert_eq!(span.attributes, [cut]);
}

#[test]
fn attributes_beyond_the_bound_are_counted() {
    let settings = RelaySettings {
        limits: RelayLimits {
            attributes: Some(2),
            ..RelayLimits::default()
        },
        ..RelaySettings::default()
    };
    let number = |n: i64| attribute(&format!("k{n}"), Value::IntValue(n));
    let span = Span {
        attributes: vec![
            number(1),
            attribute(SOURCE, text("x")),
            number(2),
            number(3),
        ],
        dropped_attributes_count: 5,
        ..Span::default()
    };
    let found = treat(
        &settings,
        &request(None, span).encode_to_vec(),
        &Stamp::default(),
    );
    let span = &found.resource_spans[0].scope_spans[0].spans[0];
    assert_eq!(span.attributes, [number(1), number(2)]);
    assert_eq!(span.dropped_attributes_count, 6);
}

#[test]
fn times_follow_the_servers_clock_where_the_client_says_its_own() {
    let minute = 60_000_000_000u64;
    let now = 1_800_000_000_000_000_000u64;
    let span = Span {
        start_time_unix_nano: now - minute - 1_500_000,
        end_time_unix_nano: now - minute,
        ..Span::default()
    };
    let sent = request(None, span).encode_to_vec();
    let with = |sent_at| {
        let stamp = Stamp {
            sent_at,
            received: now,
            ..Stamp::default()
        };
        treat(&RelaySettings::default(), &sent, &stamp)
    };
    // Its clock is a minute behind.
    let found = with(Some((now - minute) / 1_000_000));
    let part = &found.resource_spans[0];
    let span = &part.scope_spans[0].spans[0];
    assert_eq!(span.end_time_unix_nano, now);
    assert_eq!(span.start_time_unix_nano, now - 1_500_000);
    let said = [
        source(),
        attribute(CLOCK_CORRECTED, Value::BoolValue(true)),
        attribute(CLOCK_OFFSET, Value::IntValue(60_000)),
    ];
    assert_eq!(part.resource.as_ref().unwrap().attributes, said);
    // Right, or not known to be wrong.
    for sent_at in [Some(now / 1_000_000), None] {
        let found = with(sent_at);
        let span = &found.resource_spans[0].scope_spans[0].spans[0];
        assert_eq!(span.end_time_unix_nano, now - minute, "{sent_at:?}");
    }
}

#[test]
fn what_needs_no_change_is_copied_as_it_was_written() {
    // Lengths written with more bytes than they need, and fields of the future.
    let mut span = Vec::new();
    put_bytes(&mut span, 99, b"from the future");
    span.extend_from_slice(b"\x2a\x84\x00name");
    let mut scope = Vec::new();
    put_bytes(&mut scope, 2, &span);
    let mut part = Vec::new();
    put_bytes(&mut part, 2, &scope);
    put_bytes(&mut part, 77, b"later");
    let mut bytes = Vec::new();
    put_bytes(&mut bytes, 1, &part);
    put_bytes(&mut bytes, 98, b"even later");
    let treatment = Treatment::new(&RelaySettings::default(), None).unwrap();
    let treated = treatment.apply(Signal::Traces, &bytes, None, &Stamp::default());
    let body = treated.unwrap().body;
    let has = |needle: &[u8]| body.windows(needle.len()).any(|window| window == needle);
    assert!(has(&part), "{body:?}");
    assert!(has(b"even later"));
}

proptest! {
    #[test]
    fn arbitrary_bytes_end_without_a_panic(bytes: Vec<u8>) {
        let treatment = Treatment::new(&RelaySettings::default(), None).unwrap();
        for signal in Signal::ALL {
            if let Ok(treated) = treatment.apply(signal, &bytes, None, &Stamp::default()) {
                // What was well-formed stays well-formed.
                prop_assert!(Fields::new(&treated.body).all(|field| field.is_ok()));
            }
        }
    }
}
