//! One destination: set, deleted, paused, resumed, drained, tested.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{post, put};
use axum::{Json, Router};

use super::body::{self, Given};
use super::config::change;
use super::{Admin, Problem};
use crate::{CheckReport, DestinationState, LiveChange, LiveTerms};

pub(super) fn router() -> Router<Admin> {
    Router::new()
        .route("/destinations/{name}", put(set).delete(delete))
        .route("/destinations/{name}/pause", post(pause))
        .route("/destinations/{name}/resume", post(resume))
        .route("/destinations/{name}/drain", post(drain))
        .route("/destinations/{name}/test", post(test))
}

async fn set(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Given,
) -> Result<Response, Problem> {
    let terms = LiveTerms {
        if_match: body::condition(&headers)?,
        discard: false,
    };
    let settings = body::json(&headers, body)?;
    change(&admin, LiveChange::Destination { name, settings }, terms).await
}

async fn delete(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    discard: super::Discard,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let terms = LiveTerms {
        if_match: body::condition(&headers)?,
        discard: super::discard(discard)?,
    };
    change(&admin, LiveChange::Delete(name), terms).await
}

async fn pause(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    tell(&admin, name, DestinationState::Paused, &headers).await
}

async fn resume(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    tell(&admin, name, DestinationState::Active, &headers).await
}

async fn drain(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    tell(&admin, name, DestinationState::Draining, &headers).await
}

async fn tell(
    admin: &Admin,
    name: String,
    state: DestinationState,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let terms = LiveTerms {
        if_match: body::condition_if_any(headers)?,
        discard: false,
    };
    change(admin, LiveChange::State(name, state), terms).await
}

async fn test(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Given,
) -> Result<Json<CheckReport>, Problem> {
    let settings = body::json_if_any(&headers, body)?;
    let Ok(_turn) = admin.checking.try_acquire() else {
        return Err(Problem::busy(
            "another check is running; ask again when it has ended",
        ));
    };
    Ok(Json(admin.telemetry.live().test(&name, settings).await?))
}
