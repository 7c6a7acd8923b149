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

#[test]
fn what_a_sender_gives_back_is_given_out_again_in_its_place() {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(async {
        let queue = Queue::new(10_000);
        for bytes in [1, 2, 3] {
            queue.reserve(bytes).unwrap();
            queue.put(batch(Source::Own, bytes)).unwrap();
        }
        let mut numbers = Vec::new();
        for _ in 0..3 {
            numbers.push(queue.next().await.unwrap().0);
        }
        queue.take_back(numbers[1]);
        queue.finish(numbers[0]);
        queue.take_back(numbers[0]);
        assert_eq!(queue.level().batches, 2);
        let (number, again) = queue.next().await.unwrap();
        let body = again.load().await.unwrap().body;
        assert_eq!((number, body.len()), (numbers[1], 2));
        queue.close();
        assert!(queue.next().await.is_none(), "the third is with a sender");
        queue.finish(number);
        queue.finish(numbers[2]);
        assert_eq!((queue.level().batches, queue.level().bytes), (0, 0));
    });
}

/// Destinations whose settings stay the same stay the same; the others keep their queues.
#[test]
fn a_change_touches_what_changes() {
    let endpoints = ["http://127.0.0.1:1", "http://127.0.0.2:1"];
    let before = config(&endpoints);
    let delivery = Delivery::start(&before, None).unwrap();
    let old = delivery.outlets();
    assert_eq!(take(&delivery, &batch(Source::Own, 100)), Intake::Accepted);
    let mut after = before.clone();
    after.destinations[1].flow.concurrency = 1;
    after.destinations[0].queue_bytes = Some(5000);
    after.paused.insert(after.destinations[0].name.clone());
    let change = delivery.prepare(&after).unwrap();
    assert!(Arc::ptr_eq(&delivery.outlets()[0], &old[0]), "not yet");
    delivery.commit(change, false);
    let new = delivery.outlets();
    assert!(Arc::ptr_eq(&new[0], &old[0]) && !Arc::ptr_eq(&new[1], &old[1]));
    assert!(Arc::ptr_eq(&new[1].queue, &old[1].queue));
    assert_eq!((new[0].queue.limit(), new[1].queue.limit()), (5000, 1000));
    assert_eq!(new[0].state(), DestinationState::Paused);
    assert_eq!(delivery.level("127.0.0.2:1").unwrap().batches, 1);
    // A rule for nobody is a sentence, and nothing has changed.
    after.routes = vec![crate::Route::new("r").to(["nobody"])];
    let error = delivery.prepare(&after).unwrap_err();
    assert!(error.contains("nobody"), "{error}");
    after.routes.clear();
    after.destinations.remove(0);
    delivery.commit(delivery.prepare(&after).unwrap(), true);
    assert!(delivery.level("127.0.0.1:1").is_none());
    assert!(old[0].queue.reserve(1).is_err(), "nothing new is taken");
    let mut many = before;
    let name = |at: usize| format!("d{at}");
    many.destinations = (0..40)
        .map(|at| crate::Destination {
            name: name(at),
            ..many.destinations[0].clone()
        })
        .collect();
    assert!(delivery.prepare(&many).unwrap_err().contains("31"));
}

#[test]
fn history_has_sixty_samples_of_those_that_are_there() {
    // It takes connections and never answers: nothing is delivered, and nothing fails.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let delivery = Delivery::start(&config(&[&format!("http://{address}")]), None).unwrap();
    let outlets = delivery.outlets();
    let recorder = Recorder::default();
    recorder.begin(&outlets, &[]);
    assert_eq!(take(&delivery, &batch(Source::Own, 100)), Intake::Accepted);
    let counts = delivery.counters().snapshot();
    for _ in 0..70 {
        recorder.sample(&outlets, &counts, Some(TailStatus::default()));
    }
    let history = recorder.shown();
    let columns = &history.destinations[address.as_str()];
    assert_eq!(
        (columns.incoming.len(), columns.queue_bytes.len()),
        (60, 60)
    );
    assert_eq!(history.tail.unwrap().traces.len(), 60);
    let (rates, latency) = recorder.recent(&outlets[0], &counts);
    assert_eq!((rates.outgoing, latency.requests), (0.0, 0));
    recorder.sample(&[], &counts, None);
    assert!(recorder.shown().destinations.is_empty() && recorder.shown().tail.is_none());
}
