//! Errors of the API.

use axum::Json;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::{LiveError, LiveProblem};

/// A problem as RFC 9457 has it.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    /// Whether the same may work soon.
    again: bool,
    /// What is wrong with settings.
    problems: Vec<LiveProblem>,
}

#[derive(Debug, Serialize)]
struct Body<'a> {
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    problems: &'a [LiveProblem],
}

impl Problem {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            again: false,
            problems: Vec::new(),
        }
    }

    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    pub(super) fn method() -> Self {
        let detail = "this resource has other methods; openapi.json lists them";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, detail)
    }

    /// Something else of the kind is being done.
    pub(super) fn busy(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    pub(super) fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(super) fn unsupported(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
    }

    /// A condition is missing.
    pub(super) fn required(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PRECONDITION_REQUIRED, detail)
    }

    /// There is no room at the moment.
    pub(super) fn full(detail: impl Into<String>) -> Self {
        Self {
            again: true,
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        }
    }

    pub(super) fn internal(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(StatusCode::BAD_REQUEST, rejection.body_text())
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let detail = format!("the body may have {} bytes at most", super::body::MAX_BYTES);
            return Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail);
        }
        Self::bad(rejection.body_text())
    }
}

impl From<LiveError> for Problem {
    fn from(error: LiveError) -> Self {
        let status = match &error {
            LiveError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            LiveError::Outdated => StatusCode::PRECONDITION_FAILED,
            LiveError::ByHand(_) | LiveError::Waiting(_) | LiveError::Off(_) => {
                StatusCode::CONFLICT
            }
            LiveError::Unknown(_) => StatusCode::NOT_FOUND,
            LiveError::NotSaved(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let detail = error.to_string();
        let problems = match error {
            LiveError::Invalid(problems) => problems,
            _ => Vec::new(),
        };
        Self {
            problems,
            ..Self::new(status, detail)
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Body {
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            detail: &self.detail,
            problems: &self.problems,
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(CONTENT_TYPE, kind);
        if self.again {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}
