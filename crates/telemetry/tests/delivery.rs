//! Delivery against a receiver that does what real ones do: takes all, takes a part, refuses,
//! asks to wait, breaks off, and never answers.

mod support;

use std::time::{Duration, Instant, SystemTime};

use aether_telemetry::{Outcome, Retry, Telemetry};
use flate2::read::GzDecoder;
use http::StatusCode;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;
use std::io::Read;
use support::backend::{Act, Backend, Received, status};
use support::{config, count, relay, start, three_spans, wait_for};

/// Sends three spans through a backend with that script; waits until their fate is known.
async fn deliver(script: Vec<Act>) -> (Telemetry, Backend, Vec<Received>) {
    let requests = script.len();
    let backend = Backend::start(script, None).await;
    let telemetry = start(config(&[
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &backend.url),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "300"),
    ]));
    assert_eq!(relay(&telemetry, three_spans()).await, StatusCode::OK);
    wait_for("the queue is empty", || {
        let queue = telemetry.status().destinations[0].queue;
        (queue.items == 0).then_some(())
    })
    .await;
    let received = backend.wait(requests).await;
    assert_eq!(received.len(), requests, "no more requests than told");
    (telemetry, backend, received)
}

fn exported(telemetry: &Telemetry, backend: &Backend) -> u64 {
    count(&telemetry.status(), Outcome::Exported, &backend.name, "")
}

fn dropped(telemetry: &Telemetry, backend: &Backend, reason: &str) -> u64 {
    count(&telemetry.status(), Outcome::Dropped, &backend.name, reason)
}

#[tokio::test]
async fn any_2xx_is_success() {
    for code in [200, 202, 204] {
        let (telemetry, backend, _) = deliver(vec![status(code)]).await;
        assert_eq!(exported(&telemetry, &backend), 3, "{code}");
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
        assert_eq!(exported(&telemetry, &backend), 1);
        assert_eq!(dropped(&telemetry, &backend, "partial_success"), 2);
    }
}

#[tokio::test]
async fn refusals_are_final_and_say_what_to_do() {
    for (code, reason, remedy) in [
        (301, "http_3xx", "redirects are not followed"),
        (400, "http_400", "log"),
        (401, "http_401", "OTEL_EXPORTER_OTLP_HEADERS"),
        (404, "http_404", "endpoint"),
        (413, "http_413", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"),
        (500, "http_500", "log"),
    ] {
        let (telemetry, backend, _) = deliver(vec![status(code)]).await;
        assert_eq!(dropped(&telemetry, &backend, reason), 3, "{code}");
        let health = telemetry.status().destinations[0].health.clone();
        let error = health.last_error.expect("an error is shown");
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
    ] {
        let (telemetry, backend, received) = deliver(vec![act.clone(), status(200)]).await;
        assert_eq!(exported(&telemetry, &backend), 3, "{act:?}");
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
        (dropped(&telemetry, &backend, "http_503") == 3).then_some(())
    })
    .await;
    assert!(backend.received().len() > 1);
}

#[tokio::test]
async fn requests_carry_headers_and_the_bytes_as_they_came() {
    let backend = Backend::start([status(200)], None).await;
    let telemetry = start(config(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &backend.url),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-team=a%20b"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
    ]));
    relay(&telemetry, three_spans()).await;
    let received = backend.wait(1).await.remove(0);
    for line in [
        "post /v1/traces http/1.1",
        "content-type: application/x-protobuf",
        "content-encoding: gzip",
        "x-team: a b",
        "user-agent: aether-telemetry/",
    ] {
        assert!(received.head.contains(line), "{line}: {}", received.head);
    }
    let mut plain = Vec::new();
    GzDecoder::new(&received.body[..])
        .read_to_end(&mut plain)
        .unwrap();
    let mut found = ExportTraceServiceRequest::decode(&*plain).unwrap();
    let attributes = &mut found.resource_spans[0]
        .resource
        .as_mut()
        .unwrap()
        .attributes;
    assert_eq!(
        attributes.pop(),
        Some(support::text("aether.source", "browser"))
    );
    assert_eq!(found.encode_to_vec(), three_spans());
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
    quick.wait(5).await;
    slow.wait(1).await;
    wait_for("the quick one has all", || {
        (exported(&telemetry, &quick) == 15).then_some(())
    })
    .await;
    assert_eq!(exported(&telemetry, &slow), 0);
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
    backend.wait(1).await;
    let report = telemetry.shutdown(Duration::from_secs(10)).await;
    assert!(report.is_complete() && report.stopped, "{report}");
    assert_eq!(exported(&telemetry, &backend), 3);
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
            dropped(&telemetry, &backend, "shutdown"),
            report.undelivered.iter().map(|l| l.items).sum::<u64>()
        );
    }
}
