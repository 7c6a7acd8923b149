//! Destinations that are not well.

use std::time::Duration;

use aether_telemetry::Outcome;

use super::sink::Mood;
use super::*;
use support::count;

const SHORT: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn down_then_back() {
    let (folder, sink) = (Folder::new("down"), Sink::start(Mood::Well).await);
    let telemetry = start(durable(folder.path(), &[&sink.url()])).await;
    let mut accepted = send(&telemetry, 0..20).await;
    sink.down().await;
    accepted.extend(send(&telemetry, 20..120).await);
    assert_eq!(accepted.len(), 120, "nobody who sends notices");
    wait_for("it is noticed", || {
        (telemetry.status().destinations[0].health.failures > 1).then_some(())
    })
    .await;
    sink.back().await;
    arrived("down then back", &sink, &accepted).await;
    let report = telemetry.shutdown(Duration::from_secs(5)).await;
    assert!(report.is_complete() && report.kept.is_empty(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn down_over_a_restart() {
    let (folder, sink) = (Folder::new("restart"), Sink::start(Mood::Status(503)).await);
    let config = durable(folder.path(), &[&sink.url()]);
    let telemetry = start(config.clone()).await;
    let mut accepted = send(&telemetry, 0..50).await;
    assert_eq!(accepted.len(), 50);
    let report = telemetry.shutdown(SHORT).await;
    assert!(report.is_complete(), "nothing is lost: {report}");
    assert_eq!(report.kept.iter().map(|left| left.items).sum::<u64>(), 50);
    let status = telemetry.status();
    assert_eq!(
        count(&status, Outcome::Dropped, &sink.name(), "shutdown"),
        0
    );

    let telemetry = start(config).await;
    let status = telemetry.status();
    assert_eq!(status.storage.unwrap().recovered, 50);
    assert!(status.destinations[0].queue.durable);
    accepted.extend(send(&telemetry, 50..60).await);
    sink.mood(Mood::Well);
    arrived("down over a restart", &sink, &accepted).await;
    assert_eq!(sink.duplicates(), 0, "503 took none of them");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow() {
    let mood = Mood::Slow(Duration::from_millis(20));
    let (folder, sink) = (Folder::new("slow"), Sink::start(mood).await);
    let telemetry = start(durable(folder.path(), &[&sink.url()])).await;
    let accepted = send(&telemetry, 0..100).await;
    assert_eq!(accepted.len(), 100);
    arrived("slow", &sink, &accepted).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flapping() {
    let (folder, sink) = (
        Folder::new("flapping"),
        Sink::start(Mood::Flapping(3)).await,
    );
    let mut config = durable(folder.path(), &[&sink.url()]);
    // Each in a request of its own.
    config.destinations[0].flow.max_request_bytes = Some(1);
    let telemetry = start(config).await;
    let accepted = send(&telemetry, 0..60).await;
    assert_eq!(accepted.len(), 60);
    arrived("flapping", &sink, &accepted).await;
    assert_eq!(sink.duplicates(), 0);
    assert!(sink.requests() >= 180);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_429() {
    let (folder, sink) = (Folder::new("storm"), Sink::start(Mood::Limited(1)).await);
    let telemetry = start(durable(folder.path(), &[&sink.url()])).await;
    let accepted = send(&telemetry, 0..100).await;
    assert_eq!(accepted.len(), 100);
    wait_for("the storm is met", || (sink.requests() > 1).then_some(())).await;
    sink.mood(Mood::Well);
    arrived("429 storm", &sink, &accepted).await;
    assert_eq!(sink.duplicates(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_is_dead() {
    let folder = Folder::new("two");
    let (dead, quick) = (
        Sink::start(Mood::Hangs).await,
        Sink::start(Mood::Well).await,
    );
    let config = durable(folder.path(), &[&dead.url(), &quick.url()]);
    let telemetry = start(config.clone()).await;
    let accepted = send(&telemetry, 0..50).await;
    assert_eq!(accepted.len(), 50);
    // The dead one has not given up its first request by then.
    arrived("the other one", &quick, &accepted).await;
    assert!(dead.spans().is_empty());
    let queues: Vec<_> = telemetry.status().destinations;
    assert_eq!(queues[0].queue.items, 50);
    telemetry.shutdown(SHORT).await;

    let telemetry = start(config).await;
    let status = telemetry.status();
    assert_eq!(
        status.storage.unwrap().recovered,
        50,
        "of the dead one alone"
    );
    dead.mood(Mood::Well);
    arrived("the dead one", &dead, &accepted).await;
    wait_for("its queue is empty", || {
        let queues = telemetry.status().destinations;
        (queues[0].queue.items == 0).then_some(())
    })
    .await;
    assert_eq!(quick.duplicates(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_refuses_until_there_is_room() {
    let (folder, sink) = (Folder::new("full"), Sink::start(Mood::Status(503)).await);
    let mut config = durable(folder.path(), &[&sink.url()]);
    config.queue_bytes = 20 * 1024;
    let telemetry = start(config).await;
    let mut accepted = send(&telemetry, 0..40).await;
    assert!((10..20).contains(&accepted.len()), "{}", accepted.len());
    let status = telemetry.status();
    assert!(status.destinations[0].queue.bytes <= 20 * 1024);
    assert_eq!(
        count(&status, Outcome::Rejected, "relay", "queue_full"),
        40 - accepted.len() as u64
    );
    sink.mood(Mood::Well);
    arrived("a full queue", &sink, &accepted).await;
    accepted.extend(send(&telemetry, 40..41).await);
    assert!(accepted.contains(&40), "there is room again");
    arrived("a full queue, later", &sink, &accepted).await;
    assert_eq!(sink.spans(), accepted, "what was refused was not sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_request_that_is_not_taken_does_not_keep_the_others() {
    let folder = Folder::new("stuck");
    let sink = Sink::start(Mood::AllBut(0)).await;
    let mut config = durable(folder.path(), &[&sink.url()]);
    config.retry.give_up_after = Duration::from_millis(100);
    let telemetry = start(config).await;
    let accepted = send(&telemetry, 0..20).await;
    let others = (1..20).collect();
    arrived("all but one", &sink, &others).await;
    assert_eq!(sink.spans(), others);
    wait_for("it waits alone", || {
        (telemetry.status().destinations[0].queue.items == 1).then_some(())
    })
    .await;
    sink.mood(Mood::Well);
    arrived("that one, too", &sink, &accepted).await;
    let status = telemetry.status();
    assert_eq!(count(&status, Outcome::Accepted, &sink.name(), ""), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_old_is_dropped_and_counted() {
    let (folder, sink) = (Folder::new("old"), Sink::start(Mood::Status(503)).await);
    let mut config = durable(folder.path(), &[&sink.url()]);
    config.durable.as_mut().unwrap().max_age = Duration::from_millis(50);
    let telemetry = start(config).await;
    send(&telemetry, 0..10).await;
    wait_for("all are too old", || {
        let expired = count(
            &telemetry.status(),
            Outcome::Dropped,
            &sink.name(),
            "expired",
        );
        (expired == 10).then_some(())
    })
    .await;
    assert_eq!(telemetry.status().destinations[0].queue.requests, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_destination_that_is_gone_and_comes_back() {
    let (folder, sink) = (Folder::new("gone"), Sink::start(Mood::Status(503)).await);
    let other = Sink::start(Mood::Well).await;
    let config = durable(folder.path(), &[&sink.url()]);
    let telemetry = start(config.clone()).await;
    let accepted = send(&telemetry, 0..5).await;
    telemetry.shutdown(SHORT).await;
    let telemetry = start(durable(folder.path(), &[&other.url()])).await;
    let others = send(&telemetry, 5..10).await;
    arrived("the one that is configured", &other, &others).await;
    telemetry.shutdown(SHORT).await;
    sink.mood(Mood::Well);
    let _telemetry = start(config).await;
    arrived("the one that came back", &sink, &accepted).await;
    assert_eq!(other.spans(), others);
}
