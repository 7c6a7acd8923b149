//! Batches, bounds, retries and what is counted along the way.

mod support;

use aether_web_client::Signal;
use aether_web_client::client::Client;
use aether_web_client::counts::Reason;
use aether_web_client::queue::{MAX_BATCH_BYTES, MAX_BATCH_ITEMS, Mode, Taken};
use aether_web_client::retry::{MAX_ATTEMPTS, TAKEN_OVER};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;
use support::{NOW, client, plain_span};

fn record(client: &mut Client, name: &str, now: f64) {
    plain_span(name).frame(|frame| client.record(frame, now));
}

fn names(client: &Client) -> Vec<String> {
    let request = ExportTraceServiceRequest::decode(client.request()).expect("valid OTLP");
    let spans = &request.resource_spans[0].scope_spans[0].spans;
    spans.iter().map(|span| span.name.clone()).collect()
}

fn dropped(client: &Client, reason: Reason) -> u32 {
    client.queue().counts.get(Signal::Traces, reason)
}

fn due(client: &mut Client, now: f64) -> Option<Taken> {
    client.take(Mode::Due, usize::MAX, now)
}

#[test]
fn a_batch_is_due_after_its_delay_and_not_before() {
    let mut client = client(1 << 20, 2000.0);
    assert_eq!(client.due(), f64::INFINITY);
    record(&mut client, "a", NOW);
    record(&mut client, "b", NOW + 500.0);
    assert_eq!(client.due(), NOW + 2000.0);
    assert_eq!(due(&mut client, NOW + 1999.0), None);
    let taken = due(&mut client, NOW + 2000.0).expect("due");
    assert_eq!(taken.signal, Signal::Traces);
    assert_eq!(names(&client), ["a", "b"]);
    assert_eq!(
        due(&mut client, NOW + 9000.0),
        None,
        "its answer is outstanding"
    );
    client.answered(taken.id, 202, -1.0, 0.5, b"", NOW + 2100.0);
    assert_eq!(
        (
            client.queue().counts.exported(Signal::Traces),
            client.queue().bytes(),
            client.queue().items()
        ),
        (2, 0, 0)
    );
    assert_eq!(client.due(), f64::INFINITY);
}

#[test]
fn a_full_batch_is_due_at_once_and_none_exceeds_the_limit() {
    let mut client = client(1 << 22, 1e9);
    let long = "n".repeat(1000);
    for _ in 0..200 {
        record(&mut client, &long, NOW);
    }
    assert_eq!(client.due(), NOW);
    let mut sent = 0;
    while due(&mut client, NOW).is_some() {
        assert!(client.request().len() <= MAX_BATCH_BYTES + 200);
        sent += names(&client).len();
    }
    assert!(
        sent >= 150,
        "only the last, unfinished batch may wait: {sent}"
    );
}

#[test]
fn a_retry_holds_everything_back_and_sends_the_same_bytes() {
    let mut client = client(1 << 20, 0.0);
    record(&mut client, "first", NOW);
    let taken = due(&mut client, NOW).expect("due");
    let bytes = client.request().to_vec();
    record(&mut client, "second", NOW);
    client.answered(taken.id, 503, 7000.0, 0.5, b"", NOW);
    assert_eq!(client.due(), NOW + 7000.0);
    assert_eq!(due(&mut client, NOW + 6999.0), None);
    let again = due(&mut client, NOW + 7000.0).expect("due again");
    assert_eq!((again.id, client.request()), (taken.id, bytes.as_slice()));
    client.answered(again.id, 0, -1.0, 0.5, b"", NOW + 7000.0);
    client.resume();
    assert_eq!(client.due(), 0.0, "being online again ends the pause");
}

#[test]
fn refusals_and_exhausted_retries_are_counted_by_record() {
    let mut client = client(1 << 20, 0.0);
    record(&mut client, "a", NOW);
    record(&mut client, "b", NOW);
    let taken = due(&mut client, NOW).expect("due");
    client.answered(taken.id, 400, -1.0, 0.5, b"", NOW);
    assert_eq!(dropped(&client, Reason::Refused), 2);

    record(&mut client, "c", NOW);
    let mut now = NOW;
    for _ in 0..MAX_ATTEMPTS {
        now += 1e6;
        let taken = due(&mut client, now).expect("due");
        client.answered(taken.id, 429, -1.0, 0.5, b"", now);
    }
    assert_eq!(dropped(&client, Reason::RetriesExhausted), 1);
    assert_eq!(client.queue().items(), 0);
}

#[test]
fn partial_success_is_counted_and_never_sent_again() {
    let mut client = client(1 << 20, 0.0);
    for name in ["a", "b", "c"] {
        record(&mut client, name, NOW);
    }
    let taken = due(&mut client, NOW).expect("due");
    let partial_success = Some(ExportTracePartialSuccess {
        rejected_spans: 2,
        error_message: "too old".into(),
    });
    let body = ExportTraceServiceResponse { partial_success }.encode_to_vec();
    client.answered(taken.id, 200, -1.0, 0.5, &body, NOW);
    assert_eq!(
        (
            client.queue().counts.exported(Signal::Traces),
            dropped(&client, Reason::Rejected)
        ),
        (1, 2)
    );
    assert_eq!(due(&mut client, NOW + 1e9), None);
}

#[test]
fn the_queue_is_bounded_and_the_oldest_waiting_batch_goes_first() {
    let mut client = client(3 * MAX_BATCH_BYTES, 1e9);
    let long = "n".repeat(4000);
    for number in 0..200 {
        record(&mut client, &format!("{number} {long}"), NOW);
        assert!(client.queue().bytes() <= 3 * MAX_BATCH_BYTES);
    }
    let lost = dropped(&client, Reason::QueueFull);
    assert_eq!(lost + client.queue().items(), 200);
    client
        .take(Mode::Flush, usize::MAX, NOW)
        .expect("something waits");
    assert!(
        names(&client)[0].starts_with(&format!("{lost} ")),
        "the newest are kept"
    );
}

#[test]
fn with_every_batch_on_its_way_new_records_are_dropped() {
    let mut client = client(70_000, 0.0);
    let long = "n".repeat(4000);
    for _ in 0..15 {
        record(&mut client, &long, NOW);
    }
    while due(&mut client, NOW).is_some() {}
    record(&mut client, &long, NOW);
    record(&mut client, &long, NOW);
    record(&mut client, &long, NOW);
    assert!(dropped(&client, Reason::QueueFull) > 0);
    assert!(client.queue().bytes() <= 70_000);
}

#[test]
fn a_record_larger_than_a_batch_is_dropped() {
    let mut client = client(1 << 20, 0.0);
    record(&mut client, &"ü".repeat(40_000), NOW);
    assert_eq!(dropped(&client, Reason::TooLarge), 1);
    assert_eq!(client.queue().items(), 0);
}

#[test]
fn the_last_moment_takes_what_fits_and_ignores_pauses() {
    let mut client = client(1 << 20, 1e9);
    record(&mut client, "paused", NOW);
    let taken = client.take(Mode::Flush, usize::MAX, NOW).expect("untried");
    client.answered(taken.id, 503, -1.0, 0.5, b"", NOW);
    assert!(
        client.take(Mode::Flush, usize::MAX, NOW).is_none(),
        "a flush tries each batch once"
    );
    let long = "n".repeat(4000);
    for _ in 0..11 {
        record(&mut client, &long, NOW);
    }
    assert!(
        client.take(Mode::Final, 1000, NOW).is_some(),
        "the small one fits"
    );
    assert_eq!(names(&client), ["paused"]);
    assert!(
        client.take(Mode::Final, 1000, NOW).is_none(),
        "the large one does not"
    );
    assert!(client.take(Mode::Final, 60_000, NOW).is_some());
}

#[test]
fn answers_that_nobody_waits_for_change_nothing() {
    let mut client = client(1 << 20, 0.0);
    client.answered(7, 200, -1.0, 0.5, b"", NOW);
    record(&mut client, "a", NOW);
    let taken = due(&mut client, NOW).expect("due");
    client.answered(taken.id, 200, -1.0, 0.5, b"", NOW);
    client.answered(taken.id, 200, -1.0, 0.5, b"", NOW);
    assert_eq!(client.queue().counts.exported(Signal::Traces), 1);
}

#[test]
fn a_batch_has_a_bounded_number_of_items() {
    let mut client = client(1 << 20, 1e9);
    for _ in 0..=MAX_BATCH_ITEMS {
        record(&mut client, "tiny", NOW);
    }
    let full = due(&mut client, NOW).expect("a full batch is due at once");
    assert_eq!(full.items, MAX_BATCH_ITEMS);
    assert!(due(&mut client, NOW).is_none(), "the other one waits");
}

#[test]
fn what_is_taken_over_is_neither_exported_nor_lost() {
    let mut client = client(1 << 20, 0.0);
    record(&mut client, "a", NOW);
    let taken = client.take(Mode::Final, usize::MAX, NOW).expect("it waits");
    client.answered(taken.id, TAKEN_OVER, -1.0, 0.5, b"", NOW);
    let queue = client.queue();
    assert_eq!((queue.bytes(), queue.items()), (0, 0));
    assert!(queue.counts.all().iter().all(|&count| count == 0));
}
