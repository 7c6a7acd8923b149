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
use axum::extract::{FromRef, Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use tokio::sync::Semaphore;

use crate::store::{Snapshot, Store};
use envelope::{failure, success};
use params::{Query, Search};

/// An answer holds no more spans than this, so that no search can take all memory.
const MAX_SPANS: usize = 20_000;

/// How many answers are made at a time; each may take some hundred megabytes meanwhile. Others wait.
const AT_A_TIME: usize = 2;

/// What the routes share.
#[derive(Debug, Clone)]
struct Shared {
    store: Arc<Store>,
    turns: Turns,
}

impl FromRef<Shared> for Arc<Store> {
    fn from_ref(shared: &Shared) -> Self {
        Arc::clone(&shared.store)
    }
}

impl FromRef<Shared> for Turns {
    fn from_ref(shared: &Shared) -> Self {
        shared.turns.clone()
    }
}

/// Who may make an answer now.
#[derive(Debug, Clone)]
struct Turns(Arc<Semaphore>);

/// The query API on `store`.
pub(crate) fn router(store: Arc<Store>) -> Router {
    Router::new()
        .route("/services", get(services))
        .route("/services/{service}/operations", get(operations_of))
        .route("/operations", get(operations))
        .route("/traces", get(traces))
        .route("/traces/{id}", get(trace))
        .fallback(|| async { failure(StatusCode::NOT_FOUND, "no such path in the query API") })
        .with_state(Shared {
            store,
            turns: Turns(Arc::new(Semaphore::new(AT_A_TIME))),
        })
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

async fn traces(
    State(store): State<Arc<Store>>,
    State(turns): State<Turns>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::new(query.as_deref().unwrap_or_default());
    let search = match Search::parse(&query, params::now_micros()) {
        Ok(search) => search,
        Err(message) => return failure(StatusCode::BAD_REQUEST, &message),
    };
    // Decoding and writing many traces takes a while: not on the runtime's own threads.
    turns.take(move || {
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

async fn trace(
    State(store): State<Arc<Store>>,
    State(turns): State<Turns>,
    Path(id): Path<String>,
) -> Response {
    let Some(id) = params::trace_id(&id) else {
        return failure(
            StatusCode::BAD_REQUEST,
            "unable to parse param 'traceID': expected 1 to 32 hexadecimal digits, not all zero",
        );
    };
    match store.trace(id) {
        Some(snapshot) => {
            turns
                .take(move || success(&[convert::trace(&snapshot)], 0))
                .await
        }
        None => failure(StatusCode::NOT_FOUND, "trace not found"),
    }
}

impl Turns {
    /// Does the work away from the runtime, when it is its turn.
    async fn take(&self, work: impl FnOnce() -> Response + Send + 'static) -> Response {
        let turn = Arc::clone(&self.0).acquire_owned().await;
        let done = tokio::task::spawn_blocking(move || {
            // Held by the work itself, which goes on when nobody waits for it any more.
            let _turn = turn;
            work()
        });
        done.await.unwrap_or_else(|_| {
            failure(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the answer could not be made",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[tokio::test]
    async fn answers_are_made_a_few_at_a_time_even_when_nobody_waits() {
        static RUNNING: AtomicUsize = AtomicUsize::new(0);
        static MOST: AtomicUsize = AtomicUsize::new(0);
        static GO_ON: AtomicBool = AtomicBool::new(false);
        let turns = Turns(Arc::new(Semaphore::new(AT_A_TIME)));
        let work = || {
            let running = RUNNING.fetch_add(1, Ordering::SeqCst) + 1;
            MOST.fetch_max(running, Ordering::SeqCst);
            while !GO_ON.load(Ordering::SeqCst) {
                thread::yield_now();
            }
            RUNNING.fetch_sub(1, Ordering::SeqCst);
            success(&"done", 0)
        };
        let mut jobs = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let turns = turns.clone();
            jobs.spawn(async move { turns.take(work).await });
        }
        while RUNNING.load(Ordering::SeqCst) < AT_A_TIME {
            tokio::task::yield_now().await;
        }
        // These give up; what they have begun goes on and keeps its turn.
        jobs.abort_all();
        while jobs.join_next().await.is_some() {}
        assert_eq!(turns.0.available_permits(), 0);
        let next = tokio::spawn(async move { turns.take(work).await });
        GO_ON.store(true, Ordering::SeqCst);
        assert_eq!(next.await.unwrap().status(), StatusCode::OK);
        assert_eq!(MOST.load(Ordering::SeqCst), AT_A_TIME);
    }
}
