//! `OTEL_PROPAGATORS` decides what travels on Socket.IO. Telemetry is global, so this file holds one
//! test.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[path = "socketio/client.rs"]
#[allow(dead_code, reason = "not all of it is needed here")]
mod client;
#[path = "common/spans.rs"]
#[allow(dead_code, reason = "not all of it is needed here")]
mod spans;
mod support;

use aether_telemetry::socketio::{SocketTelemetry, TracedEmit, traced, traced_connect};
use serde_json::json;
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, SocketRef};

use crate::client::Client;
use crate::spans::Remote;

#[tokio::test]
async fn what_the_environment_says_is_read_and_written() {
    let telemetry = support::start(support::config(&[("OTEL_PROPAGATORS", "tracecontext")]));
    let (layer, io) = SocketIo::new_layer();
    let connect = traced_connect(SocketTelemetry::new(), async |socket: SocketRef| {
        let answer = async |socket: SocketRef, ack: AckSender| {
            socket.traced().emit("went", &()).ok();
            ack.send(&())
        };
        socket.on("go", traced(answer));
    });
    io.ns("/", connect);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().layer(layer)).await });

    let mut client = Client::traced(port).await;
    let (b3, w3c) = (Remote::new(1), Remote::new(2));
    let both = json!({
        "b3": b3.b3(),
        "traceparent": format!("00-{}-{}-01", w3c.trace, w3c.span),
    });
    client.emit(json!(["go", {"_trace": both}])).await;
    let event = client.event().await;
    let carrier = &event[2]["_trace"];
    let parent = carrier["traceparent"].as_str().unwrap();
    assert!(
        parent.starts_with(&format!("00-{}-", w3c.trace)),
        "{parent}"
    );
    assert_eq!(carrier.get("b3"), None);
    assert_eq!(carrier["re"], json!(w3c.span));
    drop(telemetry);
}
