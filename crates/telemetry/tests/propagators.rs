//! `OTEL_PROPAGATORS` decides what is read from requests, in the HTTP layer and by the global
//! propagator. Both are global, so this file holds one test.

mod support;

use std::collections::HashMap;

use aether_telemetry::http::layer;
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{Request, StatusCode};
use opentelemetry::global;
use opentelemetry::trace::TraceContextExt;
use support::{config, start};
use tower::ServiceExt;

const IN_B3: &str = "0b30b30b30b30b30b30b30b30b30b30b";
const IN_W3C: &str = "03c03c03c03c03c03c03c03c03c03c03";

#[tokio::test]
async fn only_what_is_named_is_read() {
    let telemetry = start(config(&[("OTEL_PROPAGATORS", "tracecontext")]));
    let headers = [
        ("b3", format!("{IN_B3}-00f067aa0ba902b7-1")),
        ("traceparent", format!("00-{IN_W3C}-00f067aa0ba902b7-01")),
    ];

    let app: Router = Router::new()
        .route("/hello", get(|| async { "hello" }))
        .layer(layer());
    let mut request = Request::get("/hello");
    for (name, value) in &headers {
        request = request.header(*name, value);
    }
    let response = app.oneshot(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.unwrap().status(), StatusCode::OK);
    telemetry.flush();
    let query = telemetry.query_router();
    let (continued, _) = support::get(&query, &format!("/traces/{IN_W3C}")).await;
    assert_eq!(continued, StatusCode::OK);
    let (other, _) = support::get(&query, &format!("/traces/{IN_B3}")).await;
    assert_eq!(other, StatusCode::NOT_FOUND);

    let headers: HashMap<_, _> = headers
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let context = global::get_text_map_propagator(|global| global.extract(&headers));
    let found = context.span().span_context().trace_id().to_string();
    assert_eq!(found, IN_W3C);
}
