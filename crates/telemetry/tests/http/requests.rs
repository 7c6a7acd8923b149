//! Spans of requests: names, parents, attributes, errors, and requests that are left alone.

use std::net::SocketAddr;

use aether_telemetry::http::{RequestBody, layer};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::routing::get;
use http::{Method, Request, StatusCode};
use opentelemetry::trace::SpanKind;
use tower::{Layer, ServiceExt};

use crate::observed::{observed, routes, send};
use crate::spans::{Facts, Remote};

#[tokio::test]
async fn a_request_is_a_server_span_named_after_its_route() {
    let seen = observed(layer());
    let app = routes().layer(seen.layer);
    let remote = Remote::new(1);
    let b3 = remote.b3();
    let headers = [("b3", b3.as_str()), ("user-agent", "test/1")];
    let (status, body) = send(app, Method::GET, "/users/7?token=secret&page=2", &headers).await;
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
        ("url.query", "token=REDACTED&page=2"),
        ("url.scheme", "http"),
        ("server.address", "example.org"),
        ("server.port", "8080"),
        ("user_agent.original", "test/1"),
        ("network.protocol.version", "1.1"),
    ];
    for (key, value) in expected {
        assert_eq!(span.attribute(key).as_deref(), Some(value), "{key}");
    }
    assert!(!format!("{span:?}").contains("secret"));
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
        (Method::GET, "/health"),
        (Method::GET, "/logo.svg"),
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
    let stuck = tower::service_fn(async |_: Request<RequestBody<Body>>| {
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
async fn without_telemetry_contexts_pass_through() {
    use opentelemetry::trace::noop::NoopTracerProvider;
    let app = routes().layer(layer().with_tracer_provider(&NoopTracerProvider::new()));
    let remote = Remote::new(4);
    let (_, body) = send(app, Method::GET, "/context", &[("b3", &remote.b3())]).await;
    assert_eq!(body, remote.span);
}

fn from(peer: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::get("/users/1").header("host", "inner");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::empty()).unwrap();
    let peer: SocketAddr = peer.parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}

#[tokio::test]
async fn the_client_is_the_peer_unless_a_proxy_is_known() {
    let headers = [
        ("x-forwarded-for", "1.2.3.4"),
        ("x-forwarded-proto", "https"),
    ];
    for (layer, client, scheme) in [
        (layer(), Some("10.0.0.1"), "http"),
        (layer().behind_proxy(), Some("1.2.3.4"), "https"),
        (layer().without_client_addresses(), None, "http"),
    ] {
        let seen = observed(layer);
        let app = routes().layer(seen.layer.clone());
        // An IPv4 client of a socket that takes both.
        let request = from("[::ffff:10.0.0.1]:5000", &headers);
        app.oneshot(request).await.unwrap();
        let span = seen.spans.named("GET /users/{id}").await;
        assert_eq!(span.attribute("client.address").as_deref(), client);
        assert_eq!(span.attribute("url.scheme").as_deref(), Some(scheme));
        let peer = span.attribute("network.peer.address");
        assert_eq!(peer.as_deref(), client.map(|_| "10.0.0.1"));
    }
}

#[tokio::test]
async fn a_nested_router_tells_the_whole_path() {
    let seen = observed(layer());
    let inner = Router::new()
        .route("/things/{id}", get(async || "thing"))
        .layer(seen.layer.clone());
    let app = Router::new().nest("/api", Router::new().nest("/v2", inner));
    send(app, Method::GET, "/api/v2/things/7?q=1", &[]).await;
    let span = seen.spans.named("GET /api/v2/things/{id}").await;
    let path = span.attribute("url.path");
    assert_eq!(path.as_deref(), Some("/api/v2/things/7"));
    assert_eq!(span.attribute("url.query").as_deref(), Some("q=1"));
}

#[tokio::test]
async fn nothing_is_added_to_a_response() {
    let seen = observed(layer());
    let plain = routes().oneshot(from("10.0.0.1:1", &[])).await.unwrap();
    let app = routes().layer(seen.layer.clone());
    let traced = app.oneshot(from("10.0.0.1:1", &[])).await.unwrap();
    assert_eq!(plain.headers(), traced.headers());
}

#[tokio::test]
async fn what_is_recorded_can_be_chosen() {
    let layer = layer()
        .without_queries()
        .exclude_extensions(["txt"])
        .exclude_if(|method, _| *method == Method::OPTIONS)
        .known_methods(["GET", "BREW"]);
    let seen = observed(layer);
    let app = routes().layer(seen.layer.clone());
    let brew = Method::from_bytes(b"BREW").unwrap();
    for (method, path) in [
        (Method::GET, "/robots.txt"),
        (Method::OPTIONS, "/users/1"),
        (Method::GET, "/logo.svg?a=1"),
        (brew, "/coffee"),
        (Method::DELETE, "/coffee"),
    ] {
        send(app.clone(), method, path, &[]).await;
    }
    assert_eq!(seen.spans.names(), ["BREW", "GET", "HTTP"]);
    let span = seen.spans.named("GET").await;
    assert_eq!(span.attribute("url.query"), None);
}
