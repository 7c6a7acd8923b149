//! Durable queues against everything that goes wrong: processes that are killed, destinations that
//! are down, slow, flapping or overloaded, disks that are full, files that were changed. After
//! each, every span that was accepted has arrived at least once.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "helpers of tests, which may fail"
)]

mod damage;
mod destinations;
mod killed;
mod letters;
mod sink;
mod small;
#[path = "../support/mod.rs"]
mod support;
mod tail;
mod together;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use aether_telemetry::{Config, Durable, StorageState, Telemetry};
use http::StatusCode;
use prost::Message;
use sink::Sink;
use support::folder::Folder;
use support::wait_for;

/// Settings for traces, from a folder to some destinations.
fn durable(folder: &Path, destinations: &[&str]) -> Config {
    let mut config = Config {
        durable: Some(Durable::new(folder)),
        ..support::config(&[])
    };
    config.store_bytes = None;
    for url in destinations {
        let one = support::config(&[
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", url),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2000"),
        ]);
        config.destinations.extend(one.destinations);
    }
    config
}

/// Starts, and waits until the folder has been read.
async fn start(config: Config) -> Telemetry {
    let telemetry = support::start(config);
    wait_for("the folder is open", || {
        let storage = telemetry.status().storage?;
        (storage.state == StorageState::Ready).then_some(())
    })
    .await;
    telemetry
}

/// A request with one span of that number, and as much text as asked for.
fn request(number: u64, text: usize) -> Vec<u8> {
    let mut span = support::span(1, 1, &"x".repeat(text));
    span.trace_id = u128::from(number + 1).to_be_bytes().to_vec();
    span.span_id = (number + 1).to_be_bytes().to_vec();
    support::request("page", vec![span]).encode_to_vec()
}

/// Sends spans to the relay, one per request; gives back the numbers of those accepted.
async fn send(telemetry: &Telemetry, numbers: std::ops::Range<u64>) -> BTreeSet<u64> {
    let mut accepted = BTreeSet::new();
    for number in numbers {
        match support::relay(telemetry, request(number, 1000)).await {
            StatusCode::OK => {
                accepted.insert(number);
            }
            status => assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE),
        }
    }
    accepted
}

/// Waits until all of them are there, and says how many came more than once.
async fn arrived(what: &str, sink: &Sink, accepted: &BTreeSet<u64>) {
    wait_for(what, || sink.has_all(accepted).then_some(())).await;
    println!(
        "{what}: {} accepted, {} duplicates",
        accepted.len(),
        sink.duplicates()
    );
}
