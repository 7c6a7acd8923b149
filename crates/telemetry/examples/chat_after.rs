//! A chat with telemetry. `chat_before.rs` is the same without; docs/instrumenting.md has the way
//! from there to here.

use std::error::Error;
use std::time::Duration;

use aether_telemetry::socketio::{SocketTelemetry, TracedEmit, traced, traced_connect};
use aether_telemetry::{SHUTDOWN_TIMEOUT, Telemetry, http};
use axum::extract::Path;
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::prelude::*;

#[derive(Debug, Serialize, Deserialize)]
struct Message {
    room: String,
    text: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let telemetry = Telemetry::builder().default_service_name("chat").build()?;
    tracing_subscriber::registry()
        .with(telemetry.tracing_layer())
        .with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr))
        .init();

    let (sockets, io) = SocketIo::new_layer();
    io.ns("/", traced_connect(SocketTelemetry::new(), on_connect));

    let app = Router::new()
        .route("/rooms/{room}", get(topic))
        .merge(telemetry.relay_router())
        .layer(sockets)
        .layer(http::layer());

    let address = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".into());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let mut stop = signal(SignalKind::terminate())?;
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            stop.recv().await;
            // A connection that does not close does not keep the server.
            let _ = tokio::time::timeout(Duration::from_secs(5), io.close()).await;
        })
        .await?;
    let report = telemetry.shutdown(SHUTDOWN_TIMEOUT).await;
    if !report.is_complete() {
        eprintln!("{report}");
    }
    Ok(())
}

async fn topic(Path(room): Path<String>) -> Json<String> {
    Json(format!("everything about {room}"))
}

async fn on_connect(socket: SocketRef) {
    socket.on("join", traced(join));
    socket.on("say", traced(say));
}

async fn join(socket: SocketRef, Data(room): Data<String>, ack: AckSender) {
    socket.join(room);
    let _ = ack.send("joined");
}

async fn say(socket: SocketRef, Data(message): Data<Message>, ack: AckSender) {
    tracing::info!(letters = message.text.len(), "said");
    let room = message.room.clone();
    if let Err(error) = socket.traced().to(room).emit("said", &message).await {
        tracing::warn!(%error, "not everybody was told");
    }
    // Who has gone needs no answer.
    let _ = ack.send("heard");
}
