//! What takes too long, and what never comes.

use std::time::Duration;

use aether_telemetry::socketio::{SocketTelemetry, TracedEmit, traced};
use serde_json::json;
use socketioxide::extract::{AckSender, SocketRef};

use crate::client::Client;
use crate::server::{serve, serve_with};
use crate::spans::Facts;

fn asks(socket: SocketRef) {
    socket.on(
        "go",
        traced(async |socket: SocketRef, ack: AckSender| {
            let emit = socket.traced().timeout(Duration::from_secs(600));
            let answer = emit.emit_with_ack::<_, String>("ask", &());
            answer.unwrap().await.map_err(|error| error.to_string())?;
            ack.send(&()).map_err(|error| error.to_string())
        }),
    );
}

#[tokio::test]
async fn handlers_and_answers_beyond_the_threshold_are_marked() {
    for (threshold, slow) in [
        (Some(Duration::ZERO), true),
        (Some(Duration::from_secs(3600)), false),
        (None, false),
    ] {
        let settings = SocketTelemetry::new().slow_threshold(threshold);
        let server = serve_with(settings, asks).await;
        let mut client = Client::plain(server.port).await;
        client.emit(json!(["go"])).await;
        client.packet().await;
        client.send("431[\"well\"]".to_owned()).await;
        for name in ["process go", "send ask"] {
            let span = server.spans.named(name).await;
            assert_eq!(span.error(), None);
            let Some(event) = span.events.iter().next() else {
                assert!(!slow, "{name} {threshold:?}");
                continue;
            };
            assert!(slow, "{name} {threshold:?}");
            assert_eq!(event.name, "socketio.slow");
            assert_eq!(
                event.attributes[0].key.as_str(),
                "socketio.slow_threshold_ms"
            );
            // When it became slow, which here is its start; the clocks differ a little.
            assert!(event.timestamp < span.end_time, "{span:?}");
        }
    }
}

#[tokio::test]
async fn a_disconnect_ends_what_waits_for_an_answer() {
    let server = serve(asks).await;
    let mut client = Client::traced(server.port).await;
    client.emit(json!(["go"])).await;
    assert_eq!(client.packet().await.body[0], json!("ask"));
    client.close().await;
    let span = server.spans.named("send ask").await;
    assert_eq!(span.error().as_deref(), Some("disconnected"));
}
