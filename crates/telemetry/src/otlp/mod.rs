//! OTLP as bytes: walking protobuf without decoding it, marking a resource, counting items, and
//! the JSON encoding. No transport and no settings in here.
//!
//! <https://opentelemetry.io/docs/specs/otlp/>

pub(crate) mod base64;
pub(crate) mod count;
pub(crate) mod json;
pub(crate) mod mark;
pub(crate) mod partial;
mod schema;
pub(crate) mod validate;
pub(crate) mod weight;
pub(crate) mod wire;
