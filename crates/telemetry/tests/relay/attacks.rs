//! Requests that are made to hurt: deep, repeated, cut off, slow, too many.

use axum::body::Body;
use bytes::Bytes;
use http::{Request, StatusCode};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use prost::Message;
use tower::ServiceExt;

use super::support::decoded::{attribute, resource, spans};
use super::support::{config, post, start};
use super::{JSON, PROTOBUF, TRACE_ID, gzip, json_span, message, relay, to_backend};

async fn send(path: &str, kind: (&str, &str), body: impl Into<Body>) -> (StatusCode, String) {
    let response = post(&relay().relay_router(), path, &[kind], body).await;
    match response.status() {
        StatusCode::OK => (StatusCode::OK, String::new()),
        status => (status, message(response).await),
    }
}

fn log_with_body(value: &str) -> String {
    format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{value}}}]}}]}}]}}"#)
}

/// Length-delimited fields around `inner`, the last number outermost.
fn wrap(numbers: &[u8], inner: Vec<u8>) -> Vec<u8> {
    numbers.iter().fold(inner, |inner, number| {
        let mut out = vec![number << 3 | 2];
        let mut length = inner.len();
        while length >= 0x80 {
            out.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        out.push(length as u8);
        [out, inner].concat()
    })
}

#[tokio::test]
async fn depth_is_bounded_in_json() {
    for (open, close, deep) in [
        (r#"{"arrayValue":{"values":["#, "]}}", false),
        (r#"{"kvlistValue":{"values":[{"value":"#, "}]}}", false),
        // What is not known is passed over, however deep it is.
        (r#"{"x":["#, "]}", true),
    ] {
        for (depth, taken) in [(5, true), (500, deep), (5_000, deep)] {
            let value = format!("{}{{}}{}", open.repeat(depth), close.repeat(depth));
            let (status, said) = send("/v1/logs", JSON, log_with_body(&value)).await;
            assert_eq!(status == StatusCode::OK, taken, "{open} {depth} {said}");
        }
    }
}

#[tokio::test]
async fn depth_is_bounded_in_protobuf() {
    for (depth, taken) in [(5, true), (500, false), (5_000, false)] {
        let mut value = Vec::new();
        for _ in 0..depth {
            // A value that is a list of one value.
            value = wrap(&[1, 5], value);
        }
        let body = wrap(&[5, 2, 2, 1], value);
        let (status, said) = send("/v1/logs", PROTOBUF, body).await;
        assert_eq!(status == StatusCode::OK, taken, "{depth} {said}");
    }
}

#[tokio::test]
async fn of_keys_that_are_there_twice_the_last_one_counts() {
    // A resource written twice, and an attribute whose key is another one in the end.
    let forged = json_span().replace(
        "{\"scopeSpans\"",
        r#"{"resource":{"attributes":[{"key":"a","key":"aether.source","value":{"stringValue":"server"}}]},
            "resource":{"attributes":[{"key":"aether.source","value":{"intValue":1},"value":{"stringValue":"x"}}]},"scopeSpans""#,
    );
    let twice = forged.replace(r#""name":"from json""#, r#""name":"first","name":"last""#);
    let (telemetry, backend) = to_backend(&[]).await;
    let response = post(&telemetry.relay_router(), "/v1/traces", &[JSON], twice).await;
    assert_eq!(response.status(), StatusCode::OK);
    let received = backend.wait(1).await;
    assert_eq!(spans(&received)[0].name, "last");
    let resource = resource(&received);
    assert_eq!(resource.attributes.len(), 1, "{resource:?}");
    let source = attribute(&resource.attributes, "aether.source");
    assert_eq!(source.as_deref(), Some("browser"));
}

#[tokio::test]
async fn what_is_no_text_is_refused() {
    let name = wrap(&[5, 2, 2, 1], b"\xff\xfe".to_vec());
    let key = wrap(&[1, 9, 2, 2, 1], b"\xc3\x28".to_vec());
    let mut json = json_span().into_bytes();
    let place = json.windows(4).position(|four| four == b"from").unwrap();
    json[place] = 0xff;
    let lonely = json_span().replace("from json", r"\ud800");
    for (kind, body) in [
        (PROTOBUF, name),
        (PROTOBUF, key),
        (JSON, json),
        (JSON, lonely.into_bytes()),
    ] {
        let (status, said) = send("/v1/traces", kind, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{said}");
    }
}

#[tokio::test]
async fn lengths_that_lie_are_refused() {
    // -1, more than there is, more than there can be, and a group.
    for body in [
        &b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"[..],
        b"\x0a\x7f",
        b"\x0a\xff\xff\xff\xff\x0f",
        b"\x0b\x0c",
        b"\x00",
        b"\x0a",
    ] {
        let (status, said) = send("/v1/traces", PROTOBUF, body.to_vec()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body:?} {said}");
    }
}

#[tokio::test]
async fn wrong_ids_are_refused_wherever_they_stand() {
    for (from, to) in [
        (TRACE_ID, "5B8EFFF798038103D269B633813FC60"),
        (TRACE_ID, "zb8efff798038103d269b633813fc60c"),
        (TRACE_ID, "W4vv95gDgQPSabYzgT/GDA=="),
        ("eee19b7ec3c1b174", "eee19b7ec3c1b17"),
        ("eee19b7ec3c1b174", ""),
        (r#""links":null"#, r#""links":[{"traceId":"00"}]"#),
        (r#""links":null"#, r#""parentSpanId":"é000000000000000""#),
    ] {
        let (status, said) = send("/v1/traces", JSON, json_span().replace(from, to)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{to} {said}");
    }
    // In protobuf: of a link, a log record and an exemplar.
    let good = [vec![0x0a, 16], vec![1; 16], vec![0x12, 8], vec![1; 8]].concat();
    let link = [&good[..], b"\x6a\x05\x0a\x03abc"].concat();
    for (path, body) in [
        ("/v1/traces", wrap(&[2, 2, 1], link)),
        ("/v1/logs", wrap(&[9, 2, 2, 1], b"abc".to_vec())),
        ("/v1/metrics", wrap(&[4, 5, 1, 5, 2, 2, 1], b"abc".to_vec())),
    ] {
        let (status, said) = send(path, PROTOBUF, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path} {said}");
        assert!(said.contains("3 bytes"), "{path} {said}");
    }
}

#[tokio::test]
async fn numbers_that_do_not_fit_are_refused() {
    for value in [
        r#"{"intValue":"9223372036854775808"}"#,
        r#"{"intValue":1e300}"#,
        r#"{"intValue":"0x10"}"#,
        r#"{"intValue":1.5}"#,
        r#"{"boolValue":"true"}"#,
        r#"{"bytesValue":"*"}"#,
    ] {
        let (status, said) = send("/v1/logs", JSON, log_with_body(value)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{value} {said}");
    }
}

#[tokio::test]
async fn many_slow_bodies_have_a_bound_together() {
    use futures_util::StreamExt;
    let telemetry = start(config(&[("AETHER_TELEMETRY_MAX_REQUEST_BYTES", "1024")]));
    let router = telemetry.relay_router();
    let slow = || {
        let first =
            futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from(vec![0; 1000]))]);
        let body = Body::from_stream(first.chain(futures_util::stream::pending()));
        let request = Request::post("/v1/traces").header(PROTOBUF.0, PROTOBUF.1);
        router.clone().oneshot(request.body(body).unwrap())
    };
    // 32 of the largest requests may be on their way; a thousand bytes each, 32 fit.
    let mut open = Vec::new();
    for _ in 0..32 {
        let mut one = Box::pin(slow());
        assert!(futures_util::poll!(&mut one).is_pending());
        open.push(one);
    }
    let response = slow().await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "1");
    // Whoever goes makes room.
    drop(open);
    let body = ExportLogsServiceRequest::default().encode_to_vec();
    let response = post(&router, "/v1/logs", &[PROTOBUF], body).await;
    assert_eq!(response.status(), StatusCode::OK);
    let mut one = Box::pin(slow());
    assert!(futures_util::poll!(&mut one).is_pending());
}

#[tokio::test]
async fn many_keys_and_many_attributes_take_bounded_time_and_memory() {
    let attributes: Vec<_> = (0..800).map(|n| format!(r#"{{"key":"k{n}"}}"#)).collect();
    let attributes = attributes.join(",");
    let body = json_span().replace(r#"{"key":"n","value":{"intValue":"7"}}"#, &attributes);
    let (telemetry, backend) = to_backend(&[]).await;
    let headers = [JSON, ("content-encoding", "gzip")];
    let router = telemetry.relay_router();
    let response = post(&router, "/v1/traces", &headers, gzip(body.as_bytes())).await;
    assert_eq!(response.status(), StatusCode::OK);
    let span = spans(&backend.wait(1).await).remove(0);
    assert_eq!(span.attributes.len(), 128);
    assert_eq!(span.dropped_attributes_count, 801 - 128);
}
