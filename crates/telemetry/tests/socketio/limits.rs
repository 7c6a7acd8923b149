//! The rate limit on new traces.

use std::time::Instant;

use aether_telemetry::socketio::{SocketTelemetry, TracedEmit, traced};
use serde_json::json;
use socketioxide::extract::{AckSender, SocketRef};

use crate::client::Client;
use crate::server::serve_with;
use crate::spans::{Facts, Remote};

/// Answers with an emit, to see what travels on.
fn ticks(socket: SocketRef) {
    for event in ["tick", "tock"] {
        socket.on(
            event,
            traced(async |socket: SocketRef, ack: AckSender| {
                socket.traced().emit("ticked", &()).ok();
                ack.send(&())
            }),
        );
    }
}

/// Sends `tick` and returns the decision that its answer carries.
async fn tick(client: &mut Client, carrier: Option<String>) -> char {
    let event = match carrier {
        Some(b3) => json!(["tick", {"_trace": {"b3": b3}}]),
        None => json!(["tick"]),
    };
    client.send(format!("421{event}")).await;
    let answer = client.event().await;
    client.packet().await;
    answer[2]["_trace"]["b3"]
        .as_str()
        .unwrap()
        .chars()
        .last()
        .unwrap()
}

/// How many were recorded: no fewer than the burst, no more than the rate allows since `started`.
fn within(decisions: &str, rate: usize, started: Instant) -> usize {
    assert!(decisions.starts_with(&"1".repeat(rate)), "{decisions}");
    let recorded = decisions.matches('1').count();
    let refilled = started.elapsed().as_secs_f64() * rate as f64;
    assert!(
        recorded as f64 <= rate as f64 + refilled,
        "{decisions} in {:?}",
        started.elapsed()
    );
    recorded
}

#[tokio::test]
async fn beyond_the_limit_traces_are_marked_unsampled_and_counted() {
    let settings = SocketTelemetry::new().new_traces_per_second(3);
    let server = serve_with(settings, ticks).await;
    let mut client = Client::traced(server.port).await;
    let started = Instant::now();
    let mut decisions = String::new();
    for _ in 0..40 {
        decisions.push(tick(&mut client, None).await);
    }
    let recorded = within(&decisions, 3, started);
    let spans = server.spans.several("process tick", recorded).await;
    assert_eq!(spans.len(), recorded);
    assert_eq!(
        server.spans.several("send ticked", recorded).await.len(),
        recorded
    );
    let left_out = 40 - i64::try_from(recorded).unwrap();
    assert_eq!(server.metric("aether.socketio.unsampled_traces"), left_out);
    assert_eq!(
        server.metric("messaging.process.duration"),
        40,
        "durations are of all"
    );
}

#[tokio::test]
async fn a_sampled_trace_is_always_continued_and_an_unsampled_one_never() {
    let settings = SocketTelemetry::new().new_traces_per_second(0);
    let server = serve_with(settings, ticks).await;
    let mut client = Client::traced(server.port).await;
    for number in 0..30 {
        assert_eq!(tick(&mut client, Some(Remote::new(number).b3())).await, '1');
    }
    assert_eq!(
        tick(&mut client, Some(Remote::new(31).unsampled())).await,
        '0'
    );
    assert_eq!(tick(&mut client, Some("0".to_owned())).await, '0');
    assert_eq!(tick(&mut client, None).await, '0');
    assert_eq!(server.spans.several("process tick", 30).await.len(), 30);
    // Who leaves the decision to us gets ours, in its own trace.
    let open = Remote::new(40);
    let undecided = format!("{}-{}", open.trace, open.span);
    assert_eq!(tick(&mut client, Some(undecided)).await, '0');
}

#[tokio::test]
async fn events_and_sockets_have_their_own_limits() {
    let settings = SocketTelemetry::new().new_traces_per_second(1);
    let server = serve_with(settings, ticks).await;
    let mut one = Client::traced(server.port).await;
    let mut two = Client::traced(server.port).await;
    assert_eq!(tick(&mut one, None).await, '1');
    assert_eq!(tick(&mut two, None).await, '1');
    one.send("421[\"tock\"]".to_owned()).await;
    assert!(
        one.event().await[2]["_trace"]["b3"]
            .as_str()
            .unwrap()
            .ends_with("-1")
    );
}

#[tokio::test]
async fn emits_that_begin_a_trace_are_limited_too() {
    let settings = SocketTelemetry::new().new_traces_per_second(2);
    let server = serve_with(settings, |_| {}).await;
    let mut client = Client::traced(server.port).await;
    let socket = server.io.sockets().remove(0);
    let started = Instant::now();
    let mut decisions = String::new();
    for _ in 0..20 {
        socket.traced().emit("output", "abc").unwrap();
        let event = client.event().await;
        decisions.extend(event[2]["_trace"]["b3"].as_str().unwrap().chars().last());
    }
    let recorded = within(&decisions, 2, started);
    assert_eq!(
        server.spans.several("send output", recorded).await.len(),
        recorded
    );
}

#[tokio::test]
async fn events_of_a_joined_connection_are_limited_although_the_connection_is_recorded() {
    for (limit, decision) in [(0, '0'), (1, '1')] {
        let settings = SocketTelemetry::new().new_traces_per_second(limit);
        let server = serve_with(settings, ticks).await;
        let remote = Remote::new(1);
        let auth = json!({"_trace": {"b3": remote.b3(), "accept": ["trailing"]}});
        let mut client = Client::connect(server.port, "/", &auth).await;
        client.event().await;
        assert_eq!(tick(&mut client, None).await, decision);
        assert_eq!(server.spans.named("connect /").await.trace(), remote.trace);
    }
}
