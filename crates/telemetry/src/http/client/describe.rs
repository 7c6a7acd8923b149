//! Attributes of requests that go out.

use std::any::{Any, type_name};

use http::{Method, Uri};
use opentelemetry::KeyValue;

use crate::http::methods::{MethodName, Methods};
use crate::http::redact;

/// What both span and measurement say.
#[derive(Debug)]
pub(super) struct Facts {
    method: MethodName,
    server: Option<(String, Option<u16>)>,
}

impl Facts {
    pub(super) fn of(method: &Method, target: Option<&Uri>, methods: &Methods) -> Self {
        Self {
            method: methods.name(method),
            server: target.and_then(server),
        }
    }

    /// The span's name: the method alone, because a client knows no route.
    pub(super) fn name(&self) -> String {
        self.method.in_span_name().to_owned()
    }

    pub(super) fn attributes(&self) -> Vec<KeyValue> {
        let mut list = Vec::with_capacity(8);
        list.push(KeyValue::new(
            "http.request.method",
            self.method.name.clone(),
        ));
        if let Some((host, port)) = &self.server {
            list.push(KeyValue::new("server.address", host.clone()));
            list.extend(port.map(|port| KeyValue::new("server.port", i64::from(port))));
        }
        list
    }

    /// What the span says when it starts.
    pub(super) fn span(
        &self,
        method: &Method,
        target: Option<&Uri>,
        secret: &[Box<str>],
    ) -> Vec<KeyValue> {
        let mut list = self.attributes();
        if let Some(target) = target {
            list.push(KeyValue::new("url.full", redact::url(target, secret)));
        }
        if !self.method.known {
            let method = redact::truncate(method.as_str()).to_owned();
            list.push(KeyValue::new("http.request.method_original", method));
        }
        list
    }
}

/// Host and port; the port of the scheme where the URL names none.
fn server(target: &Uri) -> Option<(String, Option<u16>)> {
    let host = target.host()?.to_owned();
    let port = target.port_u16().or(match target.scheme_str() {
        Some("http") => Some(80),
        Some("https") => Some(443),
        _ => None,
    });
    Some((host, port))
}

/// A few words for an error: what reqwest says it was, else the name of its type.
pub(super) fn error_type<E: Any>(error: &E) -> &'static str {
    let Some(error) = (error as &dyn Any).downcast_ref::<reqwest::Error>() else {
        return type_name::<E>();
    };
    if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "connect"
    } else if error.is_redirect() {
        "redirect"
    } else {
        "request"
    }
}
