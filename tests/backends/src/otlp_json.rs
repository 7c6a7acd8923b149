//! Reads OTLP in JSON, which is what the Collector writes into files and what Jaeger answers.
//!
//! <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>. Readers are lenient where
//! the two differ: enumerations come as numbers or as names, 64-bit integers as text or numbers.

use serde_json::Value;

use crate::span::{Attributes, Span};

/// All spans of a message that holds `resourceSpans`.
#[must_use]
pub fn spans(message: &Value) -> Vec<Span> {
    let mut found = Vec::new();
    for group in list(message, "resourceSpans") {
        let resource = attributes(&group["resource"]);
        let service = text(&resource, "service.name");
        for scope in list(group, "scopeSpans") {
            for span in list(scope, "spans") {
                found.push(Span {
                    service: service.clone(),
                    resource: resource.clone(),
                    ..one(span)
                });
            }
        }
    }
    found
}

fn one(span: &Value) -> Span {
    let id = |key: &str| span[key].as_str().unwrap_or_default().to_owned();
    Span {
        trace_id: id("traceId"),
        span_id: id("spanId"),
        parent: Some(id("parentSpanId")).filter(|id| !id.is_empty()),
        name: id("name"),
        kind: kind(&span["kind"]),
        start: integer(&span["startTimeUnixNano"]),
        end: integer(&span["endTimeUnixNano"]),
        attributes: attributes(span),
        events: list(span, "events")
            .map(|event| event["name"].as_str().unwrap_or_default().to_owned())
            .collect(),
        failed: matches!(&span["status"]["code"], code if *code == 2 || *code == "STATUS_CODE_ERROR"),
        ..Span::default()
    }
}

/// A log record, as far as these tests look at it.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// `service.name` of its resource.
    pub service: String,
    /// The message.
    pub body: Value,
    /// `INFO`, `ERROR`, …
    pub severity: String,
    /// 32 hexadecimal digits, or empty.
    pub trace_id: String,
    /// 16 hexadecimal digits, or empty.
    pub span_id: String,
    /// Attributes of the record.
    pub attributes: Attributes,
    /// Attributes of its resource.
    pub resource: Attributes,
}

/// All log records of a message that holds `resourceLogs`.
#[must_use]
pub fn records(message: &Value) -> Vec<Record> {
    let mut found = Vec::new();
    for group in list(message, "resourceLogs") {
        let resource = attributes(&group["resource"]);
        for scope in list(group, "scopeLogs") {
            for record in list(scope, "logRecords") {
                let field = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
                found.push(Record {
                    service: text(&resource, "service.name"),
                    body: plain(&record["body"]),
                    severity: field("severityText"),
                    trace_id: field("traceId"),
                    span_id: field("spanId"),
                    attributes: attributes(record),
                    resource: resource.clone(),
                });
            }
        }
    }
    found
}

/// One data point of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// `service.name` of its resource.
    pub service: String,
    /// Name of the metric.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// `gauge`, `sum` or `histogram`.
    pub kind: &'static str,
    /// Value of a gauge or sum; count of a histogram.
    pub value: f64,
    /// Sum of a histogram.
    pub sum: Option<f64>,
    /// Attributes of the point.
    pub attributes: Attributes,
}

/// All data points of a message that holds `resourceMetrics`.
#[must_use]
pub fn points(message: &Value) -> Vec<Point> {
    let mut found = Vec::new();
    for group in list(message, "resourceMetrics") {
        let service = text(&attributes(&group["resource"]), "service.name");
        for metric in list(group, "scopeMetrics").flat_map(|scope| list(scope, "metrics")) {
            let field = |key: &str| metric[key].as_str().unwrap_or_default().to_owned();
            for kind in ["gauge", "sum", "histogram"] {
                for point in list(&metric[kind], "dataPoints") {
                    let value = ["asDouble", "asInt", "count"].iter().find_map(|key| {
                        let value = &point[*key];
                        let text = value.as_str().and_then(|text| text.parse().ok());
                        value.as_f64().or(text)
                    });
                    found.push(Point {
                        service: service.clone(),
                        name: field("name"),
                        unit: field("unit"),
                        kind,
                        value: value.unwrap_or(f64::NAN),
                        sum: point["sum"].as_f64(),
                        attributes: attributes(point),
                    });
                }
            }
        }
    }
    found
}

fn attributes(holder: &Value) -> Attributes {
    list(holder, "attributes")
        .map(|pair| {
            let key = pair["key"].as_str().unwrap_or_default().to_owned();
            (key, plain(&pair["value"]))
        })
        .collect()
}

/// `{"intValue":"3"}` → `3`.
fn plain(value: &Value) -> Value {
    let Some((kind, inner)) = value.as_object().and_then(|object| object.iter().next()) else {
        return Value::Null;
    };
    match (kind.as_str(), inner) {
        ("intValue", Value::String(digits)) => digits
            .parse::<i64>()
            .map_or_else(|_| inner.clone(), Value::from),
        ("arrayValue", array) => list(array, "values").map(plain).collect(),
        _ => inner.clone(),
    }
}

fn kind(value: &Value) -> String {
    const NAMES: [&str; 6] = [
        "unspecified",
        "internal",
        "server",
        "client",
        "producer",
        "consumer",
    ];
    if let Some(name) = value.as_str() {
        return name.trim_start_matches("SPAN_KIND_").to_lowercase();
    }
    let number = usize::try_from(value.as_u64().unwrap_or_default()).unwrap_or_default();
    NAMES.get(number).copied().unwrap_or("unknown").to_owned()
}

fn list<'a>(holder: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    holder[key].as_array().into_iter().flatten()
}

fn integer(value: &Value) -> u64 {
    let text = value.as_str().and_then(|text| text.parse().ok());
    value.as_u64().or(text).unwrap_or_default()
}

fn text(attributes: &Attributes, key: &str) -> String {
    let value = attributes.get(key).and_then(Value::as_str);
    value.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn spans_with_numbers_and_with_names() {
        for (server, error, nanos) in [
            (json!(2), json!(2), json!("5")),
            (
                json!("SPAN_KIND_SERVER"),
                json!("STATUS_CODE_ERROR"),
                json!(5),
            ),
        ] {
            let message = json!({"resourceSpans": [{
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
                "scopeSpans": [{"spans": [{
                    "traceId": "ab", "spanId": "cd", "parentSpanId": "", "name": "n",
                    "kind": server, "status": {"code": error}, "startTimeUnixNano": nanos,
                    "attributes": [
                        {"key": "i", "value": {"intValue": "-7"}},
                        {"key": "l", "value": {"arrayValue": {"values": [{"boolValue": true}]}}},
                    ],
                    "events": [{"name": "late"}],
                }]}],
            }]});
            let found = spans(&message);
            let [span] = &found[..] else {
                panic!("{found:?}")
            };
            assert_eq!(
                (span.kind.as_str(), span.failed, span.start),
                ("server", true, 5)
            );
            assert_eq!(
                (span.parent.as_ref(), span.service.as_str()),
                (None, "shop")
            );
            assert_eq!(span.attributes["i"], json!(-7));
            assert_eq!(span.attributes["l"], json!([true]));
            assert_eq!(span.events, ["late"]);
        }
    }

    #[test]
    fn points_of_each_kind() {
        let message = json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": [
            {"name": "a", "sum": {"dataPoints": [{"asInt": "3"}]}},
            {"name": "b", "unit": "s", "histogram": {"dataPoints": [{"count": "2", "sum": 0.5}]}},
        ]}]}]});
        let found = points(&message);
        assert_eq!((found[0].kind, found[0].value), ("sum", 3.0));
        assert_eq!(
            (found[1].kind, found[1].value, found[1].sum),
            ("histogram", 2.0, Some(0.5))
        );
    }
}
