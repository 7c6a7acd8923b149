//! Answers in the encoding of the request.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};
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
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(header::CONTENT_TYPE)?;
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

    /// A `google.rpc.Status`.
    pub(super) fn status(self, status: StatusCode, code: i32, message: String) -> Response {
        let body = match self {
            Encoding::Json => json!({ "code": code, "message": message })
                .to_string()
                .into_bytes(),
            Encoding::Protobuf => RpcStatus { code, message }.encode_to_vec(),
        };
        self.response(status, body)
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
