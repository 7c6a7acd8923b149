//! How requests are answered: one refusal, one status, one message, all in this file.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use prost::Message;
use serde_json::json;

use crate::Signal;
use crate::otlp::partial::{self, Partial};

/// The encoding of a request, which is also that of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Encoding {
    Protobuf,
    /// Also for answers to requests of an unknown type: a person can read it.
    #[default]
    Json,
}

impl Encoding {
    /// From `Content-Type`; `None` where OTLP has no such type.
    pub(super) fn of(request: &Request) -> Option<Self> {
        let value = request.headers().get(header::CONTENT_TYPE)?;
        let value = value.to_str().ok()?;
        let essence = value.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/x-protobuf") {
            Some(Encoding::Protobuf)
        } else if essence.eq_ignore_ascii_case("application/json") {
            Some(Encoding::Json)
        } else {
            None
        }
    }

    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Encoding::Protobuf => "application/x-protobuf",
            Encoding::Json => "application/json",
        })
    }

    /// 200, with what was not taken.
    pub(super) fn success(self, signal: Signal, partial: &Partial) -> Response {
        let body = partial::write(signal, partial, self == Encoding::Json);
        self.response(StatusCode::OK, body)
    }

    fn response(self, status: StatusCode, body: Vec<u8>) -> Response {
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, self.content_type());
        response
    }
}

/// `google.rpc.Status`, as far as OTLP uses it.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

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
    fn new(status: StatusCode, code: i32, reason: &'static str, message: String) -> Self {
        Self {
            status,
            code,
            reason,
            message,
            retry_after: None,
        }
    }

    pub(super) fn malformed(message: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, 3, "malformed", message)
    }

    pub(super) fn unsupported_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            3,
            "unsupported_type",
            "Content-Type must be application/x-protobuf or application/json".to_owned(),
        )
    }

    pub(super) fn unsupported_encoding() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            3,
            "unsupported_encoding",
            "Content-Encoding must be gzip, deflate or absent".to_owned(),
        )
    }

    pub(super) fn too_large(max_bytes: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            8,
            "too_large",
            format!(
                "the request is larger than {max_bytes} bytes, which counts after decompression, too; send smaller batches"
            ),
        )
    }

    pub(super) fn too_many_parts(max_decoded: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            8,
            "too_many_parts",
            format!(
                "the request has so many parts that it would take more than {max_decoded} bytes in memory; send smaller batches"
            ),
        )
    }

    pub(super) fn interrupted() -> Self {
        Self::malformed("the request ended before its body was complete".to_owned())
    }

    pub(super) fn timeout() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            4,
            "timeout",
            "the body did not arrive in time".to_owned(),
        )
    }

    pub(super) fn full(retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                14,
                "queue_full",
                "the queues to all destinations are full; try again later".to_owned(),
            )
        }
    }

    pub(super) fn not_written(reason: &'static str, retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                14,
                reason,
                "the queue on disk takes nothing at the moment; try again later".to_owned(),
            )
        }
    }

    pub(super) fn disabled() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            5,
            "disabled",
            "telemetry is disabled on this server (OTEL_ENABLED=false or OTEL_SDK_DISABLED=true)"
                .to_owned(),
        )
    }

    pub(super) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            13,
            "internal",
            "the request could not be processed".to_owned(),
        )
    }

    /// Label for the counter of refusals.
    pub(super) fn reason(&self) -> &'static str {
        self.reason
    }

    pub(super) fn answer(self, encoding: Encoding) -> Response {
        let body = match encoding {
            Encoding::Json => json!({ "code": self.code, "message": self.message })
                .to_string()
                .into_bytes(),
            Encoding::Protobuf => RpcStatus {
                code: self.code,
                message: self.message,
            }
            .encode_to_vec(),
        };
        let mut response = encoding.response(self.status, body);
        if let Some(wait) = self.retry_after {
            let value = HeaderValue::from(wait.as_secs());
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        response
    }
}
