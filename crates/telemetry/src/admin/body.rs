//! Bodies and conditions of requests that change something.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::header::{CONTENT_TYPE, IF_MATCH};
use axum::http::{HeaderMap, HeaderName};
use serde_json::Value as Json;

use super::Problem;

/// Longest body, in bytes. Settings are short.
pub(super) const MAX_BYTES: usize = 1024 * 1024;

/// What is in a body, before it is looked at.
pub(super) type Given = Result<Bytes, BytesRejection>;

/// The two forms that settings may have.
pub(super) enum Settings {
    Json(Json),
    Toml(String),
}

/// The marks from which a change was made, which have to be said.
pub(super) fn condition(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let marks = condition_if_any(headers)?;
    if marks.is_none() {
        return Err(Problem::required(
            "say with If-Match which state the change was made from: the ETag of GET config, or * for any",
        ));
    }
    Ok(marks)
}

/// The same where they may be left out.
pub(super) fn condition_if_any(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    Ok(text(headers, &IF_MATCH)?.map(str::to_owned))
}

/// A body of JSON or TOML.
pub(super) fn settings(headers: &HeaderMap, body: Given) -> Result<Settings, Problem> {
    let body = body?;
    match kind(headers)?.as_str() {
        "application/json" => Ok(Settings::Json(parsed(&body)?)),
        "application/toml" => match String::from_utf8(body.into()) {
            Ok(text) => Ok(Settings::Toml(text)),
            Err(_) => Err(Problem::bad("the body is not UTF-8")),
        },
        _ => Err(Problem::unsupported(
            "the body has to be application/json or application/toml",
        )),
    }
}

/// A body of JSON.
pub(super) fn json(headers: &HeaderMap, body: Given) -> Result<Json, Problem> {
    let body = body?;
    if kind(headers)? != "application/json" {
        return Err(Problem::unsupported("the body has to be application/json"));
    }
    parsed(&body)
}

/// A body of JSON, or none.
pub(super) fn json_if_any(headers: &HeaderMap, body: Given) -> Result<Option<Json>, Problem> {
    match body {
        Ok(body) if body.is_empty() => Ok(None),
        body => json(headers, body).map(Some),
    }
}

fn parsed(body: &Bytes) -> Result<Json, Problem> {
    // The error says where, and not what stands there.
    serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Problem::bad(format!(
            "the body is not JSON: line {line}, column {column}"
        ))
    })
}

/// The type of a body without its parameters.
fn kind(headers: &HeaderMap) -> Result<String, Problem> {
    let kind = text(headers, &CONTENT_TYPE)?.unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    Ok(kind.trim().to_ascii_lowercase())
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    let value = headers.get(name).map(|value| value.to_str());
    value
        .transpose()
        .map_err(|_| Problem::bad(format!("the header {name} is not text")))
}
