//! The table of requests and their answers: status, encoding, words and the counter.

use aether_telemetry::Outcome;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use super::support::{self, count, post, request, span, three_spans};
use super::{JSON, PROTOBUF, TRACE_ID, deflate, gzip, json_span, relay, zstd};

/// Headers, body, status, what the error says, its label in the counter.
type Case = (
    &'static str,
    Vec<(&'static str, &'static str)>,
    Vec<u8>,
    u16,
    &'static str,
    &'static str,
);

/// Two bytes each on the wire, and hundreds once they are decoded.
fn empty_spans(count: usize) -> Vec<u8> {
    request("page", vec![Span::default(); count]).encode_to_vec()
}

fn empty_json_spans(count: usize) -> String {
    let spans = "{},".repeat(count);
    format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{spans}{{}}]}}]}}]}}"#)
}

/// A span whose trace id lacks a byte.
fn short_id() -> Vec<u8> {
    let mut span = span(1, 1, "s");
    span.trace_id.pop();
    request("page", vec![span]).encode_to_vec()
}

fn in_encoding(encoding: &'static str) -> Vec<(&'static str, &'static str)> {
    vec![PROTOBUF, ("content-encoding", encoding)]
}

fn taken() -> Vec<Case> {
    let good = |what, headers, body| (what, headers, body, 200, "", "");
    let json_in = |encoding| vec![JSON, ("content-encoding", encoding)];
    vec![
        good("protobuf", vec![PROTOBUF], three_spans()),
        good("json", vec![JSON], json_span().into()),
        good("gzip", in_encoding("gzip"), gzip(&three_spans())),
        good("json gzip", json_in("GZIP"), gzip(json_span().as_bytes())),
        good("deflate", in_encoding("deflate"), deflate(&three_spans())),
        good("zstd", in_encoding("zstd"), zstd(&three_spans())),
        good("json zstd", json_in("zstd"), zstd(json_span().as_bytes())),
        good("identity", in_encoding("identity"), three_spans()),
        good("nothing", vec![PROTOBUF], vec![]),
        good("nothing in json", vec![JSON], vec![]),
        good("an empty object", vec![JSON], b"{}".to_vec()),
    ]
}

fn malformed() -> Vec<Case> {
    let bad = |what, headers, body, message| (what, headers, body, 400, message, "malformed");
    let json = || vec![JSON];
    let not_otlp = "not an OTLP traces request";
    vec![
        bad(
            "no protobuf",
            vec![PROTOBUF],
            b"\x0a\xff".to_vec(),
            not_otlp,
        ),
        bad(
            "wrong field type",
            vec![PROTOBUF],
            b"\x0a\x02\x12\x05".to_vec(),
            not_otlp,
        ),
        bad(
            "a short id",
            vec![PROTOBUF],
            short_id(),
            "trace id of 15 bytes",
        ),
        bad("no json", json(), b"{".to_vec(), not_otlp),
        bad(
            "short id in json",
            json(),
            json_span().replace(TRACE_ID, "5b8efff7").into(),
            "32 hexadecimal digits",
        ),
        bad(
            "no id in json",
            json(),
            json_span().replace("traceId", "other").into(),
            "trace id of 0 bytes",
        ),
        bad(
            "no gzip",
            in_encoding("gzip"),
            three_spans(),
            "does not decompress",
        ),
        bad(
            "no zstd",
            in_encoding("zstd"),
            three_spans(),
            "does not decompress",
        ),
    ]
}

fn too_large() -> Vec<Case> {
    let large = vec![b' '; 65_537];
    let big = |what, headers, body, message| (what, headers, body, 413, message, "too_large");
    let many = |what, headers, body| (what, headers, body, 413, "so many parts", "too_many_parts");
    vec![
        big(
            "plain",
            vec![JSON],
            large.clone(),
            "larger than 65536 bytes",
        ),
        big(
            "inside gzip",
            in_encoding("gzip"),
            gzip(&large),
            "after decompression",
        ),
        big(
            "inside deflate",
            in_encoding("deflate"),
            deflate(&large),
            "after decompression",
        ),
        big(
            "inside zstd",
            in_encoding("zstd"),
            zstd(&large),
            "after decompression",
        ),
        big(
            "announced",
            vec![PROTOBUF, ("content-length", "9999999")],
            vec![],
            "larger than",
        ),
        many(
            "many spans",
            in_encoding("gzip"),
            gzip(&empty_spans(20_000)),
        ),
        many(
            "many spans in json",
            vec![JSON, ("content-encoding", "gzip")],
            gzip(empty_json_spans(20_000).as_bytes()),
        ),
        many("many resources", vec![PROTOBUF], b"\x0a\x00".repeat(30_000)),
    ]
}

fn unsupported() -> Vec<Case> {
    let wrong =
        |what, headers, message, reason| (what, headers, three_spans(), 415, message, reason);
    let (kind, encoding) = ("unsupported_type", "unsupported_encoding");
    vec![
        wrong(
            "text",
            vec![("content-type", "text/plain")],
            "application/x-protobuf or application/json",
            kind,
        ),
        wrong("no type", vec![], "Content-Type must be", kind),
        wrong("brotli", in_encoding("br"), "gzip, deflate, zstd", encoding),
        wrong(
            "compressed twice",
            in_encoding("gzip, gzip"),
            "gzip, deflate",
            encoding,
        ),
    ]
}

#[tokio::test]
async fn requests_and_their_answers() {
    let telemetry = relay();
    let router = telemetry.relay_router();
    let cases = [taken(), malformed(), too_large(), unsupported()].concat();
    for (what, headers, body, status, said, reason) in cases {
        let before = count(&telemetry.status(), Outcome::Rejected, "relay", reason);
        // The answer has the encoding of the request; where that is none, a person can read it.
        let answered = match headers.first() {
            Some(&PROTOBUF) => "application/x-protobuf",
            _ => "application/json",
        };
        let response = post(&router, "/v1/traces", &headers, body).await;
        assert_eq!(response.status(), status, "{what}");
        assert_eq!(response.headers()["content-type"], answered, "{what}");
        if status == 200 {
            let success = if answered == "application/json" {
                "{}"
            } else {
                ""
            };
            assert_eq!(support::body(response).await, success.as_bytes(), "{what}");
            continue;
        }
        let message = super::message(response).await;
        assert!(message.contains(said), "{what}: {message}");
        let after = count(&telemetry.status(), Outcome::Rejected, "relay", reason);
        assert_eq!(after, before + 1, "{what} is counted");
    }
}
