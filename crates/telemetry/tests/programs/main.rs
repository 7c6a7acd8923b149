//! The examples as real processes, with a receiver that shows what arrived.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "helpers of tests, which may fail"
)]
#![cfg(unix)]

mod chat;
#[path = "../socketio/client.rs"]
#[allow(dead_code, reason = "shared with the tests of Socket.IO")]
mod client;
mod guide;
mod job;
mod server;
#[path = "../common/spans.rs"]
#[allow(dead_code, reason = "the client needs its patience")]
mod spans;
#[path = "../support/mod.rs"]
mod support;

/// Any free port.
const LISTEN: (&str, &str) = ("LISTEN", "127.0.0.1:0");

/// Asks like a client that is in a trace.
async fn get(url: &str, b3: &str) -> String {
    // Installed already where another test was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let request = reqwest::Client::new().get(url).header("b3", b3);
    request.send().await.unwrap().text().await.unwrap()
}

/// Bytes as the hexadecimal digits of an id.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
