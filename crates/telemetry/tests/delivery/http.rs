//! Answers to OTLP over HTTP: what is delivered, repeated, given up and shown.

use std::time::{Duration, Instant, SystemTime};

use aether_telemetry::{Outcome, Protocol, Retry, Telemetry};
use http::StatusCode;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message;

use super::{dropped, exported, last_error, settled, support, traces_to};
use crate::grpc_backend::GrpcBackend;
use crate::support::backend::{Act, Backend, Received, status};
use crate::support::{config, count, relay, start, three_spans, wait_for};

/// Sends three spans through a backend with that script; waits until their fate is known.
async fn deliver(script: Vec<Act>) -> (Telemetry, Backend, Vec<Received>) {
    let requests = script.len();
    let backend = Backend::start(script, None).await;
    let telemetry = start(traces_to(&backend.url, Protocol::HttpProtobuf));
    assert_eq!(relay(&telemetry, three_spans()).await, StatusCode::OK);
    settled(&telemetry).await;
    let received = backend.wait(requests).await;
    assert_eq!(received.len(), requests, "no more requests than told");
    (telemetry, backend, received)
}

#[tokio::test]
async fn any_2xx_is_success() {
    for code in [200, 202, 204] {
        let (telemetry, backend, _) = deliver(vec![status(code)]).await;
        assert_eq!(exported(&telemetry, &backend.name), 3, "{code}");
        let health = &telemetry.status().destinations[0].health;
        assert!(health.last_success_ms.is_some() && health.last_error.is_none());
    }
}

#[tokio::test]
async fn a_partial_success_is_counted_and_not_repeated() {
    let partial = ExportTraceServiceResponse {
        partial_success: Some(ExportTracePartialSuccess {
            rejected_spans: 2,
            error_message: "too old".to_owned(),
        }),
    };
    let json = br#"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}"#;
    for answer in [
        Act::Answer(200, "", partial.encode_to_vec()),
        Act::Answer(200, "content-type: application/json\r\n", json.to_vec()),
    ] {
        let (telemetry, backend, _) = deliver(vec![answer]).await;
        assert_eq!(exported(&telemetry, &backend.name), 1);
        assert_eq!(dropped(&telemetry, &backend.name, "partial_success"), 2);
    }
}

#[tokio::test]
async fn refusals_are_final_and_say_what_to_do() {
    for (code, reason, remedy) in [
        (301, "http_3xx", "redirects are not followed"),
        (400, "http_400", "log"),
        (401, "http_401", "OTEL_EXPORTER_OTLP_HEADERS"),
        (404, "http_404", "endpoint"),
        (415, "http_415", "OTEL_EXPORTER_OTLP_PROTOCOL"),
        (500, "http_500", "log"),
    ] {
        let (telemetry, backend, _) = deliver(vec![status(code)]).await;
        assert_eq!(dropped(&telemetry, &backend.name, reason), 3, "{code}");
        let error = last_error(&telemetry, code);
        assert!(
            error.contains(&code.to_string()) && error.contains(remedy),
            "{error}"
        );
    }
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    for act in [
        status(429),
        status(502),
        status(503),
        status(504),
        Act::Reset,
        Act::Hang,
        Act::Stall(503),
    ] {
        let (telemetry, backend, received) = deliver(vec![act.clone(), status(200)]).await;
        assert_eq!(exported(&telemetry, &backend.name), 3, "{act:?}");
        assert_eq!(received[0].body, received[1].body, "{act:?}");
        let health = telemetry.status().destinations[0].health.clone();
        assert_eq!(health.failures, 0, "{act:?}");
        assert!(health.last_error.is_some(), "{act:?}");
    }
}

#[tokio::test]
async fn a_destination_that_asks_to_wait_is_left_alone() {
    let in_three_seconds = || {
        let date = SystemTime::now() + Duration::from_secs(3);
        format!("retry-after: {}\r\n", httpdate::fmt_http_date(date))
    };
    for act in [
        Act::Answer(429, "retry-after: 1\r\n", Vec::new()),
        // Dates have whole seconds, so three of them are at least two.
        Act::AnswerLater(503, in_three_seconds),
    ] {
        let (_, _, received) = deliver(vec![act.clone(), status(200)]).await;
        let waited = received[1].at - received[0].at;
        assert!(waited >= Duration::from_secs(1), "{act:?}: {waited:?}");
        assert!(waited < Duration::from_secs(8), "{act:?}: {waited:?}");
    }
}

#[tokio::test]
async fn after_a_while_a_batch_is_given_up() {
    let backend = Backend::start([], Some(status(503))).await;
    let mut config = config(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &backend.url)]);
    config.retry = Retry {
        give_up_after: Duration::from_millis(200),
        ..config.retry
    };
    let telemetry = start(config);
    relay(&telemetry, three_spans()).await;
    wait_for("the batch is dropped", || {
        (dropped(&telemetry, &backend.name, "http_503") == 3).then_some(())
    })
    .await;
    assert!(backend.received().len() > 1);
}

/// The status says that it was taken; repeating it would double it.
#[tokio::test]
async fn a_success_whose_body_never_ends_is_a_success() {
    let (telemetry, backend, _) = deliver(vec![Act::Stall(200)]).await;
    assert_eq!(exported(&telemetry, &backend.name), 3);
}

#[tokio::test]
async fn what_a_destination_says_is_shown_without_the_key_that_it_repeats() {
    let answer = Act::Answer(
        401,
        "content-type: application/json; charset=utf-8\r\n",
        br#"{"message":"unknown key hunter22\n(of nobody)"}"#.to_vec(),
    );
    let backend = Backend::start([answer], None).await;
    let telemetry = start(config(&[
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &backend.url),
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "authorization=Bearer%20hunter22",
        ),
    ]));
    relay(&telemetry, three_spans()).await;
    settled(&telemetry).await;
    let error = last_error(&telemetry, 401);
    assert!(
        error.contains("HTTP 401 Unauthorized, \"unknown key **** (of nobody)\": check"),
        "{error}"
    );
}

#[tokio::test]
async fn a_port_of_another_protocol_and_one_of_nobody_are_told() {
    let grpc = GrpcBackend::start([], None, None).await;
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    for (url, expected) in [
        (grpc.url.as_str(), "looks like a gRPC port"),
        (nobody.as_str(), "nothing listens there"),
        ("http://no-such-host.invalid:4318", "no such host"),
    ] {
        let telemetry = start(traces_to(url, Protocol::HttpProtobuf));
        relay(&telemetry, three_spans()).await;
        let error = wait_for("an error is shown", || {
            telemetry.status().destinations[0].health.last_error.clone()
        })
        .await;
        assert!(error.contains(expected), "{url}: {error}");
        assert_eq!(telemetry.status().destinations[0].queue.items, 3);
    }
}

#[tokio::test]
async fn a_slow_destination_delays_nobody_else() {
    let slow = Backend::start([], Some(Act::Hang)).await;
    let quick = Backend::start([], Some(status(200))).await;
    let mut config = config(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &slow.url)]);
    let other = support::config(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &quick.url)]);
    config.destinations.extend(other.destinations);
    let telemetry = start(config);
    for _ in 0..5 {
        relay(&telemetry, three_spans()).await;
    }
    slow.wait(1).await;
    wait_for("the quick one has all", || {
        (exported(&telemetry, &quick.name) == 15).then_some(())
    })
    .await;
    assert_eq!(exported(&telemetry, &slow.name), 0);
    assert_eq!(telemetry.status().destinations[0].queue.items, 15);
}

#[tokio::test]
async fn a_full_queue_answers_503_with_retry_after() {
    let backend = Backend::start([], Some(Act::Hang)).await;
    let mut config = config(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &backend.url)]);
    config.queue_bytes = 600;
    let telemetry = start(config);
    let router = telemetry.relay_router();
    let headers = [("content-type", "application/json")];
    let json = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"01010101010101010101010101010101","spanId":"0101010101010101"}]}]}]}"#;
    let response = loop {
        let response = support::post(&router, "/v1/traces", &headers, json).await;
        if response.status() != StatusCode::OK {
            break response;
        }
        assert!(telemetry.status().destinations[0].queue.bytes <= 600);
    };
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "5");
    let body = support::body(response).await;
    assert!(String::from_utf8_lossy(&body).contains("\"code\":14"));
    let status = telemetry.status();
    assert_eq!(count(&status, Outcome::Rejected, "relay", "queue_full"), 1);
    assert_eq!(
        count(&status, Outcome::Dropped, &backend.name, "queue_full"),
        0
    );
}

#[tokio::test]
async fn shutdown_sends_what_is_waiting() {
    // The first attempt fails; nobody waits for the backoff of a minute.
    let backend = Backend::start([status(503)], Some(status(200))).await;
    let mut config = config(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &backend.url)]);
    config.retry.initial = Duration::from_secs(60);
    config.retry.max = Duration::from_secs(60);
    let telemetry = start(config);
    relay(&telemetry, three_spans()).await;
    // Its answer has been read: an attempt that fails during the shutdown is the last one.
    wait_for("the failure is known", || {
        (telemetry.status().destinations[0].health.failures == 1).then_some(())
    })
    .await;
    let report = telemetry.shutdown(Duration::from_secs(10)).await;
    assert!(report.is_complete() && report.stopped, "{report}");
    assert_eq!(exported(&telemetry, &backend.name), 3);
    let again = telemetry.shutdown(Duration::from_secs(10)).await;
    assert!(!again.stopped, "a second shutdown has nothing to do");
}

#[tokio::test]
async fn shutdown_never_waits_longer_and_says_what_is_left() {
    for act in [
        Act::Hang,
        status(503),
        Act::Answer(429, "retry-after: 60\r\n", Vec::new()),
    ] {
        let backend = Backend::start([], Some(act.clone())).await;
        let telemetry = start(config(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &backend.url)]));
        relay(&telemetry, three_spans()).await;
        backend.wait(1).await;
        let begin = Instant::now();
        let report = telemetry.shutdown(Duration::from_millis(500)).await;
        assert!(begin.elapsed() < Duration::from_secs(5), "{act:?}");
        let traces = report.undelivered.iter().find(|left| left.items == 3);
        let left = traces.unwrap_or_else(|| panic!("{act:?}: {report}"));
        assert_eq!(&*left.destination, backend.name);
        assert!(report.to_string().contains("3 items of traces"), "{report}");
        assert_eq!(
            dropped(&telemetry, &backend.name, "shutdown"),
            report.undelivered.iter().map(|l| l.items).sum::<u64>()
        );
    }
}
