//! Dead letters: what destinations refused for good.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::{Admin, Problem};
use crate::delivery::DeadLetter;
use crate::otlp::to_json::to_json;
use crate::telemetry::Replay;

#[derive(Debug, Serialize)]
struct List {
    dead_letters: Vec<DeadLetter>,
}

/// Which letters are meant; all, where nothing is said.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    destination: Option<String>,
}

/// What became of several letters.
#[derive(Debug, Default, Serialize)]
struct Replayed {
    /// Wait for their destination again.
    queued: usize,
    /// Had no room in the queue and are dead letters still.
    full: usize,
    /// Cannot be read, or their destination is not configured any more; dead letters still.
    impossible: usize,
}

pub(super) fn router() -> Router<Admin> {
    Router::new()
        .route("/dead-letters", get(list))
        .route("/dead-letters/replay", post(replay_all))
        .route("/dead-letters/{id}", get(show).delete(discard))
        .route("/dead-letters/{id}/replay", post(replay))
}

/// The query of a request.
type Asked = Result<Query<Filter>, QueryRejection>;

async fn list(State(admin): State<Admin>, asked: Asked) -> Result<Json<List>, Problem> {
    let Query(filter) = asked?;
    Ok(Json(List {
        dead_letters: chosen(&admin, &filter),
    }))
}

fn chosen(admin: &Admin, filter: &Filter) -> Vec<DeadLetter> {
    let mut letters = admin.telemetry.dead_letters();
    if let Some(destination) = &filter.destination {
        letters.retain(|letter| *letter.destination == **destination);
    }
    letters
}

/// The request itself, as OTLP/JSON.
async fn show(
    State(admin): State<Admin>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let letters = admin.telemetry.dead_letters();
    let letter = letters.into_iter().find(|letter| letter.id == id);
    let letter = letter.ok_or_else(|| unknown(&id))?;
    let body = admin.telemetry.dead_letter(&id).await;
    let body = body.ok_or_else(|| unknown(&id))?;
    let json = to_json(letter.signal, &body)
        .map_err(|_| Problem::internal(format!("dead letter {id} is damaged")))?;
    Ok(([(CONTENT_TYPE, "application/json")], json))
}

async fn replay(
    State(admin): State<Admin>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    match admin.telemetry.replay_dead_letter(&id).await {
        Replay::Queued => Ok(StatusCode::ACCEPTED),
        Replay::Full => Err(Problem::full(
            "the queue of its destination is full; it stays a dead letter",
        )),
        Replay::Unknown => Err(unknown(&id)),
    }
}

/// All of them, or all of one destination.
async fn replay_all(State(admin): State<Admin>, asked: Asked) -> Result<Json<Replayed>, Problem> {
    let Query(filter) = asked?;
    let mut replayed = Replayed::default();
    for letter in chosen(&admin, &filter) {
        match admin.telemetry.replay_dead_letter(&letter.id).await {
            Replay::Queued => replayed.queued += 1,
            Replay::Full => replayed.full += 1,
            Replay::Unknown => replayed.impossible += 1,
        }
    }
    Ok(Json(replayed))
}

async fn discard(
    State(admin): State<Admin>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    if admin.telemetry.discard_dead_letter(&id).await {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(unknown(&id))
    }
}

fn unknown(id: &str) -> Problem {
    Problem::not_found(format!(
        "there is no dead letter {id} that can be read and has a destination: it may have been sent again, discarded, or made room for later ones"
    ))
}
