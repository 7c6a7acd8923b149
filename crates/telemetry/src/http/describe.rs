//! Attributes of requests, by the stable HTTP conventions.

use std::sync::Arc;

use axum::extract::MatchedPath;
use http::header::{HOST, USER_AGENT};
use http::uri::Authority;
use http::{Method, Request, Version};
use opentelemetry::{KeyValue, StringValue, Value};

/// Longest user agent and unknown method that is recorded, in bytes.
const MAX_TEXT: usize = 256;

/// What both span and metric say.
#[derive(Debug)]
pub(super) struct Facts {
    /// `_OTHER` for methods nobody has standardized: their number has no bound.
    method: &'static str,
    route: Option<Arc<str>>,
    scheme: &'static str,
    version: Option<&'static str>,
}

impl Facts {
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let route = request.extensions().get::<MatchedPath>();
        let secure = request.uri().scheme_str() == Some("https");
        Self {
            method: method(request.method()),
            route: route.map(|route| route.as_str().into()),
            scheme: if secure { "https" } else { "http" },
            version: version(request.version()),
        }
    }

    /// The span's name.
    pub(super) fn name(&self) -> String {
        let method = if self.method == OTHER {
            "HTTP"
        } else {
            self.method
        };
        match &self.route {
            Some(route) => format!("{method} {route}"),
            None => method.to_owned(),
        }
    }

    fn attributes(&self) -> Vec<KeyValue> {
        let mut list = Vec::with_capacity(12);
        list.push(KeyValue::new("http.request.method", self.method));
        list.push(KeyValue::new("url.scheme", self.scheme));
        if let Some(route) = &self.route {
            let route = Value::String(StringValue::from(Arc::clone(route)));
            list.push(KeyValue::new("http.route", route));
        }
        if let Some(version) = self.version {
            list.push(KeyValue::new("network.protocol.version", version));
        }
        list
    }
}

/// What the span says when it starts.
pub(super) fn request<B>(
    facts: &Facts,
    request: &Request<B>,
    refused: Option<&'static str>,
) -> Vec<KeyValue> {
    let mut list = facts.attributes();
    list.push(KeyValue::new("url.path", request.uri().path().to_owned()));
    if facts.method == OTHER {
        let method = truncate(request.method().as_str());
        list.push(KeyValue::new("http.request.method_original", method));
    }
    if let Some(authority) = authority(request) {
        list.push(KeyValue::new("server.address", authority.host().to_owned()));
        if let Some(port) = authority.port_u16() {
            list.push(KeyValue::new("server.port", i64::from(port)));
        }
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

/// What the measurement says.
pub(super) fn measured(
    facts: &Facts,
    status: Option<&KeyValue>,
    error: Option<&KeyValue>,
) -> Vec<KeyValue> {
    let mut list = facts.attributes();
    list.extend(status.into_iter().chain(error).cloned());
    list
}

const OTHER: &str = "_OTHER";

fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => OTHER,
    }
}

fn version(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_10 => Some("1.0"),
        Version::HTTP_11 => Some("1.1"),
        Version::HTTP_2 => Some("2"),
        Version::HTTP_3 => Some("3"),
        _ => None,
    }
}

fn authority<B>(request: &Request<B>) -> Option<Authority> {
    if let Some(authority) = request.uri().authority() {
        return Some(authority.clone());
    }
    request.headers().get(HOST)?.to_str().ok()?.parse().ok()
}

fn truncate(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_TEXT)].to_owned()
}
