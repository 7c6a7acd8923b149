//! Why a request is not taken: one refusal, one status, one message, all in this file.

use std::time::Duration;

use axum::response::Response;
use http::{HeaderValue, StatusCode, header};

use super::answer::Encoding;

/// Codes of `google.rpc.Code`.
const INVALID_ARGUMENT: i32 = 3;
const DEADLINE_EXCEEDED: i32 = 4;
const NOT_FOUND: i32 = 5;
const PERMISSION_DENIED: i32 = 7;
const RESOURCE_EXHAUSTED: i32 = 8;
const UNIMPLEMENTED: i32 = 12;
const INTERNAL: i32 = 13;
const UNAVAILABLE: i32 = 14;
const UNAUTHENTICATED: i32 = 16;

/// A request that was not taken.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    /// Code of `google.rpc.Code`.
    code: i32,
    reason: &'static str,
    message: String,
    retry_after: Option<Duration>,
}

impl Refusal {
    fn new(
        status: StatusCode,
        code: i32,
        reason: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code,
            reason,
            message: message.into(),
            retry_after: None,
        }
    }

    fn after(self, retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..self
        }
    }

    pub(super) fn malformed(message: String) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            INVALID_ARGUMENT,
            "malformed",
            message,
        )
    }

    pub(super) fn no_key() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            UNAUTHENTICATED,
            "no_key",
            "this relay asks for a key: send it as the header x-aether-key or as ?key=…",
        )
    }

    pub(super) fn wrong_key() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            UNAUTHENTICATED,
            "wrong_key",
            "nobody has this key; AETHER_TELEMETRY_RELAY_KEYS on the server lists those that are good",
        )
    }

    pub(super) fn foreign_origin(keyed: bool) -> Self {
        let message = if keyed {
            "the key is not good from here; AETHER_TELEMETRY_RELAY_KEY_ORIGINS on the server lists the origins of its pages"
        } else {
            "pages of this origin may not send; AETHER_TELEMETRY_RELAY_ORIGINS on the server lists those that may"
        };
        Self::new(
            StatusCode::FORBIDDEN,
            PERMISSION_DENIED,
            "foreign_origin",
            message,
        )
    }

    pub(super) fn method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            UNIMPLEMENTED,
            "method",
            "telemetry is sent with POST",
        )
    }

    pub(super) fn unsupported_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            INVALID_ARGUMENT,
            "unsupported_type",
            "Content-Type must be application/x-protobuf or application/json",
        )
    }

    pub(super) fn unsupported_encoding() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            INVALID_ARGUMENT,
            "unsupported_encoding",
            "Content-Encoding must be gzip, deflate, zstd or absent",
        )
    }

    pub(super) fn too_large(max_bytes: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            RESOURCE_EXHAUSTED,
            "too_large",
            format!(
                "the request is larger than {max_bytes} bytes, which counts after decompression, too; send smaller batches"
            ),
        )
    }

    pub(super) fn too_many_parts(max_decoded: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            RESOURCE_EXHAUSTED,
            "too_many_parts",
            format!(
                "the request has so many parts that it would take more than {max_decoded} bytes in memory; send smaller batches"
            ),
        )
    }

    pub(super) fn client_quota(retry_after: Duration) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            RESOURCE_EXHAUSTED,
            "client_quota",
            "this client sends more than AETHER_TELEMETRY_RELAY_CLIENT_REQUESTS and _BYTES allow; try again later",
        )
        .after(retry_after)
    }

    pub(super) fn total_quota(retry_after: Duration) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            RESOURCE_EXHAUSTED,
            "total_quota",
            "all clients together send more than AETHER_TELEMETRY_RELAY_REQUESTS and _BYTES allow; try again later",
        )
        .after(retry_after)
    }

    pub(super) fn busy() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            UNAVAILABLE,
            "busy",
            "too many requests are under way at the moment; try again later",
        )
        .after(Duration::from_secs(1))
    }

    pub(super) fn interrupted() -> Self {
        Self::malformed("the request ended before its body was complete".to_owned())
    }

    pub(super) fn timeout() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            DEADLINE_EXCEEDED,
            "timeout",
            "the body did not arrive in time",
        )
    }

    pub(super) fn full(retry_after: Duration) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            UNAVAILABLE,
            "queue_full",
            "the queues to all destinations are full; try again later",
        )
        .after(retry_after)
    }

    pub(super) fn not_written(reason: &'static str, retry_after: Duration) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            UNAVAILABLE,
            reason,
            "the queue on disk takes nothing at the moment; try again later",
        )
        .after(retry_after)
    }

    pub(super) fn disabled() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            NOT_FOUND,
            "disabled",
            "telemetry is disabled on this server (OTEL_ENABLED=false or OTEL_SDK_DISABLED=true)",
        )
    }

    pub(super) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            INTERNAL,
            "internal",
            "the request could not be processed",
        )
    }

    /// Label for the counter of refusals.
    pub(super) fn reason(&self) -> &'static str {
        self.reason
    }

    pub(super) fn answer(self, encoding: Encoding) -> Response {
        let status = self.status;
        let mut response = encoding.status(status, self.code, self.message);
        let headers = response.headers_mut();
        if let Some(wait) = self.retry_after {
            // Rounded up: whoever comes back after it is let in.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        let more = match status {
            StatusCode::METHOD_NOT_ALLOWED => Some((header::ALLOW, "POST, OPTIONS")),
            StatusCode::UNAUTHORIZED => Some((header::WWW_AUTHENTICATE, "x-aether-key")),
            _ => None,
        };
        if let Some((name, value)) = more {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}
