//! The batch that is being filled: encoded spans by instrumentation scope.

use opentelemetry::InstrumentationScope;

use crate::otlp::encode;
use crate::otlp::wire::{put_bytes, put_message};

/// Field numbers of `ExportTraceServiceRequest`, `ResourceSpans` and `ScopeSpans`: the message
/// inside, what describes it, and the schema of that.
const RESOURCE_SPANS: u32 = 1;
const RESOURCE: u32 = 1;
const SCOPE_SPANS: u32 = 2;
const SCOPE: u32 = 1;
const SCHEMA_URL: u32 = 3;

/// A finished `ExportTraceServiceRequest`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) spans: usize,
    pub(super) body: Vec<u8>,
}

#[derive(Debug, Default)]
pub(super) struct Open {
    /// The encoded `Resource`.
    resource: Vec<u8>,
    resource_schema: String,
    scopes: Vec<Scope>,
    spans: usize,
    /// Bytes of the spans of the last request, which the next one's will take, too.
    last: usize,
}

#[derive(Debug)]
struct Scope {
    scope: InstrumentationScope,
    /// The encoded fields of the spans, one after the other.
    spans: Vec<u8>,
}

impl Open {
    pub(super) fn set_resource(&mut self, encoded: &[u8], schema: &str) {
        self.resource = encoded.to_vec();
        self.resource_schema = schema.to_owned();
    }

    pub(super) fn spans(&self) -> usize {
        self.spans
    }

    /// Adds a span, encoded as a field of `ScopeSpans`.
    pub(super) fn add(&mut self, scope: &InstrumentationScope, span: &[u8]) {
        self.spans += 1;
        // There are a few scopes, and most spans are of the same one.
        match self.scopes.iter_mut().find(|known| known.scope == *scope) {
            Some(known) => known.spans.extend_from_slice(span),
            None => {
                let room = if self.scopes.is_empty() { self.last } else { 0 };
                let mut spans = Vec::with_capacity(room.max(span.len()));
                spans.extend_from_slice(span);
                self.scopes.push(Scope {
                    scope: scope.clone(),
                    spans,
                });
            }
        }
    }

    /// Everything so far as a request, if there is anything.
    pub(super) fn take(&mut self) -> Option<Request> {
        let scopes = std::mem::take(&mut self.scopes);
        let spans = std::mem::take(&mut self.spans);
        if spans == 0 {
            return None;
        }
        let content: usize = scopes.iter().map(|scope| scope.spans.len()).sum();
        self.last = content;
        let mut body = Vec::with_capacity(content + self.resource.len() + 512);
        put_message(&mut body, RESOURCE_SPANS, |body| {
            put_bytes(body, RESOURCE, &self.resource);
            for Scope { scope, spans } in &scopes {
                put_message(body, SCOPE_SPANS, |body| {
                    put_bytes(body, SCOPE, &encode::scope(scope));
                    body.extend_from_slice(spans);
                    encode::put_text(body, SCHEMA_URL, scope.schema_url().unwrap_or_default());
                });
            }
            encode::put_text(body, SCHEMA_URL, &self.resource_schema);
        });
        Some(Request { spans, body })
    }
}
