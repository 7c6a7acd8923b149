use bytes::Bytes;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

use super::*;

fn config(endpoints: &[&str]) -> Config {
    // Nobody listens on port 1; what is queued stays queued.
    let destinations = endpoints.iter().map(|endpoint| {
        let config = Config::from_lookup(|name| {
            (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| (*endpoint).to_owned())
        });
        config.unwrap().destinations.remove(0)
    });
    Config {
        destinations: destinations.collect(),
        queue_bytes: 1000,
        ..Config::default()
    }
}

fn batch(source: Source, bytes: usize) -> Batch {
    Batch {
        signal: Signal::Logs,
        source,
        items: 3,
        body: Bytes::from(vec![0; bytes]),
    }
}

fn counted(delivery: &Delivery, outcome: Outcome, destination: &str, reason: &str) -> u64 {
    let counts = delivery.counters().snapshot();
    let matching = counts.iter().filter(|count| {
        count.outcome == outcome && &*count.destination == destination && count.reason == reason
    });
    matching.map(|count| count.value).sum()
}

/// What becomes of a batch; nobody waits for a disk here.
fn take(delivery: &Delivery, batch: &Batch) -> Intake {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let ticket = delivery.intake(batch, None);
    runtime.unwrap().block_on(ticket.settled())
}

#[test]
fn without_a_destination_telemetry_is_dropped_and_counted() {
    let delivery = Delivery::start(&config(&[]), None).unwrap();
    let taken = take(&delivery, &batch(Source::Own, 1));
    assert_eq!(taken, Intake::NoDestination);
    assert_eq!(
        counted(&delivery, Outcome::Dropped, "none", "no_destination"),
        3
    );
    assert!(!delivery.takes(Signal::Logs) && !delivery.takes(Signal::Traces));
}

#[test]
fn a_full_queue_refuses_a_relay_and_counts_own_telemetry() {
    let delivery = Delivery::start(&config(&["http://127.0.0.1:1"]), None).unwrap();
    assert_eq!(
        take(&delivery, &batch(Source::Relay, 800)),
        Intake::Accepted
    );
    assert_eq!(take(&delivery, &batch(Source::Relay, 800)), Intake::Full);
    assert_eq!(
        counted(&delivery, Outcome::Dropped, "127.0.0.1:1", "queue_full"),
        0
    );
    assert_eq!(take(&delivery, &batch(Source::Own, 800)), Intake::Full);
    assert_eq!(
        counted(&delivery, Outcome::Dropped, "127.0.0.1:1", "queue_full"),
        3
    );
    assert_eq!(counted(&delivery, Outcome::Accepted, "127.0.0.1:1", ""), 3);
    let level = delivery.outlets()[0].queue.level();
    assert_eq!((level.batches, level.items), (1, [0, 3, 0]));
    assert!(level.bytes <= 1000);
}

#[test]
fn where_one_destination_has_room_a_relay_is_not_asked_to_repeat() {
    let endpoints = ["http://127.0.0.1:1", "http://127.0.0.2:1"];
    let delivery = Delivery::start(&config(&endpoints), None).unwrap();
    let queue = &delivery.outlets()[0].queue;
    queue.reserve(800).unwrap();
    queue.put(batch(Source::Own, 800)).unwrap();
    assert_eq!(
        take(&delivery, &batch(Source::Relay, 500)),
        Intake::Accepted
    );
    assert_eq!(
        counted(&delivery, Outcome::Dropped, "127.0.0.1:1", "queue_full"),
        3
    );
    assert_eq!(counted(&delivery, Outcome::Accepted, "127.0.0.2:1", ""), 3);
}

#[test]
fn the_store_has_what_was_accepted_at_once() {
    let store = Arc::new(Store::new(1 << 20));
    let delivery = Delivery::start(&config(&[]), Some(Arc::clone(&store))).unwrap();
    let span = |id: u8| Span {
        trace_id: vec![id; 16],
        span_id: vec![1; 8],
        ..Span::default()
    };
    let request = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans: vec![span(1), span(0)],
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    };
    let batch = Batch {
        signal: Signal::Traces,
        source: Source::Own,
        items: 2,
        body: request.encode_to_vec().into(),
    };
    assert_eq!(take(&delivery, &batch), Intake::Accepted);
    assert!(store.trace([1; 16]).is_some());
    assert_eq!(counted(&delivery, Outcome::Accepted, "embedded", ""), 1);
    assert_eq!(
        counted(&delivery, Outcome::Dropped, "embedded", "invalid_id"),
        1
    );
}

#[test]
fn an_empty_request_is_nothing_to_deliver() {
    let delivery = Delivery::start(&config(&[]), None).unwrap();
    let empty = Batch {
        items: 0,
        ..batch(Source::Own, 0)
    };
    assert_eq!(take(&delivery, &empty), Intake::Accepted);
    assert!(delivery.counters().snapshot().is_empty());
}

/// A batch in a folder that a clock says was accepted then.
fn accepted(ms: u64) -> (journal::tests::Folder, Journal, Arc<journal::Record>) {
    let folder = journal::tests::Folder::new();
    let (journal, unopened) = Journal::new(folder.path().to_owned());
    journal.start(unopened, || (), Box::new(|_, _| ())).unwrap();
    let (answer, answered) = std::sync::mpsc::channel();
    let to = vec![journal.cursor("a")];
    let done = Box::new(move |done| answer.send(done).unwrap());
    journal.append(&batch(Source::Own, 10), ms, to, done);
    let record = answered.recv().unwrap().unwrap();
    (folder, journal, record)
}

#[test]
fn whatever_the_clock_says_what_is_found_gets_a_chance() {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for (ms, least, most) in [
        // Accepted in 1970: the clock has jumped since, or it was really long ago.
        (0, Duration::from_secs(590), Duration::from_secs(600)),
        (now_ms() - 1000, DAY - Duration::from_secs(60), DAY),
        // Accepted in the far future: the clock was put right since.
        (u64::MAX / 2, DAY - Duration::from_secs(60), DAY),
    ] {
        let (_folder, journal, record) = accepted(ms);
        let queue = Queue::durable(1, DAY, journal.cursor("a"));
        queue.found(record);
        let (_, front) = runtime.block_on(queue.next()).unwrap();
        let left = front.until.unwrap() - std::time::Instant::now();
        assert!((least..=most).contains(&left), "{ms}: {left:?}");
        assert!(queue.expire(std::time::Instant::now()).is_none());
        let later = std::time::Instant::now() + DAY;
        assert_eq!(queue.expire(later), Some((Signal::Logs, 3)));
        assert_eq!(queue.level().bytes, 0);
    }
}
