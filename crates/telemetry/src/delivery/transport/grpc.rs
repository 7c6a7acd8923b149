//! OTLP over gRPC: unary calls on an HTTP/2 client.
//!
//! A call is a POST whose body is one framed message; its outcome is in the trailers, or in the
//! headers where there is no answer at all.
//! <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>

use std::time::Duration;

use ::http::HeaderMap;
use bytes::{BufMut, Bytes, BytesMut};
use http_body_util::BodyExt;
use percent_encoding::percent_decode_str;

use super::answer::{Answer, Verdict};
use super::grpc_status::{Code, Details};
use super::http::{media_type, remedy, retry_after};
use crate::Signal;
use crate::otlp::{base64, partial};

/// No answer of a destination is read further than this.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// The path of a signal's export method.
pub(super) fn method(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    }
}

/// A message with its frame: one byte that says whether it is compressed, and its length in four.
/// `None` for what is longer than four bytes can say.
pub(super) fn frame(message: &Bytes, compressed: bool) -> Option<Bytes> {
    let length = u32::try_from(message.len()).ok()?;
    let mut framed = BytesMut::with_capacity(message.len() + 5);
    framed.put_u8(u8::from(compressed));
    framed.put_u32(length);
    framed.put_slice(message);
    Some(framed.freeze())
}

/// The value of `grpc-timeout`: at most eight digits and a unit.
pub(super) fn timeout(timeout: Duration) -> String {
    match timeout.as_millis() {
        millis @ 0..=99_999_999 => format!("{millis}m"),
        millis => format!("{}S", (millis / 1000).min(99_999_999)),
    }
}

/// Reads and judges an answer.
pub(super) async fn judge(
    signal: Signal,
    response: reqwest::Response,
) -> Result<Answer, reqwest::Error> {
    let status = response.status();
    let response = ::http::Response::<reqwest::Body>::from(response);
    let (head, mut body) = response.into_parts();
    let is_grpc = media_type(&head.headers).starts_with("application/grpc");
    if !is_grpc && !head.headers.contains_key("grpc-status") {
        return Ok(foreign(status, &head.headers));
    }
    let mut message = Vec::new();
    let mut trailers = None;
    while let Some(frame) = body.frame().await {
        match frame?.into_data() {
            Ok(data) if message.len() + data.len() <= MAX_ANSWER_BYTES => {
                message.extend_from_slice(&data);
            }
            // The outcome stands behind it, so the rest is read and forgotten.
            Ok(_) => {}
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    // A call without an answer says in its headers how it ended.
    let ended = trailers.unwrap_or(head.headers);
    Ok(outcome(signal, &message, &ended))
}

fn outcome(signal: Signal, message: &[u8], ended: &HeaderMap) -> Answer {
    let text = |name| ended.get(name).and_then(|value| value.to_str().ok());
    let code = text("grpc-status").and_then(|code| code.parse().ok());
    let code = code.map_or(Code::UNKNOWN, Code);
    let shown = format!("gRPC {} ({})", code.name(), code.0);
    if code == Code::OK {
        let partial = partial::read(signal, unframe(message).unwrap_or_default(), false);
        return Answer {
            verdict: Verdict::Delivered(partial),
            status: shown,
            failure: None,
        };
    }
    let said = percent_decode_str(text("grpc-message").unwrap_or_default()).decode_utf8_lossy();
    let details = text("grpc-status-details-bin").and_then(base64::decode);
    let details = Details::read(&details.unwrap_or_default());
    let said = if said.is_empty() {
        details.message.as_str()
    } else {
        &said
    };
    let verdict = code.verdict(said, details.retry_info);
    let remedy = if verdict == Verdict::TooLarge {
        remedy(413)
    } else {
        code.remedy(said)
    };
    Answer::failed(verdict, shown, said, remedy)
}

/// The message of an answer, where it is complete and not compressed: nothing else was asked for.
fn unframe(framed: &[u8]) -> Option<&[u8]> {
    let (head, message) = framed.split_at_checked(5)?;
    let length = u32::from_be_bytes(head[1..].try_into().ok()?);
    if head[0] != 0 {
        return None;
    }
    message.get(..usize::try_from(length).ok()?)
}

/// An answer that no gRPC server gave.
fn foreign(status: ::http::StatusCode, headers: &HeaderMap) -> Answer {
    let number = status.as_u16();
    let shown = format!("HTTP {status}");
    if status.is_success() {
        let refused = Verdict::Refused { reason: "not_grpc" };
        return Answer::failed(
            refused,
            shown,
            "",
            "whoever answers there does not speak gRPC; check the port (gRPC is usually 4317), or set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        );
    }
    let verdict = match number {
        413 => Verdict::TooLarge,
        _ => Code::of_http(number).verdict("", retry_after(headers)),
    };
    Answer::failed(verdict, shown, "", remedy(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_say_length_and_compression() {
        let framed = frame(&Bytes::from_static(b"abc"), true).unwrap();
        assert_eq!(&framed[..], b"\x01\0\0\0\x03abc");
        assert_eq!(unframe(b"\0\0\0\0\x03abc"), Some(&b"abc"[..]));
        for bad in [&b""[..], b"\0\0\0\0", b"\0\0\0\0\x03ab", b"\x01\0\0\0\0"] {
            assert_eq!(unframe(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn timeouts_have_eight_digits_at_most() {
        for (timeout, expected) in [
            (Duration::from_millis(10_000), "10000m"),
            (Duration::from_millis(99_999_999), "99999999m"),
            (Duration::from_millis(100_000_000), "100000S"),
            (Duration::MAX, "99999999S"),
        ] {
            assert_eq!(super::timeout(timeout), expected);
        }
    }

    #[test]
    fn what_no_grpc_server_answered_is_judged_by_its_status() {
        let judge = |status| {
            foreign(
                ::http::StatusCode::from_u16(status).unwrap(),
                &HeaderMap::new(),
            )
        };
        for status in [429, 502, 503, 504] {
            assert!(matches!(judge(status).verdict, Verdict::Retry { .. }));
        }
        assert_eq!(judge(413).verdict, Verdict::TooLarge);
        for status in [200, 301, 400, 401, 403, 404, 405, 500] {
            let answer = judge(status);
            assert!(
                matches!(answer.verdict, Verdict::Refused { .. }),
                "{status}"
            );
            assert!(answer.failure.is_some());
        }
    }
}
