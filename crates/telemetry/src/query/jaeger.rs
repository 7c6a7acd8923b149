//! Jaeger's JSON, field by field and in Jaeger's order.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operation {
    pub(super) name: Arc<str>,
    pub(super) span_kind: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Trace {
    #[serde(rename = "traceID")]
    pub(super) trace_id: String,
    pub(super) spans: Vec<Span>,
    pub(super) processes: BTreeMap<String, Process>,
    pub(super) warnings: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Span {
    #[serde(rename = "traceID")]
    pub(super) trace_id: String,
    #[serde(rename = "spanID")]
    pub(super) span_id: String,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) flags: u32,
    pub(super) operation_name: Arc<str>,
    pub(super) references: Vec<Reference>,
    /// Microseconds since 1970.
    pub(super) start_time: u64,
    /// Microseconds.
    pub(super) duration: u64,
    pub(super) tags: Vec<Tag>,
    pub(super) logs: Vec<Log>,
    #[serde(rename = "processID")]
    pub(super) process_id: String,
    pub(super) warnings: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reference {
    pub(super) ref_type: &'static str,
    #[serde(rename = "traceID")]
    pub(super) trace_id: String,
    #[serde(rename = "spanID")]
    pub(super) span_id: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Log {
    /// Microseconds since 1970.
    pub(super) timestamp: u64,
    pub(super) fields: Vec<Tag>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Process {
    pub(super) service_name: Arc<str>,
    pub(super) tags: Vec<Tag>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Tag {
    pub(super) key: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) value: Value,
}

impl Tag {
    pub(super) fn text(key: &str, value: impl Into<String>) -> Self {
        Self {
            key: key.to_owned(),
            kind: "string",
            value: Value::String(value.into()),
        }
    }

    pub(super) fn flag(key: &str, value: bool) -> Self {
        Self {
            key: key.to_owned(),
            kind: "bool",
            value: Value::Bool(value),
        }
    }

    /// The value as a search would write it.
    pub(super) fn shown(&self) -> String {
        match &self.value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(flags: &u32) -> bool {
    *flags == 0
}
