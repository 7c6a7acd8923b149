//! Traces that are held back until they are known as a whole.

use std::time::Duration;

use aether_telemetry::{Outcome, Tail, TailStatus, Telemetry};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};

use super::sink::Mood;
use super::*;
use support::count;

const HOUR: Duration = Duration::from_secs(3600);

fn holding(folder: Option<&Path>, sink: &Sink, wait: Duration) -> Config {
    let path = folder.unwrap_or(Path::new("."));
    let mut config = durable(path, &[&sink.url()]);
    if folder.is_none() {
        config.durable = None;
    }
    config.tail = Some(Tail {
        wait,
        share: 0.0,
        ..Tail::default()
    });
    config
}

/// A span of the trace of that number; every tenth trace has an error in its second span.
fn span(number: u64, second: bool) -> Span {
    let mut span = support::span(1, 1, "s");
    span.trace_id = u128::from(number + 1).to_be_bytes().to_vec();
    span.span_id = (2 * number + 1 + u64::from(second)).to_be_bytes().to_vec();
    if second && number.is_multiple_of(10) {
        span.status = Some(Status {
            code: 2,
            ..Status::default()
        });
    }
    span
}

/// Sends both spans of each trace, the second ones later.
async fn traces(telemetry: &Telemetry, numbers: std::ops::Range<u64>) {
    for second in [false, true] {
        for number in numbers.clone() {
            let body = support::request("page", vec![span(number, second)]).encode_to_vec();
            assert_eq!(support::relay(telemetry, body).await, StatusCode::OK);
        }
    }
}

fn tail(telemetry: &Telemetry) -> TailStatus {
    telemetry.status().tail.unwrap()
}

/// How many spans of traces with and without an error have arrived.
fn arrived_of(sink: &Sink) -> (usize, usize) {
    let spans = sink.spans();
    let errors = spans.iter().filter(|number| **number / 2 % 10 == 0).count();
    (errors, spans.len() - errors)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whole_traces_are_kept_or_dropped() {
    for durable in [false, true] {
        let folder = Folder::new(&format!("tail-{durable}"));
        let sink = Sink::start(Mood::Well).await;
        let path = durable.then(|| folder.path());
        let telemetry = support::start(holding(path, &sink, HOUR));
        if durable {
            wait_for("the folder is open", || {
                let storage = telemetry.status().storage?;
                (storage.state == StorageState::Ready).then_some(())
            })
            .await;
        }
        traces(&telemetry, 0..40).await;
        let status = tail(&telemetry);
        assert_eq!((status.traces, status.spans), (40, 80));
        assert_eq!(sink.spans().len(), 0, "nothing is decided yet");
        let report = telemetry.shutdown(Duration::from_secs(10)).await;
        assert!(report.is_complete() && report.kept.is_empty(), "{report}");
        let status = tail(&telemetry);
        assert_eq!((status.kept, status.dropped, status.bytes), (4, 36, 0));
        assert_eq!(arrived_of(&sink), (8, 0));
        let status = telemetry.status();
        assert_eq!(count(&status, Outcome::Dropped, "tail", "not_chosen"), 72);
        assert_eq!(count(&status, Outcome::Exported, &sink.name(), ""), 8);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_held_survives_a_crash() {
    let folder = Folder::new("tail-crash");
    let sink = Sink::start(Mood::Well).await;
    let telemetry = start(holding(Some(folder.path()), &sink, HOUR)).await;
    traces(&telemetry, 0..20).await;
    // Without a shutdown nothing is decided or handed on any more.
    drop(telemetry);
    assert_eq!(sink.spans().len(), 0);

    let soon = Duration::from_millis(300);
    let config = holding(Some(folder.path()), &sink, soon);
    let telemetry = start(config).await;
    wait_for("what was held is decided", || {
        let status = tail(&telemetry);
        (status.kept == 2 && status.dropped == 18 && status.spans == 0).then_some(())
    })
    .await;
    wait_for("it is delivered", || {
        (arrived_of(&sink) == (4, 0)).then_some(())
    })
    .await;
    let report = telemetry.shutdown(Duration::from_secs(10)).await;
    assert!(report.is_complete() && report.kept.is_empty(), "{report}");

    let telemetry = start(holding(Some(folder.path()), &sink, HOUR)).await;
    assert_eq!(telemetry.status().storage.unwrap().recovered, 0);
    assert_eq!(tail(&telemetry).spans, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn switched_off_what_was_held_is_delivered() {
    let folder = Folder::new("tail-off");
    let sink = Sink::start(Mood::Well).await;
    let telemetry = start(holding(Some(folder.path()), &sink, HOUR)).await;
    traces(&telemetry, 0..20).await;
    drop(telemetry);
    let mut config = holding(Some(folder.path()), &sink, HOUR);
    config.tail = None;
    let telemetry = start(config).await;
    wait_for("all of it arrives", || {
        (arrived_of(&sink) == (4, 36)).then_some(())
    })
    .await;
    assert_eq!(telemetry.status().tail, None);
    telemetry.shutdown(Duration::from_secs(10)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_queue_has_room_for_stays_held() {
    let folder = Folder::new("tail-full");
    let sink = Sink::start(Mood::Status(503)).await;
    let mut config = holding(Some(folder.path()), &sink, Duration::from_millis(1));
    config.tail = config.tail.map(|tail| Tail { share: 1.0, ..tail });
    // Less than all of them in one request.
    config.queue_bytes = 5000;
    let telemetry = start(config).await;
    traces(&telemetry, 0..50).await;
    wait_for("the queue is full and some are held", || {
        let queue = telemetry.status().destinations[0].queue;
        (queue.requests > 0 && tail(&telemetry).traces == 0).then_some(())
    })
    .await;
    assert!(tail(&telemetry).spans > 0);
    sink.mood(Mood::Well);
    wait_for("all arrive", || {
        (arrived_of(&sink) == (10, 90)).then_some(())
    })
    .await;
    wait_for("nothing is held", || {
        (tail(&telemetry).spans == 0).then_some(())
    })
    .await;
    let status = telemetry.status();
    let dropped = status
        .counts
        .iter()
        .filter(|count| count.outcome == Outcome::Dropped);
    assert_eq!(dropped.count(), 0);
    telemetry.shutdown(Duration::from_secs(10)).await;
}
