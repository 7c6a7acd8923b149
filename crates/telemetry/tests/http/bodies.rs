//! The span lasts as long as the body of the response.

use std::convert::Infallible;
use std::io;

use aether_telemetry::http::layer;
use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use axum::routing::get;
use futures_util::{Stream, stream};
use http::header::CONTENT_LENGTH;
use http::{Method, Request};
use http_body_util::BodyExt;
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use tower::ServiceExt;

use crate::observed::{Observed, observed, send};
use crate::spans::Facts;

/// A body of these frames; it fails after them where `fails`.
fn frames(fails: bool) -> impl Stream<Item = io::Result<String>> {
    let frames = ["one", "two"].map(|frame| Ok(frame.to_owned()));
    let end = fails.then(|| Err(io::Error::other("disk gone")));
    stream::iter(frames.into_iter().chain(end))
}

fn app(seen: &Observed) -> Router {
    let whoami = || {
        stream::once(async {
            let span = Context::current().span().span_context().span_id();
            Ok::<_, Infallible>(span.to_string())
        })
    };
    Router::new()
        .route("/fine", get(async || Body::from_stream(frames(false))))
        .route("/fails", get(async || Body::from_stream(frames(true))))
        .route("/known", get(async || "five!"))
        .route("/file", get(async || promised()))
        .route("/whoami", get(async move || Body::from_stream(whoami())))
        .layer(seen.layer.clone())
}

/// As a file is answered: the response says how long it is, and the body does not know.
fn promised() -> impl IntoResponse {
    ([(CONTENT_LENGTH, "6")], Body::from_stream(frames(false)))
}

async fn get_body(seen: &Observed, path: &str) -> axum::body::Body {
    let request = Request::get(path).body(Body::empty()).unwrap();
    app(seen).oneshot(request).await.unwrap().into_body()
}

#[tokio::test]
async fn a_streamed_body_ends_the_span_and_is_counted() {
    let seen = observed(layer());
    let mut body = get_body(&seen, "/fine").await;
    let first = body.frame().await.unwrap().unwrap();
    assert_eq!(first.into_data().unwrap(), "one");
    assert_eq!(seen.spans.names(), [""; 0], "still open");
    assert_eq!(body.collect().await.unwrap().to_bytes(), "two");
    let span = seen.spans.named("GET /fine").await;
    assert_eq!(span.error(), None);
    let [(_, 1, 6.0)] = seen.histogram("http.server.response.body.size")[..] else {
        panic!("one response of six bytes");
    };
}

#[tokio::test]
async fn a_body_given_up_is_aborted() {
    let seen = observed(layer());
    let mut body = get_body(&seen, "/fine").await;
    body.frame().await.unwrap().unwrap();
    drop(body);
    let span = seen.spans.named("GET /fine").await;
    assert_eq!(span.error().as_deref(), Some("aborted"));
    let status = span.attribute("http.response.status_code");
    assert_eq!(status.as_deref(), Some("200"));
    assert_eq!(seen.sum("http.server.active_requests"), 0);
}

#[tokio::test]
async fn a_body_that_fails_is_an_error() {
    let seen = observed(layer());
    let body = get_body(&seen, "/fails").await;
    assert!(body.collect().await.is_err());
    let span = seen.spans.named("GET /fails").await;
    assert_eq!(span.error().as_deref(), Some("body_error"));
}

#[tokio::test]
async fn a_complete_body_need_not_be_asked_again() {
    let seen = observed(layer());
    let mut body = get_body(&seen, "/known").await;
    assert_eq!(body.size_hint_exact(), Some(5), "the length stays known");
    body.frame().await.unwrap().unwrap();
    drop(body);
    assert_eq!(seen.spans.named("GET /known").await.error(), None);
}

#[tokio::test]
async fn a_body_is_complete_with_the_length_that_its_response_said() {
    let seen = observed(layer());
    let mut body = get_body(&seen, "/file").await;
    body.frame().await.unwrap().unwrap();
    body.frame().await.unwrap().unwrap();
    drop(body);
    assert_eq!(seen.spans.named("GET /file").await.error(), None);

    let seen = observed(layer());
    let mut body = get_body(&seen, "/file").await;
    body.frame().await.unwrap().unwrap();
    drop(body);
    let span = seen.spans.named("GET /file").await;
    assert_eq!(span.error().as_deref(), Some("aborted"));
}

#[tokio::test]
async fn head_has_no_body_to_wait_for() {
    let seen = observed(layer());
    send(app(&seen), Method::HEAD, "/fine", &[]).await;
    assert_eq!(seen.spans.named("HEAD /fine").await.error(), None);
}

#[tokio::test]
async fn a_body_is_made_in_the_span() {
    let seen = observed(layer());
    let body = get_body(&seen, "/whoami").await.collect().await.unwrap();
    let span = seen.spans.named("GET /whoami").await;
    assert_eq!(body.to_bytes(), span.id());
}

trait Length {
    fn size_hint_exact(&self) -> Option<u64>;
}

impl Length for Body {
    fn size_hint_exact(&self) -> Option<u64> {
        axum::body::HttpBody::size_hint(self).exact()
    }
}
