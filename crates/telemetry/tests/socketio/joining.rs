//! Which trace an event belongs to, and what its span says.

use aether_telemetry::socketio::traced;
use opentelemetry::trace::{SpanKind, TraceContextExt};
use serde_json::{Value, json};
use socketioxide::extract::{AckSender, Data, SocketRef};

use crate::client::Client;
use crate::server::serve;
use crate::spans::{Facts, Remote};

/// Acknowledges with all arguments, as the handler saw them.
fn echoes(socket: SocketRef) {
    socket.on(
        "two",
        traced(async |Data(two): Data<(Value, Value)>, ack: AckSender| ack.send(&two)),
    );
    socket.on("fire", traced(async || {}));
    socket.on(
        "bytes",
        traced(async |Data(bytes): Data<bytes::Bytes>, ack: AckSender| ack.send(&bytes)),
    );
}

#[tokio::test]
async fn a_call_with_a_trailing_carrier_is_a_server_span_in_the_clients_trace() {
    let server = serve(echoes).await;
    let mut client = Client::plain(server.port).await;
    let remote = Remote::new(1);
    let event = json!(["two", {"a": [1]}, "b", {"_trace": {"b3": remote.b3()}}]);
    assert_eq!(client.call(event).await, json!([{"a": [1]}, "b"]));

    let span = server.spans.named("process two").await;
    assert_eq!(span.span_kind, SpanKind::Server);
    assert_eq!((span.trace(), span.parent()), (remote.trace, remote.span));
    assert!(span.parent_span_is_remote);
    assert_eq!(span.error(), None);
    let expected = [
        ("messaging.system", "socketio"),
        ("messaging.operation.type", "process"),
        ("messaging.operation.name", "process"),
        ("messaging.destination.name", "two"),
        ("messaging.message.body.size", "21"),
        ("socketio.namespace", "/"),
        ("socketio.ack", "true"),
        ("socketio.transport", "websocket"),
        ("socketio.context", "trailing"),
    ];
    for (key, value) in expected {
        assert_eq!(span.attribute(key).as_deref(), Some(value), "{key}");
    }
    assert_eq!(
        span.attributes.len(),
        expected.len(),
        "{:?}",
        span.attributes
    );
    assert_eq!(server.metric("messaging.process.duration"), 1);
}

#[tokio::test]
async fn an_event_without_acknowledgement_and_context_is_a_consumer_span_of_its_own() {
    let server = serve(echoes).await;
    let mut client = Client::plain(server.port).await;
    client.emit(json!(["fire"])).await;
    let span = server.spans.named("process fire").await;
    assert_eq!(span.span_kind, SpanKind::Consumer);
    assert_eq!(span.parent(), "0000000000000000");
    assert_eq!(span.attribute("socketio.context").as_deref(), Some("none"));
    assert_eq!(span.attribute("socketio.ack").as_deref(), Some("false"));
}

#[tokio::test]
async fn attachments_arrive_beside_a_trailing_carrier() {
    let server = serve(echoes).await;
    let mut client = Client::plain(server.port).await;
    let remote = Remote::new(2);
    let placeholder = json!({"_placeholder": true, "num": 0});
    let event = json!(["bytes", placeholder, {"_trace": {"b3": remote.b3()}}]);
    client.send(format!("451-7{event}")).await;
    client.send_bytes(&[1, 2, 3]).await;
    let answer = client.packet().await;
    assert_eq!(answer.head, "61-7");
    assert_eq!(answer.attachments, [[1, 2, 3]]);
    let span = server.spans.named("process bytes").await;
    assert_eq!(span.parent(), remote.span);
}

#[tokio::test]
async fn a_payload_carrier_is_continued_and_stays_in_the_payload() {
    let server = serve(echoes).await;
    let mut client = Client::plain(server.port).await;
    let remote = Remote::new(3);
    let payload = json!({
        "text": "hello",
        "_trace": {"traceId": remote.trace, "spanId": remote.span, "sampled": true},
        "_requestId": "r-1",
    });
    let answer = client.call(json!(["two", payload, 2])).await;
    assert_eq!(answer, json!([payload, 2]));
    let span = server.spans.named("process two").await;
    assert_eq!((span.trace(), span.parent()), (remote.trace, remote.span));
    assert_eq!(
        span.attribute("socketio.context").as_deref(),
        Some("payload")
    );
    assert_eq!(
        span.attribute("socketio.request_id").as_deref(),
        Some("r-1")
    );
}

#[tokio::test]
async fn an_event_without_context_joins_the_connection_that_joined_a_trace() {
    let server = serve(echoes).await;
    let remote = Remote::new(4);
    let auth = json!({"_trace": {"b3": remote.b3()}});
    let mut client = Client::connect(server.port, "/", &auth).await;
    client.emit(json!(["fire"])).await;
    let connect = server.spans.named("connect /").await;
    let span = server.spans.named("process fire").await;
    assert_eq!(
        (connect.trace(), connect.parent()),
        (remote.trace.clone(), remote.span)
    );
    assert_eq!((span.trace(), span.parent()), (remote.trace, connect.id()));
    assert_eq!(
        span.attribute("socketio.context").as_deref(),
        Some("connection")
    );

    // The event's own context wins over the connection's.
    let own = Remote::new(5);
    client
        .emit(json!(["fire", {"_trace": {"b3": own.b3()}}]))
        .await;
    let spans = server.spans.several("process fire", 2).await;
    assert_eq!((spans[1].trace(), spans[1].parent()), (own.trace, own.span));
}

#[tokio::test]
async fn a_refused_carrier_starts_a_new_trace_and_is_named() {
    let server = serve(echoes).await;
    let auth = json!({"_trace": {"b3": Remote::new(6).b3()}});
    let mut client = Client::connect(server.port, "/", &auth).await;
    let remote = Remote::new(7).b3();
    let cases = [
        (json!({"b3": "nonsense"}), "bad_trace_id"),
        (
            json!({"b3": "00000000000000000000000000000000-00f067aa0ba902b7-1"}),
            "zero_id",
        ),
        (json!({"b3": remote, "pad": "x".repeat(600)}), "too_long"),
        (json!("not an object"), "malformed"),
    ];
    for (index, (carrier, reason)) in cases.into_iter().enumerate() {
        let event = json!(["two", 1, 2, {"_trace": carrier}]);
        assert_eq!(client.call(event).await, json!([1, 2]), "{reason}");
        let span = server
            .spans
            .several("process two", index + 1)
            .await
            .remove(index);
        assert_eq!(span.parent(), "0000000000000000", "{reason}");
        assert_eq!(
            span.attribute("aether.propagation.error").as_deref(),
            Some(reason)
        );
        assert_eq!(
            span.error(),
            None,
            "a bad carrier is not the handler's failure"
        );
    }
    // Two carriers are one too many, and the handler sees neither.
    let carrier = json!({"_trace": {"b3": remote}});
    assert_eq!(
        client.call(json!(["two", 1, 2, carrier, carrier])).await,
        json!([1, 2])
    );
    let span = server.spans.several("process two", 5).await.remove(4);
    assert_eq!(
        span.attribute("aether.propagation.error").as_deref(),
        Some("duplicate")
    );
}

#[tokio::test]
async fn what_looks_like_a_carrier_but_is_the_applications_own_is_left_alone() {
    let server = serve(echoes).await;
    let mut client = Client::plain(server.port).await;
    let own = json!({"_trace": {"b3": Remote::new(8).b3()}, "mine": 1});
    let answer = client.call(json!(["two", own, own])).await;
    assert_eq!(answer, json!([own, own]));
}

#[tokio::test]
async fn what_a_handler_does_belongs_to_its_span() {
    let server = serve(|socket| {
        socket.on(
            "context",
            traced(async |ack: AckSender| {
                tokio::task::yield_now().await;
                let context = opentelemetry::Context::current();
                ack.send(&context.span().span_context().span_id().to_string())
            }),
        );
    })
    .await;
    let mut client = Client::plain(server.port).await;
    let seen = client.call(json!(["context"])).await;
    assert_eq!(
        seen,
        json!([server.spans.named("process context").await.id()])
    );
}

#[tokio::test]
async fn tracestate_and_baggage_come_along() {
    let server = serve(|socket| {
        socket.on(
            "context",
            traced(async |ack: AckSender| {
                use opentelemetry::baggage::BaggageExt;
                let context = opentelemetry::Context::current();
                let state = context.span().span_context().trace_state().header();
                let user = context.baggage().get("user").map(ToString::to_string);
                ack.send(&(state, user))
            }),
        );
    })
    .await;
    let mut client = Client::plain(server.port).await;
    let remote = Remote::new(9);
    let carrier = json!({
        "traceparent": format!("00-{}-{}-01", remote.trace, remote.span),
        "tracestate": "vendor=1",
        "baggage": "user=ann",
    });
    let seen = client.call(json!(["context", {"_trace": carrier}])).await;
    assert_eq!(seen, json!(["vendor=1", "ann"]));
    assert_eq!(
        server.spans.named("process context").await.parent(),
        remote.span
    );
}
