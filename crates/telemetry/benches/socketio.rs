//! What tracing costs per Socket.IO event: the time from the packet to the end of an empty
//! handler, in process, for one event after the other. No network, no exporter.
//!
//! ```text
//! cargo bench -p aether-telemetry --bench socketio
//! ```
//!
//! | line | handler | event |
//! |---|---|---|
//! | plain | as socketioxide runs it | without carrier |
//! | disabled | traced, without telemetry | with a trailing carrier |
//! | unsampled | traced | with a carrier that says "not sampled" |
//! | limited | traced | without carrier, beyond the rate limit |
//! | sampled | traced and recorded | with a sampled carrier |
//!

use std::convert::Infallible;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aether_telemetry::socketio::{SocketTelemetry, traced, traced_connect};
use futures_util::{SinkExt, StreamExt};
use opentelemetry::trace::noop::NoopTracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use socketioxide::SocketIo;
use socketioxide::adapter::LocalAdapter;
use socketioxide::handler::{FromConnectParts, MessageHandler, Value};
use socketioxide::socket::Socket;
use tokio_tungstenite::tungstenite::Message;

const EVENTS: u32 = 200_000;
const ARGUMENTS: &str = r#"["terminal:input",{"terminalId":"0198c5f7","data":"l"}"#;
const CARRIER: &str = r#",{"_trace":{"b3":"4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-X"}}"#;

/// The connected socket itself.
struct Shared(Arc<Socket>);

impl FromConnectParts<LocalAdapter> for Shared {
    type Error = Infallible;
    fn from_connect_parts(socket: &Arc<Socket>, _: &Option<Value>) -> Result<Self, Infallible> {
        Ok(Self(Arc::clone(socket)))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let off = SocketTelemetry::new().with_tracer_provider(&NoopTracerProvider::new());
    let provider = SdkTracerProvider::builder().build();
    let on = SocketTelemetry::new().with_tracer_provider(&provider);
    let sampled = CARRIER.replace('X', "1");
    let unsampled = CARRIER.replace('X', "0");

    let socket = connect(off.clone()).await?;
    report("plain", &run(&socket, "", async || {}).await);
    report(
        "disabled",
        &run(&socket, &sampled, traced(async || {})).await,
    );
    let socket = connect(on).await?;
    report(
        "unsampled",
        &run(&socket, &unsampled, traced(async || {})).await,
    );
    report("limited", &run(&socket, "", traced(async || {})).await);
    report(
        "sampled",
        &run(&socket, &sampled, traced(async || {})).await,
    );
    Ok(())
}

/// The server's side of a new connection.
async fn connect(settings: SocketTelemetry) -> Result<Arc<Socket>, Box<dyn Error>> {
    let (layer, io) = SocketIo::new_layer();
    let slot = Arc::new(Mutex::new(None));
    let connected = Arc::clone(&slot);
    io.ns(
        "/",
        traced_connect(settings, async move |Shared(socket): Shared| {
            *connected
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(socket);
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().layer(layer)).await });
    let url = format!("ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket");
    let (mut client, _) = tokio_tungstenite::connect_async(url).await?;
    client.send(Message::text("40{}")).await?;
    tokio::spawn(async move { while client.next().await.is_some() {} });
    loop {
        if let Some(socket) = slot
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take()
        {
            return Ok(socket);
        }
        tokio::task::yield_now().await;
    }
}

/// The time per event, in ten parts, fastest first.
async fn run<H, T>(socket: &Arc<Socket>, carrier: &str, handler: H) -> Vec<Duration>
where
    H: MessageHandler<LocalAdapter, T>,
{
    let packet = format!("{ARGUMENTS}{carrier}]");
    let mut parts = Vec::new();
    for _ in 0..10 {
        let started = Instant::now();
        for _ in 0..EVENTS / 10 {
            handler.call(
                Arc::clone(socket),
                Value::Str(packet.clone().into(), None),
                None,
            );
            // The handler's task.
            tokio::task::yield_now().await;
        }
        parts.push(started.elapsed() / (EVENTS / 10));
    }
    parts.sort();
    parts
}

fn report(name: &str, parts: &[Duration]) {
    if let (Some(best), Some(median)) = (parts.first(), parts.get(parts.len() / 2)) {
        println!(
            "{name:<10} {:>6} ns best, {:>6} ns median",
            best.as_nanos(),
            median.as_nanos()
        );
    }
}
