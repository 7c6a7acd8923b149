//! Jaeger's query API on the embedded store.
use crate::store::Store;
use axum::Router;
use axum::http::StatusCode;
use std::sync::Arc;

pub(crate) fn router(_store: Arc<Store>) -> Router {
    Router::new()
        .fallback(|| async { (StatusCode::NOT_IMPLEMENTED, "the query API is being built") })
}
pub(crate) fn unavailable(message: &'static str) -> Router {
    Router::new().fallback(move || async move { (StatusCode::NOT_FOUND, message) })
}
