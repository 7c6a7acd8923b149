//! What of a URL may be recorded.
//!
//! <https://opentelemetry.io/docs/specs/semconv/registry/attributes/url/>: values of parameters
//! known to be secret are replaced by `REDACTED`, their names stay.

use http::Uri;

/// Longest path, query and URL that is recorded, in bytes.
const MAX_TEXT: usize = 1024;

const REDACTED: &str = "REDACTED";

/// Parameters that are secret as a whole word: those of the conventions, and what servers call
/// their own.
const SECRET: [&str; 20] = [
    "auth",
    "authorization",
    "awsaccesskeyid",
    "code",
    "credential",
    "jwt",
    "key",
    "otp",
    "pass",
    "pin",
    "pwd",
    "session",
    "sid",
    "sig",
    "signature",
    "state",
    "ticket",
    "x-amz-credential",
    "x-amz-signature",
    "x-goog-signature",
];

/// Secret wherever they are in a name: `access_token`, `x-amz-security-token`, `client_secret`.
const SECRET_PART: [&str; 8] = [
    "token",
    "secret",
    "passw",
    "apikey",
    "api_key",
    "api-key",
    "sessionid",
    "session_id",
];

/// A query without the values of secret parameters; `own` holds more names, in lower case.
pub(super) fn query(query: &str, own: &[Box<str>]) -> String {
    let mut out = String::with_capacity(query.len().min(MAX_TEXT));
    for (index, pair) in query.split('&').enumerate() {
        if index > 0 {
            out.push('&');
        }
        if out.len() > MAX_TEXT {
            break;
        }
        match pair.split_once('=') {
            Some((name, _)) if is_secret(name, own) => {
                out.push_str(name);
                out.push('=');
                out.push_str(REDACTED);
            }
            // A lone word may be a token as well as a flag.
            None if pair.len() > 32 => out.push_str(REDACTED),
            _ => out.push_str(pair),
        }
    }
    truncate(&out).to_owned()
}

/// Whoever writes a name with escapes may be hiding which one it is.
fn is_secret(name: &str, own: &[Box<str>]) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains('%')
        || SECRET.contains(&name.as_str())
        || SECRET_PART.iter().any(|part| name.contains(part))
        || own.iter().any(|own| **own == *name)
}

/// An absolute URL without credentials, secret parameters and fragment.
pub(super) fn url(uri: &Uri, own: &[Box<str>]) -> String {
    let mut out = String::new();
    if let Some(scheme) = uri.scheme_str() {
        out.push_str(scheme);
        out.push(':');
    }
    if let Some(authority) = uri.authority() {
        out.push_str("//");
        let authority = authority.as_str();
        match authority.rsplit_once('@') {
            Some((_, host)) => {
                out.push_str("REDACTED:REDACTED@");
                out.push_str(host);
            }
            None => out.push_str(authority),
        }
    }
    out.push_str(uri.path());
    if let Some(text) = uri.query() {
        out.push('?');
        out.push_str(&query(text, own));
    }
    truncate(&out).to_owned()
}

/// As much of a text as is recorded.
pub(super) fn truncate(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_parameters_lose_their_value_and_keep_their_name() {
        let own: [Box<str>; 1] = ["card".into()];
        for (given, expected) in [
            ("q=rust&page=2", "q=rust&page=2"),
            ("token=abc", "token=REDACTED"),
            ("a=1&Token=abc&b=2", "a=1&Token=REDACTED&b=2"),
            (
                "access_token=x&X-Amz-Security-Token=y",
                "access_token=REDACTED&X-Amz-Security-Token=REDACTED",
            ),
            ("sig=a=b", "sig=REDACTED"),
            (
                "Signature=s&AWSAccessKeyId=k",
                "Signature=REDACTED&AWSAccessKeyId=REDACTED",
            ),
            ("X-Goog-Signature=s", "X-Goog-Signature=REDACTED"),
            ("%74oken=abc", "%74oken=REDACTED"),
            ("card=4711&cards=2", "card=REDACTED&cards=2"),
            ("flag&x=", "flag&x="),
            ("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.s", "REDACTED"),
            ("", ""),
        ] {
            assert_eq!(query(given, &own), expected, "{given}");
        }
    }

    #[test]
    fn long_texts_are_cut() {
        let long = format!("q={}", "ä".repeat(MAX_TEXT));
        assert!(query(&long, &[]).len() <= MAX_TEXT);
    }

    #[test]
    fn urls_lose_credentials() {
        for (given, expected) in [
            (
                "https://me:secret@example.org:8443/a?sig=1&b=2",
                "https://REDACTED:REDACTED@example.org:8443/a?sig=REDACTED&b=2",
            ),
            ("http://example.org", "http://example.org/"),
            ("/only/path?token=1", "/only/path?token=REDACTED"),
        ] {
            assert_eq!(url(&given.parse().unwrap(), &[]), expected);
        }
    }
}
