//! The server's own HTTP API.

use aether_telemetry::Telemetry;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

/// Whether the server works, and with what.
#[derive(Debug, Clone, Copy, Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
    telemetry: TelemetryHealth,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct TelemetryHealth {
    enabled: bool,
}

/// `/api/health`, `/api/telemetry`, `/metrics`, the relay at `/v1` and the query API at `/jaeger/api`.
pub(crate) fn router(telemetry: &Telemetry) -> Router {
    Router::new()
        .route("/api/health", get(health))
        .with_state(telemetry.clone())
        .nest("/api/telemetry", telemetry.admin_router())
        .merge(telemetry.relay_router())
        .merge(telemetry.prometheus_router())
        .nest("/jaeger/api", telemetry.query_router())
}

async fn health(State(telemetry): State<Telemetry>) -> Json<Health> {
    let telemetry = TelemetryHealth {
        enabled: telemetry.is_enabled(),
    };
    Json(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        telemetry,
    })
}
