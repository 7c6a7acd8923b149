//! What every answer of the query API is wrapped in.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

#[derive(Debug, Serialize)]
struct Envelope<'a, T: Serialize + ?Sized> {
    data: Option<&'a T>,
    total: usize,
    limit: usize,
    offset: usize,
    errors: Option<[Problem<'a>; 1]>,
}

#[derive(Debug, Serialize)]
struct Problem<'a> {
    code: u16,
    msg: &'a str,
}

/// 200 with data. `total` is the number of names in lists of names, and 0 for traces.
pub(super) fn success<T: Serialize + ?Sized>(data: &T, total: usize) -> Response {
    respond(
        StatusCode::OK,
        &Envelope {
            data: Some(data),
            total,
            limit: 0,
            offset: 0,
            errors: None,
        },
    )
}

/// An error with its message.
pub(super) fn failure(status: StatusCode, message: &str) -> Response {
    respond(
        status,
        &Envelope::<()> {
            data: None,
            total: 0,
            limit: 0,
            offset: 0,
            errors: Some([Problem {
                code: status.as_u16(),
                msg: message,
            }]),
        },
    )
}

fn respond(status: StatusCode, envelope: &impl Serialize) -> Response {
    // Fails only for maps with keys that are no strings, of which there are none.
    let body = serde_json::to_vec(envelope).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}
