//! Backends that take traces and refuse the other signals: what has to happen then is the same
//! with all of them.

use std::future::Future;

use aether_telemetry::{Outcome, Signal};

use crate::expected::SPANS;
use crate::payload::{Click, Encoding};
use crate::scenario::{self, Server};
use crate::span::{Span, outline};
use crate::wait::eventually;
use crate::ways::{Port, Way};

/// A backend that can be asked for a trace.
pub trait TraceBackend: Sync {
    /// Where it takes OTLP on this port.
    fn endpoint(&self, port: Port) -> String;

    /// The spans of a trace, none where it has none; why it did not answer.
    fn trace(&self, trace_id: &str) -> impl Future<Output = Result<Vec<Span>, String>> + Send;

    /// What it printed.
    fn log(&self) -> String;
}

/// How a backend refuses what it does not take.
#[derive(Debug, Clone, Copy)]
pub struct Refusal {
    /// The port it was sent to.
    pub port: Port,
    /// `OTEL_EXPORTER_OTLP_PROTOCOL`.
    pub protocol: &'static str,
    /// The reason that is counted.
    pub reason: &'static str,
    /// What the error says of the answer.
    pub said: &'static str,
    /// What the error says to do.
    pub remedy: &'static str,
}

/// One click, exported to the backend's endpoint for traces alone, as somebody sets it who knows that
/// it takes nothing else. The server runs on.
///
/// # Panics
/// Where the server does not start or its relay does not take what the page says.
pub async fn export_click(
    backend: &impl TraceBackend,
    way: &Way,
    encoding: Encoding,
) -> (Server, Click) {
    let endpoint = way.port.of_traces(&backend.endpoint(way.port));
    scenario::export_click(
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        &endpoint,
        way,
        encoding,
    )
    .await
}

/// The spans of a click once all are there.
///
/// # Panics
/// Where they do not come.
pub async fn whole_trace(backend: &impl TraceBackend, click: &Click, way: &str) -> Vec<Span> {
    eventually(&format!("{way}: the trace is whole"), async || {
        let spans = backend.trace(&click.trace_id).await?;
        if spans.len() as u64 >= SPANS {
            return Ok(spans);
        }
        Err(format!(
            "it is\n{}\nits log is\n{}",
            outline(&spans),
            backend.log()
        ))
    })
    .await
}

/// Exports every signal to the backend's base endpoint: the click's trace arrives and passes
/// `is_click`, all else is counted and explained, and a check says the same and leaves a span that
/// passes `is_check`.
///
/// # Panics
/// Where anything of this does not hold.
pub async fn assert_loses_only_the_rest(
    backend: &impl TraceBackend,
    refusal: &Refusal,
    is_click: fn(&[Span]),
    is_check: fn(&[Span]),
) {
    let Refusal {
        port,
        protocol,
        reason,
        said,
        remedy,
    } = *refusal;
    let endpoint = backend.endpoint(port);
    let server = Server::start(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
    ])
    .await;
    let click = Click::now();
    server.page_reports(&click, Encoding::Protobuf).await;
    server.handles(&click);
    server.flush().await;
    is_click(&whole_trace(backend, &click, protocol).await);
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
    let error = server.last_error();
    assert!(error.contains(said) && error.contains(remedy), "{error}");
    assert_eq!(server.count(Outcome::Dropped, Signal::Traces, reason), 0);

    let report = server.check().await;
    for result in &report.results {
        let taken = result.signal == Signal::Traces;
        assert_eq!(result.accepted, taken, "{report}");
    }
    assert_eq!(report.results.len(), 3);
    let spans = eventually("the check's span is there", async || {
        let spans = backend.trace(&report.trace_id).await?;
        (!spans.is_empty())
            .then_some(spans)
            .ok_or_else(|| backend.log())
    })
    .await;
    is_check(&spans);
    server.stop().await;
}
