//! Jaeger's query API on the embedded store, as its own page and Grafana's data source use it.
//!
//! The paths and the JSON are those of Jaeger's internal HTTP API
//! (<https://www.jaegertracing.io/docs/latest/architecture/apis/#internal-http-json>). Two things
//! differ: `/traces` works without a service (all of them), and `limit` is 20 by default and
//! bounded.

mod convert;
mod envelope;
mod jaeger;
mod params;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use crate::store::{Snapshot, Store};
use envelope::{failure, success};
use params::{Query, Search};

/// An answer holds no more spans than this, so that no search can take all memory.
const MAX_SPANS: usize = 20_000;

/// The query API on `store`.
pub(crate) fn router(store: Arc<Store>) -> Router {
    Router::new()
        .route("/services", get(services))
        .route("/services/{service}/operations", get(operations_of))
        .route("/operations", get(operations))
        .route("/traces", get(traces))
        .route("/traces/{id}", get(trace))
        .fallback(|| async { failure(StatusCode::NOT_FOUND, "no such path in the query API") })
        .with_state(store)
}

/// The same paths with nothing behind them: 404 and a message that says why.
pub(crate) fn unavailable(message: &'static str) -> Router {
    Router::new().fallback(move || async move { failure(StatusCode::NOT_FOUND, message) })
}

async fn services(State(store): State<Arc<Store>>) -> Response {
    let names = store.services();
    success(&names, names.len())
}

async fn operations_of(State(store): State<Arc<Store>>, Path(service): Path<String>) -> Response {
    let mut names: Vec<_> = store
        .operations(&service)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    names.dedup();
    success(&names, names.len())
}

async fn operations(State(store): State<Arc<Store>>, RawQuery(query): RawQuery) -> Response {
    let query = Query::new(query.as_deref().unwrap_or_default());
    let Some(service) = query.get("service") else {
        return failure(
            StatusCode::BAD_REQUEST,
            "unable to parse param 'service': it is required",
        );
    };
    let kind = query.get("spanKind");
    let found: Vec<_> = store
        .operations(&service)
        .into_iter()
        .map(|(name, kind)| jaeger::Operation {
            name,
            span_kind: convert::kind(kind),
        })
        .filter(|operation| {
            kind.as_ref()
                .is_none_or(|kind| operation.span_kind == *kind)
        })
        .collect();
    success(&found, found.len())
}

async fn traces(State(store): State<Arc<Store>>, RawQuery(query): RawQuery) -> Response {
    let query = Query::new(query.as_deref().unwrap_or_default());
    let search = match Search::parse(&query, params::now_micros()) {
        Ok(search) => search,
        Err(message) => return failure(StatusCode::BAD_REQUEST, &message),
    };
    // Decoding and writing many traces takes a while: not on the runtime's own threads.
    off_runtime(move || {
        let mut found = find(&store, &search);
        let left_out = bound(&mut found);
        let mut traces: Vec<_> = found.iter().map(convert::trace).collect();
        if let Some(last) = traces.last_mut().filter(|_| left_out > 0) {
            let warning = format!(
                "{left_out} older traces that match are not shown: an answer holds at most {MAX_SPANS} spans"
            );
            last.warnings.get_or_insert_default().push(warning);
        }
        success(&traces, 0)
    })
    .await
}

fn find(store: &Store, search: &Search) -> Vec<Snapshot> {
    let mut found = if search.trace_ids.is_empty() {
        store.search(&search.filter, search.limit, |record| {
            search.tags.is_empty() || convert::has_tags(record, &search.tags)
        })
    } else {
        let ids = search.trace_ids.iter();
        ids.filter_map(|id| store.trace(*id)).collect()
    };
    // The newest first, by when they began.
    found.sort_by_key(|trace| {
        let starts = trace.records.iter().map(|record| record.start);
        std::cmp::Reverse(starts.min())
    });
    found
}

/// Cuts the list behind the trace with which it has enough spans; the number of traces cut off.
fn bound(found: &mut Vec<Snapshot>) -> usize {
    let mut spans = 0;
    let enough = found.iter().position(|trace| {
        spans += trace.records.len();
        spans >= MAX_SPANS
    });
    let kept = enough.map_or(found.len(), |last| last + 1);
    let left_out = found.len() - kept;
    found.truncate(kept);
    left_out
}

async fn trace(State(store): State<Arc<Store>>, Path(id): Path<String>) -> Response {
    let Some(id) = params::trace_id(&id) else {
        return failure(
            StatusCode::BAD_REQUEST,
            "unable to parse param 'traceID': expected 1 to 32 hexadecimal digits, not all zero",
        );
    };
    match store.trace(id) {
        Some(snapshot) => off_runtime(move || success(&[convert::trace(&snapshot)], 0)).await,
        None => failure(StatusCode::NOT_FOUND, "trace not found"),
    }
}

async fn off_runtime(work: impl FnOnce() -> Response + Send + 'static) -> Response {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| {
        failure(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the answer could not be made",
        )
    })
}
