//! Destinations and rules as a whole, and the file that they stand in.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use serde_json::Value;

use super::body::{self, Given, Settings};
use super::{Admin, Problem};
use crate::{Live, LiveChange, LiveConfig, LiveError, LiveTerms, LiveVersion};

#[derive(Debug, Serialize)]
struct Versions {
    versions: Vec<LiveVersion>,
}

pub(super) fn router() -> Router<Admin> {
    Router::new()
        .route("/config", get(show).put(replace))
        .route("/config/check", post(check))
        .route("/config/reload", post(reload))
        .route("/config/versions", get(versions))
        .route("/config/versions/{number}/restore", post(restore))
}

/// Calls what may wait for a disk.
pub(super) async fn blocking<T: Send + 'static>(
    admin: &Admin,
    act: impl FnOnce(&Live) -> Result<T, LiveError> + Send + 'static,
) -> Result<T, Problem> {
    let live = admin.telemetry.live();
    let done = tokio::task::spawn_blocking(move || act(&live)).await;
    let done = done.map_err(|_| Problem::internal("the change was not finished"))?;
    Ok(done?)
}

/// Makes a change and answers with what is in force then.
pub(super) async fn change(
    admin: &Admin,
    change: LiveChange,
    terms: LiveTerms,
) -> Result<Response, Problem> {
    let config = blocking(admin, move |live| live.apply(&change, &terms)).await?;
    Ok(shown(config))
}

fn shown(config: LiveConfig) -> Response {
    let etag = HeaderValue::from_str(&config.file.etag);
    let mut response = Json(config).into_response();
    if let Ok(etag) = etag {
        response.headers_mut().insert(ETAG, etag);
    }
    response
}

async fn show(State(admin): State<Admin>, headers: HeaderMap) -> Result<Response, Problem> {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    if !accept.unwrap_or_default().contains("application/toml") {
        return Ok(shown(blocking(&admin, Live::config).await?));
    }
    let (text, etag) = blocking(&admin, Live::file).await?;
    let kind = HeaderValue::from_static("application/toml");
    let mut response = ([(CONTENT_TYPE, kind)], text).into_response();
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        response.headers_mut().insert(ETAG, etag);
    }
    Ok(response)
}

async fn replace(
    State(admin): State<Admin>,
    discard: super::Discard,
    headers: HeaderMap,
    body: Given,
) -> Result<Response, Problem> {
    let terms = LiveTerms {
        if_match: body::condition(&headers)?,
        discard: super::discard(discard)?,
    };
    let wanted = wanted(body::settings(&headers, body)?)?;
    change(&admin, wanted, terms).await
}

async fn check(
    State(admin): State<Admin>,
    headers: HeaderMap,
    body: Given,
) -> Result<Json<LiveConfig>, Problem> {
    let wanted = wanted(body::settings(&headers, body)?)?;
    let terms = LiveTerms {
        if_match: body::condition_if_any(&headers)?,
        // Whether something waits may be otherwise when the change is made.
        discard: true,
    };
    let checked = blocking(&admin, move |live| live.check(&wanted, &terms)).await?;
    Ok(Json(checked))
}

async fn reload(State(admin): State<Admin>, headers: HeaderMap) -> Result<Response, Problem> {
    let terms = LiveTerms {
        if_match: body::condition_if_any(&headers)?,
        discard: false,
    };
    change(&admin, LiveChange::Reload, terms).await
}

async fn versions(State(admin): State<Admin>) -> Result<Json<Versions>, Problem> {
    let versions = blocking(&admin, Live::versions).await?;
    Ok(Json(Versions { versions }))
}

async fn restore(
    State(admin): State<Admin>,
    number: Result<Path<u32>, PathRejection>,
    discard: super::Discard,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let terms = LiveTerms {
        if_match: body::condition(&headers)?,
        discard: super::discard(discard)?,
    };
    let Ok(Path(number)) = number else {
        return Err(Problem::not_found(
            "versions are numbers; GET config/versions lists all of them",
        ));
    };
    change(&admin, LiveChange::Restore(number), terms).await
}

/// The change that a body asks for.
pub(super) fn wanted(settings: Settings) -> Result<LiveChange, Problem> {
    let json = match settings {
        Settings::Toml(text) => return Ok(LiveChange::File(text)),
        Settings::Json(json) => json,
    };
    let Value::Object(mut parts) = json else {
        return Err(Problem::bad(
            "expected an object with `destinations`, `routes` or both",
        ));
    };
    let destinations = part(&mut parts, "destinations")?;
    let routes = part(&mut parts, "routes")?;
    // What GET answers with may be sent back as it is.
    let known = [
        "file",
        "names",
        "elsewhere",
        "rules_of_program",
        "paused",
        "draining",
        "warnings",
        "restart",
    ];
    if let Some(key) = parts.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(Problem::bad(format!(
            "there is no key `{key}`; there are `destinations` and `routes`, and the whole file can be sent as application/toml"
        )));
    }
    if destinations.is_none() && routes.is_none() {
        return Err(Problem::bad("expected `destinations`, `routes` or both"));
    }
    Ok(LiveChange::Settings {
        destinations,
        routes,
    })
}

/// A list in an object.
pub(super) fn part(
    parts: &mut serde_json::Map<String, Value>,
    key: &str,
) -> Result<Option<Vec<Value>>, Problem> {
    match parts.remove(key) {
        None => Ok(None),
        Some(Value::Array(list)) => Ok(Some(list)),
        Some(_) => Err(Problem::bad(format!("`{key}` has to be a list"))),
    }
}
