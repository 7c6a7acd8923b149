//! Why a TLS connection was not made, in words, and whether that can pass by itself.
//!
//! Most of it cannot: certificates and keys are read at the start, so another attempt ends the same
//! way, and waiting would only hide that nothing arrives. What the destination or the clock can put
//! right is tried again.

use std::time::{Duration, SystemTime};

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription as Alert, CertificateError as Bad, Error};

use crate::config::Tls;

/// What is wrong.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) what: String,
    pub(super) remedy: &'static str,
    /// Whether it may be gone at the next attempt.
    pub(super) passes: bool,
}

const RENEW: &str = "renew the destination's certificate, or set the clock of this machine";
const TRUST: &str =
    "name a file with the certificate of its authority (PEM) in OTEL_EXPORTER_OTLP_CERTIFICATE";
const NAME: &str =
    "use a name that the certificate holds in the endpoint, or have it issued for this one";
const SHOW: &str = "set OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY";
const OTHER_IDENTITY: &str = "check OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY: the destination must know their authority, and they must not have expired";

/// `None` for what is no problem of certificates or protocols, such as a connection that ends
/// early.
pub(super) fn judge(error: &Error, tls: &Tls) -> Option<Problem> {
    let problem = |what: &str, remedy| {
        Some(Problem {
            what: what.to_owned(),
            remedy,
            passes: false,
        })
    };
    match error {
        Error::InvalidCertificate(bad) => Some(certificate(bad)),
        Error::NoCertificatesPresented => problem("the destination shows no certificate", TRUST),
        Error::InvalidMessage(_) => problem(
            "whoever answers there does not speak TLS",
            "use http:// in the endpoint, or the port that takes https",
        ),
        Error::PeerIncompatible(_) | Error::AlertReceived(Alert::ProtocolVersion) => problem(
            "the destination and this program have no version of TLS in common",
            "the destination must offer TLS 1.2 or 1.3",
        ),
        Error::AlertReceived(Alert::NoApplicationProtocol) => problem(
            "the destination does not speak HTTP/2",
            "use the port for gRPC, or set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        ),
        Error::AlertReceived(alert) => alerted(*alert, tls),
        _ => None,
    }
}

/// The same for an error of HTTP/2, which keeps the text of what happened below it and nothing
/// else. With TLS 1.3 it is there that a destination complains about a client.
pub(super) fn judge_text(text: &str, tls: &Tls) -> Option<Problem> {
    let (_, name) = text.split_once("received fatal alert: ")?;
    let alert = COMPLAINTS.into_iter().find(|alert| {
        let rest = name.strip_prefix(format!("{alert:?}").as_str());
        rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    })?;
    alerted(alert, tls)
}

fn certificate(bad: &Bad) -> Problem {
    let (what, remedy, passes) = match bad {
        Bad::Expired => (
            "the destination's certificate has expired".to_owned(),
            RENEW,
            true,
        ),
        Bad::ExpiredContext { not_after, .. } => (
            format!(
                "the destination's certificate has expired on {}",
                date(*not_after)
            ),
            RENEW,
            true,
        ),
        Bad::NotValidYet => (
            "the destination's certificate is not valid yet".to_owned(),
            RENEW,
            true,
        ),
        Bad::NotValidYetContext { not_before, .. } => (
            format!(
                "the destination's certificate is not valid before {}",
                date(*not_before)
            ),
            RENEW,
            true,
        ),
        Bad::UnknownIssuer => (
            "the destination's certificate is signed by nobody who is trusted here".to_owned(),
            TRUST,
            false,
        ),
        Bad::BadSignature => (
            "the destination's certificate names an authority that is trusted here, whose key did not sign it".to_owned(),
            TRUST,
            false,
        ),
        Bad::NotValidForName => (
            "the destination's certificate is for another name".to_owned(),
            NAME,
            false,
        ),
        Bad::NotValidForNameContext {
            expected,
            presented,
        } => (
            format!(
                "the destination's certificate is not for {} but for {}",
                expected.to_str(),
                names(presented)
            ),
            NAME,
            false,
        ),
        Bad::Revoked => (
            "the destination's certificate has been revoked".to_owned(),
            "have a new one issued for the destination",
            false,
        ),
        Bad::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => (
            "the destination shows the certificate of an authority as its own".to_owned(),
            "have a certificate issued for the destination, signed by that authority",
            false,
        ),
        other => (
            format!("the destination's certificate is not valid: {other}"),
            "have a new one issued for the destination",
            false,
        ),
    };
    Problem {
        what,
        remedy,
        passes,
    }
}

/// What a destination says that does not like how a client shows itself.
const COMPLAINTS: [Alert; 11] = [
    Alert::CertificateRequired,
    Alert::NoCertificate,
    Alert::HandshakeFailure,
    Alert::BadCertificate,
    Alert::UnsupportedCertificate,
    Alert::CertificateRevoked,
    Alert::CertificateExpired,
    Alert::CertificateUnknown,
    Alert::UnknownCA,
    Alert::AccessDenied,
    Alert::DecryptError,
];

/// What the destination says about us.
fn alerted(alert: Alert, tls: &Tls) -> Option<Problem> {
    if !COMPLAINTS.contains(&alert) {
        return None;
    }
    let problem = |what: String, remedy| {
        Some(Problem {
            what,
            remedy,
            passes: false,
        })
    };
    match (&tls.client, alert) {
        (None, Alert::CertificateRequired | Alert::NoCertificate) => problem(
            "the destination wants a client certificate and none is configured".to_owned(),
            SHOW,
        ),
        // TLS 1.2 has no alert of its own for a certificate that is missing.
        (None, _) => problem(
            format!(
                "the destination broke off the TLS handshake ({alert:?}), as it does where it wants a client certificate"
            ),
            SHOW,
        ),
        (Some(_), _) => problem(
            format!("the destination does not accept the client certificate ({alert:?})"),
            OTHER_IDENTITY,
        ),
    }
}

/// Names come as `DnsName("…")`, which is for programmers.
fn names(presented: &[String]) -> String {
    if presented.is_empty() {
        return "no name at all".to_owned();
    }
    let bare = |name: &String| {
        let inner = name
            .split_once('(')
            .and_then(|(_, rest)| rest.strip_suffix(')'));
        inner.unwrap_or(name).trim_matches('"').to_owned()
    };
    let shown: Vec<_> = presented.iter().take(5).map(bare).collect();
    super::answer::clean(&shown.join(", "))
}

fn date(time: UnixTime) -> String {
    let date = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(time.as_secs()));
    // The form of dates ends with the year 9999; certificates do, too.
    date.filter(|_| time.as_secs() < 253_402_300_800)
        .map_or_else(
            || "a day beyond all calendars".to_owned(),
            httpdate::fmt_http_date,
        )
}
