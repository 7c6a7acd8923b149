//! Who may send: the origin of a page, and the key it brings.
//!
//! Neither proves anything about a program, which can write any header it likes. They keep pages of
//! strangers out (their browsers tell the truth), and give every sender a name to be bounded by.
//! The order: what the host of the router has let in itself passes; then the key, where there are
//! keys; then the origin.

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderValue, header};

use super::keys::{self, Client};
use super::refusal::Refusal;
use crate::config::{Origin, OriginPattern, RelaySettings};

/// Put into a request's extensions by the host of the router: it has let the sender in itself, so
/// no key and no origin is asked for.
///
/// ```
/// use aether_telemetry::Vouched;
///
/// let mut request = http::Request::post("/v1/traces").body(())?;
/// // … after the host's own authentication …
/// request.extensions_mut().insert(Vouched);
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vouched;

/// Whom a request is from, as far as the door can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    /// The client that has the key; `None` for whoever needed none.
    pub(super) client: Option<Arc<str>>,
}

/// The rules.
#[derive(Debug)]
pub(crate) struct Door {
    origins: Vec<OriginPattern>,
    pub(super) credentials: bool,
    clients: Vec<Client>,
}

/// Where the page behind a request is from.
enum Place<'p> {
    /// Nothing said so: a program, or a browser of long ago.
    Unknown,
    /// The server's own page.
    Own,
    /// A page of another origin; `None` where it cannot be read, such as `null`.
    Foreign(&'p HeaderValue, Option<Origin>),
}

impl Door {
    pub(super) fn new(settings: &RelaySettings) -> Self {
        Self {
            origins: settings.origins.clone(),
            credentials: settings.credentials,
            clients: settings.clients.iter().map(Client::new).collect(),
        }
    }

    /// Whether pages of other origins may send at all.
    pub(super) fn is_open(&self) -> bool {
        !self.origins.is_empty() || self.clients.iter().any(|client| !client.origins.is_empty())
    }

    /// Who sends, or why nobody may.
    pub(super) fn judge(&self, parts: &Parts) -> Result<Caller, Refusal> {
        if parts.extensions.get::<Vouched>().is_some() {
            return Ok(Caller { client: None });
        }
        let place = place(parts);
        if self.clients.is_empty() {
            // Without any rule it is the host's business, as it always was.
            return match (&place, self.origins.is_empty()) {
                (Place::Foreign(_, origin), false) if !takes(&self.origins, origin.as_ref()) => {
                    Err(Refusal::foreign_origin(false))
                }
                _ => Ok(Caller { client: None }),
            };
        }
        let key = keys::presented(parts).ok_or_else(Refusal::no_key)?;
        let client = keys::find(&self.clients, key).ok_or_else(Refusal::wrong_key)?;
        let good = match &place {
            Place::Own => true,
            Place::Foreign(_, origin) => takes(self.origins_of(client), origin.as_ref()),
            // A key that is bound to origins is no key for programs.
            Place::Unknown => client.origins.is_empty(),
        };
        match good {
            true => Ok(Caller {
                client: Some(Arc::clone(&client.name)),
            }),
            false => Err(Refusal::foreign_origin(true)),
        }
    }

    /// Whether a request is one that the door lets in by a key, or the question of a browser
    /// whether it might send one.
    pub(super) fn admits(&self, parts: &Parts) -> bool {
        if self.clients.is_empty() {
            return false;
        }
        match super::cors::is_preflight(parts) {
            true => self.listed(parts).is_some(),
            false => self
                .judge(parts)
                .is_ok_and(|caller| caller.client.is_some()),
        }
    }

    /// The origin behind a request where its pages may send: as it was written, and whether by `*`.
    ///
    /// Preflights carry no key, so any client's origins count, unless the address has a key.
    pub(super) fn listed<'p>(&self, parts: &'p Parts) -> Option<(&'p HeaderValue, bool)> {
        let Place::Foreign(written, origin) = place(parts) else {
            return None;
        };
        let origin = origin.as_ref();
        let named = keys::presented(parts).and_then(|key| keys::find(&self.clients, key));
        let good = |patterns: &[OriginPattern]| takes(patterns, origin);
        let clients = || self.clients.iter().map(|client| self.origins_of(client));
        let listed = match named {
            Some(client) => good(self.origins_of(client)),
            None => good(&self.origins) || clients().any(good),
        };
        let exact = |patterns: &[OriginPattern]| {
            let like = patterns.iter().filter(|pattern| !pattern.is_any());
            origin.is_some_and(|origin| like.into_iter().any(|pattern| pattern.takes(origin)))
        };
        let by_star = !exact(&self.origins) && !clients().any(exact);
        listed.then_some((written, by_star))
    }

    fn origins_of<'d>(&'d self, client: &'d Client) -> &'d [OriginPattern] {
        match client.origins.is_empty() {
            true => &self.origins,
            false => &client.origins,
        }
    }
}

fn takes(patterns: &[OriginPattern], origin: Option<&Origin>) -> bool {
    patterns.iter().any(|pattern| match origin {
        Some(origin) => pattern.takes(origin),
        None => pattern.is_any(),
    })
}

fn place(parts: &Parts) -> Place<'_> {
    // Only a browser sends it, and no page can change it. Reading, it says no origin besides.
    let says_own = |site: &HeaderValue| site == "same-origin";
    if parts.headers.get("sec-fetch-site").is_some_and(says_own) {
        return Place::Own;
    }
    let mut origins = parts.headers.get_all(header::ORIGIN).iter();
    let Some(written) = origins.next() else {
        return Place::Unknown;
    };
    if origins.next().is_some() {
        return Place::Foreign(written, None);
    }
    let origin = written.to_str().ok().and_then(Origin::parse);
    let host = parts
        .headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let authority = parts.uri.authority().map(http::uri::Authority::as_str);
    match (&origin, host.or(authority)) {
        (Some(origin), Some(host)) if origin.is_at(host) => Place::Own,
        _ => Place::Foreign(written, origin),
    }
}
