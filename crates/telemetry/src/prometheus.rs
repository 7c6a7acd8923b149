//! `GET /metrics`: what Prometheus scrapes.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::pipeline::PROMETHEUS_TYPE;
use crate::telemetry::Running;

/// The route; without telemetry it answers 404.
pub(crate) fn router(running: Option<Arc<Running>>) -> Router {
    let handler = move || {
        let running = running.clone();
        async move { answer(running.as_deref()) }
    };
    Router::new().route("/metrics", get(handler))
}

fn answer(running: Option<&Running>) -> Response {
    let Some(running) = running else {
        let told = "telemetry is off, so nothing is measured\n";
        return (StatusCode::NOT_FOUND, told).into_response();
    };
    match running.pipeline.exposition.text() {
        Ok(text) => ([(CONTENT_TYPE, PROMETHEUS_TYPE)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error + "\n").into_response(),
    }
}
