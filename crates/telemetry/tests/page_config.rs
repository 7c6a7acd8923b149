//! `GET /v1/config`: what pages are told.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::time::Duration;

use aether_telemetry::{Config, PageConfig, PageRule, PageSubject, Telemetry};
use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use support::{config, start};
use tower::ServiceExt;

async fn ask(router: &Router, headers: &[(&str, &str)]) -> Response {
    let mut request = Request::get("/v1/config");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    router.clone().oneshot(request).await.unwrap()
}

fn header(response: &Response, name: &str) -> String {
    response.headers()[name].to_str().unwrap().to_owned()
}

async fn told(telemetry: &Telemetry) -> Value {
    let response = ask(&telemetry.relay_router(), &[]).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, "content-type"), "application/json");
    serde_json::from_slice(&support::body(response).await).unwrap()
}

#[tokio::test]
async fn without_settings_pages_do_as_they_like() {
    assert_eq!(told(&start(config(&[]))).await, json!({"enabled": true}));
}

#[tokio::test]
async fn settings_arrive_as_pages_read_them() {
    let telemetry = start(config(&[
        ("AETHER_TELEMETRY_PAGE_SAMPLE_RATIO", "0.25"),
        ("AETHER_TELEMETRY_PAGE_SESSION_RATIO", "0.5"),
        ("AETHER_TELEMETRY_PAGE_MAX_TRACES_PER_SECOND", "20"),
        ("AETHER_TELEMETRY_PAGE_MAX_LOGS_PER_SECOND", "0"),
        (
            "AETHER_TELEMETRY_PAGE_RULES",
            "event:*=0.5,event:cursor:*=0.01 nested,span:GET=5/s,log:browser.console=1 1/s",
        ),
        (
            "AETHER_TELEMETRY_PAGE_INSTRUMENTATIONS",
            "console=false,csp=true",
        ),
        ("AETHER_TELEMETRY_PAGE_ATTRIBUTE_COUNT_LIMIT", "32"),
        ("AETHER_TELEMETRY_PAGE_ATTRIBUTE_VALUE_LENGTH_LIMIT", "256"),
        ("AETHER_TELEMETRY_PAGE_SPAN_EVENT_COUNT_LIMIT", "8"),
        ("AETHER_TELEMETRY_PAGE_SPAN_LINK_COUNT_LIMIT", "4"),
    ]));
    let expected = json!({
        "enabled": true,
        "sampling": {
            "ratio": 0.25,
            "sessionRatio": 0.5,
            "maxTracesPerSecond": 20,
            "maxLogsPerSecond": 0,
            // The first that matches holds, so the one that says most comes first.
            "rules": [
                {"log": "browser.console", "ratio": 1.0, "maxPerSecond": 1},
                {"span": "GET", "maxPerSecond": 5},
                {"event": "cursor:*", "ratio": 0.01, "nested": true},
                {"event": "*", "ratio": 0.5},
            ],
        },
        "instrumentations": {"console": false, "csp": true},
        "limits": {
            "attributeCountLimit": 32,
            "attributePerEventCountLimit": 32,
            "attributePerLinkCountLimit": 32,
            "attributeValueLengthLimit": 256,
            "eventCountLimit": 8,
            "linkCountLimit": 4,
        },
    });
    assert_eq!(told(&telemetry).await, expected);
}

#[test]
fn a_file_and_the_builder_say_the_same() {
    let file = std::env::temp_dir().join(format!("page-config-{}.toml", std::process::id()));
    let toml = r#"
        [page]
        sample_ratio = 0.5
        max_age_ms = 60000
        rules = { "event:cursor.move" = 0.01, "span:GET *" = "5/s" }
        instrumentations = { console = false }
        limits = { attributes = 16 }
    "#;
    std::fs::write(&file, toml).unwrap();
    let read = Telemetry::builder()
        .environment(|_| None)
        .config_file(&file)
        .page_enabled(false)
        .page_sample_ratio(0.1)
        .read();
    std::fs::remove_file(&file).unwrap();
    let rule = |subject, name: &str, ratio, max_per_second| PageRule {
        subject,
        name: name.to_owned(),
        ratio,
        max_per_second,
        nested: false,
    };
    let expected = PageConfig {
        enabled: false,
        sample_ratio: Some(0.1),
        rules: vec![
            rule(PageSubject::Event, "cursor.move", Some(0.01), None),
            rule(PageSubject::Span, "GET *", None, Some(5)),
        ],
        instrumentations: [("console".to_owned(), false)].into(),
        attributes: Some(16),
        max_age: Duration::from_secs(60),
        ..PageConfig::default()
    };
    assert_eq!(read.unwrap().page, expected);
}

#[test]
fn what_cannot_be_used_is_a_problem() {
    for (name, value) in [
        ("ENABLED", "perhaps"),
        ("SAMPLE_RATIO", "2"),
        ("SESSION_RATIO", "-1"),
        ("RULES", "cursor=1"),
        ("INSTRUMENTATIONS", "console"),
        ("MAX_TRACES_PER_SECOND", "many"),
        ("SPAN_LINK_COUNT_LIMIT", "-1"),
        ("MAX_AGE", "0"),
    ] {
        let variable = format!("AETHER_TELEMETRY_PAGE_{name}");
        let read = Config::from_lookup(|asked| (asked == variable).then(|| value.to_owned()));
        let message = read.unwrap_err().to_string();
        assert!(message.contains(&variable), "{message}");
    }
}

#[tokio::test]
async fn who_has_the_answer_already_is_told_so() {
    let telemetry = start(config(&[("AETHER_TELEMETRY_PAGE_MAX_AGE", "90500")]));
    let router = telemetry.relay_router();
    let first = ask(&router, &[]).await;
    assert_eq!(header(&first, "cache-control"), "private, max-age=90");
    let etag = header(&first, "etag");
    let strong = etag.trim_start_matches("W/").to_owned();
    for known in [&etag, &strong, &format!("\"other\", {etag}"), "*"] {
        let again = ask(&router, &[("if-none-match", known)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
        assert_eq!(header(&again, "etag"), etag);
        assert!(support::body(again).await.is_empty());
    }
    for unknown in ["\"other\"", "", "W/"] {
        let again = ask(&router, &[("if-none-match", unknown)]).await;
        assert_eq!(again.status(), StatusCode::OK, "{unknown}");
    }
}

#[tokio::test]
async fn the_program_may_change_it_while_pages_ask() {
    let telemetry = start(config(&[("AETHER_TELEMETRY_PAGE_SAMPLE_RATIO", "0.5")]));
    let router = telemetry.relay_router();
    let before = header(&ask(&router, &[]).await, "etag");
    let off = PageConfig {
        enabled: false,
        ..PageConfig::default()
    };
    telemetry.clone().set_page_config(&off);
    let after = ask(&router, &[("if-none-match", &before)]).await;
    assert_eq!(after.status(), StatusCode::OK);
    assert_eq!(told(&telemetry).await, json!({"enabled": false}));
}

#[tokio::test]
async fn nothing_that_pages_would_refuse_is_told() {
    let telemetry = start(config(&[]));
    let rule = |index: usize| PageRule {
        subject: PageSubject::Span,
        name: format!("{index}"),
        ratio: Some(f64::NAN),
        max_per_second: None,
        nested: false,
    };
    telemetry.set_page_config(&PageConfig {
        sample_ratio: Some(7.0),
        session_ratio: Some(-1.0),
        rules: (0..150).map(rule).collect(),
        ..PageConfig::default()
    });
    let told = told(&telemetry).await;
    assert_eq!(told["sampling"]["ratio"], json!(1.0));
    assert_eq!(told["sampling"]["sessionRatio"], json!(0.0));
    let rules = told["sampling"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 100);
    assert_eq!(rules[0]["ratio"], json!(0.0));
}

#[tokio::test]
async fn telemetry_that_is_off_ends_it_in_pages_too() {
    for telemetry in [
        Telemetry::disabled(),
        start(config(&[("OTEL_ENABLED", "false")])),
    ] {
        let response = ask(&telemetry.relay_router(), &[]).await;
        assert_eq!(header(&response, "cache-control"), "private, max-age=0");
        assert_eq!(told(&telemetry).await, json!({"enabled": false}));
        telemetry.set_page_config(&PageConfig::default());
        assert_eq!(told(&telemetry).await, json!({"enabled": false}));
    }
}

#[tokio::test]
async fn it_can_only_be_read() {
    let router = start(config(&[])).relay_router();
    for (method, status) in [
        (Method::HEAD, StatusCode::OK),
        (Method::POST, StatusCode::METHOD_NOT_ALLOWED),
        (Method::DELETE, StatusCode::METHOD_NOT_ALLOWED),
    ] {
        let request = Request::builder().method(&method).uri("/v1/config");
        let request = request.body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status, "{method}");
    }
}

#[tokio::test]
async fn it_is_behind_the_door_of_the_relay() {
    let telemetry = start(config(&[
        (
            "AETHER_TELEMETRY_RELAY_KEYS",
            "shop=0123456789abcdef0123456789abcdef",
        ),
        ("AETHER_TELEMETRY_RELAY_ORIGINS", "https://shop.example"),
    ]));
    let router = telemetry.relay_router();
    let page = |origin: &'static str| [("origin", origin), ("host", "api.example")];
    let key = ("x-aether-key", "0123456789abcdef0123456789abcdef");

    let without = ask(&router, &page("https://shop.example")).await;
    assert_eq!(without.status(), StatusCode::UNAUTHORIZED);
    let mut headers = page("https://shop.example").to_vec();
    headers.push(key);
    let good = ask(&router, &headers).await;
    assert_eq!(good.status(), StatusCode::OK);
    let origin = header(&good, "access-control-allow-origin");
    assert_eq!(origin, "https://shop.example");
    let mut headers = page("https://elsewhere.example").to_vec();
    headers.push(key);
    let foreign = ask(&router, &headers).await;
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);

    // A page that sends headers along asks first.
    let request = Request::options("/v1/config")
        .header("origin", "https://shop.example")
        .header("host", "api.example")
        .header("access-control-request-method", "GET");
    let request = request.body(Body::empty()).unwrap();
    let preflight = router.oneshot(request).await.unwrap();
    assert_eq!(preflight.status(), StatusCode::NO_CONTENT);
    assert!(header(&preflight, "access-control-allow-methods").contains("GET"));
}
