//! Who may talk to this server: the token, and the place a request comes from.
//!
//! Whoever gets through owns a shell, so *every* request passes here: pages, assets, API, telemetry and the Socket.IO
//! handshake. Three things are asked, in this order:
//!
//! 1. **Host**: an IP address, `localhost`, or the host of a public origin. A foreign name that resolves to this
//!    machine (DNS rebinding) is refused.
//! 2. **Origin** and `Sec-Fetch-Site`: when the browser says where a request comes from, it must be this server's own
//!    page. Opening a page by a link is allowed from anywhere.
//! 3. **Token**: `Authorization: Bearer`, or the cookie `aetherterm_<port>`, or `?token=` when a page is opened. The
//!    last sets the cookie and sends the browser to the same address without the token.
//!
//! Telemetry from pages elsewhere is the exception: under `/v1` a key of the relay is enough, where there are any, and
//! opens nothing else.
//!
//! A refusal is 400, 401 or 403 and one log line; lines are limited in rate, and no line ever has a token in it.

mod log;
mod origin;
mod refusal;
mod token;

use std::sync::Arc;

use aether_telemetry::{Telemetry, Vouched};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, COOKIE};
use http::request::Parts;
use http::{HeaderMap, Method};

pub use origin::Origin;
pub use token::{BadToken, MAX_TOKEN_LEN, MIN_TOKEN_LEN, Token};

pub(crate) use log::Quota as LogQuota;
use log::RefusalLog;
use origin::{BadPlace, HostName};
pub(crate) use refusal::escape;
use refusal::{Entry, Refusal};

/// Paths that programs ask for, not people. A token in their query is not accepted.
const PROGRAM_PATHS: [&str; 5] = ["/api", "/v1", "/jaeger", "/metrics", "/socket.io"];

/// Where telemetry comes in.
const RELAY_PATH: &str = "/v1/";

/// Decides who gets through.
#[derive(Debug)]
pub(crate) struct Guard {
    token: Token,
    cookie: String,
    public_origins: Vec<Origin>,
    telemetry: Telemetry,
    log: RefusalLog,
}

/// The host a request was sent to, once it is known to be good. Only URL-safe characters can be in it.
#[derive(Debug, Clone)]
pub(crate) struct CheckedHost(pub(crate) String);

/// What becomes of a request.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// It goes on, with the host it was sent to.
    Pass(String),
    /// It goes on to the relay, which asks for its key again; with the host it was sent to.
    Relay(String),
    /// A person has opened a page with a token in its address.
    Enter(Entry),
    /// It stops here.
    Refuse(Refusal),
}

impl Guard {
    /// A guard for a server on `port`, whose number keeps the cookies of several servers on one host apart. The relay of
    /// `telemetry` has keys of its own.
    pub(crate) fn new(
        token: Token,
        port: u16,
        public_origins: Vec<Origin>,
        telemetry: Telemetry,
    ) -> Self {
        Self {
            token,
            cookie: format!("aetherterm_{port}"),
            public_origins,
            telemetry,
            log: RefusalLog::default(),
        }
    }

    fn judge(&self, request: &Parts) -> Verdict {
        let authority = request.uri.authority().map(http::uri::Authority::as_str);
        let host = match HostName::of(&request.headers, authority) {
            Ok(host) => host,
            Err(bad) => return Verdict::Refuse(bad.into()),
        };
        match self.judge_at(request, &host) {
            Verdict::Refuse(refusal) if self.is_for_relay(refusal, request) => {
                Verdict::Relay(host.authority())
            }
            verdict => verdict,
        }
    }

    /// Whether the relay lets in what is refused here. A name that is not this server's stays refused.
    fn is_for_relay(&self, refusal: Refusal, request: &Parts) -> bool {
        !matches!(refusal, Refusal::NoHost | Refusal::ForeignHost)
            && request.uri.path().starts_with(RELAY_PATH)
            && self.telemetry.relay_admits(request)
    }

    fn judge_at(&self, request: &Parts, host: &HostName) -> Verdict {
        let navigation = is_navigation(request);
        if let Err(bad) = origin::check(&request.headers, host, &self.public_origins, navigation) {
            return Verdict::Refuse(bad.into());
        }
        let known = self.has_bearer(&request.headers) || self.has_cookie(&request.headers);
        match query_token(request) {
            // A token in the address of a page never stays there, whether it was needed or not.
            Some(given) if self.token.matches(&given) => {
                Verdict::Enter(self.entry(request, host, true))
            }
            Some(_) if known => Verdict::Enter(self.entry(request, host, false)),
            Some(_) => Verdict::Refuse(Refusal::WrongToken),
            None if known => Verdict::Pass(host.authority()),
            None if request.headers.contains_key(AUTHORIZATION)
                || self.cookies(&request.headers).next().is_some() =>
            {
                Verdict::Refuse(Refusal::WrongToken)
            }
            None => Verdict::Refuse(Refusal::NoToken),
        }
    }

    fn has_bearer(&self, headers: &HeaderMap) -> bool {
        headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .is_some_and(|(scheme, token)| {
                scheme.eq_ignore_ascii_case("bearer") && self.token.matches(token.trim())
            })
    }

    fn has_cookie(&self, headers: &HeaderMap) -> bool {
        self.cookies(headers).any(|value| self.token.matches(value))
    }

    /// The values of this server's cookie.
    fn cookies<'a>(&'a self, headers: &'a HeaderMap) -> impl Iterator<Item = &'a str> {
        headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(name, _)| *name == self.cookie)
            .map(|(_, value)| value)
    }

    fn entry(&self, request: &Parts, host: &HostName, set_cookie: bool) -> Entry {
        let secure = self
            .public_origins
            .iter()
            .any(|origin| origin.is_https() && origin.is_at(host));
        let cookie = set_cookie.then(|| {
            format!(
                "{}={}; HttpOnly; SameSite=Strict; Path=/{}",
                self.cookie,
                self.token.reveal(),
                if secure { "; Secure" } else { "" }
            )
        });
        Entry {
            cookie,
            location: without_token(request),
            // A cookie that is `SameSite=Strict` is not sent along with a redirect that another site's link began.
            by_page: origin::is_foreign_site(&request.headers),
        }
    }
}

impl From<BadPlace> for Refusal {
    fn from(bad: BadPlace) -> Self {
        match bad {
            BadPlace::NoHost => Self::NoHost,
            BadPlace::ForeignHost => Self::ForeignHost,
            BadPlace::ForeignOrigin => Self::ForeignOrigin,
            BadPlace::CrossSite => Self::CrossSite,
        }
    }
}

/// The middleware around everything.
pub(crate) async fn middleware(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    match guard.judge(&parts) {
        Verdict::Pass(host) => {
            parts.extensions.insert(CheckedHost(host));
            // The relay asks for no key: the token was asked for here.
            parts.extensions.insert(Vouched);
            next.run(Request::from_parts(parts, body)).await
        }
        Verdict::Relay(host) => {
            parts.extensions.insert(CheckedHost(host));
            next.run(Request::from_parts(parts, body)).await
        }
        Verdict::Enter(entry) => entry.into_response(),
        Verdict::Refuse(refusal) => {
            guard.log.note(refusal, &parts);
            refusal.respond(wants_html(&parts))
        }
    }
}

/// Whether a program's path was asked for.
pub(crate) fn is_program_path(path: &str) -> bool {
    PROGRAM_PATHS.iter().any(|prefix| {
        path.strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// Whether the browser says that a person opens a page (and not a frame in another page).
fn is_navigation(request: &Parts) -> bool {
    let header = |name: &str| request.headers.get(name).map(http::HeaderValue::as_bytes);
    is_read(&request.method)
        && header("sec-fetch-mode") == Some(b"navigate")
        && header("sec-fetch-dest") == Some(b"document")
}

fn wants_html(request: &Parts) -> bool {
    let accepts =
        |value: &http::HeaderValue| value.to_str().is_ok_and(|text| text.contains("text/html"));
    is_read(&request.method)
        && request
            .headers
            .get_all(http::header::ACCEPT)
            .iter()
            .any(accepts)
}

/// The token in the address of a page that is being opened.
fn query_token(request: &Parts) -> Option<String> {
    let mode = request.headers.get("sec-fetch-mode");
    let opens = mode.is_none_or(|mode| mode == "navigate");
    if !is_read(&request.method) || is_program_path(request.uri.path()) || !opens {
        return None;
    }
    // A token has only characters that a query carries as they are, so nothing needs to be decoded.
    query_pairs(request)
        .find_map(|pair| pair.strip_prefix("token="))
        .map(str::to_owned)
}

fn query_pairs(request: &Parts) -> impl Iterator<Item = &str> {
    request
        .uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
}

/// The same path and query without the token.
fn without_token(request: &Parts) -> String {
    // `//name/path` would be another host: one slash only.
    let path = request.uri.path().trim_start_matches(['/', '\\']);
    let rest: Vec<&str> = query_pairs(request)
        .filter(|pair| pair.split('=').next() != Some("token"))
        .collect();
    let mut location = format!("/{path}");
    if !rest.is_empty() {
        location.push('?');
        location.push_str(&rest.join("&"));
    }
    location
}

#[cfg(test)]
mod tests;
