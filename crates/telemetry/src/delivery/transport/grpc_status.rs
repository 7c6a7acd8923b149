//! The outcome of a gRPC call: its code, and the details that may come with it.
//!
//! Codes: <https://grpc.io/docs/guides/status-codes/>. Which of them are worth another attempt:
//! <https://opentelemetry.io/docs/specs/otlp/#failures>.

use std::time::Duration;

use prost::Message;

use super::answer::Verdict;
use crate::delivery::retry::LONGEST_WAIT;

/// A status code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code(pub(super) u32);

impl Code {
    pub(super) const OK: Self = Self(0);
    pub(super) const UNKNOWN: Self = Self(2);
    const OUT_OF_RANGE: Self = Self(11);
    const RESOURCE_EXHAUSTED: Self = Self(8);

    /// The code that stands for an HTTP status where a proxy answered instead of a gRPC server.
    /// <https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md>
    pub(super) fn of_http(status: u16) -> Self {
        Self(match status {
            400 => 13,
            401 => 16,
            403 => 7,
            404 => 12,
            429 | 502 | 503 | 504 => 14,
            _ => 2,
        })
    }

    pub(super) fn name(self) -> &'static str {
        self.labels().0
    }

    /// A label of few values.
    fn reason(self) -> &'static str {
        self.labels().1
    }

    fn labels(self) -> (&'static str, &'static str) {
        match self.0 {
            0 => ("OK", "grpc_ok"),
            1 => ("CANCELLED", "grpc_cancelled"),
            3 => ("INVALID_ARGUMENT", "grpc_invalid_argument"),
            4 => ("DEADLINE_EXCEEDED", "grpc_deadline_exceeded"),
            5 => ("NOT_FOUND", "grpc_not_found"),
            6 => ("ALREADY_EXISTS", "grpc_already_exists"),
            7 => ("PERMISSION_DENIED", "grpc_permission_denied"),
            8 => ("RESOURCE_EXHAUSTED", "grpc_resource_exhausted"),
            9 => ("FAILED_PRECONDITION", "grpc_failed_precondition"),
            10 => ("ABORTED", "grpc_aborted"),
            11 => ("OUT_OF_RANGE", "grpc_out_of_range"),
            12 => ("UNIMPLEMENTED", "grpc_unimplemented"),
            13 => ("INTERNAL", "grpc_internal"),
            14 => ("UNAVAILABLE", "grpc_unavailable"),
            15 => ("DATA_LOSS", "grpc_data_loss"),
            16 => ("UNAUTHENTICATED", "grpc_unauthenticated"),
            _ => ("UNKNOWN", "grpc_unknown"),
        }
    }

    /// What to do about a call that ended so. `retry_info` is the wait that the details name.
    pub(super) fn verdict(self, message: &str, retry_info: Option<Duration>) -> Verdict {
        let reason = self.reason();
        let after = retry_info;
        if matches!(self, Self::RESOURCE_EXHAUSTED | Self::OUT_OF_RANGE) && is_about_size(message) {
            return Verdict::TooLarge;
        }
        match self.0 {
            1 | 4 | 10 | 11 | 14 | 15 => Verdict::Retry { reason, after },
            // Only a destination that says when expects to recover.
            8 if after.is_some() => Verdict::Retry { reason, after },
            _ => Verdict::Refused { reason },
        }
    }

    /// What somebody can do about it: by the code, and by the server's words where the code says
    /// too little.
    pub(super) fn remedy(self, message: &str) -> &'static str {
        match self.0 {
            // gRPC's C library refuses a compression it does not know as an internal error.
            13 if message.contains("grpc-encoding") => {
                "the destination does not know this compression; set OTEL_EXPORTER_OTLP_COMPRESSION to gzip or none"
            }
            7 | 16 => "check OTEL_EXPORTER_OTLP_HEADERS: the destination does not accept the key",
            8 => "the destination limits the rate; sample less or raise its quota",
            12 => {
                "the destination does not take this signal by gRPC, or not this compression; check the port (gRPC is usually 4317) and OTEL_EXPORTER_OTLP_COMPRESSION"
            }
            4 | 14 => "the destination or a proxy before it is not ready; it is tried again",
            _ => "see the destination's own log",
        }
    }
}

/// Whether a message is about the size of a request, in the words of gRPC's implementations: Go
/// and C "received message larger than max (…)", Java "message exceeds maximum size", Rust
/// "decoded message length too large".
fn is_about_size(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    let names = ["message", "request", "payload", "body"];
    let sizes = [
        "larger than",
        "too large",
        "too big",
        "exceeds max",
        "size limit",
    ];
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    has(&names) && has(&sizes)
}

/// `google.rpc.Status`, as it comes in `grpc-status-details-bin` and in the error bodies of
/// OTLP over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Details {
    pub(super) message: String,
    pub(super) retry_info: Option<Duration>,
}

#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Delay>,
}

#[derive(Clone, PartialEq, Message)]
struct Delay {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

impl Details {
    /// Reads a status; what cannot be read is as if it were not there.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let status = Status::decode(bytes).unwrap_or_default();
        let info = status
            .details
            .iter()
            .find(|any| any.type_url.ends_with("/google.rpc.RetryInfo"))
            .and_then(|any| RetryInfo::decode(&*any.value).ok());
        Self {
            message: status.message,
            retry_info: info.map(|info| {
                let delay = info.retry_delay.unwrap_or_default();
                let seconds = u64::try_from(delay.seconds).unwrap_or(0);
                let nanos = u32::try_from(delay.nanos).unwrap_or(0);
                let wait =
                    Duration::from_secs(seconds).checked_add(Duration::from_nanos(nanos.into()));
                wait.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_are_worth_another_attempt() {
        let second = Some(Duration::from_secs(1));
        for code in 0..20 {
            for after in [None, second] {
                let retried = matches!(Code(code).verdict("", after), Verdict::Retry { .. });
                let expected =
                    [1, 4, 10, 11, 14, 15].contains(&code) || code == 8 && after == second;
                assert_eq!(retried, expected, "{code} {after:?}");
            }
        }
    }

    #[test]
    fn sizes_in_the_words_of_the_implementations() {
        for (message, too_large) in [
            ("grpc: received message larger than max (5 vs. 4)", true),
            ("Received message larger than max (5 vs. 4)", true),
            ("gRPC message exceeds maximum size 4: 5", true),
            (
                "Error, decoded message length too large: found 5 bytes",
                true,
            ),
            ("quota exceeded: too many requests", false),
            ("", false),
        ] {
            for code in [Code::RESOURCE_EXHAUSTED, Code::OUT_OF_RANGE] {
                let found = code.verdict(message, None) == Verdict::TooLarge;
                assert_eq!(found, too_large, "{message}");
            }
            assert_ne!(Code(13).verdict(message, None), Verdict::TooLarge);
        }
    }

    #[test]
    fn waits_are_read_and_bounded() {
        let status = |delay: Option<Delay>| {
            let info = RetryInfo { retry_delay: delay };
            let status = Status {
                message: "later".to_owned(),
                details: vec![
                    Any {
                        type_url: "type.googleapis.com/google.rpc.Help".to_owned(),
                        value: vec![1],
                    },
                    Any {
                        type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(),
                        value: info.encode_to_vec(),
                    },
                ],
            };
            status.encode_to_vec()
        };
        let delay = |seconds, nanos| Some(Delay { seconds, nanos });
        for (given, expected) in [
            (delay(3, 500_000_000), Duration::from_millis(3500)),
            (delay(-3, -1), Duration::ZERO),
            (delay(i64::MAX, i32::MAX), LONGEST_WAIT),
            (None, Duration::ZERO),
        ] {
            let details = Details::read(&status(given));
            assert_eq!(details.message, "later");
            assert_eq!(details.retry_info, Some(expected));
        }
        assert_eq!(Details::read(b"\x1a\xff"), Details::default());
    }
}
