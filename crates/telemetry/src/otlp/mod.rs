//! OTLP as bytes: encoding spans, walking protobuf without decoding it, marking a resource, counting items,
//! keeping limits, and the JSON encoding. No transport and no settings in here.
//!
//! <https://opentelemetry.io/docs/specs/otlp/>

pub(crate) mod base64;
pub(crate) mod count;
pub(crate) mod edit;
pub(crate) mod encode;
pub(crate) mod json;
pub(crate) mod limit;
pub(crate) mod partial;
pub(crate) mod schema;
pub(crate) mod splice;
pub(crate) mod split;
pub(crate) mod survey;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod to_json;
#[cfg(any(test, fuzzing))]
pub(crate) mod validate;
pub(crate) mod view;
pub(crate) mod wire;
