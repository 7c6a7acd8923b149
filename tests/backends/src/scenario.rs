//! One user action, seen by a page and by its server, exported by the library under test.

use std::collections::HashMap;
use std::time::Duration;

use aether_telemetry::{CheckReport, Config, Outcome, ShutdownReport, Signal, Status, Telemetry};
use opentelemetry::trace::{SpanKind, TraceContextExt, Tracer};
use opentelemetry::{KeyValue, global};
use reqwest::StatusCode;
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinHandle;
use tracing::Dispatch;
use tracing_subscriber::prelude::*;

use crate::payload::{Click, Encoding};
use crate::ways::Way;

/// `service.name` of the server.
pub const SERVER: &str = "backends-server";

/// Building a telemetry replaces the global providers, so there is one at a time.
static TURN: Mutex<()> = Mutex::const_new(());

/// A server with telemetry, and the relay that its pages send to.
#[derive(Debug)]
pub struct Server {
    telemetry: Telemetry,
    dispatch: Dispatch,
    relay: String,
    client: reqwest::Client,
    serving: JoinHandle<()>,
    _turn: MutexGuard<'static, ()>,
}

impl Server {
    /// Starts one with the given environment, once no other one runs.
    ///
    /// # Panics
    /// Where a setting is refused or no port can be had.
    pub async fn start(environment: &[(&str, &str)]) -> Self {
        let turn = TURN.lock().await;
        let environment: HashMap<&str, &str> = environment.iter().copied().collect();
        let config = Config::from_lookup(|name| environment.get(name).map(|&v| v.to_owned()));
        let telemetry = Telemetry::builder()
            .default_service_name(SERVER)
            .default_service_version("1.2.3")
            .config(config.expect("the settings of the test are right"))
            .build()
            .expect("telemetry starts");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("the loopback address has free ports");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let app = telemetry.relay_router();
        let serving = tokio::spawn(async move {
            // Ends with the task.
            let _ = axum::serve(listener, app).await;
        });
        Self {
            dispatch: Dispatch::new(tracing_subscriber::registry().with(telemetry.tracing_layer())),
            telemetry,
            relay: format!("http://{address}"),
            client: client(),
            serving,
            _turn: turn,
        }
    }

    /// The page reports its side of a click, every signal, through the relay.
    ///
    /// # Panics
    /// Where the relay does not take it.
    pub async fn page_reports(&self, click: &Click, encoding: Encoding) {
        for signal in Signal::ALL {
            let request = self
                .client
                .post(format!("{}{}", self.relay, signal.path()))
                .header("content-type", encoding.content_type())
                .body(click.request(signal, encoding));
            let response = request.send().await.expect("the relay answers");
            let status = response.status();
            let answer = response.text().await.unwrap_or_default();
            assert_eq!(status, StatusCode::OK, "{signal} as {encoding:?}: {answer}");
        }
    }

    /// The server handles the event of a click: a span that continues the page's trace, inside it
    /// a `tracing` span with a log line, a failing piece of work, and a measurement.
    pub fn handles(&self, click: &Click) {
        let headers = HashMap::from([("b3".to_owned(), click.b3())]);
        let parent = global::get_text_map_propagator(|p| p.extract(&headers));
        let tracer = global::tracer("backends");
        let span = tracer
            .span_builder("process terminal:create")
            .with_kind(SpanKind::Server)
            .with_attributes([
                KeyValue::new("messaging.system", "socketio"),
                KeyValue::new("messaging.message.body.size", 21),
                KeyValue::new("socketio.ack", true),
            ])
            .start_with_context(&tracer, &parent);
        let context = parent.with_span(span);
        let _in_span = context.attach();
        tracing::dispatcher::with_default(&self.dispatch, || {
            tracing::info_span!("open terminal", cols = 80).in_scope(|| {
                tracing::info!(terminals = 1, "a terminal was opened");
            });
            let failing = tracing::info_span!(
                "read profile",
                otel.kind = "client",
                otel.status_code = "error"
            );
            failing.in_scope(|| {
                tracing::error!(error.type = "not_found", "there is no profile");
            });
        });
        global::meter("backends")
            .f64_histogram("messaging.process.duration")
            .with_unit("s")
            .build()
            .record(0.25, &[KeyValue::new("session.id", click.trace_id.clone())]);
    }

    /// What its backends answer to a check.
    pub async fn check(&self) -> CheckReport {
        self.telemetry.check().await
    }

    /// Hands everything the SDK holds to the queues.
    pub async fn flush(&self) {
        let telemetry = self.telemetry.clone();
        let flushing = tokio::task::spawn_blocking(move || telemetry.flush());
        flushing.await.expect("flushing does not panic");
    }

    /// What the library says about itself.
    #[must_use]
    pub fn status(&self) -> Status {
        self.telemetry.status()
    }

    /// The sum of one kind of count over all destinations, for a given reason.
    #[must_use]
    pub fn count(&self, outcome: Outcome, signal: Signal, reason: &str) -> u64 {
        let counts = self.status().counts.into_iter();
        counts
            .filter(|c| c.outcome == outcome && c.signal == signal && c.reason == reason)
            .map(|count| count.value)
            .sum()
    }

    /// What its only backend refused last; empty where it refused nothing.
    #[must_use]
    pub fn last_error(&self) -> String {
        let error = self.status().destinations[0].health.last_error.clone();
        error.unwrap_or_default()
    }

    /// Sends what is left and stops.
    pub async fn stop(self) -> ShutdownReport {
        self.telemetry.shutdown(Duration::from_secs(10)).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// One click, seen by a page and by its server, which exports it one way to the endpoint in that
/// variable. The server runs on.
///
/// # Panics
/// Where the server does not start or its relay does not take what the page says.
pub async fn export_click(
    variable: &str,
    endpoint: &str,
    way: &Way,
    encoding: Encoding,
) -> (Server, Click) {
    let mut settings = vec![(variable, endpoint)];
    settings.extend(way.settings);
    let server = Server::start(&settings).await;
    let click = Click::now();
    server.page_reports(&click, encoding).await;
    server.handles(&click);
    (server, click)
}

/// An HTTP client for loopback addresses, without proxies and certificates.
///
/// # Panics
/// Where none can be built.
#[must_use]
pub fn client() -> reqwest::Client {
    // Fails where one was chosen before, which is then used.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .tls_certs_only([])
        .no_proxy()
        .timeout(Duration::from_secs(10))
        .build()
        .expect("an HTTP client can be built")
}
