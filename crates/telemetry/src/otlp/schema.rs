//! The OTLP messages as tables: JSON name, field number and kind of every field.
//!
//! From opentelemetry-proto 1.11 (<https://github.com/open-telemetry/opentelemetry-proto>). A test
//! compares them with the generated types.

use crate::Signal;

/// A message: its fields.
#[derive(Debug)]
pub(crate) struct Message {
    pub(super) fields: &'static [Field],
    /// By its number, the place of a field among them, plus one.
    places: [u8; NUMBERS],
    /// Roughly the bytes of one decoded message without what it points to.
    pub(super) size: usize,
}

/// A `String`, `Vec` or pointer with its bookkeeping.
pub(super) const HANDLE: usize = 24;

/// Field numbers of all messages are smaller.
const NUMBERS: usize = 17;

/// A field of a message.
#[derive(Debug)]
pub(crate) struct Field {
    pub(super) json: &'static str,
    pub(crate) number: u32,
    pub(crate) kind: Kind,
    pub(super) repeated: bool,
    pub(crate) role: Role,
}

/// What a field is for, where that matters to whoever changes telemetry on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Nothing of the below.
    Plain,
    /// One attribute of many.
    Attributes,
    /// How many attributes the sender left out.
    DroppedAttributes,
    /// Nanoseconds since 1970.
    Time,
    /// Words that people or programs chose, which may hold anything.
    Words,
    /// An `AnyValue`.
    Value,
    /// A metric.
    Metric,
    /// A data point.
    Point,
}

/// A message of these fields.
#[expect(non_snake_case, reason = "what the tables below are made of")]
const fn Message(fields: &'static [Field]) -> Message {
    let (mut places, mut size) = ([0; NUMBERS], 0);
    let mut at = 0;
    while at < fields.len() {
        // Checked when this is compiled.
        places[fields[at].number as usize] = at as u8 + 1;
        size += match fields[at].kind {
            _ if fields[at].repeated => HANDLE,
            Kind::Text | Kind::Bytes | Kind::Id(_) | Kind::Message(_) => HANDLE,
            _ => 8,
        };
        at += 1;
    }
    Message {
        fields,
        places,
        size,
    }
}

impl Message {
    /// The field of that number.
    #[inline]
    pub(crate) fn field(&'static self, number: u32) -> Option<&'static Field> {
        let place = self.places.get(number as usize)?;
        self.fields.get(usize::from(*place).checked_sub(1)?)
    }

    /// The number of its field of that role, which is the only one.
    pub(crate) fn number_of(&self, role: Role) -> Option<u32> {
        let field = self.fields.iter().find(|field| field.role == role)?;
        Some(field.number)
    }
}

/// How a value is written in JSON and in protobuf.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Text,
    Bool,
    /// A number in JSON, never a name.
    Enum,
    Uint32,
    Sint32,
    Fixed32,
    /// A string or a number in JSON, as all 64-bit numbers.
    Int64,
    Uint64,
    Fixed64,
    Sfixed64,
    /// A number, or `"NaN"`, `"Infinity"`, `"-Infinity"`.
    Double,
    /// Base64.
    Bytes,
    /// Hexadecimal, of so many bytes or empty.
    Id(usize),
    Message(&'static Message),
}

const fn one(json: &'static str, number: u32, kind: Kind) -> Field {
    Field {
        json,
        number,
        kind,
        repeated: false,
        role: Role::Plain,
    }
}

const fn many(json: &'static str, number: u32, kind: Kind) -> Field {
    Field {
        json,
        number,
        kind,
        repeated: true,
        role: Role::Plain,
    }
}

const fn time(json: &'static str, number: u32) -> Field {
    one(json, number, Fixed64).with(Role::Time)
}

const fn attributes(json: &'static str, number: u32) -> Field {
    many(json, number, Kind::Message(&KEY_VALUE)).with(Role::Attributes)
}

const fn dropped(number: u32) -> Field {
    one("droppedAttributesCount", number, Uint32).with(Role::DroppedAttributes)
}

const fn points(kind: &'static Message) -> Field {
    many("dataPoints", 1, Kind::Message(kind)).with(Role::Point)
}

impl Field {
    const fn with(self, role: Role) -> Self {
        Self { role, ..self }
    }
}

use Kind::{
    Bool, Double, Enum, Fixed32, Fixed64, Id, Int64, Sfixed64, Sint32, Text, Uint32, Uint64,
};

/// The export request of a signal.
pub(crate) fn request(signal: Signal) -> &'static Message {
    match signal {
        Signal::Traces => &TRACES,
        Signal::Logs => &LOGS,
        Signal::Metrics => &METRICS,
    }
}

pub(super) static ANY_VALUE: Message = Message(&[
    one("stringValue", 1, Text),
    one("boolValue", 2, Bool),
    one("intValue", 3, Int64),
    one("doubleValue", 4, Double),
    one("arrayValue", 5, Kind::Message(&ARRAY)),
    one("kvlistValue", 6, Kind::Message(&KEY_VALUE_LIST)),
    one("bytesValue", 7, Kind::Bytes),
]);
static ARRAY: Message = Message(&[many("values", 1, Kind::Message(&ANY_VALUE))]);
static KEY_VALUE_LIST: Message = Message(&[many("values", 1, Kind::Message(&KEY_VALUE))]);
pub(super) static KEY_VALUE: Message = Message(&[
    one("key", 1, Text),
    one("value", 2, Kind::Message(&ANY_VALUE)),
]);
static ENTITY_REF: Message = Message(&[
    one("schemaUrl", 1, Text),
    one("type", 2, Text),
    many("idKeys", 3, Text),
    many("descriptionKeys", 4, Text),
]);
pub(crate) static RESOURCE: Message = Message(&[
    attributes("attributes", 1),
    dropped(2),
    many("entityRefs", 3, Kind::Message(&ENTITY_REF)),
]);
static SCOPE: Message = Message(&[
    one("name", 1, Text),
    one("version", 2, Text),
    attributes("attributes", 3),
    dropped(4),
]);

static TRACES: Message = Message(&[many("resourceSpans", 1, Kind::Message(&RESOURCE_SPANS))]);
static RESOURCE_SPANS: Message = Message(&[
    one("resource", 1, Kind::Message(&RESOURCE)),
    many("scopeSpans", 2, Kind::Message(&SCOPE_SPANS)),
    one("schemaUrl", 3, Text),
]);
static SCOPE_SPANS: Message = Message(&[
    one("scope", 1, Kind::Message(&SCOPE)),
    many("spans", 2, Kind::Message(&SPAN)),
    one("schemaUrl", 3, Text),
]);
pub(super) static SPAN: Message = Message(&[
    one("traceId", 1, Id(16)),
    one("spanId", 2, Id(8)),
    one("traceState", 3, Text),
    one("parentSpanId", 4, Id(8)),
    one("flags", 16, Fixed32),
    one("name", 5, Text).with(Role::Words),
    one("kind", 6, Enum),
    time("startTimeUnixNano", 7),
    time("endTimeUnixNano", 8),
    attributes("attributes", 9),
    dropped(10),
    many("events", 11, Kind::Message(&EVENT)),
    one("droppedEventsCount", 12, Uint32),
    many("links", 13, Kind::Message(&LINK)),
    one("droppedLinksCount", 14, Uint32),
    one("status", 15, Kind::Message(&STATUS)),
]);
static EVENT: Message = Message(&[
    time("timeUnixNano", 1),
    one("name", 2, Text).with(Role::Words),
    attributes("attributes", 3),
    dropped(4),
]);
static LINK: Message = Message(&[
    one("traceId", 1, Id(16)),
    one("spanId", 2, Id(8)),
    one("traceState", 3, Text),
    attributes("attributes", 4),
    dropped(5),
    one("flags", 6, Fixed32),
]);
static STATUS: Message = Message(&[
    one("message", 2, Text).with(Role::Words),
    one("code", 3, Enum),
]);

static LOGS: Message = Message(&[many("resourceLogs", 1, Kind::Message(&RESOURCE_LOGS))]);
static RESOURCE_LOGS: Message = Message(&[
    one("resource", 1, Kind::Message(&RESOURCE)),
    many("scopeLogs", 2, Kind::Message(&SCOPE_LOGS)),
    one("schemaUrl", 3, Text),
]);
static SCOPE_LOGS: Message = Message(&[
    one("scope", 1, Kind::Message(&SCOPE)),
    many("logRecords", 2, Kind::Message(&LOG_RECORD)),
    one("schemaUrl", 3, Text),
]);
pub(super) static LOG_RECORD: Message = Message(&[
    time("timeUnixNano", 1),
    time("observedTimeUnixNano", 11),
    one("severityNumber", 2, Enum),
    one("severityText", 3, Text),
    one("body", 5, Kind::Message(&ANY_VALUE)).with(Role::Value),
    attributes("attributes", 6),
    dropped(7),
    one("flags", 8, Fixed32),
    one("traceId", 9, Id(16)),
    one("spanId", 10, Id(8)),
    one("eventName", 12, Text),
]);

static METRICS: Message = Message(&[many("resourceMetrics", 1, Kind::Message(&RESOURCE_METRICS))]);
static RESOURCE_METRICS: Message = Message(&[
    one("resource", 1, Kind::Message(&RESOURCE)),
    many("scopeMetrics", 2, Kind::Message(&SCOPE_METRICS)),
    one("schemaUrl", 3, Text),
]);
static SCOPE_METRICS: Message = Message(&[
    one("scope", 1, Kind::Message(&SCOPE)),
    many("metrics", 2, Kind::Message(&METRIC)).with(Role::Metric),
    one("schemaUrl", 3, Text),
]);
pub(crate) static METRIC: Message = Message(&[
    one("name", 1, Text),
    one("description", 2, Text),
    one("unit", 3, Text),
    one("gauge", 5, Kind::Message(&GAUGE)),
    one("sum", 7, Kind::Message(&SUM)),
    one("histogram", 9, Kind::Message(&HISTOGRAM)),
    one(
        "exponentialHistogram",
        10,
        Kind::Message(&EXPONENTIAL_HISTOGRAM),
    ),
    one("summary", 11, Kind::Message(&SUMMARY)),
    attributes("metadata", 12),
]);
static GAUGE: Message = Message(&[points(&NUMBER_POINT)]);
static SUM: Message = Message(&[
    points(&NUMBER_POINT),
    one("aggregationTemporality", 2, Enum),
    one("isMonotonic", 3, Bool),
]);
static HISTOGRAM: Message = Message(&[
    points(&HISTOGRAM_POINT),
    one("aggregationTemporality", 2, Enum),
]);
static EXPONENTIAL_HISTOGRAM: Message = Message(&[
    points(&EXPONENTIAL_POINT),
    one("aggregationTemporality", 2, Enum),
]);
static SUMMARY: Message = Message(&[points(&SUMMARY_POINT)]);
static NUMBER_POINT: Message = Message(&[
    attributes("attributes", 7),
    time("startTimeUnixNano", 2),
    time("timeUnixNano", 3),
    one("asDouble", 4, Double),
    one("asInt", 6, Sfixed64),
    many("exemplars", 5, Kind::Message(&EXEMPLAR)),
    one("flags", 8, Uint32),
]);
static HISTOGRAM_POINT: Message = Message(&[
    attributes("attributes", 9),
    time("startTimeUnixNano", 2),
    time("timeUnixNano", 3),
    one("count", 4, Fixed64),
    one("sum", 5, Double),
    many("bucketCounts", 6, Fixed64),
    many("explicitBounds", 7, Double),
    many("exemplars", 8, Kind::Message(&EXEMPLAR)),
    one("flags", 10, Uint32),
    one("min", 11, Double),
    one("max", 12, Double),
]);
static EXPONENTIAL_POINT: Message = Message(&[
    attributes("attributes", 1),
    time("startTimeUnixNano", 2),
    time("timeUnixNano", 3),
    one("count", 4, Fixed64),
    one("sum", 5, Double),
    one("scale", 6, Sint32),
    one("zeroCount", 7, Fixed64),
    one("positive", 8, Kind::Message(&BUCKETS)),
    one("negative", 9, Kind::Message(&BUCKETS)),
    one("flags", 10, Uint32),
    many("exemplars", 11, Kind::Message(&EXEMPLAR)),
    one("min", 12, Double),
    one("max", 13, Double),
    one("zeroThreshold", 14, Double),
]);
static BUCKETS: Message = Message(&[one("offset", 1, Sint32), many("bucketCounts", 2, Uint64)]);
static SUMMARY_POINT: Message = Message(&[
    attributes("attributes", 7),
    time("startTimeUnixNano", 2),
    time("timeUnixNano", 3),
    one("count", 4, Fixed64),
    one("sum", 5, Double),
    many("quantileValues", 6, Kind::Message(&QUANTILE)),
    one("flags", 8, Uint32),
]);
static QUANTILE: Message = Message(&[one("quantile", 1, Double), one("value", 2, Double)]);
static EXEMPLAR: Message = Message(&[
    attributes("filteredAttributes", 7),
    time("timeUnixNano", 2),
    one("asDouble", 3, Double),
    one("asInt", 6, Sfixed64),
    one("spanId", 4, Id(8)),
    one("traceId", 5, Id(16)),
]);
