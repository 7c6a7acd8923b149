use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use super::*;

async fn ask(method: Method, path: &str) -> (StatusCode, Value) {
    let request = Request::builder().method(method).uri(path);
    let request = request.body(Body::empty()).unwrap();
    let response = router(Telemetry::disabled()).oneshot(request).await;
    let response = response.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

fn description() -> Value {
    serde_json::from_str(OPENAPI).unwrap()
}

/// Every operation that is described exists, and no other method of its path does.
#[tokio::test]
async fn the_description_is_the_api() {
    let described = description();
    for (path, item) in described["paths"].as_object().unwrap() {
        let path = path
            .replace("{id}", "x")
            .replace("{name}", "x")
            .replace("{number}", "1");
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE] {
            let operation = &item[method.as_str().to_ascii_lowercase()];
            let (status, body) = ask(method.clone(), &path).await;
            assert_eq!(
                status != StatusCode::METHOD_NOT_ALLOWED,
                operation.is_object(),
                "{method} {path}: {status}"
            );
            if operation.is_object() {
                let told = &operation["responses"][status.as_str()];
                assert!(told.is_object(), "{method} {path}: {status} {body}");
            }
        }
    }
}

#[test]
fn what_the_description_refers_to_is_there() {
    let described = description();
    let mut referred = BTreeSet::new();
    let mut left = vec![&described];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(fields) => {
                referred.extend(fields.get("$ref").and_then(Value::as_str));
                left.extend(fields.values());
            }
            Value::Array(values) => left.extend(values),
            _ => {}
        }
    }
    assert!(referred.len() > 5, "{referred:?}");
    for reference in referred {
        let pointer = reference.trim_start_matches('#');
        assert!(described.pointer(pointer).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn errors_say_what_is_wrong() {
    for (method, path, status, told) in [
        (Method::GET, "/nothing", 404, "no such resource"),
        (Method::PUT, "/status", 405, "other methods"),
        (
            Method::GET,
            "/dead-letters/7",
            404,
            "there is no dead letter 7",
        ),
        (Method::DELETE, "/dead-letters/7", 404, "no dead letter"),
        (Method::GET, "/dead-letters?a=x", 400, "unknown field `a`"),
        (
            Method::POST,
            "/dead-letters/7/replay",
            404,
            "no dead letter",
        ),
    ] {
        let (answered, body) = ask(method, path).await;
        assert_eq!(answered.as_u16(), status, "{path}");
        assert_eq!(body["status"], status, "{path}");
        let detail = body["detail"].as_str().unwrap();
        assert!(detail.contains(told), "{detail}");
    }
}
