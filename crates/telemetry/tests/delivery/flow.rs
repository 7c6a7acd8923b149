//! How fast and in what pieces destinations are sent to, and that none of them delays another.

use std::time::Duration;

use aether_telemetry::{CircuitState, Config, Flow, Outcome, Protocol, Telemetry};
use prost::Message;

use super::{exported, settled, traces_to};
use crate::support::backend::{Act, Backend, status};
use crate::support::{count, decoded, relay, request, span, start, wait_for};

/// Settings for traces to that URL, with a timeout that is not reached.
fn patient(url: &str, flow: Flow) -> Config {
    let mut config = traces_to(&format!("{url}/v1/traces"), Protocol::HttpProtobuf);
    super::endpoint(&mut config).timeout = Duration::from_secs(60);
    config.destinations[0].flow = flow;
    config
}

/// No two spans fit into one request.
fn apart() -> Flow {
    Flow {
        max_request_bytes: Some(1),
        ..Flow::default()
    }
}

/// Sends so many requests with one span each.
async fn send(telemetry: &Telemetry, requests: u8) {
    for number in 1..=requests {
        let body = request("page", vec![span(1, number, "s")]).encode_to_vec();
        assert_eq!(relay(telemetry, body).await, 200);
    }
}

fn circuit(telemetry: &Telemetry) -> aether_telemetry::Circuit {
    telemetry.status().destinations[0].circuit
}

#[tokio::test]
async fn a_hanging_destination_does_not_delay_a_quick_one() {
    let (hanging, quick) = (
        Backend::start([], Some(Act::Hang)).await,
        Backend::start([], Some(status(200))).await,
    );
    let flow = Flow {
        concurrency: 3,
        ..apart()
    };
    let mut config = patient(&hanging.url, flow);
    let other = patient(&quick.url, Flow::default()).destinations;
    config.destinations.extend(other);
    let telemetry = start(config);
    send(&telemetry, 20).await;
    wait_for("the quick one has all", || {
        (exported(&telemetry, &quick.name) == 20).then_some(())
    })
    .await;
    hanging.wait(3).await;
    assert_eq!(hanging.received().len(), 3, "as many as may be under way");
    let queues = telemetry.status().destinations;
    assert_eq!((queues[0].queue.items, queues[1].queue.items), (20, 0));
    telemetry.shutdown(Duration::from_millis(10)).await;
}

#[tokio::test]
async fn one_request_that_hangs_does_not_keep_the_others() {
    let backend = Backend::start([Act::Hang], Some(status(200))).await;
    let telemetry = start(patient(&backend.url, apart()));
    send(&telemetry, 10).await;
    wait_for("the others are there", || {
        (exported(&telemetry, &backend.name) == 9).then_some(())
    })
    .await;
    let queue = telemetry.status().destinations[0].queue;
    assert_eq!((queue.items, queue.requests), (1, 1));
    assert!(queue.bytes < 1000, "what is delivered takes no room");
    let report = telemetry.shutdown(Duration::from_millis(10)).await;
    assert_eq!(report.undelivered[0].items, 1);
}

#[tokio::test]
async fn requests_are_as_large_as_they_may_be() {
    let backend = Backend::start([], Some(status(200))).await;
    let flow = Flow {
        max_request_bytes: Some(500),
        concurrency: 1,
        ..Flow::default()
    };
    let telemetry = start(patient(&backend.url, flow));
    let mut spans: Vec<_> = (1..=20).map(|id| span(1, id, &"n".repeat(50))).collect();
    spans.push(span(1, 21, &"n".repeat(900)));
    relay(&telemetry, request("page", spans).encode_to_vec()).await;
    settled(&telemetry).await;
    let received = backend.received();
    let large = received.iter().filter(|request| request.body.len() > 500);
    assert_eq!(large.count(), 1, "the one that cannot be cut");
    let ids: Vec<_> = decoded::spans(&received)
        .iter()
        .map(|span| span.span_id[0])
        .collect();
    assert_eq!(ids, (1..=21).collect::<Vec<_>>(), "all, once, in order");
    assert!(received.len() < 12, "{}", received.len());
    telemetry.shutdown(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn what_exceeds_a_rate_waits() {
    let backend = Backend::start([], Some(status(200))).await;
    let flow = Flow {
        requests_per_second: Some(4.0),
        ..apart()
    };
    let telemetry = start(patient(&backend.url, flow));
    send(&telemetry, 8).await;
    let received = backend.wait(8).await;
    let took = received[7].at - received[0].at;
    assert!(took >= Duration::from_millis(900), "{took:?}");
    settled(&telemetry).await;
    assert_eq!(exported(&telemetry, &backend.name), 8);
    let counts = telemetry.status().counts;
    assert!(counts.iter().all(|count| count.outcome != Outcome::Dropped));
    telemetry.shutdown(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_circuit_opens_and_closes() {
    let later = Act::Answer(503, "retry-after: 3600\r\n", Vec::new());
    let backend = Backend::start([status(503), status(200), later], None).await;
    let telemetry = start(patient(&backend.url, Flow::default()));
    assert_eq!(circuit(&telemetry).state, CircuitState::Closed);
    send(&telemetry, 1).await;
    wait_for("it is delivered", || {
        (exported(&telemetry, &backend.name) == 1).then_some(())
    })
    .await;
    let closed = circuit(&telemetry);
    assert_eq!(
        (closed.state, closed.until_ms),
        (CircuitState::Closed, None)
    );
    assert!(closed.since_ms > 0, "it was open meanwhile");

    send(&telemetry, 1).await;
    let open = wait_for("it is open", || {
        let circuit = circuit(&telemetry);
        (circuit.state == CircuitState::Open).then_some(circuit)
    })
    .await;
    let until = open.until_ms.unwrap();
    // At most ten minutes, whatever a destination asks for.
    assert!(
        (590_000..=601_000).contains(&(until - open.since_ms)),
        "{open:?}"
    );
    send(&telemetry, 5).await;
    let report = telemetry.shutdown(Duration::from_secs(5)).await;
    assert_eq!(report.undelivered[0].items, 6);
    assert_eq!(backend.received().len(), 3, "it is left alone");
    let status = telemetry.status();
    assert_eq!(
        count(&status, Outcome::Dropped, &backend.name, "shutdown"),
        6
    );
}
