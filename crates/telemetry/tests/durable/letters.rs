//! What a destination refuses for good is kept, shown, and can be sent again.

use std::time::Duration;

use aether_telemetry::{Outcome, Replay};
use axum::Router;
use axum::body::Body;
use http::Request;
use serde_json::Value;
use tower::ServiceExt;

use super::sink::Mood;
use super::*;
use support::count;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_then_sent_again() {
    let (folder, sink) = (Folder::new("letters"), Sink::start(Mood::Status(400)).await);
    let config = durable(folder.path(), &[&sink.url()]);
    let telemetry = start(config.clone()).await;
    let accepted = send(&telemetry, 0..3).await;
    wait_for("all are refused", || {
        (telemetry.dead_letters().len() == 3).then_some(())
    })
    .await;
    let letter = telemetry.dead_letters().remove(0);
    assert_eq!(&*letter.destination, sink.name());
    assert_eq!((letter.items, &*letter.reason), (1, "http_400"));
    assert!(letter.status.contains("400"), "{letter:?}");
    assert!(letter.message.contains("no such thing"), "{letter:?}");
    assert!(letter.accepted_ms <= letter.refused_ms);
    let body = telemetry.dead_letter(&letter.id).await.unwrap();
    assert_eq!(body.len() as u64, letter.bytes);
    wait_for("all are counted", || {
        let status = telemetry.status();
        (count(&status, Outcome::Dropped, &sink.name(), "http_400") == 3).then_some(())
    })
    .await;
    let report = telemetry.shutdown(Duration::from_secs(5)).await;
    assert!(report.kept.is_empty(), "they are in no queue: {report}");

    let telemetry = start(config).await;
    let letters = telemetry.dead_letters();
    assert_eq!(letters.len(), 3, "they outlive the process");
    // Those of one millisecond are in any order.
    assert!(letters.contains(&letter), "{letters:?}");
    assert_eq!(
        telemetry.replay_dead_letter("none such").await,
        Replay::Unknown
    );
    sink.mood(Mood::Well);
    for letter in &letters {
        assert_eq!(
            telemetry.replay_dead_letter(&letter.id).await,
            Replay::Queued
        );
    }
    arrived("dead letters", &sink, &accepted).await;
    assert!(telemetry.dead_letters().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_a_bound_and_one_can_discard() {
    let (folder, sink) = (Folder::new("bound"), Sink::start(Mood::Status(400)).await);
    let mut config = durable(folder.path(), &[&sink.url()]);
    config.durable.as_mut().unwrap().dead_letter_bytes = 10_000;
    let telemetry = start(config).await;
    send(&telemetry, 0..5).await;
    wait_for("three made room", || {
        (telemetry.status().dead_letters.lost == 3).then_some(())
    })
    .await;
    let letters = telemetry.dead_letters();
    assert_eq!(letters.len(), 2, "each takes a block of 4096 bytes");
    let dead = folder.path().join("dead");
    assert_eq!(std::fs::read_dir(&dead).unwrap().count(), 2);
    assert!(telemetry.discard_dead_letter(&letters[0].id).await);
    assert!(!telemetry.discard_dead_letter(&letters[0].id).await);
    assert_eq!(telemetry.dead_letters(), letters[1..]);
    assert_eq!(std::fs::read_dir(&dead).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_folder_they_are_in_memory() {
    let sink = Sink::start(Mood::Status(400)).await;
    let mut config = durable(Path::new("unused"), &[&sink.url()]);
    config.durable = None;
    let telemetry = support::start(config);
    let accepted = send(&telemetry, 0..2).await;
    wait_for("both are refused", || {
        (telemetry.dead_letters().len() == 2).then_some(())
    })
    .await;
    sink.mood(Mood::Well);
    for letter in telemetry.dead_letters() {
        assert_eq!(
            telemetry.replay_dead_letter(&letter.id).await,
            Replay::Queued
        );
    }
    arrived("letters in memory", &sink, &accepted).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_of_it_over_http() {
    let (folder, sink) = (Folder::new("http"), Sink::start(Mood::Status(400)).await);
    let telemetry = start(durable(folder.path(), &[&sink.url()])).await;
    let accepted = send(&telemetry, 0..4).await;
    wait_for("all are refused", || {
        (telemetry.dead_letters().len() == 4).then_some(())
    })
    .await;
    let api = telemetry.admin_router();
    let (status, list) = ask(&api, "GET", "/dead-letters").await;
    assert_eq!(status, 200);
    let letters = list["dead_letters"].as_array().unwrap();
    assert_eq!(letters.len(), 4);
    let path = format!("/dead-letters/{}", letters[0]["id"].as_str().unwrap());
    let (status, request) = ask(&api, "GET", &path).await;
    assert_eq!(status, 200);
    let span = "/resourceSpans/0/scopeSpans/0/spans/0/traceId";
    let trace = request.pointer(span).and_then(Value::as_str);
    assert_eq!(trace.map(str::len), Some(32), "{request}");

    sink.mood(Mood::Well);
    let (status, _) = ask(&api, "POST", &format!("{path}/replay")).await;
    assert_eq!(status, 202);
    let (status, _) = ask(&api, "POST", &format!("{path}/replay")).await;
    assert_eq!(status, 404, "it is none any more");
    let none = "/dead-letters/replay?destination=elsewhere:4318";
    let (_, replayed) = ask(&api, "POST", none).await;
    assert_eq!(replayed["queued"], 0, "{replayed}");
    let (_, replayed) = ask(&api, "POST", "/dead-letters/replay").await;
    assert_eq!(replayed["queued"], 3, "{replayed}");
    arrived("dead letters", &sink, &accepted).await;
    let (_, status) = ask(&api, "GET", "/status").await;
    assert_eq!(status["dead_letters"]["letters"], 0, "{status}");
}

async fn ask(api: &Router, method: &str, path: &str) -> (u16, Value) {
    let request = Request::builder().method(method).uri(path);
    let request = request.body(Body::empty()).unwrap();
    let response = api.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = support::body(response).await;
    (status, serde_json::from_slice(&body).unwrap_or_default())
}
