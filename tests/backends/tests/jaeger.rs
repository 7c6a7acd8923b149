//! Export against Jaeger v2, which takes traces only, over every way to send.

use aether_backends_tests::backend::jaeger::Jaeger;
use aether_backends_tests::expected::{SPANS, assert_click};
use aether_backends_tests::payload::{Click, Encoding, PAGE};
use aether_backends_tests::scenario::{SERVER, Server};
use aether_backends_tests::span::{Span, tree};
use aether_backends_tests::wait::eventually;
use aether_backends_tests::ways::{Port, WAYS};
use aether_telemetry::{Outcome, Signal};

#[tokio::test]
async fn a_click_is_one_tree() {
    let jaeger = Jaeger::start().await;
    for (index, way) in WAYS.iter().enumerate() {
        let encoding = [Encoding::Protobuf, Encoding::Json][index % 2];
        // Traces alone, as somebody sets it who knows that Jaeger takes nothing else.
        let endpoint = way.port.of_traces(&jaeger.endpoint(way.port));
        let mut settings = vec![("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", endpoint.as_str())];
        settings.extend(way.settings);
        let server = Server::start(&settings).await;
        let click = Click::now();
        server.page_reports(&click, encoding).await;
        server.handles(&click);
        let report = server.stop().await;
        assert!(report.is_complete(), "{}: {report}", way.name);
        assert_click(&whole_trace(&jaeger, &click, way.name).await);
    }
    let mut services = jaeger.services().await.expect("Jaeger answers");
    services.sort();
    assert_eq!(services, [PAGE, SERVER]);
}

#[tokio::test]
async fn a_base_endpoint_loses_only_what_jaeger_does_not_take_and_says_so() {
    let jaeger = Jaeger::start().await;
    for (port, protocol, reason, said, remedy) in [
        (
            Port::Http,
            "http/protobuf",
            "http_404",
            "404",
            "check the endpoint",
        ),
        (
            Port::Grpc,
            "grpc",
            "grpc_unimplemented",
            "UNIMPLEMENTED",
            "does not take this signal",
        ),
    ] {
        let endpoint = jaeger.endpoint(port);
        let server = Server::start(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
        ])
        .await;
        let click = Click::now();
        server.page_reports(&click, Encoding::Protobuf).await;
        server.handles(&click);
        server.flush().await;
        assert_click(&whole_trace(&jaeger, &click, "beside refused signals").await);
        // One record of the page, two of the server; the page's one point and the server's own.
        for (signal, at_least) in [(Signal::Logs, 3), (Signal::Metrics, 2)] {
            eventually(
                &format!("{protocol}: refused {signal} are counted"),
                async || match server.count(Outcome::Dropped, signal, reason) {
                    refused if refused >= at_least => Ok(()),
                    _ => Err(format!("{:#?}", server.status())),
                },
            )
            .await;
        }
        let error = server.status().destinations[0].health.last_error.clone();
        let error = error.unwrap_or_default();
        assert!(error.contains(said) && error.contains(remedy), "{error}");
        assert_eq!(server.count(Outcome::Dropped, Signal::Traces, reason), 0);

        let report = server.check().await;
        for result in &report.results {
            let taken = result.signal == Signal::Traces;
            assert_eq!(result.accepted, taken, "{report}");
        }
        assert_eq!(report.results.len(), 3);
        let spans = eventually("the check's span is there", async || {
            let spans = jaeger.trace(&report.trace_id).await?;
            (!spans.is_empty())
                .then_some(spans)
                .ok_or_else(|| jaeger.log())
        })
        .await;
        assert_eq!(
            tree(&spans),
            format!("{SERVER}: telemetry check [internal]\n")
        );
        server.stop().await;
    }
}

/// The spans of a click once all are there.
async fn whole_trace(jaeger: &Jaeger, click: &Click, way: &str) -> Vec<Span> {
    eventually(&format!("{way}: the trace is whole"), async || {
        let spans = jaeger.trace(&click.trace_id).await?;
        if spans.len() as u64 >= SPANS {
            return Ok(spans);
        }
        Err(format!(
            "it is\n{}\nits log is\n{}",
            tree(&spans),
            jaeger.log()
        ))
    })
    .await
}
