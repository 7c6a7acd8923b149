//! Attributes of requests, by the stable HTTP conventions.
//!
//! <https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span>

use std::sync::Arc;

use axum::extract::{MatchedPath, OriginalUri};
use http::header::USER_AGENT;
use http::{Request, Uri, Version};
use opentelemetry::{KeyValue, StringValue, Value};

use super::layer::Settings;
use super::methods::MethodName;
use super::origin::Origin;
use super::redact;

/// Longest user agent and unknown method that is recorded, in bytes.
const MAX_TEXT: usize = 256;

/// What both span and metrics say.
#[derive(Debug)]
pub(super) struct Facts {
    method: MethodName,
    route: Option<Arc<str>>,
    origin: Origin,
    version: Option<&'static str>,
}

impl Facts {
    pub(super) fn of<B>(request: &Request<B>, settings: &Settings) -> Self {
        let route = request.extensions().get::<MatchedPath>();
        Self {
            method: settings.methods.name(request.method()),
            route: route.map(|route| route.as_str().into()),
            origin: Origin::of(request, settings.proxied),
            version: version(request.version()),
        }
    }

    /// The span's name.
    pub(super) fn name(&self) -> String {
        let method = self.method.in_span_name();
        match &self.route {
            Some(route) => format!("{method} {route}"),
            None => method.to_owned(),
        }
    }

    /// What the number of active requests says.
    pub(super) fn active(&self) -> [KeyValue; 2] {
        let scheme = if self.origin.secure { "https" } else { "http" };
        [
            KeyValue::new("http.request.method", self.method.name.clone()),
            KeyValue::new("url.scheme", scheme),
        ]
    }

    fn attributes(&self) -> Vec<KeyValue> {
        let mut list = Vec::with_capacity(16);
        list.extend(self.active());
        if let Some(route) = &self.route {
            let route = Value::String(StringValue::from(Arc::clone(route)));
            list.push(KeyValue::new("http.route", route));
        }
        if let Some(version) = self.version {
            list.push(KeyValue::new("network.protocol.version", version));
        }
        list
    }

    /// What the measurements say.
    pub(super) fn measured(
        &self,
        status: Option<&KeyValue>,
        error: Option<&KeyValue>,
    ) -> Vec<KeyValue> {
        let mut list = self.attributes();
        list.extend(status.into_iter().chain(error).cloned());
        list
    }
}

/// What the span says when it starts.
pub(super) fn request<B>(
    facts: &Facts,
    request: &Request<B>,
    refused: Option<&'static str>,
    settings: &Settings,
) -> Vec<KeyValue> {
    let mut list = facts.attributes();
    // A nested router sees a shortened one.
    let original = request.extensions().get::<OriginalUri>();
    let uri = original.map_or(request.uri(), |OriginalUri(uri)| uri);
    url(uri, settings, &mut list);
    if !facts.method.known {
        let method = truncate(request.method().as_str());
        list.push(KeyValue::new("http.request.method_original", method));
    }
    if let Some(authority) = &facts.origin.host {
        list.push(KeyValue::new("server.address", authority.host().to_owned()));
        if let Some(port) = authority.port_u16() {
            list.push(KeyValue::new("server.port", i64::from(port)));
        }
    }
    if settings.clients {
        clients(&facts.origin, &mut list);
    }
    if let Some(agent) = request
        .headers()
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok())
    {
        list.push(KeyValue::new("user_agent.original", truncate(agent)));
    }
    if let Some(reason) = refused {
        list.push(KeyValue::new("aether.propagation.error", reason));
    }
    list
}

fn url(uri: &Uri, settings: &Settings, list: &mut Vec<KeyValue>) {
    list.push(KeyValue::new(
        "url.path",
        redact::truncate(uri.path()).to_owned(),
    ));
    if let Some(query) = uri
        .query()
        .filter(|query| settings.queries && !query.is_empty())
    {
        let query = redact::query(query, &settings.secret_parameters);
        list.push(KeyValue::new("url.query", query));
    }
}

fn clients(origin: &Origin, list: &mut Vec<KeyValue>) {
    if let Some(client) = origin.client {
        list.push(KeyValue::new(
            "client.address",
            client.to_canonical().to_string(),
        ));
    }
    if let Some(peer) = origin.peer {
        let address = peer.ip().to_canonical().to_string();
        list.push(KeyValue::new("network.peer.address", address));
        list.push(KeyValue::new("network.peer.port", i64::from(peer.port())));
    }
}

pub(super) fn version(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_10 => Some("1.0"),
        Version::HTTP_11 => Some("1.1"),
        Version::HTTP_2 => Some("2"),
        Version::HTTP_3 => Some("3"),
        _ => None,
    }
}

fn truncate(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_TEXT)].to_owned()
}
