//! The formats of context that are read and written.

use aether_telemetry::socketio::{SocketTelemetry, TracedEmit, traced};
use aether_telemetry::{Propagator, Propagators};
use serde_json::{Value, json};
use socketioxide::extract::SocketRef;

use crate::client::Client;
use crate::server::{Server, serve_with};
use crate::spans::{Facts, Remote};

use Propagator::{B3, B3Multi, Baggage, TraceContext};

async fn server(inject: &[Propagator], extract: &[Propagator]) -> Server {
    let settings = SocketTelemetry::new().propagators(&Propagators {
        inject: inject.to_vec(),
        extract: extract.to_vec(),
    });
    serve_with(settings, |socket| {
        socket.on(
            "go",
            traced(async |socket: SocketRef| socket.traced().emit("went", &())),
        );
    })
    .await
}

/// What the answer to `go` carries.
async fn went(server: &Server, carrier: &Value) -> Value {
    let mut client = Client::traced(server.port).await;
    client.emit(json!(["go", {"_trace": carrier}])).await;
    let event = client.event().await;
    event
        .get(2)
        .map_or(Value::Null, |own| own["_trace"].clone())
}

#[tokio::test]
async fn what_is_written_is_what_was_chosen() {
    let remote = Remote::new(1);
    let sent = json!({
        "traceparent": format!("00-{}-{}-01", remote.trace, remote.span),
        "tracestate": "vendor=1",
        "baggage": "user=7",
    });
    let read = [TraceContext, Baggage];
    for (inject, names) in [
        (&[B3][..], &["b3", "re"][..]),
        (&[B3Multi], &["b3", "re"]),
        (&[TraceContext], &["re", "traceparent", "tracestate"]),
        (
            &[TraceContext, B3, Baggage],
            &["b3", "baggage", "re", "traceparent", "tracestate"],
        ),
        (&[Baggage], &["baggage", "re"]),
        (&[], &["re"]),
    ] {
        let server = server(inject, &read).await;
        let carrier = went(&server, &sent).await;
        let mut keys: Vec<_> = carrier.as_object().unwrap().keys().collect();
        keys.sort();
        assert_eq!(keys, names, "{inject:?}");
        assert_eq!(carrier["re"], json!(remote.span));
        let span = server.spans.named("send went").await;
        assert_eq!(span.trace(), remote.trace);
        if inject.contains(&TraceContext) {
            let expected = format!("00-{}-{}-01", span.trace(), span.id());
            assert_eq!(carrier["traceparent"], json!(expected));
            assert_eq!(carrier["tracestate"], json!("vendor=1"));
        }
        if inject.contains(&Baggage) {
            assert_eq!(carrier["baggage"], json!("user=7"));
        }
    }
}

#[tokio::test]
async fn what_is_read_is_the_first_that_is_there() {
    let (b3, w3c) = (Remote::new(1), Remote::new(2));
    let both = json!({
        "b3": b3.b3(),
        "traceparent": format!("00-{}-{}-01", w3c.trace, w3c.span),
    });
    for (extract, trace) in [
        (&[B3, TraceContext][..], Some(&b3.trace)),
        (&[TraceContext, B3], Some(&w3c.trace)),
        (&[B3Multi], Some(&b3.trace)),
        (&[TraceContext], Some(&w3c.trace)),
        (&[Baggage], None),
        (&[], None),
    ] {
        let server = server(&[B3], extract).await;
        went(&server, &both).await;
        let span = server.spans.named("process go").await;
        match trace {
            Some(trace) => assert_eq!(&span.trace(), trace, "{extract:?}"),
            None => assert_eq!(span.parent(), "0000000000000000", "{extract:?}"),
        }
        assert_eq!(span.attribute("aether.propagation.error"), None);
    }
}

#[tokio::test]
async fn an_older_peer_counts_as_b3() {
    let remote = Remote::new(1);
    for (extract, continued) in [(&[B3][..], true), (&[TraceContext], false)] {
        let server = server(&[B3], extract).await;
        let mut client = Client::plain(server.port).await;
        let older = json!({"traceId": remote.trace, "spanId": remote.span, "sampled": true});
        client.emit(json!(["go", {"_trace": older}])).await;
        client.event().await;
        let span = server.spans.named("process go").await;
        assert_eq!(span.trace() == remote.trace, continued, "{extract:?}");
    }
}
