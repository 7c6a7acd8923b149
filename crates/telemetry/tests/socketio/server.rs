//! The server under test.

use std::collections::BTreeMap;

use aether_telemetry::socketio::{SocketTelemetry, traced, traced_connect};
use opentelemetry::KeyValue;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};
use opentelemetry_sdk::trace::SdkTracerProvider;
use socketioxide::adapter::LocalAdapter;
use socketioxide::extract::{AckSender, Data, SocketRef};
use socketioxide::handler::ConnectHandler;
use socketioxide::{SendError, SocketIo, SocketIoBuilder};

use crate::providers::Providers;
use crate::spans::Spans;

pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) io: SocketIo,
    pub(crate) spans: Spans,
    pub(crate) provider: SdkTracerProvider,
    metrics: InMemoryMetricExporter,
    meters: SdkMeterProvider,
}

/// A handler: the socket joins a room.
pub(crate) async fn join(
    socket: SocketRef,
    Data(room): Data<String>,
    ack: AckSender,
) -> Result<(), SendError> {
    socket.join(room);
    ack.send(&())
}

/// Providers that keep what they get.
pub(crate) struct Observed {
    pub(crate) settings: SocketTelemetry,
    spans: Spans,
    provider: SdkTracerProvider,
    metrics: InMemoryMetricExporter,
    meters: SdkMeterProvider,
}

impl Observed {
    /// `settings`, observed.
    pub(crate) fn new(settings: SocketTelemetry) -> Self {
        let Providers {
            spans,
            tracers: provider,
            metrics,
            meters,
        } = Providers::new();
        let settings = settings
            .with_tracer_provider(&provider)
            .with_meter_provider(&meters);
        Self {
            settings,
            spans,
            provider,
            metrics,
            meters,
        }
    }

    /// A server whose namespace `/` has this handler.
    pub(crate) async fn serve<C, T>(self, handler: C) -> Server
    where
        C: ConnectHandler<LocalAdapter, T>,
        T: Send + Sync + 'static,
    {
        self.serve_with(SocketIo::builder(), handler).await
    }

    /// The same with these options of the server.
    pub(crate) async fn serve_with<C, T>(self, options: SocketIoBuilder, handler: C) -> Server
    where
        C: ConnectHandler<LocalAdapter, T>,
        T: Send + Sync + 'static,
    {
        let (layer, io) = options.build_layer();
        io.ns("/", handler);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = axum::Router::new().layer(layer);
        tokio::spawn(async move { axum::serve(listener, app).await });
        let Self {
            spans,
            provider,
            metrics,
            meters,
            ..
        } = self;
        Server {
            port,
            io,
            spans,
            provider,
            metrics,
            meters,
        }
    }
}

/// A server with default settings whose sockets get their handlers from `register`.
pub(crate) async fn serve(register: fn(SocketRef)) -> Server {
    serve_with(SocketTelemetry::new(), register).await
}

pub(crate) async fn serve_with(settings: SocketTelemetry, register: fn(SocketRef)) -> Server {
    let observed = Observed::new(settings);
    let settings = observed.settings.clone();
    let handler = traced_connect(settings, async move |socket: SocketRef| {
        socket.on(
            "echo",
            traced(async |Data(text): Data<String>, ack: AckSender| ack.send(&text)),
        );
        register(socket);
    });
    observed.serve(handler).await
}

impl Server {
    /// The value of a metric over all its attributes: the sum of a counter or up-down-counter, the
    /// number of measurements of a histogram.
    pub(crate) fn metric(&self, name: &str) -> i64 {
        let (_, points) = self.points(name);
        points.into_iter().map(|(_, value)| value).sum()
    }

    /// The unit of a metric and all its points, sorted.
    pub(crate) fn points(&self, name: &str) -> (String, Vec<Point>) {
        self.meters.force_flush().unwrap();
        let collected = self.metrics.get_finished_metrics().unwrap();
        let latest = collected.last().expect("something was measured");
        let mut found = (String::new(), Vec::new());
        let metrics = latest.scope_metrics().flat_map(|scope| scope.metrics());
        for metric in metrics.filter(|metric| metric.name() == name) {
            metric.unit().clone_into(&mut found.0);
            match metric.data() {
                AggregatedMetrics::I64(MetricData::Sum(sum)) => found.1.extend(
                    sum.data_points()
                        .map(|point| (pairs(point.attributes()), point.value())),
                ),
                AggregatedMetrics::U64(MetricData::Sum(sum)) => found.1.extend(
                    sum.data_points()
                        .map(|point| (pairs(point.attributes()), point.value() as i64)),
                ),
                AggregatedMetrics::F64(MetricData::Histogram(histogram)) => found.1.extend(
                    histogram
                        .data_points()
                        .map(|point| (pairs(point.attributes()), point.count() as i64)),
                ),
                other => panic!("{name} is {other:?}"),
            }
        }
        found.1.sort();
        found
    }
}

/// Attributes, and a sum or a number of measurements.
pub(crate) type Point = (BTreeMap<String, String>, i64);

fn pairs<'a>(attributes: impl Iterator<Item = &'a KeyValue>) -> BTreeMap<String, String> {
    attributes
        .map(|pair| (pair.key.to_string(), pair.value.to_string()))
        .collect()
}
