//! Ways in for the fuzz targets.

use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};

use super::{body, config};
use crate::LiveChange;

/// The change that a body asks for; `None` where it is refused for its form.
pub(crate) fn change(kind: &'static str, bytes: &[u8]) -> Option<LiveChange> {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]);
    let settings = body::settings(&headers, Ok(Bytes::copy_from_slice(bytes)));
    config::wanted(settings.ok()?).ok()
}
