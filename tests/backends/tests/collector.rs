//! Export against the OpenTelemetry Collector: every signal, every way to send, a demanded token,
//! and a collector that is not there yet.

use aether_backends_tests::backend::collector::{Collector, Plan};
use aether_backends_tests::expected::{SPANS, assert_click, click_tree};
use aether_backends_tests::otlp_json::Point;
use aether_backends_tests::payload::{Click, Encoding, PAGE};
use aether_backends_tests::ports;
use aether_backends_tests::scenario::{SERVER, Server, export_click};
use aether_backends_tests::span::{Span, only, tree};
use aether_backends_tests::wait::eventually;
use aether_backends_tests::ways::{Port, with_encodings};
use aether_telemetry::{Outcome, Signal};
use serde_json::json;

#[tokio::test]
async fn a_click_is_one_tree_with_its_logs_and_metrics() {
    let collector = Collector::start(None).await;
    for (way, encoding) in with_encodings() {
        let endpoint = collector.endpoint(way.port);
        let variable = "OTEL_EXPORTER_OTLP_ENDPOINT";
        let (server, click) = export_click(variable, &endpoint, way, encoding).await;
        let report = server.stop().await;
        assert!(report.is_complete(), "{}: {report}", way.name);

        let spans = whole_trace(&collector, &click, way.name).await;
        assert_click(&spans);
        assert_records(&collector, &click, &spans, way.name).await;
        assert_points(&collector, &click, way.name).await;
    }
}

#[tokio::test]
async fn a_demanded_token_arrives_and_a_wrong_one_is_reported() {
    // What has to be escaped in the variable, and what must not be lost on the way.
    let collector = Collector::start(Some("a,b=cd==")).await;
    let right = "authorization=Bearer%20a%2Cb=cd==";
    let wrong = "authorization=Bearer%20wrong";
    for (port, protocol, headers, refusal) in [
        (Port::Http, "http/protobuf", right, None),
        (Port::Http, "http/protobuf", wrong, Some("http_401")),
        (Port::Grpc, "grpc", right, None),
        (Port::Grpc, "grpc", wrong, Some("grpc_unauthenticated")),
    ] {
        let arrives = refusal.is_none();
        let endpoint = collector.endpoint(port);
        let server = Server::start(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_EXPORTER_OTLP_HEADERS", headers),
        ])
        .await;
        let click = Click::now();
        server.page_reports(&click, Encoding::Protobuf).await;
        server.handles(&click);
        server.flush().await;
        let sent = eventually("the fate of all spans is known", async || {
            let exported = server.count(Outcome::Exported, Signal::Traces, "");
            let refused = refusal.map_or(0, |reason| {
                server.count(Outcome::Dropped, Signal::Traces, reason)
            });
            match exported + refused {
                SPANS => Ok((exported, refused)),
                _ => Err(format!("{exported} exported, {refused} refused")),
            }
        })
        .await;
        assert_eq!(sent, if arrives { (SPANS, 0) } else { (0, SPANS) });
        let error = server.status().destinations[0].health.last_error.clone();
        if arrives {
            whole_trace(&collector, &click, "with the token").await;
            assert_eq!(error, None);
        } else {
            let error = error.unwrap_or_default();
            assert!(error.contains("OTEL_EXPORTER_OTLP_HEADERS"), "{error}");
            assert!(
                !error.contains("wrong"),
                "the error shows the token: {error}"
            );
            assert_eq!(tree(&collector.trace(&click.trace_id)), "");
        }
        // The wrong token is no reason to wait at the end.
        assert!(server.stop().await.stopped);
    }
}

#[tokio::test]
async fn what_was_made_while_the_collector_was_away_arrives_when_it_is_there() {
    ports::starting(async |[http, grpc]| {
        let endpoint = format!("http://127.0.0.1:{http}");
        let server = Server::start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]).await;
        let mut running: Option<Collector> = None;
        for round in ["before its first start", "after its end"] {
            drop(running.take());
            let click = Click::now();
            let before = server.count(Outcome::Exported, Signal::Traces, "");
            server.page_reports(&click, Encoding::Protobuf).await;
            server.handles(&click);
            server.flush().await;
            eventually(&format!("{round}: an attempt fails"), async || {
                let destination = server.status().destinations.swap_remove(0);
                match destination.health.failures {
                    0 => Err(format!("{destination:?}")),
                    _ => Ok(()),
                }
            })
            .await;
            let exported = server.count(Outcome::Exported, Signal::Traces, "");
            assert_eq!(exported, before, "{round}");

            let token = None;
            let collector = Collector::start_as(Plan { http, grpc, token })?;
            let spans = whole_trace(&collector, &click, round).await;
            assert_click(&spans);
            assert_records(&collector, &click, &spans, round).await;
            assert_points(&collector, &click, round).await;
            // Once nothing is left to be sent: nothing came twice.
            eventually(
                &format!("{round}: the queue is empty"),
                async || match server.status().destinations.swap_remove(0).queue.items {
                    0 => Ok(()),
                    items => Err(format!("{items} items wait")),
                },
            )
            .await;
            assert_eq!(tree(&collector.trace(&click.trace_id)), click_tree());
            running = Some(collector);
        }
        assert!(server.stop().await.is_complete(), "nothing was left");
        Ok(())
    })
    .await;
}

/// The spans of a click once all are there.
async fn whole_trace(collector: &Collector, click: &Click, way: &str) -> Vec<Span> {
    eventually(&format!("{way}: the trace is whole"), async || {
        let spans = collector.trace(&click.trace_id);
        if spans.len() as u64 >= SPANS {
            return Ok(spans);
        }
        Err(format!(
            "it is\n{}\nits log is\n{}",
            tree(&spans),
            collector.log()
        ))
    })
    .await
}

/// Log records of page and server, each in its span.
async fn assert_records(collector: &Collector, click: &Click, spans: &[Span], way: &str) {
    let records = eventually(&format!("{way}: three log records"), async || {
        let records = collector.records(&click.trace_id);
        if records.len() == 3 {
            Ok(records)
        } else {
            Err(format!("{records:#?}"))
        }
    })
    .await;
    for (service, severity, body, span) in [
        (PAGE, "WARN", "the reply is slow", "send terminal:create"),
        (SERVER, "INFO", "a terminal was opened", "open terminal"),
        (SERVER, "ERROR", "there is no profile", "read profile"),
    ] {
        let record = records.iter().find(|record| record.body == json!(body));
        let record = record.unwrap_or_else(|| panic!("{way}: no `{body}` in {records:#?}"));
        assert_eq!(
            (record.service.as_str(), record.severity.as_str()),
            (service, severity)
        );
        assert_eq!(
            record.span_id,
            only(spans, span).span_id,
            "{way}: {record:#?}"
        );
    }
    let opened = records.iter().find(|record| record.severity == "INFO");
    assert_eq!(
        opened.and_then(|r| r.attributes.get("terminals")),
        Some(&json!(1))
    );
}

/// A measurement of the page, one of the server, and the library's own.
async fn assert_points(collector: &Collector, click: &Click, way: &str) {
    let of_click =
        |point: &Point| point.attributes.get("session.id") == Some(&json!(click.trace_id));
    for (service, name, kind, unit, value, sum) in [
        (PAGE, "socketio.reconnects", "sum", "{reconnect}", 3.0, None),
        (
            SERVER,
            "messaging.process.duration",
            "histogram",
            "s",
            1.0,
            Some(0.25),
        ),
    ] {
        let point = eventually(&format!("{way}: a point of {name}"), async || {
            let points = collector.points();
            let found = points
                .iter()
                .find(|point| point.name == name && of_click(point));
            found.cloned().ok_or_else(|| format!("{points:#?}"))
        })
        .await;
        assert_eq!(
            (point.service.as_str(), point.kind, point.unit.as_str()),
            (service, kind, unit)
        );
        assert_eq!((point.value, point.sum), (value, sum), "{way}: {point:#?}");
    }
    let own = collector
        .points()
        .into_iter()
        .find(|point| point.name == "aether.telemetry.accepted");
    assert!(
        own.is_some_and(|point| point.service == SERVER && point.value > 0.0),
        "{way}"
    );
}
