//! The API to operate telemetry with: what it does, a check of the destinations, dead letters,
//! and changes of destinations and rules.
//!
//! `openapi.json` beside this file describes it and is served with it; a test holds both together.
//! Errors are problem details, <https://www.rfc-editor.org/rfc/rfc9457>.

mod body;
mod config;
mod destinations;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod letters;
mod problem;
mod routes;

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::middleware::map_request;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use tokio::sync::Semaphore;

use crate::telemetry::Telemetry;
use crate::{CheckReport, History, Status, linger};
use problem::Problem;

/// What the API is, for programs.
const OPENAPI: &str = include_str!("openapi.json");

#[derive(Debug, Clone)]
struct Admin {
    telemetry: Telemetry,
    /// Of a check that runs: a second one beside it would only cost the destinations.
    checking: Arc<Semaphore>,
}

/// Whether what waits for a destination that goes is dropped.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Discarding {
    #[serde(default)]
    discard: bool,
}

type Discard = Result<Query<Discarding>, QueryRejection>;

fn discard(asked: Discard) -> Result<bool, Problem> {
    let Query(asked) = asked?;
    Ok(asked.discard)
}

/// All routes, to be nested.
pub(crate) fn router(telemetry: Telemetry) -> Router {
    Router::new()
        .route("/openapi.json", get(openapi))
        .route("/status", get(status))
        .route("/history", get(history))
        .route("/check", post(check))
        .merge(config::router())
        .merge(destinations::router())
        .merge(routes::router())
        .merge(letters::router())
        .fallback(async || Problem::not_found("there is no such resource; openapi.json lists all"))
        .method_not_allowed_fallback(async || Problem::method())
        .layer(DefaultBodyLimit::max(body::MAX_BYTES))
        .layer(map_request(linger::on_refusal))
        .with_state(Admin {
            telemetry,
            checking: Arc::new(Semaphore::new(1)),
        })
}

async fn openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], OPENAPI)
}

async fn status(State(admin): State<Admin>) -> Json<Status> {
    Json(admin.telemetry.status())
}

async fn history(State(admin): State<Admin>) -> Json<History> {
    Json(admin.telemetry.history())
}

async fn check(State(admin): State<Admin>) -> Result<Json<CheckReport>, Problem> {
    let Ok(_turn) = admin.checking.try_acquire() else {
        return Err(Problem::busy(
            "another check is running; ask again when it has ended",
        ));
    };
    Ok(Json(admin.telemetry.check().await))
}

#[cfg(test)]
mod tests;
