//! What browsers are told about requests from pages of other origins
//! (<https://fetch.spec.whatwg.org/#http-cors-protocol>), and the layer that asks the [`Door`].

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, ALLOW, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::Relay;
use super::answer::Encoding;
use super::door::Door;
use super::refusal::Refusal;
use crate::Signal;
use crate::delivery::Outcome;

/// What a page may send along. Other headers mean nothing here.
const HEADERS: &str = "content-type, content-encoding, x-aether-key, x-aether-sent-at, traceparent, tracestate, baggage, b3, x-b3-traceid, x-b3-spanid, x-b3-parentspanid, x-b3-sampled, x-b3-flags, authorization, if-none-match";

/// What a page may read of an answer besides its body.
const EXPOSED: &str = "retry-after, etag";

/// How long a browser may remember an answer, in seconds: as long as any of them does.
const MAX_AGE: &str = "7200";

/// Whether a browser asks whether a page may send.
pub(super) fn is_preflight(parts: &Parts) -> bool {
    parts.method == Method::OPTIONS
        && parts.headers.contains_key(ORIGIN)
        && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The layer around all routes of the relay.
pub(super) async fn layer(
    State(relay): State<Arc<Relay>>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let terms = relay.terms();
    let door = &terms.door;
    let allowed = allowed(door, &parts);
    let mut signals = Signal::ALL.iter();
    let signal = signals.find(|signal| signal.path() == parts.uri.path());
    let mut response = if is_preflight(&parts) {
        preflight(allowed.is_some())
    } else if parts.method == Method::OPTIONS && signal.is_some() {
        (StatusCode::NO_CONTENT, [(ALLOW, "POST, OPTIONS")]).into_response()
    } else {
        match door.judge(&parts) {
            Ok(caller) => {
                parts.extensions.insert(caller);
                next.run(Request::from_parts(parts, body)).await
            }
            Err(refusal) => {
                if let Some(signal) = signal {
                    relay.count(Outcome::Rejected, *signal, refusal.reason(), 1);
                }
                refusal.answer(Encoding::of(&parts.headers).unwrap_or_default())
            }
        }
    };
    let headers = response.headers_mut();
    if door.is_open() {
        headers.append(VARY, HeaderValue::from_static("origin"));
    }
    headers.extend(allowed.into_iter().flatten());
    response
}

/// The headers that let the page behind a request read the answer; `None` where it may not.
fn allowed(door: &Door, parts: &Parts) -> Option<HeaderMap> {
    let (origin, by_star) = door.listed(parts)?;
    let mut headers = HeaderMap::new();
    if by_star {
        // Never with credentials: whoever asks would get in with the cookies of whoever looks.
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    } else {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        if door.credentials {
            let yes = HeaderValue::from_static("true");
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
    }
    let told: &[_] = if is_preflight(parts) {
        &[
            (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
            (ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
            (ACCESS_CONTROL_MAX_AGE, MAX_AGE),
        ]
    } else {
        &[(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED)]
    };
    for (name, value) in told {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Some(headers)
}

fn preflight(allowed: bool) -> Response {
    match allowed {
        true => StatusCode::NO_CONTENT.into_response(),
        false => Refusal::foreign_origin(false).answer(Encoding::Json),
    }
}
