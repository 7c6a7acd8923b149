//! Without telemetry everything works, contexts pass through, and no span is made.

use aether_telemetry::socketio::{SocketTelemetry, TracedEmit, traced, traced_connect};
use opentelemetry::trace::noop::NoopTracerProvider;
use serde_json::{Value, json};
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};

use crate::client::Client;
use crate::server::Observed;
use crate::spans::Remote;

fn handlers(socket: &SocketRef) {
    socket.on(
        "echo",
        traced(
            async |socket: SocketRef, Data(two): Data<(Value, Value)>, ack: AckSender| {
                socket.traced().emit("echoed", &two).ok();
                ack.send(&two)
            },
        ),
    );
    socket.on(
        "news",
        traced(async |io: SocketIo| io.traced().emit("news", "x").await),
    );
    socket.on("fail", traced(async || Err::<(), _>("no")));
}

#[tokio::test]
async fn contexts_pass_through_and_carriers_are_still_cut() {
    let observed = Observed::new(SocketTelemetry::new());
    let settings = SocketTelemetry::new().with_tracer_provider(&NoopTracerProvider::new());
    let connect = traced_connect(settings, async |socket: SocketRef| handlers(&socket));
    let server = observed.serve(connect).await;
    let mut client = Client::traced(server.port).await;
    let remote = Remote::new(1);
    let carrier = json!({"_trace": {"b3": remote.b3()}});

    client
        .send(format!("421{}", json!(["echo", 1, 2, carrier])))
        .await;
    let carrier = json!({"_trace": {"b3": remote.b3(), "re": remote.span}});
    assert_eq!(client.event().await, json!(["echoed", 1, 2, carrier]));
    assert_eq!(client.packet().await.body, json!([1, 2]));

    // Without a context there is nothing to carry.
    client.send(format!("422{}", json!(["echo", 1, 2]))).await;
    assert_eq!(client.event().await, json!(["echoed", 1, 2]));
    assert_eq!(client.packet().await.body, json!([1, 2]));
    client.emit(json!(["fail"])).await;
    client.emit(json!(["news"])).await;
    assert_eq!(client.event().await, json!(["news", "x"]));
    assert_eq!(server.spans.names(), Vec::<String>::new());
}

#[tokio::test]
async fn handlers_and_emits_work_in_a_namespace_without_traced_connect() {
    let observed = Observed::new(SocketTelemetry::new());
    let server = observed
        .serve(async |socket: SocketRef| handlers(&socket))
        .await;
    let mut client = Client::plain(server.port).await;
    let carrier = json!({"_trace": {"b3": Remote::new(1).b3()}});
    client
        .send(format!("421{}", json!(["echo", 1, 2, carrier])))
        .await;
    assert_eq!(client.event().await, json!(["echoed", 1, 2]));
    assert_eq!(client.packet().await.body, json!([1, 2]));
    client.emit(json!(["news"])).await;
    assert_eq!(client.event().await, json!(["news", "x"]));
}

#[tokio::test]
async fn a_traced_broadcast_reaches_an_untraced_namespace_once() {
    let observed = Observed::new(SocketTelemetry::new());
    let settings = observed.settings.clone();
    let server = observed
        .serve(async |socket: SocketRef| {
            socket.on("echo", async |Data(text): Data<String>, ack: AckSender| {
                ack.send(&text).ok();
            });
        })
        .await;
    let mut client = Client::plain(server.port).await;
    server
        .io
        .traced()
        .settings(&settings)
        .emit("news", "x")
        .await
        .unwrap();
    assert_eq!(client.event().await, json!(["news", "x"]));
    client.is_quiet().await;
    server.spans.named("send news").await;
}
