//! Takes OTLP over HTTP from browsers and hands it to the delivery.
use crate::Signal;
use crate::delivery::Delivery;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use std::sync::Arc;

pub(crate) fn router(_delivery: Arc<Delivery>, _max: usize) -> Router {
    answering(StatusCode::NOT_IMPLEMENTED, "the relay is being built")
}
pub(crate) fn disabled() -> Router {
    answering(
        StatusCode::NOT_FOUND,
        "telemetry is disabled (OTEL_ENABLED=false or OTEL_SDK_DISABLED=true)",
    )
}
fn answering(status: StatusCode, message: &'static str) -> Router {
    Signal::ALL
        .into_iter()
        .fold(Router::new(), |router, signal| {
            router.route(
                signal.path(),
                post(move || async move { (status, message) }),
            )
        })
}
