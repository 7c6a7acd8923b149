//! A layer whose spans and metrics stay here, and an app to put it around.

use aether_telemetry::http::HttpLayer;
use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::routing::{get, post};
use http::{Method, Request, StatusCode};
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tower::ServiceExt;

use crate::providers::Providers;
use crate::spans::Spans;

pub(crate) struct Observed {
    pub(crate) layer: HttpLayer,
    pub(crate) spans: Spans,
    pub(crate) meters: SdkMeterProvider,
    metrics: InMemoryMetricExporter,
    pub(crate) tracers: SdkTracerProvider,
}

pub(crate) fn observed(layer: HttpLayer) -> Observed {
    let Providers {
        spans,
        tracers,
        metrics,
        meters,
    } = Providers::new();
    let layer = layer
        .with_tracer_provider(&tracers)
        .with_meter_provider(&meters);
    Observed {
        layer,
        spans,
        meters,
        metrics,
        tracers,
    }
}

pub(crate) fn routes() -> Router {
    Router::new()
        .route(
            "/users/{id}",
            get(async |Path(id): Path<String>| format!("user {id}")),
        )
        .route(
            "/context",
            get(async || {
                tokio::task::yield_now().await;
                let context = opentelemetry::Context::current();
                context.span().span_context().span_id().to_string()
            }),
        )
        .route("/broken", post(async || StatusCode::BAD_GATEWAY))
        .route("/missing", get(async || StatusCode::NOT_FOUND))
        .route("/v1/traces", post(async || "taken"))
        .route("/v1/users", get(async || "mine"))
        .nest(
            "/api",
            Router::new().route("/things/{id}", get(async || "thing")),
        )
        .fallback(async || StatusCode::NOT_FOUND)
}

pub(crate) async fn send(
    app: Router,
    method: Method,
    uri: &str,
    headers: &[(&str, &str)],
) -> (StatusCode, String) {
    let mut request = Request::builder()
        .method(method)
        .uri(uri)
        .header("host", "example.org:8080");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = app
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), 1 << 20)
        .await
        .unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// A point of a histogram: its attributes as `key=value` in order, how many values, and their sum.
pub(crate) type Point = (Vec<String>, u64, f64);

impl Observed {
    /// The histogram of this name; its points in the order of their attributes.
    pub(crate) fn histogram(&self, name: &str) -> Vec<Point> {
        let mut points: Vec<_> = self.metric(name, |metric| match metric.data() {
            AggregatedMetrics::F64(MetricData::Histogram(histogram)) => histogram
                .data_points()
                .map(|point| (texts(point.attributes()), point.count(), point.sum()))
                .collect(),
            AggregatedMetrics::U64(MetricData::Histogram(histogram)) => histogram
                .data_points()
                .map(|point| {
                    let sum = point.sum() as f64;
                    (texts(point.attributes()), point.count(), sum)
                })
                .collect(),
            other => panic!("{name} is no histogram: {other:?}"),
        });
        points.sort_by(|one, other| one.0.cmp(&other.0));
        points
    }

    /// The sum of this name over all attributes.
    pub(crate) fn sum(&self, name: &str) -> i64 {
        self.metric(name, |metric| match metric.data() {
            AggregatedMetrics::I64(MetricData::Sum(sum)) => {
                sum.data_points().map(|point| point.value()).sum()
            }
            other => panic!("{name} is no sum: {other:?}"),
        })
    }

    pub(crate) fn unit(&self, name: &str) -> String {
        self.metric(name, |metric| metric.unit().to_owned())
    }

    fn metric<T>(
        &self,
        name: &str,
        take: impl Fn(&opentelemetry_sdk::metrics::data::Metric) -> T,
    ) -> T {
        self.metrics.reset();
        self.meters.force_flush().unwrap();
        let collected = self.metrics.get_finished_metrics().unwrap();
        let found = collected
            .iter()
            .flat_map(|one| one.scope_metrics())
            .flat_map(|scope| scope.metrics())
            .find(|metric| metric.name() == name);
        take(found.unwrap_or_else(|| panic!("no metric {name}: {collected:?}")))
    }
}

fn texts<'a>(attributes: impl Iterator<Item = &'a opentelemetry::KeyValue>) -> Vec<String> {
    let mut texts: Vec<_> = attributes
        .map(|one| format!("{}={}", one.key, one.value))
        .collect();
    texts.sort();
    texts
}
