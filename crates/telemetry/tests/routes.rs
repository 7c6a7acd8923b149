//! Rules of a file and of the program, followed by telemetry that runs: what the relay took and what
//! the program made itself goes where they say, and nothing else does.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use aether_telemetry::{Config, Outcome, Route, Signal, Subject, Telemetry, Test};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use support::backend::{Backend, status};
use support::decoded::{attribute, spans};
use support::{PATIENCE, count, get, relay, request, span, text};

/// Telemetry for the destinations a and b, with rules.
fn start(a: &Backend, b: &Backend, rules: &str) -> Telemetry {
    let file = format!(
        "[[destination]]\nname = 'a'\nendpoint = '{}'\n[[destination]]\nname = 'b'\nendpoint = '{}'\n{rules}",
        a.url, b.url
    );
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let name = format!("aether-routes-{}-{number}.toml", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, file).unwrap();
    let telemetry = Telemetry::builder()
        .environment(|_| None)
        .config_file(&path)
        .strict(true)
        .build();
    std::fs::remove_file(&path).unwrap();
    telemetry.unwrap()
}

fn names(backend: &Backend) -> Vec<String> {
    let found = spans(&backend.received()).into_iter();
    found.map(|span| span.name).collect()
}

fn dropped(telemetry: &Telemetry, reason: &str) -> u64 {
    count(&telemetry.status(), Outcome::Dropped, "none", reason)
}

/// Two that take everything.
async fn backends() -> (Backend, Backend) {
    let well = || Backend::start([], Some(status(200)));
    (well().await, well().await)
}

#[tokio::test]
async fn a_request_is_taken_apart() {
    let (a, b) = backends().await;
    let telemetry = start(
        &a,
        &b,
        "
        [[route]]
        name = 'no health checks'
        when.name.glob = '*/health'
        drop = true
        [[route]]
        name = 'no addresses'
        hash = 'user.email'
        delete = 'secret.*'
        [[route]]
        name = 'failures'
        signals = ['traces']
        when.status = 'error'
        to = ['b']
        [[route]]
        name = 'the rest'
        source = 'browser'
        to = ['a']
        ",
    );
    let mut failed = span(1, 2, "POST /pay");
    failed.status = Some(opentelemetry_proto::tonic::trace::v1::Status {
        code: 2,
        ..Default::default()
    });
    failed.attributes = vec![
        text("user.email", "ann@example.org"),
        text("secret.pin", "1"),
    ];
    let spans_sent = vec![span(1, 1, "GET /list"), failed, span(1, 3, "GET /health")];
    let body = request("page", spans_sent).encode_to_vec();
    assert_eq!(relay(&telemetry, body).await, 200);
    a.wait(1).await;
    b.wait(1).await;
    assert_eq!(names(&a), ["GET /list"]);
    assert_eq!(names(&b), ["POST /pay"]);
    assert_eq!(dropped(&telemetry, "route: no health checks"), 1);
    let received = spans(&b.received());
    let hash = attribute(&received[0].attributes, "user.email").unwrap();
    // `printf ann@example.org | sha256sum`
    assert_eq!(hash, "438c4c7afe600cdf1e455c369bec76dc");
    assert_eq!(received[0].attributes.len(), 1);
    let status = telemetry.status();
    for name in ["a", "b"] {
        assert_eq!(count(&status, Outcome::Accepted, name, ""), 1);
    }
    telemetry.shutdown(PATIENCE).await;
}

#[tokio::test]
async fn logs_and_metrics_have_ways_too() {
    let (a, b) = backends().await;
    let telemetry = start(
        &a,
        &b,
        "
        [[route]]
        name = 'loud'
        when.severity.at_least = 'warn'
        to = ['b']
        [[route]]
        name = 'quiet'
        signals = ['logs']
        drop = true
        [[route]]
        name = 'own metrics'
        when.name.glob = 'queue.*'
        to = ['a']
        [[route]]
        name = 'other metrics'
        signals = ['metrics']
        drop = true
        ",
    );
    let json = [("content-type", "application/json")];
    let router = telemetry.relay_router();
    let logs = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[
        {"severityNumber":9,"body":{"stringValue":"quiet"}},
        {"severityNumber":17,"body":{"stringValue":"loud"}}]}]}]}"#;
    support::post(&router, "/v1/logs", &json, logs).await;
    let metrics = r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[
        {"name":"queue.length","gauge":{"dataPoints":[{"asInt":"1"},{"asInt":"2"}]}},
        {"name":"other","sum":{"dataPoints":[{"asInt":"3"}]}}]}]}]}"#;
    support::post(&router, "/v1/metrics", &json, metrics).await;
    b.wait(1).await;
    a.wait(1).await;
    let found: Vec<_> = support::decoded::logs(&b.received());
    assert_eq!(
        found.iter().map(|log| log.text()).collect::<Vec<_>>(),
        ["loud"]
    );
    let found = support::decoded::metrics(&a.received());
    assert_eq!(
        found.iter().map(|metric| &*metric.name).collect::<Vec<_>>(),
        ["queue.length"]
    );
    assert_eq!(dropped(&telemetry, "route: quiet"), 1);
    assert_eq!(dropped(&telemetry, "route: other metrics"), 1);
    assert_eq!((a.received().len(), b.received().len()), (1, 1));
    telemetry.shutdown(PATIENCE).await;
}

#[tokio::test]
async fn a_dry_run_sends_nothing() {
    let (a, b) = (
        Backend::start([], None).await,
        Backend::start([], None).await,
    );
    let telemetry = start(&a, &b, "[[route]]\nname = 'all'\nto = ['b']");
    let body = request("page", vec![span(1, 1, "x")])
        .encode_to_vec()
        .into();
    let report = telemetry.dry_run(Signal::Traces, &body).unwrap();
    assert_eq!(report.items[0].rules, ["all"]);
    assert_eq!(report.items[0].to, ["b"]);
    assert_eq!(report.parts[0].request, body);
    assert!(telemetry.dry_run(Signal::Traces, &"x".into()).is_none());
    telemetry.shutdown(PATIENCE).await;
    // The server's own metrics come at the end.
    assert_eq!((names(&a).len(), names(&b).len()), (0, 0));
    let counts = telemetry.status().counts;
    assert!(counts.iter().all(|count| count.signal != Signal::Traces));
}

#[tokio::test]
async fn where_a_part_has_no_room_nothing_is_taken() {
    let (a, b) = (
        Backend::start([], Some(status(503))).await,
        Backend::start([], Some(status(200))).await,
    );
    let mut config = support::config(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &a.url)]);
    config.destinations[0].queue_bytes = Some(2000);
    let other = support::config(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &b.url)]);
    config.destinations.extend(other.destinations);
    config.routes = vec![
        Route::new("a")
            .when(Subject::Name, Test::glob("a*"))
            .to([a.name.as_str()]),
        Route::new("b").to([b.name.as_str()]),
    ];
    let telemetry = support::start(config);
    let long = format!("a{}", "x".repeat(1500));
    let first = request("page", vec![span(1, 1, &long)]).encode_to_vec();
    assert_eq!(relay(&telemetry, first).await, 200);
    let both = vec![span(1, 2, &long), span(1, 3, "b")];
    let both = request("page", both).encode_to_vec();
    assert_eq!(relay(&telemetry, both).await, 503, "it is to be sent again");
    let only = request("page", vec![span(1, 4, "b")]).encode_to_vec();
    assert_eq!(relay(&telemetry, only).await, 200);
    b.wait(1).await;
    assert_eq!(
        spans(&b.received())[0].span_id,
        [4; 8],
        "not the one before"
    );
    let status = telemetry.status();
    assert_eq!(count(&status, Outcome::Dropped, &a.name, "queue_full"), 0);
    telemetry
        .shutdown(std::time::Duration::from_millis(10))
        .await;
}

#[tokio::test]
async fn the_store_gets_what_is_sent_to_it() {
    let builder = Telemetry::builder().environment(|_| None);
    let telemetry = builder
        .route(Route::new("hidden").hash("user"))
        .route(
            Route::new("health")
                .when(Subject::Name, Test::equals("health"))
                .drop_it(),
        )
        .route(
            Route::new("kept")
                .when(Subject::Name, Test::equals("kept"))
                .to(["embedded"]),
        )
        .build()
        .unwrap();
    assert!(telemetry.problem().is_none(), "{:?}", telemetry.problem());
    let mut kept: Span = span(1, 1, "kept");
    kept.attributes = vec![text("user", "ann")];
    let request: ExportTraceServiceRequest = request("page", vec![kept, span(1, 2, "health")]);
    assert_eq!(relay(&telemetry, request.encode_to_vec()).await, 200);
    let path = format!("/traces/{}", "01".repeat(16));
    let (found, trace) = get(&telemetry.query_router(), &path).await;
    assert_eq!(found, 200);
    let stored = trace["data"][0]["spans"].as_array().unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0]["operationName"], "kept");
    assert!(!trace.to_string().contains("ann"), "{trace}");
    assert_eq!(dropped(&telemetry, "route: health"), 1);
    telemetry.shutdown(PATIENCE).await;
}

#[tokio::test]
async fn rules_that_cannot_be_used_stop_the_start() {
    let config = Config {
        routes: vec![Route::new("wrong").to(["nowhere"])],
        ..support::config(&[])
    };
    let error = Telemetry::builder().config(config).build().unwrap();
    let problem = error.problem().unwrap().to_string();
    assert!(
        problem.contains("wrong") && problem.contains("nowhere"),
        "{problem}"
    );
    assert!(!error.is_enabled());
}

/// Two requests that differ in everything a rule can ask about; the first is the one that is meant.
fn unlike() -> [Vec<u8>; 2] {
    let mut meant = span(1, 1, "POST /pay");
    meant.kind = 2;
    meant.end_time_unix_nano = meant.start_time_unix_nano + 1_500_000_000;
    meant.status = Some(opentelemetry_proto::tonic::trace::v1::Status {
        code: 2,
        ..Default::default()
    });
    meant.attributes = vec![text("http.route", "/pay/:id"), number("size", 900)];
    let mut meant = request("shop", vec![meant]);
    let of = &mut meant.resource_spans[0];
    of.resource
        .as_mut()
        .unwrap()
        .attributes
        .push(number("tier", 2));
    let scope = of.scope_spans[0].scope.as_mut().unwrap();
    (scope.name, scope.version) = ("checkout".to_owned(), "2.1".to_owned());
    scope.attributes = vec![text("team", "pay")];

    let mut other = span(2, 2, "GET /list");
    other.kind = 3;
    other.attributes = vec![number("size", 10)];
    [meant, request("page", vec![other])].map(|request| request.encode_to_vec())
}

fn number(key: &str, value: i64) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::IntValue(value)),
        }),
        ..KeyValue::default()
    }
}

#[tokio::test]
async fn everything_that_can_be_asked_finds_what_is_meant_and_nothing_else() {
    let (a, b) = backends().await;
    let asked = [
        "resource.'service.name' = 'shop'",
        "resource.'service.name'.glob = 's?op*'",
        "resource.tier.above = 1",
        "resource.tier.exists = true",
        "scope.name = 'checkout'",
        "scope.version.regex = '^2[.]'",
        "scope.attribute.team = 'pay'",
        "name = 'POST /pay'",
        "name.glob = 'POST *'",
        "name.regex = '^POST'",
        "kind = 'server'",
        "status = 'error'",
        "duration_ms.at_least = 1000",
        "attribute.'http.route' = '/pay/:id'",
        "attribute.'http.route'.exists = true",
        "attribute.size = 900",
        "attribute.size = ['x', 900.0]",
        "attribute.size.not = 10",
        "attribute.size = { at_least = 500, below = 1000 }",
        "attribute.size = { above = 10, at_most = 900 }",
    ];
    for (round, asked) in asked.iter().enumerate() {
        let rules = format!(
            "[[route]]\nname = 'meant'\nwhen.{asked}\nto = ['b']\n[[route]]\nname = 'rest'\nto = ['a']"
        );
        let telemetry = start(&a, &b, &rules);
        for request in unlike() {
            assert_eq!(relay(&telemetry, request).await, 200);
        }
        let report = telemetry.shutdown(PATIENCE).await;
        assert!(report.is_complete(), "{asked}: {report}");
        assert_eq!(names(&b), vec!["POST /pay"; round + 1], "{asked}");
        assert_eq!(names(&a), vec!["GET /list"; round + 1], "{asked}");
    }
}

#[tokio::test]
async fn what_a_client_with_a_name_sends_has_a_way_of_its_own() {
    let (a, b) = backends().await;
    let rules = "
        [[route]]
        name = 'shop'
        source = ['shop', 'server']
        to = ['b']
        [[route]]
        name = 'everybody else'
        to = ['a']
        [relay.keys]
        shop = 'pk_shop_0001'
        blog = 'pk_blog_0001'
        ";
    let telemetry = start(&a, &b, rules);
    for (number, key) in [(1, "pk_shop_0001"), (2, "pk_blog_0001")] {
        let headers = [
            ("content-type", "application/x-protobuf"),
            ("x-aether-key", key),
        ];
        let body = request("page", vec![span(number, number, key)]).encode_to_vec();
        let answer = support::post(&telemetry.relay_router(), "/v1/traces", &headers, body).await;
        assert_eq!(answer.status(), 200);
    }
    let report = telemetry.shutdown(PATIENCE).await;
    assert!(report.is_complete(), "{report}");
    assert_eq!(names(&b), ["pk_shop_0001"]);
    assert_eq!(names(&a), ["pk_blog_0001"]);
}
