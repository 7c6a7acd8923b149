//! Export against Arize Phoenix, which takes traces only, and not over every way to send.

use std::net::TcpStream;

use aether_backends_tests::backend::phoenix::Phoenix;
use aether_backends_tests::expected::{SPANS, assert_click_without_resources};
use aether_backends_tests::payload::Click;
use aether_backends_tests::scenario::Server;
use aether_backends_tests::span::outline;
use aether_backends_tests::traces_only::{
    Refusal, TraceBackend, assert_loses_only_the_rest, export_click, whole_trace,
};
use aether_backends_tests::wait::eventually;
use aether_backends_tests::ways::{Port, Way, with_encodings};
use aether_telemetry::{Outcome, Signal};

/// Why Phoenix does not take what is sent this way: the reason that is counted and what the error
/// says. `None` where it takes it.
fn refusal(way: &Way) -> Option<(&'static str, &'static str)> {
    match way.name {
        "http/protobuf" | "http/protobuf with gzip" | "grpc" | "grpc with gzip" => None,
        // All that its gRPC library says is that it cannot read the header that names zstd.
        "grpc with zstd" => Some((
            "grpc_internal",
            "set OTEL_EXPORTER_OTLP_COMPRESSION to gzip or none",
        )),
        _ => Some((
            "http_415",
            "try another OTEL_EXPORTER_OTLP_PROTOCOL or OTEL_EXPORTER_OTLP_COMPRESSION=none",
        )),
    }
}

#[tokio::test]
async fn a_click_is_one_tree_or_its_loss_is_told() {
    let phoenix = Phoenix::start().await;
    assert_on_one_address(&phoenix);
    let mut taken = 0;
    for (way, encoding) in with_encodings() {
        let (server, click) = export_click(&phoenix, way, encoding).await;
        if let Some((reason, said)) = refusal(way) {
            assert_told(&phoenix, &server, &click, way, reason, said).await;
            assert!(server.stop().await.stopped);
        } else {
            let report = server.stop().await;
            assert!(report.is_complete(), "{}: {report}", way.name);
            assert_click_without_resources(&whole_trace(&phoenix, &click, way.name).await);
            taken += 1;
        }
    }
    assert_eq!(taken, 4, "ways that Phoenix takes");
}

#[tokio::test]
async fn a_base_endpoint_loses_only_what_phoenix_does_not_take_and_says_so() {
    let phoenix = Phoenix::start().await;
    let http = Refusal {
        port: Port::Http,
        protocol: "http/protobuf",
        reason: "http_405",
        said: "405",
        remedy: "check the endpoint",
    };
    let grpc = Refusal {
        port: Port::Grpc,
        protocol: "grpc",
        reason: "grpc_unimplemented",
        said: "UNIMPLEMENTED",
        remedy: "does not take this signal",
    };
    for refusal in [http, grpc] {
        let is_click = assert_click_without_resources;
        assert_loses_only_the_rest(&phoenix, &refusal, is_click, |check| {
            assert_eq!(outline(check), "telemetry check\n");
        })
        .await;
    }
}

/// It can do more than these tests want to offer to a network.
fn assert_on_one_address(phoenix: &Phoenix) {
    for port in [Port::Http, Port::Grpc] {
        let port = phoenix.port(port);
        TcpStream::connect(("127.0.0.1", port)).expect("it listens here");
        // What listens on every address listens on these as well.
        for other in ["127.0.0.2", "::1"] {
            TcpStream::connect((other, port)).expect_err("it must not listen here");
        }
    }
}

/// All spans are counted as dropped for the reason, the error says why, and none arrived.
async fn assert_told(
    phoenix: &Phoenix,
    server: &Server,
    click: &Click,
    way: &Way,
    reason: &str,
    said: &str,
) {
    server.flush().await;
    eventually(
        &format!("{}: refused spans are counted", way.name),
        async || match server.count(Outcome::Dropped, Signal::Traces, reason) {
            SPANS => Ok(()),
            _ => Err(format!("{:#?}", server.status())),
        },
    )
    .await;
    let exported = server.count(Outcome::Exported, Signal::Traces, "");
    assert_eq!(exported, 0, "{}", way.name);
    let error = server.last_error();
    assert!(error.contains(said), "{}: {error}", way.name);
    let spans = phoenix.trace(&click.trace_id).await;
    let spans = spans.expect("Phoenix answers");
    assert_eq!(outline(&spans), "", "{}", way.name);
}
