//! The other settings hold at once, too: the relay's, the choice among traces, the sampler, what
//! pages are told. What does not is named.

use std::time::Duration;

use aether_telemetry::{Outcome, PageConfig};
use tracing_subscriber::layer::SubscriberExt;

use super::sink::Mood;
use super::support::backend::{Backend, Received, status};
use super::support::decoded::{attribute, spans};
use super::support::{count, text};
use super::*;

/// Applies the file with more in it; all of it has to hold at once.
async fn apply(telemetry: &Telemetry, folder: &Folder, sink: &str, more: &str) {
    let destination =
        format!("\n[[destination]]\nname = \"a\"\nendpoint = {sink:?}\nsignals = [\"traces\"]\n");
    let answer = put_file(telemetry, general(folder) + more + &destination).await;
    assert_eq!(answer.status, StatusCode::OK, "{more}: {}", answer.text);
    assert_eq!(answer.body["restart"], json!([]), "{more}");
}

/// What the relay answers to a request with these headers.
async fn relayed(telemetry: &Telemetry, headers: &[(&str, &str)], body: Vec<u8>) -> StatusCode {
    let kind = [("content-type", "application/x-protobuf")];
    let headers = [&kind, headers].concat();
    let router = telemetry.relay_router();
    let response = support::post(&router, "/v1/traces", &headers, body).await;
    response.status()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_send_and_how_much_changes_at_once() {
    let folder = Folder::new("live-door");
    let sink = Sink::start(Mood::Well).await;
    let telemetry = start(&folder, &table("a", &sink));
    let (base, page) = (sink.base(), ("origin", "https://shop.example"));
    let send = |headers: &'static [(&str, &str)]| relayed(&telemetry, headers, request(1));
    assert_eq!(
        relayed(&telemetry, &[page], request(1)).await,
        StatusCode::OK
    );

    let origins = "relay.origins = [\"https://blog.example\"]\n";
    apply(&telemetry, &folder, &base, origins).await;
    let refused = relayed(&telemetry, &[page], request(2)).await;
    assert_eq!(refused, StatusCode::FORBIDDEN);

    apply(
        &telemetry,
        &folder,
        &base,
        "relay.keys = { shop = \"pk_shop_1\" }\n",
    )
    .await;
    assert_eq!(send(&[]).await, StatusCode::UNAUTHORIZED);
    assert_eq!(send(&[("x-aether-key", "pk_shop_1")]).await, StatusCode::OK);

    apply(
        &telemetry,
        &folder,
        &base,
        "relay.max_request_bytes = 1024\n",
    )
    .await;
    assert_eq!(send(&[]).await, StatusCode::OK);
    let large = relayed(&telemetry, &[], vec![0; 1025]).await;
    assert_eq!(large, StatusCode::PAYLOAD_TOO_LARGE);

    // Whoever has used up what there is does not get it anew by another change.
    // The first request is paid for in a minute and more.
    let quota = "relay.bytes = 1\n";
    apply(&telemetry, &folder, &base, quota).await;
    assert_eq!(send(&[]).await, StatusCode::OK);
    assert_eq!(send(&[]).await, StatusCode::TOO_MANY_REQUESTS);
    let other = format!("{quota}relay.user_agent = false\n");
    apply(&telemetry, &folder, &base, &other).await;
    assert_eq!(send(&[]).await, StatusCode::TOO_MANY_REQUESTS);
    apply(&telemetry, &folder, &base, "").await;
    assert_eq!(send(&[]).await, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_becomes_of_a_request_changes_at_once() {
    let folder = Folder::new("live-scrub");
    let backend = Backend::start([], Some(status(200))).await;
    let none = Sink::start(Mood::Well).await;
    let telemetry = start(&folder, &table("a", &none));
    let card = || {
        let mut span = support::span(1, 1, "pay");
        span.attributes = vec![text("user", "ann"), text("note", "card 4711")];
        support::request("page", vec![span]).encode_to_vec()
    };
    let seen = |received: &[Received]| {
        let span = spans(received).pop().unwrap();
        ["user", "note"].map(|key| attribute(&span.attributes, key).unwrap_or_default())
    };
    let hash = |key: &str| format!("hash_key = {key:?}\nrelay.scrub.hash = [\"user\"]\n");
    let mut users = BTreeSet::new();
    for (number, settings) in [
        String::new(),
        "relay.scrub.values = { card = \"[0-9]{4}\" }\n".to_owned(),
        "relay.limits.attributes = 1\n".to_owned(),
        hash("one"),
        hash("two"),
    ]
    .iter()
    .enumerate()
    {
        apply(&telemetry, &folder, &backend.url, settings).await;
        assert_eq!(relayed(&telemetry, &[], card()).await, StatusCode::OK);
        let received = backend.wait(number + 1).await;
        let [user, note] = seen(&received);
        match number {
            0 => assert_eq!((&*user, &*note), ("ann", "card 4711")),
            1 => assert_eq!((&*user, &*note), ("ann", "card ****")),
            2 => assert_eq!((&*user, &*note), ("ann", "")),
            _ => assert!(users.insert(user) && note == "card 4711"),
        }
    }
    assert!(!users.contains("ann"), "{users:?}");
    let wrong = general(&folder) + "relay.scrub.values = { card = \"[\" }\n";
    let answer = put_file(&telemetry, wrong).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(relayed(&telemetry, &[], card()).await, StatusCode::OK);
    let [user, _] = seen(&backend.wait(6).await);
    assert!(users.contains(&user), "nothing changed: {user}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_choice_among_traces_begins_changes_and_ends() {
    let folder = Folder::new("live-tail");
    let sink = Sink::start(Mood::Well).await;
    let telemetry = start(&folder, &table("a", &sink));
    opened(&telemetry).await;
    let base = sink.base();
    arrived("all are sent", &sink, &send(&telemetry, 0..5).await).await;
    assert!(telemetry.status().tail.is_none());

    let hold = "tail = { enabled = true, share = 0.0, wait_ms = 3600000 }\n";
    apply(&telemetry, &folder, &base, hold).await;
    send(&telemetry, 5..10).await;
    let held = telemetry.status().tail.unwrap();
    assert_eq!((held.traces, held.spans), (5, 5));
    assert_eq!(sink.spans(), (0..5).collect());

    // Those that wait are decided by the new settings, and as soon as these say.
    let soon = "tail = { enabled = true, share = 1.0, wait_ms = 1 }\n";
    apply(&telemetry, &folder, &base, soon).await;
    arrived("they are kept", &sink, &(5..10).collect()).await;

    apply(&telemetry, &folder, &base, hold).await;
    send(&telemetry, 10..15).await;
    apply(&telemetry, &folder, &base, "").await;
    arrived("none is held", &sink, &send(&telemetry, 15..20).await).await;
    assert_eq!(sink.spans(), (0..10).chain(15..20).collect());
    let status = telemetry.status();
    assert!(status.tail.is_none());
    assert_eq!(count(&status, Outcome::Dropped, "tail", "not_chosen"), 5);
    assert_eq!(sink.duplicates(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sampler_and_what_pages_are_told_change_at_once() {
    let folder = Folder::new("live-sampler");
    let backend = Backend::start([], Some(status(200))).await;
    let none = Sink::start(Mood::Well).await;
    let telemetry = start(&folder, &table("a", &none));
    let record = |name: &'static str| {
        let subscriber = tracing_subscriber::registry().with(telemetry.tracing_layer());
        tracing::subscriber::with_default(subscriber, || {
            drop(tracing::info_span!("work", otel.name = name).entered());
        });
        telemetry.flush();
    };
    apply(&telemetry, &folder, &backend.url, "sample_rate = 0.0\n").await;
    record("not recorded");
    let sampler = "sampler = { name = \"traceidratio\", ratio = 1.0 }\n";
    apply(&telemetry, &folder, &backend.url, sampler).await;
    record("recorded");
    let names = spans(&backend.wait(1).await).into_iter();
    let names: Vec<_> = names.map(|span| span.name).collect();
    assert_eq!(names, ["recorded"]);

    let told = async || {
        let request = Request::get("/v1/config").body(Body::empty()).unwrap();
        let response = telemetry.relay_router().oneshot(request).await.unwrap();
        serde_json::from_slice::<Value>(&support::body(response).await).unwrap()
    };
    assert_eq!(told().await, json!({ "enabled": true }));
    apply(&telemetry, &folder, &backend.url, "page.enabled = false\n").await;
    assert_eq!(told().await, json!({ "enabled": false }));
    // What the program says stands above the file.
    telemetry.set_page_config(&PageConfig {
        max_age: Duration::from_secs(1),
        ..PageConfig::default()
    });
    apply(
        &telemetry,
        &folder,
        &backend.url,
        "page.sample_ratio = 0.5\n",
    )
    .await;
    assert_eq!(told().await, json!({ "enabled": true }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_holds_from_the_next_start_on_is_named() {
    let folder = Folder::new("live-restart");
    let sink = Sink::start(Mood::Well).await;
    let telemetry = start(&folder, &table("a", &sink));
    let more = "batch.spans.delay_ms = 10\nlimits.span.events = 3\nexporter.otlp.metrics.temporality = \"delta\"\nrelay.requests = 5\n";
    let answer = put_file(&telemetry, general(&folder) + more + &table("a", &sink)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let named = answer.body["restart"].as_array().unwrap();
    let named: Vec<_> = named.iter().filter_map(Value::as_str).collect();
    for key in [
        "batch.spans.delay_ms",
        "limits.span.events",
        "exporter.otlp.metrics.temporality",
    ] {
        assert!(named.contains(&key), "{key}: {named:?}");
    }
    assert!(!named.iter().any(|key| key.contains("relay")), "{named:?}");
}
