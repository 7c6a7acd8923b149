//! A clock that jumps by days, there and back, while telemetry waits and between two runs.

use std::fs;

use aether_faults_tests::books::arrived;
use aether_faults_tests::load::{Load, plain};
use aether_faults_tests::server::Setup;
use aether_faults_tests::sink::{Mood, Sink};
use aether_faults_tests::wait_for;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jumps_lose_nothing() {
    let library = std::env::var("AETHER_FAKETIME").expect(
        "AETHER_FAKETIME names libfaketime's library (Debian: libfaketime): run these tests with `cargo xtask test faults`",
    );
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::start(Mood::Status(503)).await;
    let clock = folder.path().join("clock");
    let jump = |offset: &str| fs::write(&clock, offset).unwrap();
    jump("+0");
    let setup = Setup::new(folder.path(), "")
        .destination("a", &sink, "")
        .variable("LD_PRELOAD", library)
        .variable("FAKETIME_TIMESTAMP_FILE", clock.to_string_lossy())
        .variable("FAKETIME_NO_CACHE", "1")
        .variable("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let load = Load::new(plain(1000));
    let server = setup.start().await;
    load.send(&server, 20).await;
    for offset in ["+5d", "-20d", "+0"] {
        jump(offset);
        load.send(&server, 20).await;
        let before = sink.requests();
        wait_for("it is tried meanwhile", async || {
            (sink.requests() > before + 2).then_some(())
        })
        .await;
    }
    server.kill();
    // The next runs believe that all of it is from the future, then that it is much too old.
    for offset in ["-20d", "+30d"] {
        jump(offset);
        let server = setup.start().await;
        load.send(&server, 20).await;
        let before = sink.requests();
        wait_for("it is tried meanwhile", async || {
            (sink.requests() > before + 2).then_some(())
        })
        .await;
        let status = server.status().await;
        assert_eq!(status.count("dropped", "a", "expired"), 0);
        let age = status.queue("a", "oldest_ms");
        assert_eq!(
            age > 20 * 86_400_000,
            offset == "+30d",
            "the clock jumps: {age}"
        );
        server.kill();
    }
    let server = setup.start().await;
    sink.mood(Mood::Well);
    let ledger = load.ledger();
    assert_eq!(ledger.accepted.len(), 120);
    arrived("clock jumps", &sink, &ledger.accepted, &ledger).await;
    wait_for("nothing is left", async || {
        (server.status().await.queue("a", "items") == 0).then_some(())
    })
    .await;
    assert_eq!(sink.spans(), ledger.accepted);
}
