//! Several backends of one file: each gets what is sent, with its own headers, queue and retries.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use aether_telemetry::{Outcome, Telemetry};
use support::backend::{Backend, status};
use support::{PATIENCE, count, post, wait_for};

#[tokio::test]
async fn every_destination_of_a_file_gets_its_own() {
    let good = Backend::start([], Some(status(200))).await;
    let down = Backend::start([], Some(status(503))).await;
    let file = format!(
        "[[destination]]\nname = 'good'\nendpoint = '{}/base'\nheaders.key = 'one'\nqueue_bytes = 100_000\n\
         [[destination]]\nname = 'down'\nendpoint = '{}'\nheaders.key = 'two'\nsignals = ['logs']\n\
         retry = {{ initial_ms = 1, max_ms = 2, give_up_after_ms = 3 }}\n",
        good.url, down.url
    );
    let path =
        std::env::temp_dir().join(format!("aether-destinations-{}.toml", std::process::id()));
    std::fs::write(&path, file).unwrap();
    let telemetry = Telemetry::builder()
        .environment(|_| None)
        .config_file(&path)
        .strict(true)
        .build();
    std::fs::remove_file(&path).unwrap();
    let telemetry = telemetry.unwrap();
    let queues: Vec<_> = telemetry.status().destinations;
    let queues: Vec<_> = queues
        .iter()
        .map(|d| (&*d.name, d.queue.max_bytes))
        .collect();
    assert_eq!(queues, [("good", 100_000), ("down", 16 * 1024 * 1024)]);

    let body =
        r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"}}]}]}]}"#;
    let json = [("content-type", "application/json")];
    let response = post(&telemetry.relay_router(), "/v1/logs", &json, body).await;
    assert_eq!(response.status(), 200);
    let received = &good.wait(1).await[0];
    assert!(
        received.head.starts_with("post /base/v1/logs "),
        "{}",
        received.head
    );
    assert!(received.head.contains("key: one"), "{}", received.head);
    assert!(down.wait(1).await[0].head.contains("key: two"));
    // The general patience is five minutes; this one has its own.
    wait_for("the batch for the one that is down is given up", || {
        let dropped = count(&telemetry.status(), Outcome::Dropped, "down", "http_503");
        (dropped == 1).then_some(())
    })
    .await;
    telemetry.shutdown(PATIENCE).await;
}
