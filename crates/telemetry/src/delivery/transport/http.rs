//! Answers to OTLP over HTTP.
//!
//! <https://opentelemetry.io/docs/specs/otlp/#otlphttp-response>: any 2xx is success; 429, 502,
//! 503 and 504 are worth another attempt; everything else will not get better.

use std::time::SystemTime;

use ::http::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use serde_json::Value;

use super::answer::{Answer, Verdict};
use super::grpc_status::Details;
use crate::Signal;
use crate::delivery::retry::parse_retry_after;
use crate::otlp::partial;

/// No answer of a destination is read further than this.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Reads and judges an answer.
pub(super) async fn judge(
    signal: Signal,
    mut response: reqwest::Response,
) -> Result<Answer, reqwest::Error> {
    let status = response.status();
    let verdict = classify(status.as_u16(), response.headers());
    let kind = media_type(response.headers());
    // Read to the end, so that the connection can be used again. The status says what became of
    // the request, even where the rest of the answer never comes.
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            break;
        }
        body.extend_from_slice(&chunk);
    }
    let shown = format!("HTTP {status}");
    Ok(match verdict {
        Verdict::Delivered(_) => Answer {
            verdict: Verdict::Delivered(partial::read(signal, &body, kind == "application/json")),
            status: shown,
            failure: None,
        },
        verdict => Answer::failed(verdict, shown, &text(&body, &kind), remedy(status.as_u16())),
    })
}

/// Judges a status.
fn classify(status: u16, headers: &HeaderMap) -> Verdict {
    let reason = reason(status);
    match status {
        200..=299 => Verdict::Delivered(partial::Partial::default()),
        413 => Verdict::TooLarge,
        429 | 502 | 503 | 504 => Verdict::Retry {
            reason,
            after: retry_after(headers),
        },
        _ => Verdict::Refused { reason },
    }
}

/// The wait that the header `Retry-After` asks for.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<std::time::Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    parse_retry_after(text, SystemTime::now())
}

/// A label of few values for a status.
fn reason(status: u16) -> &'static str {
    match status {
        400 => "http_400",
        401 => "http_401",
        403 => "http_403",
        404 => "http_404",
        405 => "http_405",
        415 => "http_415",
        429 => "http_429",
        500 => "http_500",
        502 => "http_502",
        503 => "http_503",
        504 => "http_504",
        _ if status < 400 => "http_3xx",
        _ if status < 500 => "http_4xx",
        _ => "http_5xx",
    }
}

/// What somebody can do about a refusal.
pub(super) fn remedy(status: u16) -> &'static str {
    match status {
        300..=399 => "redirects are not followed; set the final URL as endpoint",
        401 | 403 => "check OTEL_EXPORTER_OTLP_HEADERS: the destination does not accept the key",
        404 | 405 => "check the endpoint: there is no OTLP receiver at this path",
        413 => {
            "one item alone is larger than the destination takes; limit attributes with OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT or raise the destination's limit"
        }
        415 => {
            "the destination does not take this encoding; try another OTEL_EXPORTER_OTLP_PROTOCOL or OTEL_EXPORTER_OTLP_COMPRESSION=none"
        }
        429 => "the destination limits the rate; sample less or raise its quota",
        502..=504 => "the destination or a proxy before it is not ready; it is tried again",
        _ => "see the destination's own log",
    }
}

/// The media type without parameters, in lower case; empty where there is none.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok());
    let kind = value.and_then(|value| value.split(';').next());
    kind.unwrap_or_default().trim().to_ascii_lowercase()
}

/// What an error body says: `google.rpc.Status` in either encoding, the usual ways to say it in
/// JSON, or plain text. Web pages of proxies say nothing worth repeating.
fn text(body: &[u8], kind: &str) -> String {
    match kind {
        "application/json" => {
            let body: Value = serde_json::from_slice(body).unwrap_or_default();
            let found = [
                &body["message"],
                &body["error"]["message"],
                &body["error"],
                &body["errors"][0],
            ];
            let found = found.into_iter().find_map(Value::as_str);
            found.unwrap_or_default().to_owned()
        }
        "application/x-protobuf" => Details::read(body).message,
        "text/plain" => String::from_utf8_lossy(body).into_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses() {
        let none = HeaderMap::new();
        for status in [200, 201, 202, 204] {
            assert!(matches!(classify(status, &none), Verdict::Delivered(_)));
        }
        assert_eq!(classify(413, &none), Verdict::TooLarge);
        for (status, reason) in [
            (429, "http_429"),
            (502, "http_502"),
            (503, "http_503"),
            (504, "http_504"),
        ] {
            let after = None;
            let expected = Verdict::Retry { reason, after };
            assert_eq!(classify(status, &none), expected);
        }
        let soon = HeaderMap::from_iter([(RETRY_AFTER, "1".parse().unwrap())]);
        for (status, reason) in [
            (301, "http_3xx"),
            (400, "http_400"),
            (401, "http_401"),
            (403, "http_403"),
            (404, "http_404"),
            (405, "http_405"),
            (408, "http_4xx"),
            (415, "http_415"),
            (500, "http_500"),
            (501, "http_5xx"),
            (599, "http_5xx"),
        ] {
            let expected = Verdict::Refused { reason };
            assert_eq!(classify(status, &soon), expected);
        }
    }

    #[test]
    fn error_bodies_are_understood() {
        for (kind, body, expected) in [
            ("application/json", r#"{"code":3,"message":"bad"}"#, "bad"),
            ("application/json", r#"{"error":"bad"}"#, "bad"),
            ("application/json", r#"{"error":{"message":"bad"}}"#, "bad"),
            ("application/json", r#"{"errors":["bad"]}"#, "bad"),
            ("application/json", "[", ""),
            ("application/x-protobuf", "\x08\x03\x12\x03bad", "bad"),
            ("application/x-protobuf", "\x12\x7f", ""),
            ("text/plain", "bad", "bad"),
            ("text/html", "<h1>bad</h1>", ""),
        ] {
            assert_eq!(text(body.as_bytes(), kind), expected, "{kind} {body}");
        }
    }
}
