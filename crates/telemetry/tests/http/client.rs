//! Requests that go out: one trace over two servers, and what is said about each request.

use std::convert::Infallible;
use std::net::SocketAddr;

use aether_telemetry::http::{HttpClientLayer, client_layer, inject_headers, layer};
use aether_telemetry::{Config, InCurrentTrace, Telemetry};
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use http::{HeaderMap, Request, Response, StatusCode};
use opentelemetry::Context;
use opentelemetry::trace::{SpanKind, TraceContextExt, Tracer, TracerProvider};
use opentelemetry_sdk::trace::SpanData;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tower::{Layer, ServiceExt, service_fn};

use crate::observed::{Observed, observed};
use crate::spans::Facts;

/// The global propagator is the one of a running telemetry, as in a real server.
fn telemetry() -> Telemetry {
    let config = Config::from_lookup(|_| None).unwrap();
    Telemetry::builder().config(config).build().unwrap()
}

fn client(seen: &Observed) -> HttpClientLayer {
    client_layer()
        .with_tracer_provider(&seen.tracers)
        .with_meter_provider(&seen.meters)
}

fn http() -> reqwest::Client {
    // Installed already where another test was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, app).into_future());
    address
}

async fn fetch(layer: &HttpClientLayer, url: &str) -> Result<String, String> {
    let client = http();
    let request = client.get(url).build().unwrap();
    let answer = layer.layer(client).oneshot(request).await;
    let answer = answer.map_err(|error| error.to_string())?;
    answer.text().await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_handler_that_asks_another_server_makes_one_trace() {
    let _telemetry = telemetry();
    let seen = observed(layer());
    let stock = Router::new()
        .route(
            "/stock/{id}",
            get(async |Path(id): Path<u32>| id.to_string()),
        )
        .layer(seen.layer.clone());
    let stock = serve(stock).await;
    let ask = async |State((layer, stock)): State<(HttpClientLayer, SocketAddr)>| {
        fetch(&layer, &format!("http://{stock}/stock/7?token=hush")).await
    };
    let shop = Router::new()
        .route("/order", get(ask))
        .with_state((client(&seen), stock))
        .layer(seen.layer.clone());
    let shop = serve(shop).await;

    let answer = fetch(&client(&seen), &format!("http://{shop}/order")).await;
    assert_eq!(answer.as_deref(), Ok("7"));
    let order = seen.spans.named("GET /order").await;
    let checked = seen.spans.named("GET /stock/{id}").await;
    let [outer, inner] = &client_spans(&seen, 2).await[..] else {
        panic!("two requests")
    };
    let trace = [outer, &order, inner, &checked];
    assert_eq!(seen.spans.all().len(), 4);
    for pair in trace.windows(2) {
        assert_eq!(pair[1].parent(), pair[0].id());
        assert_eq!(pair[1].trace(), pair[0].trace());
    }
    let port = stock.port().to_string();
    for (key, value) in [
        ("http.request.method", "GET"),
        ("server.address", "127.0.0.1"),
        ("server.port", port.as_str()),
        ("http.response.status_code", "200"),
        ("network.protocol.version", "1.1"),
        (
            "url.full",
            &format!("http://{stock}/stock/7?token=REDACTED"),
        ),
    ] {
        assert_eq!(inner.attribute(key).as_deref(), Some(value), "{key}");
    }
    let points = seen.histogram("http.client.request.duration");
    assert_eq!(points.iter().map(|point| point.1).sum::<u64>(), 2);
    assert!(!format!("{points:?}").contains("/stock"), "no bound");
}

/// Client spans in the order in which they began.
async fn client_spans(seen: &Observed, count: usize) -> Vec<SpanData> {
    let mut spans = seen.spans.several("GET", count).await;
    spans.retain(|span| span.span_kind == SpanKind::Client);
    spans.sort_by_key(|span| span.start_time);
    spans
}

#[tokio::test]
async fn statuses_from_400_and_failures_are_errors() {
    let _telemetry = telemetry();
    let seen = observed(layer());
    let app = Router::new().route("/gone", get(async || StatusCode::GONE));
    let address = serve(app).await;
    fetch(&client(&seen), &format!("http://{address}/gone"))
        .await
        .unwrap();
    // A port that was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let refused = fetch(&client(&seen), &format!("http://me:hush@{closed}/")).await;
    assert!(refused.is_err());
    let spans = client_spans(&seen, 2).await;
    let errors: Vec<_> = spans.iter().map(|span| span.error()).collect();
    assert_eq!(errors, [Some("410".to_owned()), Some("connect".to_owned())]);
    assert!(!format!("{spans:?}").contains("hush"));
}

/// Answers with the context that a request carries.
async fn echo(request: Request<()>) -> Result<Response<()>, Infallible> {
    let b3 = request.headers().get("b3").cloned();
    let mut response = Response::new(());
    response
        .headers_mut()
        .extend(b3.map(|b3| (http::header::ETAG, b3)));
    Ok(response)
}

#[tokio::test]
async fn any_tower_client_carries_the_context() {
    let _telemetry = telemetry();
    let seen = observed(layer());
    let request = Request::get("https://example.org/a").body(()).unwrap();
    let response = client(&seen)
        .layer(service_fn(echo))
        .oneshot(request)
        .await
        .unwrap();
    let span = seen.spans.named("GET").await;
    assert_eq!(response.headers()["etag"], span.b3());
    assert_eq!(span.attribute("server.port").as_deref(), Some("443"));
}

#[tokio::test]
async fn a_spawned_task_asks_in_the_trace_of_its_handler() {
    let _telemetry = telemetry();
    let seen = observed(layer());
    let call = client(&seen).layer(service_fn(echo));
    let (sender, mut answers) = mpsc::unbounded_channel();
    let handler = async move || {
        for url in ["https://inside.example/", "https://outside.example/"] {
            let request = Request::get(url).body(()).unwrap();
            let (call, sender) = (call.clone(), sender.clone());
            let ask = async move {
                tokio::task::yield_now().await;
                let answer = call.oneshot(request).await.unwrap();
                sender.send(answer.headers()["etag"].clone()).unwrap();
            };
            if url.contains("inside") {
                tokio::spawn(ask.in_current_trace());
            } else {
                tokio::spawn(ask);
            }
        }
    };
    let shop = Router::new()
        .route("/order", get(handler))
        .layer(seen.layer.clone());
    let request = Request::get("/order")
        .body(axum::body::Body::empty())
        .unwrap();
    drop(shop.oneshot(request).await.unwrap());

    let order = seen.spans.named("GET /order").await;
    let spans = client_spans(&seen, 2).await;
    let asked = |host| {
        let mut spans = spans.iter();
        spans.find(|span| span.attribute("server.address").as_deref() == Some(host))
    };
    let inside = asked("inside.example").unwrap();
    assert_eq!(inside.parent(), order.id());
    assert_eq!(inside.trace(), order.trace());
    let outside = asked("outside.example").unwrap();
    assert_ne!(outside.trace(), order.trace());
    let sent = [answers.recv().await.unwrap(), answers.recv().await.unwrap()];
    assert!(sent.iter().any(|b3| *b3 == inside.b3()), "{sent:?}");
}

#[tokio::test]
async fn a_request_nobody_waits_for_is_cancelled() {
    let seen = observed(layer());
    let stuck = service_fn(async |_: Request<()>| {
        std::future::pending::<Result<Response<()>, Infallible>>().await
    });
    let request = Request::get("http://example.org/").body(()).unwrap();
    drop(client(&seen).layer(stuck).oneshot(request));
    let request = Request::get("http://example.org/").body(()).unwrap();
    let mut answer = Box::pin(client(&seen).layer(stuck).oneshot(request));
    let polled = std::future::poll_fn(|task| std::task::Poll::Ready(answer.as_mut().poll(task)));
    assert!(polled.await.is_pending());
    drop(answer);
    let span = seen.spans.named("GET").await;
    assert_eq!(span.error().as_deref(), Some("cancelled"));
    assert_eq!(seen.spans.all().len(), 1, "the first one never began");
}

#[tokio::test]
async fn headers_can_be_written_by_hand() {
    let _telemetry = telemetry();
    let seen = observed(layer());
    let mut headers = HeaderMap::new();
    inject_headers(&mut headers);
    assert!(headers.is_empty(), "there is no trace to continue");
    let span = seen.tracers.tracer("test").start("work");
    let context = Context::current_with_span(span);
    let expected = context.span().span_context().clone();
    let _guard = context.attach();
    headers.insert("b3", "0".parse().unwrap());
    inject_headers(&mut headers);
    let (trace, span) = (expected.trace_id(), expected.span_id());
    assert_eq!(headers["b3"], format!("{trace}-{span}-1"));
}
