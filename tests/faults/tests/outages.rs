//! Backends that are down, slow, in and out, or ask to be left alone.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use aether_faults_tests::books::{agree, arrived};
use aether_faults_tests::load::{Load, plain};
use aether_faults_tests::server::{Server, Setup};
use aether_faults_tests::sink::{Mood, Sink};
use aether_faults_tests::{number, wait_for};
use tempfile::TempDir;

/// Between two spans of one sender.
const PAUSE: Duration = Duration::from_millis(10);

/// A server with one destination `a`, the backend it sends to, and the folder of its queues.
async fn start(mood: Mood, keys: &str) -> (TempDir, Sink, Server) {
    let (folder, sink) = (tempfile::tempdir().unwrap(), Sink::start(mood).await);
    let setup = Setup::new(folder.path(), "").destination("a", &sink, keys);
    let server = setup.start().await;
    (folder, sink, server)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn down_for_long_then_back() {
    let outage = Duration::from_secs(number("AETHER_FAULTS_OUTAGE", 60));
    let (_folder, sink, server) = start(Mood::Well, "").await;
    let load = Load::new(plain(1000));
    let working = load.begin(&server, 2, PAUSE);
    wait_for("telemetry flows", async || {
        (sink.spans().len() > 20).then_some(())
    })
    .await;
    assert_eq!(server.status().await.circuit("a"), "closed");

    let begin = Instant::now();
    sink.down().await;
    let mut seen = BTreeSet::new();
    let mut longest = 0;
    let mut hangs = false;
    // First nobody listens, then nobody answers.
    while begin.elapsed() < outage || seen.len() < 3 {
        assert!(begin.elapsed() < outage.mul_f32(3.0), "only {seen:?}");
        if !hangs && begin.elapsed() > outage / 2 {
            sink.back_as(Mood::Hangs).await;
            hangs = true;
        }
        let status = server.status().await;
        let state = status.circuit("a").to_owned();
        if state != "closed" && seen.is_empty() {
            seen.insert("closed".to_owned());
        }
        if !seen.is_empty() {
            assert_ne!(state, "closed", "nothing was delivered");
            seen.insert(state);
        }
        longest = longest.max(status.queue("a", "requests"));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let during = load.accepted();
    sink.mood(Mood::Well);
    let back = Instant::now();
    wait_for("the circuit closes", async || {
        (server.status().await.circuit("a") == "closed").then_some(())
    })
    .await;
    working.stop().await;
    let ledger = load.ledger();
    assert!(ledger.refused.is_empty(), "nobody who sends notices");
    let what = format!("down for {} s", begin.elapsed().as_secs());
    arrived(&what, &sink, &ledger.accepted, &ledger).await;
    println!(
        "{what}: {during} accepted until it was back, {longest} requests queued at most, all delivered {} ms later",
        back.elapsed().as_millis()
    );
    agree(&server, "a", &sink, &ledger).await;
    let log = server.kill();
    assert_eq!(
        log.matches("telemetry is not delivered").count(),
        1,
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow() {
    let mood = Mood::Slow(Duration::from_millis(30));
    let (_folder, sink, server) = start(mood, "").await;
    let load = Load::new(plain(1000));
    load.send(&server, 200).await;
    let ledger = load.ledger();
    assert_eq!(ledger.accepted.len(), 200, "nobody who sends waits for it");
    arrived("slow", &sink, &ledger.accepted, &ledger).await;
    agree(&server, "a", &sink, &ledger).await;
    assert_eq!(sink.duplicates(), 0, "it answers in time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_and_out() {
    let (_folder, sink, server) = start(Mood::Well, "").await;
    let load = Load::new(plain(1000));
    let working = load.begin(&server, 2, PAUSE);
    for mood in [Mood::Flapping(3), Mood::Well, Mood::Flapping(2)] {
        sink.down().await;
        wait_for("it is noticed", async || {
            let status = server.status().await;
            (status.destination("a")["failures"].as_u64()? > 0).then_some(())
        })
        .await;
        let before = sink.spans().len();
        sink.back_as(mood).await;
        wait_for("telemetry flows again", async || {
            (sink.spans().len() > before + 10).then_some(())
        })
        .await;
    }
    working.stop().await;
    sink.mood(Mood::Well);
    let ledger = load.ledger();
    assert!(ledger.refused.is_empty(), "nobody who sends notices");
    arrived("in and out", &sink, &ledger.accepted, &ledger).await;
    agree(&server, "a", &sink, &ledger).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn storms_of_429() {
    for mood in [Mood::Limited(1), Mood::LimitedUntil(2)] {
        // With more of them under way, some come before the first is answered.
        let (_folder, sink, server) = start(mood, "send.concurrency = 1").await;
        let load = Load::new(plain(1000));
        let working = load.begin(&server, 2, PAUSE);
        wait_for("it was asked several times", async || {
            (sink.requests() > 2).then_some(())
        })
        .await;
        working.stop().await;
        assert_eq!(sink.impatient(), 0, "{mood:?}: it was left alone");
        let status = server.status().await;
        let error = status.destination("a")["last_error"].to_string();
        assert!(error.contains("429"), "{error}");
        sink.mood(Mood::Well);
        let ledger = load.ledger();
        assert!(ledger.refused.is_empty(), "nobody who sends notices");
        arrived(&format!("{mood:?}"), &sink, &ledger.accepted, &ledger).await;
        assert_eq!(sink.impatient(), 0, "{mood:?}: it was left alone");
        agree(&server, "a", &sink, &ledger).await;
        assert_eq!(sink.duplicates(), 0, "429 took none of them");
    }
}
