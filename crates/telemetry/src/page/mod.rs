//! `GET /v1/config`: what pages are to record.
//!
//! JSON, of which every part may be missing; what is missing is as the page says. A page asks with
//! every load and, while it is looked at, whenever the answer has run out; the `ETag` makes that
//! cheap. With telemetry off the answer is `{"enabled":false}`: nobody takes what pages would send.

mod answer;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, StatusCode, header};

use crate::PageConfig;
use answer::Answer;

/// Where pages ask.
const PATH: &str = "/v1/config";

/// What pages are told, which may change while they ask.
#[derive(Debug)]
pub(crate) struct Pages {
    answer: RwLock<Arc<Answer>>,
    /// Whether the program said it, whatever the settings say.
    by_program: AtomicBool,
}

impl Pages {
    pub(crate) fn new(config: &PageConfig) -> Self {
        Self {
            answer: RwLock::new(Arc::new(Answer::new(config))),
            by_program: AtomicBool::new(false),
        }
    }

    /// From now on they are told this, which the program says.
    pub(crate) fn set(&self, config: &PageConfig) {
        self.by_program.store(true, Ordering::Relaxed);
        self.replace(config);
    }

    /// From now on they are told this, which the settings say, unless the program said anything.
    pub(crate) fn follow(&self, config: &PageConfig) {
        if !self.by_program.load(Ordering::Relaxed) {
            self.replace(config);
        }
    }

    fn replace(&self, config: &PageConfig) {
        let answer = Arc::new(Answer::new(config));
        let mut place = self.answer.write().unwrap_or_else(PoisonError::into_inner);
        *place = answer;
    }

    fn answer(&self) -> Arc<Answer> {
        let place = self.answer.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&place)
    }
}

/// `GET /v1/config`.
pub(crate) fn router(pages: Arc<Pages>) -> Router {
    Router::new().route(PATH, get(handle)).with_state(pages)
}

/// The same where telemetry is off. Pages that load later ask again.
pub(crate) fn disabled() -> Router {
    router(Arc::new(Pages::new(&PageConfig {
        enabled: false,
        max_age: std::time::Duration::ZERO,
        ..PageConfig::default()
    })))
}

async fn handle(State(pages): State<Arc<Pages>>, headers: HeaderMap) -> Response {
    let answer = pages.answer();
    let known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .any(|value| answer.is_known_by(value));
    let caching = [
        (header::CACHE_CONTROL, answer.cache_control.clone()),
        (header::ETAG, answer.etag.clone()),
    ];
    if known {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    let json = [(header::CONTENT_TYPE, "application/json")];
    (caching, json, answer.body.clone()).into_response()
}
