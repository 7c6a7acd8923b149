//! An OTLP/HTTP receiver that counts the spans it gets and forgets them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::post;
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower_http::decompression::RequestDecompressionLayer;

use crate::Outcome;

/// Largest request that is read, in bytes. The contestants' batches are far smaller.
const LARGEST: usize = 32 * 1024 * 1024;
/// Different span names that are told apart; the rest is one.
const MOST_NAMES: usize = 64;
/// How often a waiting caller looks.
const GLANCE: Duration = Duration::from_millis(20);

/// What has arrived.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Arrived {
    /// Spans by name.
    pub(crate) spans: BTreeMap<String, u64>,
    /// Those among them that have a parent.
    pub(crate) joined: u64,
    /// Bytes of trace requests, after decompression.
    pub(crate) bytes: u64,
    /// Ids of spans, added up as numbers.
    pub(crate) ids: u64,
    /// Requests with spans.
    pub(crate) requests: u64,
    /// Requests that were no OTLP protobuf.
    pub(crate) malformed: u64,
}

impl Arrived {
    /// Spans whose name `counts`.
    pub(crate) fn count(&self, counts: impl Fn(&str) -> bool) -> u64 {
        let named = self.spans.iter().filter(|(name, _)| counts(name));
        named.map(|(_, count)| count).sum()
    }

    fn add(&mut self, request: ExportTraceServiceRequest, bytes: usize) {
        self.bytes += bytes as u64;
        self.requests += 1;
        let scopes = request
            .resource_spans
            .into_iter()
            .flat_map(|resource| resource.scope_spans);
        for span in scopes.flat_map(|scope| scope.spans) {
            if let Ok(id) = span.span_id.as_slice().try_into() {
                self.ids = self.ids.wrapping_add(u64::from_be_bytes(id));
            }
            self.joined += u64::from(!span.parent_span_id.is_empty());
            if let Some(count) = self.spans.get_mut(&span.name) {
                *count += 1;
            } else if self.spans.len() < MOST_NAMES {
                self.spans.insert(span.name, 1);
            } else {
                *self.spans.entry("…".to_owned()).or_default() += 1;
            }
        }
    }
}

/// The receiver, until it is dropped.
#[derive(Debug)]
pub(crate) struct Sink {
    port: u16,
    arrived: Arc<Mutex<Arrived>>,
    serving: JoinHandle<()>,
}

impl Sink {
    /// Listens on any free port of loopback.
    pub(crate) async fn start() -> Outcome<Self> {
        let failed = |error: std::io::Error| format!("the OTLP sink cannot listen: {error}");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let arrived = Arc::new(Mutex::new(Arrived::default()));
        let app = Router::new()
            .route("/v1/traces", post(traces))
            .route("/v1/metrics", post(accepted))
            .route("/v1/logs", post(accepted))
            .layer(DefaultBodyLimit::max(LARGEST))
            .layer(RequestDecompressionLayer::new())
            .with_state(Arc::clone(&arrived));
        let serving = tokio::spawn(async move {
            // Never ends by itself.
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self {
            port,
            arrived,
            serving,
        })
    }

    /// Where it listens.
    #[cfg(test)]
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What `OTEL_EXPORTER_OTLP_ENDPOINT` is set to.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What has arrived so far.
    pub(crate) fn arrived(&self) -> Arrived {
        lock(&self.arrived).clone()
    }

    /// Waits until `done`, or until nothing has come for as long as `quiet`.
    pub(crate) async fn settle(&self, quiet: Duration, done: impl Fn(&Arrived) -> bool) {
        let mut seen = 0;
        let mut since = Instant::now();
        while since.elapsed() < quiet {
            {
                let arrived = lock(&self.arrived);
                if done(&arrived) {
                    return;
                }
                if arrived.bytes != seen {
                    seen = arrived.bytes;
                    since = Instant::now();
                }
            }
            tokio::time::sleep(GLANCE).await;
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn traces(State(arrived): State<Arc<Mutex<Arrived>>>, body: Bytes) -> impl IntoResponse {
    let size = body.len();
    let status = match ExportTraceServiceRequest::decode(body) {
        Ok(request) => {
            lock(&arrived).add(request, size);
            StatusCode::OK
        }
        Err(_) => {
            lock(&arrived).malformed += 1;
            StatusCode::BAD_REQUEST
        }
    };
    (status, [(CONTENT_TYPE, "application/x-protobuf")])
}

/// Metrics and logs are taken, and not looked at.
async fn accepted(_: Bytes) -> impl IntoResponse {
    [(CONTENT_TYPE, "application/x-protobuf")]
}

/// No code panics while it holds the lock.
fn lock(arrived: &Mutex<Arrived>) -> std::sync::MutexGuard<'_, Arrived> {
    arrived.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};

    use super::*;

    fn request(names: &[&str], parent: &[u8]) -> ExportTraceServiceRequest {
        let spans = names.iter().map(|name| Span {
            name: (*name).to_owned(),
            parent_span_id: parent.to_vec(),
            ..Span::default()
        });
        ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans {
                scope_spans: vec![ScopeSpans {
                    spans: spans.collect(),
                    ..ScopeSpans::default()
                }],
                ..ResourceSpans::default()
            }],
        }
    }

    #[test]
    fn spans_are_counted_by_name_and_parent() {
        let mut arrived = Arrived::default();
        arrived.add(request(&["process echo", "connect /"], &[]), 10);
        arrived.add(request(&["process echo"], &[1; 8]), 20);
        assert_eq!(arrived.count(|name| name == "process echo"), 2);
        assert_eq!(arrived.count(|_| true), 3);
        assert_eq!((arrived.joined, arrived.bytes), (1, 30));
    }

    #[test]
    fn names_without_end_do_not_fill_the_memory() {
        let mut arrived = Arrived::default();
        for index in 0..1000 {
            arrived.add(request(&[&format!("span {index}")], &[]), 0);
        }
        assert!(arrived.spans.len() <= MOST_NAMES + 1);
        assert_eq!(arrived.count(|_| true), 1000);
    }
}
