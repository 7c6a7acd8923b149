//! As many connections as there may be, and one more.
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it should be"
)]

mod support;

use aether_telemetry::Telemetry;
use aetherterm_backend::Settings;
use support::{Server, TOKEN, settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn server() -> Server {
    let settings = Settings {
        max_connections: 2,
        ..settings()
    };
    Server::with(settings, &Telemetry::disabled()).await
}

/// The answer to a polling handshake.
async fn poll(server: &Server) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = format!(
        "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {TOKEN}\r\n\
         connection: close\r\n\r\n",
        server.address
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn one_more_is_told_to_come_again_and_may_when_one_has_left() {
    let server = server().await;
    let first = server.client().await;
    let _second = server.client().await;
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("authorization", bearer.as_str())];
    assert_eq!(server.handshake(&headers).await, 503);
    let answer = poll(&server).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("retry-after: 5\r\n"), "{answer}");
    assert!(answer.contains("AETHERTERM_MAX_CONNECTIONS"), "{answer}");
    // Who has no token learns nothing of it.
    assert_eq!(server.handshake(&[]).await, 401);

    drop(first);
    let begin = std::time::Instant::now();
    while server.handshake(&headers).await != 101 {
        assert!(begin.elapsed().as_secs() < 20, "its place is never free");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn handshakes_that_fail_take_no_place() {
    let server = server().await;
    for _ in 0..5 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let request = format!(
            "POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {TOKEN}\r\n\
             content-length: 0\r\nconnection: close\r\n\r\n",
            server.address
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    // Polling sessions count as well, with or without a request that is open.
    assert!(poll(&server).await.starts_with("HTTP/1.1 200 "));
    assert!(poll(&server).await.starts_with("HTTP/1.1 200 "));
    assert!(poll(&server).await.starts_with("HTTP/1.1 503 "));
}
