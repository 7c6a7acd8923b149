//! Spans and logs made with `tracing` inside handlers.

use aether_telemetry::InCurrentTrace;
use aether_telemetry::socketio::{TracedEmit, traced};
use opentelemetry::logs::AnyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::logs::{InMemoryLogExporter, SdkLogRecord, SdkLoggerProvider};
use serde_json::json;
use socketioxide::extract::SocketRef;
use tracing::Instrument;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::layer::{Identity, SubscriberExt};
use tracing_subscriber::{Layer, Registry};

use crate::client::Client;
use crate::server::serve;
use crate::spans::Facts;

/// What is logged while it lives, by the thread of the test.
struct Logged {
    exporter: InMemoryLogExporter,
    _provider: SdkLoggerProvider,
    _subscriber: DefaultGuard,
}

impl Logged {
    fn records(&self) -> Vec<SdkLogRecord> {
        let logs = self.exporter.get_emitted_logs().unwrap();
        logs.into_iter().map(|log| log.record).collect()
    }
}

/// Log records are kept; `layer` hears of everything, too.
fn logged(layer: impl Layer<Registry> + Send + Sync) -> Logged {
    let exporter = InMemoryLogExporter::default();
    let provider = SdkLoggerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    let subscriber = tracing_subscriber::registry()
        .with(layer)
        .with(OpenTelemetryTracingBridge::new(&provider));
    // For this thread, which is the only one of the test's runtime.
    Logged {
        exporter,
        _subscriber: tracing::subscriber::set_default(subscriber),
        _provider: provider,
    }
}

#[tokio::test]
async fn tracing_spans_and_logs_belong_to_the_handlers_span() {
    let server = serve(|socket| {
        socket.on(
            "work",
            traced(async |socket: SocketRef| {
                let inner = async {
                    tokio::task::yield_now().await;
                    socket.traced().emit("worked", &()).ok();
                };
                inner.instrument(tracing::info_span!("inner")).await;
                Err::<(), _>("out of paper")
            }),
        );
    })
    .await;
    let tracer = server.provider.tracer("tracing");
    let logged = logged(tracing_opentelemetry::layer().with_tracer(tracer));

    let mut client = Client::plain(server.port).await;
    client.emit(json!(["work"])).await;
    let process = server.spans.named("process work").await;
    let inner = server.spans.named("inner").await;
    let send = server.spans.named("send worked").await;
    assert_eq!(
        (inner.trace(), inner.parent()),
        (process.trace(), process.id())
    );
    assert_eq!((send.trace(), send.parent()), (process.trace(), inner.id()));

    let logs = logged.records();
    let log = logs
        .iter()
        .find(|record| {
            let mut attributes = record.attributes_iter();
            attributes.any(|(key, _)| key.as_str() == "exception.type")
        })
        .expect("the failure is logged as an exception");
    let context = log.trace_context().expect("in the context of the span");
    assert_eq!(context.span_id.to_string(), process.id());
    assert_eq!(context.trace_id.to_string(), process.trace());
    let message = log
        .attributes_iter()
        .find(|(key, _)| key.as_str() == "exception.message");
    assert_eq!(
        message.map(|(_, value)| value),
        Some(&AnyValue::from("out of paper"))
    );
}

#[tokio::test]
async fn a_log_record_of_a_spawned_task_belongs_to_the_handlers_span() {
    let server = serve(|socket| {
        socket.on(
            "go",
            traced(async |socket: SocketRef| {
                let later = async move {
                    tokio::task::yield_now().await;
                    tracing::warn!("from the task");
                    socket.emit("done", &()).ok();
                };
                tokio::spawn(later.in_current_trace());
                tokio::spawn(async { tracing::warn!("from a stranger") });
            }),
        );
    })
    .await;
    let logged = logged(Identity::new());

    let mut client = Client::plain(server.port).await;
    client.emit(json!(["go"])).await;
    assert_eq!(client.event().await, json!(["done", null]));
    let process = server.spans.named("process go").await;
    // The outer `Option`: whether it was logged; the inner one: whether in a trace.
    let found = |text: &str| {
        let logs = logged.records();
        let body = Some(AnyValue::from(text.to_owned()));
        let log = logs.iter().find(|log| log.body() == body.as_ref())?;
        let context = log.trace_context();
        Some(context.map(|c| (c.trace_id.to_string(), c.span_id.to_string())))
    };
    let own = Some((process.trace(), process.id()));
    assert_eq!(found("from the task"), Some(own));
    crate::spans::until(|| found("from a stranger").is_some()).await;
    assert_eq!(found("from a stranger"), Some(None));
}

#[tokio::test]
async fn the_end_of_a_connection_is_logged_with_its_reason() {
    let logged = logged(Identity::new());
    let server = serve(|_| {}).await;
    let mut client = Client::plain(server.port).await;
    let connect = server.spans.named("connect /").await;
    client.send("41".to_owned()).await;
    let reason = || {
        let logs = logged.records();
        logs.into_iter().find_map(|record| {
            let mut attributes = record.attributes_iter();
            let (_, reason) =
                attributes.find(|(key, _)| key.as_str() == "socketio.disconnect.reason")?;
            Some((reason.clone(), record.trace_context()?.trace_id.to_string()))
        })
    };
    crate::spans::until(|| reason().is_some()).await;
    assert_eq!(
        reason(),
        Some((AnyValue::from("client_disconnect"), connect.trace()))
    );
}

#[tokio::test]
async fn a_storm_of_failures_is_logged_in_part() {
    let logged = logged(Identity::new());
    let server = serve(|socket| socket.on("fail", traced(async || Err::<(), _>("always")))).await;
    let mut client = Client::plain(server.port).await;
    for _ in 0..200 {
        client.emit(json!(["fail"])).await;
    }
    client.is_quiet().await;
    // All have ended when as many were measured, and the echo.
    crate::spans::until(|| server.metric("messaging.process.duration") == 201).await;
    let logs = logged.records();
    let lines = logs
        .iter()
        .filter(|log| log.severity_text() == Some("ERROR"));
    assert!((10..200).contains(&lines.count()));
}
