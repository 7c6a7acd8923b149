//! Our contestants: axum and socketioxide with the event that every contestant answers, `echo`,
//! acknowledged with its argument.
//!
//! ```text
//! aether-bench-server bare     socketioxide alone, no telemetry started
//! aether-bench-server traced   as the library's documentation says; OTEL_* say where spans go
//! ```
//!
//! It has one thread for its work, as the peers have. Prints `listening {port}` and ends when its
//! standard input does.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use aether_telemetry::Telemetry;
use aether_telemetry::socketio::{SocketTelemetry, traced, traced_connect};
use axum::Router;
use axum::serve::ListenerExt;
use serde_json::Value as Json;
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tracing_subscriber::prelude::*;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1).as_deref() {
        Some("bare") => serve(bare()).await,
        Some("traced") => {
            let telemetry = Telemetry::builder().build()?;
            tracing_subscriber::registry()
                .with(telemetry.tracing_layer())
                .init();
            serve(with_traces()).await?;
            telemetry.shutdown(Duration::from_secs(5)).await;
            Ok(())
        }
        _ => Err("say `bare` or `traced`".into()),
    }
}

/// The event, the same for both.
async fn echo(Data(message): Data<Json>, ack: AckSender) {
    // Fails only where the client has gone.
    ack.send(&message).ok();
}

fn bare() -> Router {
    let (layer, io) = SocketIo::new_layer();
    io.ns("/", async |socket: SocketRef| socket.on("echo", echo));
    Router::new().layer(layer)
}

fn with_traces() -> Router {
    // Every event is to be recorded, not only the first 20 of each second.
    let settings = SocketTelemetry::new().unlimited_new_traces();
    let (layer, io) = SocketIo::new_layer();
    io.ns(
        "/",
        traced_connect(settings, async |socket: SocketRef| {
            socket.on("echo", traced(echo));
        }),
    );
    Router::new()
        .layer(layer)
        .layer(aether_telemetry::http::layer())
}

async fn serve(app: Router) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    println!("listening {}", listener.local_addr()?.port());
    // As Node's server does by default.
    let listener = listener.tap_io(|stream| {
        stream.set_nodelay(true).ok();
    });
    tokio::select! {
        result = axum::serve(listener, app) => Ok(result?),
        () = input_ends() => Ok(()),
    }
}

/// Resolves when standard input ends, or cannot be read.
async fn input_ends() {
    let mut input = tokio::io::stdin();
    let mut ignored = [0; 64];
    while matches!(input.read(&mut ignored).await, Ok(1..)) {}
}
