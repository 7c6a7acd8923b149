//! The query API: Jaeger's JSON to the letter.

mod support;

use aether_telemetry::Telemetry;
use axum::Router;
use http::StatusCode;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use prost::Message;
use serde_json::{Value, json};
use support::{config, get, relay, request, span, start, text};

const START: u64 = 1_700_000_000_000_000_000;

fn attribute(key: &str, value: Any) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

fn click() -> Span {
    Span {
        kind: 3,
        flags: 0x101,
        trace_state: "a=b".to_owned(),
        attributes: vec![
            text("text", "ü"),
            attribute("flag", Any::BoolValue(false)),
            attribute("count", Any::IntValue(7)),
            attribute("half", Any::DoubleValue(0.5)),
            attribute("nan", Any::DoubleValue(f64::NAN)),
            attribute("raw", Any::BytesValue(vec![1, 2])),
            attribute(
                "list",
                Any::ArrayValue(ArrayValue {
                    values: vec![
                        AnyValue {
                            value: Some(Any::IntValue(1)),
                        },
                        AnyValue::default(),
                    ],
                }),
            ),
        ],
        ..span(1, 1, "send terminal:create")
    }
}

fn handle() -> Span {
    Span {
        parent_span_id: vec![1; 8],
        kind: 2,
        start_time_unix_nano: START + 500_000,
        end_time_unix_nano: START + 900_000,
        events: vec![Event {
            time_unix_nano: START + 600_000,
            name: "exception".to_owned(),
            attributes: vec![text("exception.type", "E")],
            ..Event::default()
        }],
        links: vec![Link {
            trace_id: vec![2; 16],
            span_id: vec![9; 8],
            ..Link::default()
        }],
        status: Some(Status {
            message: "no shell".to_owned(),
            code: 2,
        }),
        ..span(1, 2, "process terminal:create")
    }
}

/// A page and a server in trace 1, another page in trace 2 a second later.
async fn filled() -> (Telemetry, Router) {
    let telemetry = start(config(&[]));
    let mut other = span(2, 1, "GET");
    other.start_time_unix_nano += 1_000_000_000;
    other.end_time_unix_nano = other.start_time_unix_nano + 2_000_000_000;
    for request in [
        request("page", vec![click()]),
        request("server", vec![handle()]),
        request("page", vec![other]),
    ] {
        assert_eq!(
            relay(&telemetry, request.encode_to_vec()).await,
            StatusCode::OK
        );
    }
    let router = telemetry.query_router();
    (telemetry, router)
}

fn id(number: u8) -> String {
    format!("{number:02x}").repeat(16)
}

#[tokio::test]
async fn services_and_operations() {
    let (_telemetry, router) = filled().await;
    let envelope = |data: Value, total| {
        (
            StatusCode::OK,
            json!({"data": data, "total": total, "limit": 0, "offset": 0, "errors": null}),
        )
    };
    let found = get(&router, "/services").await;
    assert_eq!(found, envelope(json!(["page", "server"]), 2));
    let found = get(&router, "/services/page/operations").await;
    assert_eq!(found, envelope(json!(["GET", "send terminal:create"]), 2));
    let found = get(&router, "/services/no%20body/operations").await;
    assert_eq!(found, envelope(json!([]), 0));
    let found = get(&router, "/operations?service=page").await;
    let all = json!([
        {"name": "GET", "spanKind": ""},
        {"name": "send terminal:create", "spanKind": "client"},
    ]);
    assert_eq!(found, envelope(all, 2));
    let found = get(&router, "/operations?service=page&spanKind=client").await;
    assert_eq!(found.1["total"], 1);
}

#[tokio::test]
async fn a_trace_in_jaegers_shape() {
    let (_telemetry, router) = filled().await;
    let (status, found) = get(&router, &format!("/traces/{}", id(1))).await;
    assert_eq!(status, StatusCode::OK);
    let scope = [
        json!({"key": "otel.scope.name", "type": "string", "value": "scope"}),
        json!({"key": "otel.scope.version", "type": "string", "value": "1"}),
    ];
    let process = |name: &str| {
        json!({
            "serviceName": name,
            "tags": [{"key": "aether.source", "type": "string", "value": "browser"}],
        })
    };
    let expected = json!({
        "data": [{
            "traceID": id(1),
            "spans": [{
                "traceID": id(1),
                "spanID": "0101010101010101",
                "flags": 1,
                "operationName": "send terminal:create",
                "references": [],
                "startTime": 1_700_000_000_000_000u64,
                "duration": 1500,
                "tags": [
                    {"key": "text", "type": "string", "value": "ü"},
                    {"key": "flag", "type": "bool", "value": false},
                    {"key": "count", "type": "int64", "value": 7},
                    {"key": "half", "type": "float64", "value": 0.5},
                    {"key": "nan", "type": "string", "value": "NaN"},
                    {"key": "raw", "type": "binary", "value": "AQI="},
                    {"key": "list", "type": "string", "value": "[1,null]"},
                    scope[0], scope[1],
                    {"key": "span.kind", "type": "string", "value": "client"},
                    {"key": "w3c.tracestate", "type": "string", "value": "a=b"},
                ],
                "logs": [],
                "processID": "p1",
                "warnings": null,
            }, {
                "traceID": id(1),
                "spanID": "0202020202020202",
                "operationName": "process terminal:create",
                "references": [
                    {"refType": "CHILD_OF", "traceID": id(1), "spanID": "0101010101010101"},
                    {"refType": "FOLLOWS_FROM", "traceID": id(2), "spanID": "0909090909090909"},
                ],
                "startTime": 1_700_000_000_000_500u64,
                "duration": 400,
                "tags": [
                    scope[0], scope[1],
                    {"key": "span.kind", "type": "string", "value": "server"},
                    {"key": "otel.status_code", "type": "string", "value": "ERROR"},
                    {"key": "error", "type": "bool", "value": true},
                    {"key": "otel.status_description", "type": "string", "value": "no shell"},
                ],
                "logs": [{
                    "timestamp": 1_700_000_000_000_600u64,
                    "fields": [
                        {"key": "event", "type": "string", "value": "exception"},
                        {"key": "exception.type", "type": "string", "value": "E"},
                    ],
                }],
                "processID": "p2",
                "warnings": null,
            }],
            "processes": {"p1": process("page"), "p2": process("server")},
            "warnings": null,
        }],
        "total": 0, "limit": 0, "offset": 0, "errors": null,
    });
    assert_eq!(found, expected);
}

#[tokio::test]
async fn unknown_and_malformed_requests() {
    let (_telemetry, router) = filled().await;
    let not_found = get(&router, &format!("/traces/{}", id(9))).await;
    let expected = json!({
        "data": null, "total": 0, "limit": 0, "offset": 0,
        "errors": [{"code": 404, "msg": "trace not found"}],
    });
    assert_eq!(not_found, (StatusCode::NOT_FOUND, expected));
    for (path, status) in [
        ("/traces/xyz", 400),
        ("/traces?limit=0", 400),
        ("/traces?limit=100000", 400),
        ("/traces?minDuration=fast", 400),
        ("/traces?tags=x", 400),
        ("/operations", 400),
        ("/nothing", 404),
    ] {
        let (found, body) = get(&router, path).await;
        assert_eq!(found, status, "{path}");
        assert_eq!(body["errors"][0]["code"], status, "{path}");
        assert!(body["data"].is_null(), "{path}");
    }
}

#[tokio::test]
async fn searches() {
    let (_telemetry, router) = filled().await;
    for (query, expected) in [
        ("", vec![2, 1]),
        ("limit=1", vec![2]),
        ("service=server", vec![1]),
        ("service=page", vec![2, 1]),
        ("service=nobody", vec![]),
        ("service=page&operation=GET", vec![2]),
        ("service=server&operation=GET", vec![]),
        ("operation=GET", vec![2]),
        ("minDuration=1s", vec![2]),
        ("maxDuration=1s", vec![1]),
        ("start=1700000001000000", vec![2]),
        ("end=1700000000999999", vec![1]),
        ("lookback=1h", vec![]),
        ("lookback=1s&end=1700000001000000", vec![2, 1]),
        ("tags=%7B%22error%22%3A%22true%22%7D", vec![1]),
        (
            "tags=%7B%22count%22%3A%227%22%2C%22text%22%3A%22%C3%BC%22%7D",
            vec![1],
        ),
        ("tag=aether.source:browser", vec![2, 1]),
        ("tag=exception.type:E", vec![1]),
        ("tag=count:8", vec![]),
        // One span has to satisfy everything: the server's has no count.
        ("service=server&tag=count:7", vec![]),
        (
            "traceID=01010101010101010101010101010101&traceID=9",
            vec![1],
        ),
    ] {
        let (status, found) = get(&router, &format!("/traces?{query}")).await;
        assert_eq!(status, StatusCode::OK, "{query}");
        let found = found["data"].as_array().unwrap().iter();
        let ids: Vec<_> = found.map(|trace| trace["traceID"].clone()).collect();
        let expected: Vec<_> = expected.into_iter().map(id).collect();
        assert_eq!(ids, expected, "{query}");
    }
}

#[tokio::test]
async fn without_a_store_the_answer_says_how_to_get_one() {
    let telemetry = start(config(&[("AETHER_TELEMETRY_STORE", "never")]));
    let (status, body) = get(&telemetry.query_router(), "/services").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let message = body["errors"][0]["msg"].as_str().unwrap();
    assert!(
        message.contains("AETHER_TELEMETRY_STORE=always"),
        "{message}"
    );
}

#[tokio::test]
async fn an_answer_is_bounded() {
    let telemetry = start(config(&[]));
    for trace in 1..=4 {
        let spans = (0..9_000u64).map(|number| {
            let mut span = span(trace, 1, "s");
            span.span_id = (number + 1).to_be_bytes().to_vec();
            span.start_time_unix_nano += u64::from(trace);
            span
        });
        let body = request("page", spans.collect()).encode_to_vec();
        assert_eq!(relay(&telemetry, body).await, StatusCode::OK);
    }
    let (_, found) = get(&telemetry.query_router(), "/traces").await;
    let traces = found["data"].as_array().unwrap();
    let ids: Vec<_> = traces
        .iter()
        .map(|trace| trace["traceID"].clone())
        .collect();
    assert_eq!(ids, [id(4), id(3), id(2)]);
    let warning = traces[2]["warnings"][0].as_str().unwrap();
    assert!(warning.starts_with("1 older traces"), "{warning}");
    assert!(traces[0]["warnings"].is_null());
}
