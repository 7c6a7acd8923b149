//! Attempts that got no answer: what broke, in words.

use std::error::Error;
use std::io;

use super::answer::{Answer, Failure, Verdict, clean};
use super::tls;
use crate::config::{Endpoint, Protocol};

/// Judges an error. The URL is left out of the words: it may hold a key.
pub(super) fn judge(error: &reqwest::Error, endpoint: &Endpoint) -> Answer {
    let cause = cause(error);
    let problem = match find(error) {
        Some(error) => tls::judge(error, &endpoint.tls),
        None => tls::judge_text(&cause, &endpoint.tls),
    };
    if let Some(problem) = problem {
        let reason = "tls";
        let verdict = if problem.passes {
            let after = None;
            Verdict::Retry { reason, after }
        } else {
            Verdict::Refused { reason }
        };
        return answer(verdict, problem.what, problem.remedy);
    }
    let retry = |reason| Verdict::Retry {
        reason,
        after: None,
    };
    if error.is_timeout() {
        return answer(
            retry("timeout"),
            format!("no answer within {} ms", endpoint.timeout.as_millis()),
            "check host and port, and whether a firewall is between; a slow destination may need a longer OTEL_EXPORTER_OTLP_TIMEOUT",
        );
    }
    let remedy = if let Some(remedy) = wrong_protocol(&cause, endpoint) {
        remedy
    } else if error.is_dns() {
        "there is no such host; check the endpoint"
    } else if refused(error) {
        "nothing listens there; check that the destination runs, and host and port of the endpoint"
    } else if endpoint.url.scheme() == "https" && endpoint.tls.client.is_none() {
        "the network or the destination broke off, perhaps because it wants a client certificate (OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE); it is tried again"
    } else {
        "the network or the destination broke off; it is tried again"
    };
    answer(
        retry("connection"),
        format!("connection failed: {cause}"),
        remedy,
    )
}

fn answer(verdict: Verdict, what: String, remedy: &'static str) -> Answer {
    Answer {
        verdict,
        status: String::new(),
        failure: Some(Failure { what, remedy }),
    }
}

/// The innermost cause.
pub(super) fn cause(error: &reqwest::Error) -> String {
    chain(error)
        .last()
        .filter(|cause| !cause.is::<reqwest::Error>())
        .map_or_else(
            || "for no stated reason".to_owned(),
            |cause| clean(&cause.to_string()),
        )
}

type Cause<'a> = &'a (dyn Error + 'static);

/// An error with everything behind it.
fn chain(error: Cause<'_>) -> impl Iterator<Item = Cause<'_>> {
    std::iter::successors(Some(error), |error| behind(*error))
}

fn behind(error: Cause<'_>) -> Option<Cause<'_>> {
    match error.downcast_ref::<io::Error>() {
        // `source` of such an error steps over the one that it holds.
        Some(io) => io.get_ref().map(|inner| inner as Cause<'_>),
        None => error.source(),
    }
}

fn find(error: Cause<'_>) -> Option<&rustls::Error> {
    chain(error).find_map(|error| error.downcast_ref())
}

fn refused(error: &reqwest::Error) -> bool {
    chain(error)
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// The port speaks, but another protocol. Only the texts of the HTTP library tell; where they
/// change, the sentence becomes less helpful and nothing else happens.
fn wrong_protocol(cause: &str, endpoint: &Endpoint) -> Option<&'static str> {
    let grpc = endpoint.protocol == Protocol::Grpc;
    if grpc && cause.contains("frame with invalid size") {
        return Some(
            "whoever answers there does not speak gRPC; use the gRPC port, usually 4317, or set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        );
    }
    // A gRPC server speaks first; whether its words come before or after the request is chance.
    let unasked = ["invalid HTTP version", "unexpected message from connection"];
    if !grpc && unasked.iter().any(|text| cause.contains(text)) {
        return Some(
            "whoever answers there does not speak HTTP/1.1, which looks like a gRPC port or one for https; use the HTTP port, usually 4318, or set OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
        );
    }
    None
}
