//! Metrics with attributes of too many values: they become one series.

use aether_telemetry::{Outcome, Telemetry};
use http::StatusCode;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use serde_json::{Value, json};

use super::support::decoded::{attribute, metrics};
use super::support::{self, count, post};
use super::{JSON, to_backend};

const LIMIT: (&str, &str) = ("AETHER_TELEMETRY_RELAY_METRIC_VALUES", "2");

/// A point for each user, of the value of its number.
fn points(users: std::ops::Range<u32>, mut more: Value) -> Value {
    let points = users.map(|user| {
        let mut point = json!({
            "attributes": [{"key": "user", "value": {"stringValue": format!("u{user}")}}],
            "startTimeUnixNano": (1000 - user).to_string(), "timeUnixNano": (1000 + user).to_string(),
            "asInt": user.to_string(),
            "exemplars": [{"filteredAttributes": [{"key": "user", "value": {"intValue": user}}]}],
        });
        if let Some(more) = more.as_object_mut() {
            point.as_object_mut().unwrap().append(&mut more.clone());
        }
        point
    });
    points.collect()
}

async fn send(telemetry: &Telemetry, metric: Value) -> Value {
    let body = json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]});
    let router = telemetry.relay_router();
    let response = post(&router, "/v1/metrics", &[JSON], body.to_string()).await;
    assert_eq!(response.status(), StatusCode::OK);
    serde_json::from_slice(&support::body(response).await).unwrap()
}

#[tokio::test]
async fn further_values_are_added_up_in_one_series() {
    let (telemetry, backend) = to_backend(&[LIMIT]).await;
    let sum = json!({"aggregationTemporality": 1, "isMonotonic": true,
        "dataPoints": points(1..6, Value::Null)});
    // The name stands behind the points.
    let metric = json!({"sum": sum, "name": "clicks", "unit": "1"});
    assert_eq!(send(&telemetry, metric.clone()).await, json!({}));
    let metrics = metrics(&backend.wait(1).await);
    assert_eq!((&*metrics[0].name, &*metrics[0].unit), ("clicks", "1"));
    let Some(Data::Sum(sum)) = &metrics[0].data else {
        panic!("{metrics:?}");
    };
    assert!(sum.is_monotonic && sum.aggregation_temporality == 1);
    let users: Vec<_> = (sum.data_points.iter())
        .map(|point| attribute(&point.attributes, "user"))
        .collect();
    assert_eq!(users, [Some("u1".to_owned()), Some("u2".to_owned()), None]);
    let rest = &sum.data_points[2];
    let overflow = attribute(&rest.attributes, "otel.metric.overflow");
    assert_eq!(overflow.as_deref(), Some("true"));
    assert_eq!(rest.value, Some(Number::AsInt(3 + 4 + 5)));
    assert_eq!(
        (rest.start_time_unix_nano, rest.time_unix_nano),
        (995, 1005)
    );
    assert!(rest.exemplars.is_empty(), "they have the values");
    assert_eq!(sum.data_points[0].exemplars.len(), 1);
}

#[tokio::test]
async fn of_gauges_the_newest_stands_and_histograms_are_added() {
    let (telemetry, backend) = to_backend(&[LIMIT]).await;
    let gauge = json!({"name": "size", "gauge": {"dataPoints": points(1..5, Value::Null)}});
    send(&telemetry, gauge).await;
    // Else both might come together.
    backend.wait(1).await;
    let more = json!({"asInt": null, "count": "3", "sum": 1.5, "min": 0.25, "max": 1.0,
        "bucketCounts": ["1", "2"], "explicitBounds": [0.5]});
    let mut histogram = points(1..5, more);
    // Other bounds cannot be added.
    let other = json!({"count": "1", "bucketCounts": ["1"], "explicitBounds": [],
        "attributes": [{"key": "user", "value": {"stringValue": "other"}}]});
    histogram.as_array_mut().unwrap().push(other);
    let histogram = json!({"name": "time", "histogram": {"dataPoints": histogram}});
    let answer = send(&telemetry, histogram).await;
    assert_eq!(answer["partialSuccess"]["rejectedDataPoints"], "1");
    let metrics = metrics(&backend.wait(2).await);
    let Some(Data::Gauge(gauge)) = &metrics[0].data else {
        panic!("{metrics:?}");
    };
    assert_eq!(gauge.data_points.len(), 3);
    assert_eq!(gauge.data_points[2].value, Some(Number::AsInt(4)));
    let Some(Data::Histogram(histogram)) = &metrics[1].data else {
        panic!("{metrics:?}");
    };
    let rest = &histogram.data_points[2];
    assert_eq!(histogram.data_points.len(), 3);
    assert_eq!((rest.count, rest.sum), (6, Some(3.0)));
    assert_eq!(rest.bucket_counts, [2, 4]);
    assert_eq!((rest.min, rest.max), (Some(0.25), Some(1.0)));
    let dropped = count(
        &telemetry.status(),
        Outcome::Dropped,
        "relay",
        "cardinality",
    );
    assert_eq!(dropped, 1);
}

#[tokio::test]
async fn a_point_with_too_many_attributes_has_no_series_of_its_own() {
    let (telemetry, backend) = to_backend(&[("AETHER_TELEMETRY_RELAY_ATTRIBUTES", "1")]).await;
    let two = json!({"asInt": 1, "attributes": [
        {"key": "a", "value": {"intValue": 1}}, {"key": "b", "value": {"intValue": 1}}]});
    send(
        &telemetry,
        json!({"name": "m", "sum": {"dataPoints": [two]}}),
    )
    .await;
    let metrics = metrics(&backend.wait(1).await);
    let Some(Data::Sum(sum)) = &metrics[0].data else {
        panic!("{metrics:?}");
    };
    let keys: Vec<_> = sum.data_points[0]
        .attributes
        .iter()
        .map(|a| &*a.key)
        .collect();
    assert_eq!(keys, ["otel.metric.overflow"]);
}
