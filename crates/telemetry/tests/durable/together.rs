//! What waits goes in few requests, and is taken apart again where that is not taken.

use aether_telemetry::Outcome;

use super::sink::Mood;
use super::*;
use support::count;

/// How many batches wait in each test. Each is a request of somewhat more than a thousand bytes.
const BATCHES: u64 = 60;

/// Batches that wait for a destination which then gets into that mood.
async fn waiting(config: Config, sink: &Sink, mood: Mood) -> (Telemetry, BTreeSet<u64>) {
    let telemetry = match config.durable {
        Some(_) => start(config).await,
        None => support::start(config),
    };
    let accepted = send(&telemetry, 0..BATCHES).await;
    assert_eq!(accepted.len() as u64, BATCHES);
    sink.mood(mood);
    (telemetry, accepted)
}

fn exported(telemetry: &Telemetry, sink: &Sink) -> u64 {
    count(&telemetry.status(), Outcome::Exported, &sink.name(), "")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_arrives_once_in_few_requests() {
    for on_disk in [true, false] {
        let (folder, sink) = (Folder::new("few"), Sink::start(Mood::Status(503)).await);
        let mut config = durable(folder.path(), &[&sink.url()]);
        if !on_disk {
            config.durable = None;
        }
        let (telemetry, accepted) = waiting(config, &sink, Mood::Well).await;
        let before = sink.requests();
        arrived("together", &sink, &accepted).await;
        assert_eq!(sink.duplicates(), 0);
        let requests = sink.requests() - before;
        assert!(requests < BATCHES / 2, "{requests} requests");
        wait_for("all are counted", || {
            (exported(&telemetry, &sink) == BATCHES).then_some(())
        })
        .await;
        wait_for("nothing waits any more", || {
            (telemetry.status().destinations[0].queue.items == 0).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_is_refused_becomes_a_dead_letter() {
    let (folder, sink) = (Folder::new("one"), Sink::start(Mood::Status(503)).await);
    let config = durable(folder.path(), &[&sink.url()]);
    let (telemetry, mut accepted) = waiting(config, &sink, Mood::Refuses(33)).await;
    accepted.remove(&33);
    arrived("all but one", &sink, &accepted).await;
    wait_for("the one is refused", || {
        (telemetry.dead_letters().len() == 1).then_some(())
    })
    .await;
    let letter = telemetry.dead_letters().remove(0);
    assert_eq!((letter.items, &*letter.reason), (1, "http_400"));
    assert_eq!(sink.duplicates(), 0);
    wait_for("all are counted", || {
        let dropped = count(
            &telemetry.status(),
            Outcome::Dropped,
            &sink.name(),
            "http_400",
        );
        (exported(&telemetry, &sink) == BATCHES - 1 && dropped == 1).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_together_is_sent_apart() {
    let (folder, sink) = (Folder::new("apart"), Sink::start(Mood::Status(503)).await);
    let config = durable(folder.path(), &[&sink.url()]);
    let (telemetry, accepted) = waiting(config, &sink, Mood::AtMost(5_000)).await;
    arrived("in parts", &sink, &accepted).await;
    assert_eq!(sink.duplicates(), 0);
    assert!(sink.largest() > 2_000, "still several in one");
    assert!(telemetry.dead_letters().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_keep_to_the_bound_that_was_set() {
    let (folder, sink) = (
        Folder::new("bound-4k"),
        Sink::start(Mood::Status(503)).await,
    );
    let mut config = durable(folder.path(), &[&sink.url()]);
    for destination in &mut config.destinations {
        destination.flow.max_request_bytes = Some(4_000);
    }
    let (_telemetry, accepted) = waiting(config, &sink, Mood::Well).await;
    arrived("within the bound", &sink, &accepted).await;
    assert_eq!(sink.duplicates(), 0);
    assert!(
        (2_000..=4_000).contains(&sink.largest()),
        "{}",
        sink.largest()
    );
}
