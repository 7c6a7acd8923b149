//! Measurements of requests.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use aether_telemetry::http::layer;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::post;
use http::{Method, Request};
use tower::ServiceExt;

use crate::observed::{observed, routes, send};

#[tokio::test]
async fn durations_are_measured_by_route() {
    let seen = observed(layer());
    let app = routes().layer(seen.layer.clone());
    for path in ["/users/1", "/users/2?a=1", "/missing"] {
        send(app.clone(), Method::GET, path, &[]).await;
    }
    send(app, Method::POST, "/broken", &[]).await;
    let common = |method: &str, route: &str, status: &str| {
        vec![
            format!("http.request.method={method}"),
            format!("http.response.status_code={status}"),
            format!("http.route={route}"),
            "network.protocol.version=1.1".to_owned(),
            "url.scheme=http".to_owned(),
        ]
    };
    let mut broken = common("POST", "/broken", "502");
    broken.insert(0, "error.type=502".to_owned());
    let duration = "http.server.request.duration";
    assert_eq!(seen.unit(duration), "s");
    let points = seen.histogram(duration);
    let points: Vec<_> = points.into_iter().map(|(what, n, _)| (what, n)).collect();
    assert_eq!(
        points,
        [
            (broken, 1),
            (common("GET", "/users/{id}", "200"), 2),
            (common("GET", "/missing", "404"), 1),
        ]
    );
}

#[tokio::test]
async fn bodies_are_measured_in_bytes() {
    let seen = observed(layer());
    let app = Router::new()
        .route("/echo", post(async |body: Bytes| body))
        .route("/ignore", post(async || "ok"))
        .layer(seen.layer.clone());
    for (path, size) in [("/echo", 5), ("/echo", 300_000), ("/ignore", 10)] {
        let request = Request::post(path).body(Body::from(vec![b'x'; size]));
        let response = app.clone().oneshot(request.unwrap()).await.unwrap();
        axum::body::to_bytes(response.into_body(), 1 << 20)
            .await
            .unwrap();
    }
    let sizes = |name: &str| -> Vec<_> {
        assert_eq!(seen.unit(name), "By");
        let points = seen.histogram(name).into_iter();
        points.map(|(_, count, sum)| (count, sum)).collect()
    };
    let request = sizes("http.server.request.body.size");
    assert_eq!(request, [(2, 300_005.0), (1, 0.0)], "only what was read");
    let response = sizes("http.server.response.body.size");
    assert_eq!(response, [(2, 300_005.0), (1, 2.0)]);
}

#[tokio::test]
async fn requests_are_active_until_they_end() {
    let seen = observed(layer());
    let app = Router::new()
        .route("/stuck", post(std::future::pending::<()>))
        .layer(seen.layer.clone());
    let active = "http.server.active_requests";
    {
        let request = Request::post("/stuck").body(Body::empty()).unwrap();
        let mut answer = pin!(app.oneshot(request));
        assert!(
            poll_fn(|task| Poll::Ready(answer.as_mut().poll(task)))
                .await
                .is_pending()
        );
        assert_eq!(seen.sum(active), 1);
    }
    assert_eq!(seen.sum(active), 0);
    assert_eq!(seen.unit(active), "{request}");
}
