//! OTLP as bytes: walking protobuf without decoding it, marking a resource, counting items, and
//! the JSON encoding. No transport and no settings in here.
//!
//! <https://opentelemetry.io/docs/specs/otlp/>

pub(crate) mod count;
pub(crate) mod mark;
pub(crate) mod partial;
pub(crate) mod validate;
pub(crate) mod wire;
