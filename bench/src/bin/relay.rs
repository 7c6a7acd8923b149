//! Our relay as a program of its own: the library's relay and delivery, and nothing else.
//!
//! It has the library's defaults: what comes in is checked, marked, and scrubbed of obvious secrets.
//! `OTEL_*` and `AETHER_TELEMETRY_*` say where telemetry goes and where it waits. Prints
//! `listening {port}` and ends when its standard input does.

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use aether_telemetry::Telemetry;
use axum::serve::ListenerExt;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

/// One thread takes requests; the library has its own for the disk and for sending.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let telemetry = Telemetry::builder().strict(true).build()?;
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    println!("listening {}", listener.local_addr()?.port());
    let listener = listener.tap_io(|stream| {
        stream.set_nodelay(true).ok();
    });
    tokio::select! {
        result = axum::serve(listener, telemetry.relay_router()) => result?,
        () = input_ends() => {}
    }
    telemetry.shutdown(Duration::from_secs(5)).await;
    Ok(())
}

/// Resolves when standard input ends, or cannot be read.
async fn input_ends() {
    let mut input = tokio::io::stdin();
    let mut ignored = [0; 64];
    while matches!(input.read(&mut ignored).await, Ok(1..)) {}
}
