//! What is kept of a span, and what it costs.

use std::mem::size_of;
use std::sync::Arc;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

/// 16 bytes, never all zero.
pub(crate) type TraceId = [u8; 16];
/// 8 bytes, never all zero.
pub(crate) type SpanId = [u8; 8];

/// Name shown for telemetry that does not say what service it is from.
const UNKNOWN_SERVICE: &str = "unknown_service";
/// Entries of a span in indexes and sets, roughly.
const INDEX_COST: usize = 160;

/// Who made a span. Shared by all spans of the same resource and scope.
#[derive(Debug)]
pub(crate) struct Origin {
    /// Encoded resource and scope, which identify the origin.
    pub(super) key: Arc<[u8]>,
    pub(crate) service: Arc<str>,
    /// Resource attributes without `service.name`.
    pub(crate) resource: Vec<KeyValue>,
    pub(crate) scope: Option<InstrumentationScope>,
}

impl Origin {
    /// Encodes resource and scope into one key.
    pub(super) fn key(resource: &[u8], scope: Option<&InstrumentationScope>) -> Vec<u8> {
        let mut key = (resource.len() as u64).to_le_bytes().to_vec();
        key.extend_from_slice(resource);
        if let Some(scope) = scope {
            key.extend_from_slice(&scope.encode_to_vec());
        }
        key
    }

    pub(super) fn new(
        key: Arc<[u8]>,
        service: Arc<str>,
        resource: Option<&Resource>,
        scope: Option<InstrumentationScope>,
    ) -> Self {
        let resource = resource
            .map(|resource| {
                let attributes = resource.attributes.iter();
                attributes
                    .filter(|attribute| attribute.key != "service.name")
                    .cloned()
                    .collect()
            })
            .unwrap_or_default();
        Self {
            key,
            service,
            resource,
            scope,
        }
    }

    /// Encoded once as key and kept decoded, at roughly three times the size.
    pub(super) fn cost(&self) -> usize {
        size_of::<Self>() + self.key.len() * 4 + INDEX_COST
    }
}

/// The `service.name` of a resource.
pub(super) fn service_name(resource: Option<&Resource>) -> &str {
    resource
        .into_iter()
        .flat_map(|resource| &resource.attributes)
        .filter(|attribute| attribute.key == "service.name")
        .find_map(
            |attribute| match attribute.value.as_ref()?.value.as_ref()? {
                Value::StringValue(name) if !name.is_empty() => Some(name.as_str()),
                _ => None,
            },
        )
        .unwrap_or(UNKNOWN_SERVICE)
}

/// One span: the fields a search needs, and the whole span encoded.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) span_id: SpanId,
    pub(crate) origin: Arc<Origin>,
    pub(crate) operation: Arc<str>,
    pub(crate) kind: i32,
    /// Nanoseconds since 1970.
    pub(crate) start: u64,
    /// Nanoseconds since 1970, never before `start`.
    pub(crate) end: u64,
    pub(super) encoded: Box<[u8]>,
}

impl Record {
    pub(crate) fn duration(&self) -> u64 {
        self.end - self.start
    }

    /// The whole span. What was encoded here decodes again; should that ever fail, the fields
    /// known from the record are shown instead of nothing.
    pub(crate) fn span(&self) -> Span {
        Span::decode(&*self.encoded).unwrap_or_else(|_| Span {
            span_id: self.span_id.to_vec(),
            name: self.operation.to_string(),
            kind: self.kind,
            start_time_unix_nano: self.start,
            end_time_unix_nano: self.end,
            ..Span::default()
        })
    }

    pub(super) fn cost(&self) -> usize {
        size_of::<Self>() + self.encoded.len() + INDEX_COST
    }
}

/// An id of exactly `N` bytes that is not zero.
pub(super) fn id<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    let id: [u8; N] = bytes.try_into().ok()?;
    (id != [0; N]).then_some(id)
}
