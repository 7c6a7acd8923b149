//! A chat without telemetry. `chat_after.rs` is the same with it; docs/instrumenting.md has the way
//! from here to there.

use std::error::Error;
use std::time::Duration;

use axum::extract::Path;
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};
use tokio::signal::unix::{SignalKind, signal};

#[derive(Debug, Serialize, Deserialize)]
struct Message {
    room: String,
    text: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();

    let (sockets, io) = SocketIo::new_layer();
    io.ns("/", on_connect);

    let app = Router::new()
        .route("/rooms/{room}", get(topic))
        .layer(sockets);

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
    Ok(())
}

async fn topic(Path(room): Path<String>) -> Json<String> {
    Json(format!("everything about {room}"))
}

async fn on_connect(socket: SocketRef) {
    socket.on("join", join);
    socket.on("say", say);
}

async fn join(socket: SocketRef, Data(room): Data<String>, ack: AckSender) {
    socket.join(room);
    let _ = ack.send("joined");
}

async fn say(socket: SocketRef, Data(message): Data<Message>, ack: AckSender) {
    tracing::info!(letters = message.text.len(), "said");
    let room = message.room.clone();
    if let Err(error) = socket.to(room).emit("said", &message).await {
        tracing::warn!(%error, "not everybody was told");
    }
    // Who has gone needs no answer.
    let _ = ack.send("heard");
}
