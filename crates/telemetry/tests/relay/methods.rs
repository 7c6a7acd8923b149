//! Methods and paths besides those of OTLP.

use axum::body::Body;
use axum::response::Response;
use http::{Request, StatusCode};
use tower::ServiceExt;

use super::support::post;
use super::{JSON, PROTOBUF, message, relay};

async fn ask(method: &str, kind: (&str, &str)) -> Response {
    let request = Request::builder().method(method).uri("/v1/traces");
    let request = request.header(kind.0, kind.1).body(Body::empty()).unwrap();
    relay().relay_router().oneshot(request).await.unwrap()
}

#[tokio::test]
async fn other_paths_are_not_served() {
    let router = relay().relay_router();
    let response = post(&router, "/v1/profiles", &[PROTOBUF], vec![]).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn other_methods_are_refused_in_the_encoding_of_the_request() {
    for method in ["GET", "PUT", "DELETE", "PATCH"] {
        for (kind, answered) in [
            (PROTOBUF, "application/x-protobuf"),
            (JSON, "application/json"),
            (("accept", "*/*"), "application/json"),
        ] {
            let response = ask(method, kind).await;
            assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
            assert_eq!(response.headers()["allow"], "POST, OPTIONS");
            assert_eq!(response.headers()["content-type"], answered, "{method}");
            let message = message(response).await;
            assert!(message.contains("POST"), "{message}");
        }
    }
}
