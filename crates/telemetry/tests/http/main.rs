//! The HTTP layer around a real axum router, without a network.

// Helpers are no `#[test]` functions, where the lint knows better.
#![allow(clippy::unwrap_used)]

#[path = "../common/providers.rs"]
mod providers;
#[path = "../common/spans.rs"]
#[allow(
    dead_code,
    reason = "shared with the tests of Socket.IO, which ask spans more"
)]
mod spans;

use aether_telemetry::http::{HttpLayer, layer};
use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::routing::{get, post};
use http::{Method, Request, StatusCode};
use opentelemetry::trace::{SpanKind, TraceContextExt};
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};
use opentelemetry_sdk::trace::SdkTracerProvider;
use providers::Providers;
use spans::{Facts, Remote, Spans};
use tower::{Layer, ServiceExt};

struct Observed {
    layer: HttpLayer,
    spans: Spans,
    meters: SdkMeterProvider,
    metrics: InMemoryMetricExporter,
    _provider: SdkTracerProvider,
}

fn observed(layer: HttpLayer) -> Observed {
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
        _provider: tracers,
    }
}

fn routes() -> Router {
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

async fn send(
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

#[tokio::test]
async fn a_request_is_a_server_span_named_after_its_route() {
    let seen = observed(layer());
    let app = routes().layer(seen.layer);
    let remote = Remote::new(1);
    let b3 = remote.b3();
    let headers = [("b3", b3.as_str()), ("user-agent", "test/1")];
    let (status, body) = send(app, Method::GET, "/users/7?token=secret", &headers).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "user 7"));
    let span = seen.spans.named("GET /users/{id}").await;
    assert_eq!(span.span_kind, SpanKind::Server);
    assert_eq!((span.trace(), span.parent()), (remote.trace, remote.span));
    assert_eq!(span.error(), None);
    let expected = [
        ("http.request.method", "GET"),
        ("http.route", "/users/{id}"),
        ("http.response.status_code", "200"),
        ("url.path", "/users/7"),
        ("url.scheme", "http"),
        ("server.address", "example.org"),
        ("server.port", "8080"),
        ("user_agent.original", "test/1"),
        ("network.protocol.version", "1.1"),
    ];
    for (key, value) in expected {
        assert_eq!(span.attribute(key).as_deref(), Some(value), "{key}");
    }
    assert!(
        !format!("{span:?}").contains("secret"),
        "a query is not recorded"
    );
}

#[tokio::test]
async fn every_format_of_context_is_read() {
    let remote = Remote::new(2);
    let traceparent = format!("00-{}-{}-01", remote.trace, remote.span);
    let cases: [&[(&str, &str)]; 3] = [
        &[("b3", &remote.b3())],
        &[
            ("x-b3-traceid", &remote.trace),
            ("x-b3-spanid", &remote.span),
            ("x-b3-sampled", "1"),
        ],
        &[("traceparent", &traceparent)],
    ];
    for headers in cases {
        let seen = observed(layer());
        let app = routes().layer(seen.layer);
        let (_, body) = send(app, Method::GET, "/context", headers).await;
        let span = seen.spans.named("GET /context").await;
        assert_eq!(
            (span.trace(), span.parent()),
            (remote.trace.clone(), remote.span.clone())
        );
        assert_eq!(body, span.id(), "the handler runs in the span");
    }
}

#[tokio::test]
async fn an_unsampled_request_is_not_recorded_and_a_bad_context_is_named() {
    let seen = observed(layer());
    let app = routes().layer(seen.layer);
    let unsampled = Remote::new(3).unsampled();
    for header in [unsampled.as_str(), "0"] {
        send(app.clone(), Method::GET, "/users/1", &[("b3", header)]).await;
    }
    send(app, Method::GET, "/users/1", &[("b3", "nonsense")]).await;
    let span = seen.spans.named("GET /users/{id}").await;
    assert_eq!(seen.spans.all().len(), 1);
    assert_eq!(
        span.attribute("aether.propagation.error").as_deref(),
        Some("bad_trace_id")
    );
    assert_eq!(span.parent(), "0000000000000000");
}

#[tokio::test]
async fn only_the_servers_own_failures_are_errors() {
    let seen = observed(layer());
    let app = routes().layer(seen.layer);
    send(app.clone(), Method::POST, "/broken", &[]).await;
    send(app.clone(), Method::GET, "/missing", &[]).await;
    let span = seen.spans.named("POST /broken").await;
    assert_eq!(span.error().as_deref(), Some("502"));
    let span = seen.spans.named("GET /missing").await;
    assert_eq!(span.error(), None);
    assert_eq!(
        span.attribute("http.response.status_code").as_deref(),
        Some("404")
    );
}

#[tokio::test]
async fn names_stay_few_whatever_is_asked_for() {
    let seen = observed(layer());
    let app = routes().layer(seen.layer);
    send(app.clone(), Method::GET, "/no/such/page", &[]).await;
    let invented = Method::from_bytes(b"BREW").unwrap();
    send(app.clone(), invented, "/no/such/page", &[]).await;
    send(app, Method::GET, "/api/things/7", &[]).await;
    assert_eq!(seen.spans.names(), ["GET", "GET /api/things/{id}", "HTTP"]);
    let span = seen.spans.named("HTTP").await;
    assert_eq!(
        span.attribute("http.request.method").as_deref(),
        Some("_OTHER")
    );
    assert_eq!(
        span.attribute("http.request.method_original").as_deref(),
        Some("BREW")
    );
}

#[tokio::test]
async fn excluded_paths_make_no_spans() {
    let seen = observed(layer().exclude("/missing"));
    let app = routes().layer(seen.layer);
    for (method, path) in [
        (Method::POST, "/v1/traces"),
        (Method::GET, "/socket.io/?EIO=4"),
        (Method::GET, "/assets/index.js"),
        (Method::GET, "/jaeger/api/services"),
        (Method::GET, "/missing"),
        (Method::GET, "/v1/users"),
    ] {
        send(app.clone(), method, path, &[]).await;
    }
    assert_eq!(seen.spans.names(), ["GET /v1/users"]);

    let seen = observed(layer().exclude_only(["/v1/users"]));
    let app = routes().layer(seen.layer);
    send(app.clone(), Method::GET, "/v1/users", &[]).await;
    send(app, Method::POST, "/v1/traces", &[]).await;
    assert_eq!(seen.spans.names(), ["POST /v1/traces"]);
}

#[tokio::test]
async fn a_request_that_is_given_up_ends_its_span() {
    let seen = observed(layer());
    let stuck = tower::service_fn(async |_: Request<Body>| {
        std::future::pending::<Result<axum::response::Response, std::convert::Infallible>>().await
    });
    let service = seen.layer.layer(stuck);
    let request = Request::get("/stuck").body(Body::empty()).unwrap();
    let mut answer = std::pin::pin!(service.oneshot(request));
    let polled = std::future::poll_fn(|task| std::task::Poll::Ready(answer.as_mut().poll(task)));
    assert!(polled.await.is_pending());
    answer.set(
        seen.layer
            .layer(stuck)
            .oneshot(Request::get("/next").body(Body::empty()).unwrap()),
    );
    let span = seen.spans.named("GET").await;
    assert_eq!(span.attribute("url.path").as_deref(), Some("/stuck"));
    assert_eq!(span.error().as_deref(), Some("cancelled"));
}

#[tokio::test]
async fn durations_are_measured_by_route() {
    let seen = observed(layer());
    let app = routes().layer(seen.layer);
    for path in ["/users/1", "/users/2", "/missing"] {
        send(app.clone(), Method::GET, path, &[]).await;
    }
    seen.meters.force_flush().unwrap();
    let collected = seen.metrics.get_finished_metrics().unwrap();
    let metrics: Vec<_> = collected
        .iter()
        .flat_map(|one| one.scope_metrics())
        .flat_map(|scope| scope.metrics())
        .collect();
    let [metric] = metrics[..] else {
        panic!("one metric, not {metrics:?}")
    };
    assert_eq!(
        (metric.name(), metric.unit()),
        ("http.server.request.duration", "s")
    );
    let AggregatedMetrics::F64(MetricData::Histogram(histogram)) = metric.data() else {
        panic!("no histogram: {metric:?}");
    };
    let mut counts: Vec<_> = histogram
        .data_points()
        .map(|point| {
            let route = point
                .attributes()
                .find(|one| one.key.as_str() == "http.route")
                .unwrap();
            assert!(
                point.attributes().all(|one| one.key.as_str() != "url.path"),
                "no bound"
            );
            (route.value.to_string(), point.count())
        })
        .collect();
    counts.sort();
    assert_eq!(
        counts,
        [("/missing".to_owned(), 1), ("/users/{id}".to_owned(), 2)]
    );
}

#[tokio::test]
async fn without_telemetry_contexts_pass_through() {
    use opentelemetry::trace::noop::NoopTracerProvider;
    let app = routes().layer(layer().with_tracer_provider(&NoopTracerProvider::new()));
    let remote = Remote::new(4);
    let (_, body) = send(app, Method::GET, "/context", &[("b3", &remote.b3())]).await;
    assert_eq!(body, remote.span);
}
