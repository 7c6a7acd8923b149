//! Whoever sends too much gets an answer, over a real connection: what is left of the body is read
//! and dropped, so that the answer is not lost to a reset.

use std::net::SocketAddr;
use std::time::Duration;

use aether_telemetry::Telemetry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::with;

/// Nothing that is waited for takes this long.
const PATIENCE: Duration = Duration::from_secs(60);
/// Far more than fits into the buffers of a connection.
const LARGE: usize = 9 * 1024 * 1024;

async fn serve(telemetry: &Telemetry) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = telemetry.relay_router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn head(more: &str) -> String {
    format!(
        "POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-protobuf\r\n{more}\r\n"
    )
}

/// Reads until an answer with an empty line at its end, or with this text, is there.
async fn answer(stream: &mut TcpStream, until: &str) -> String {
    let mut read = Vec::new();
    let reading = async {
        while !String::from_utf8_lossy(&read).contains(until) {
            let mut buffer = [0; 4096];
            let bytes = stream.read(&mut buffer).await.unwrap();
            assert!(bytes > 0, "closed: {}", String::from_utf8_lossy(&read));
            read.extend_from_slice(&buffer[..bytes]);
        }
    };
    timeout(PATIENCE, reading).await.expect("an answer");
    String::from_utf8_lossy(&read).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_too_large_is_answered() {
    let address = serve(&with(&[])).await;
    let announced = format!("content-length: {LARGE}\r\n");
    for (more, parts) in [
        (announced.as_str(), ["", ""]),
        // One chunk of all of it.
        (
            "transfer-encoding: chunked\r\n",
            ["900000\r\n", "\r\n0\r\n\r\n"],
        ),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head(more).as_bytes()).await.unwrap();
        let [before, after] = parts;
        stream.write_all(before.as_bytes()).await.unwrap();
        let sent = timeout(PATIENCE, stream.write_all(&vec![0; LARGE])).await;
        sent.expect("it is read").expect("it is not broken off");
        stream.write_all(after.as_bytes()).await.unwrap();
        let refused = answer(&mut stream, "send smaller batches").await;
        assert!(refused.starts_with("HTTP/1.1 413 "), "{refused}");
        // The connection is as good as before.
        let next = head("content-length: 0\r\n");
        stream.write_all(next.as_bytes()).await.unwrap();
        let next = answer(&mut stream, "\r\n\r\n").await;
        assert!(next.starts_with("HTTP/1.1 200 "), "{next}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_send_is_told_so_as_well() {
    let address = serve(&with(&[("AETHER_TELEMETRY_RELAY_KEYS", "shop=pk_shop_1")])).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = head(&format!("content-length: {LARGE}\r\n"));
    stream.write_all(head.as_bytes()).await.unwrap();
    let sent = timeout(PATIENCE, stream.write_all(&vec![0; LARGE])).await;
    sent.expect("it is read").expect("it is not broken off");
    let refused = answer(&mut stream, "\r\n\r\n").await;
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_before_sending_is_told_not_to() {
    let address = serve(&with(&[])).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = head(&format!(
        "content-length: {LARGE}\r\nexpect: 100-continue\r\n"
    ));
    stream.write_all(head.as_bytes()).await.unwrap();
    let refused = answer(&mut stream, "send smaller batches").await;
    assert!(refused.starts_with("HTTP/1.1 413 "), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_cut_off() {
    let address = serve(&with(&[])).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = head("transfer-encoding: chunked\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = [b"100000\r\n", vec![0; 1024 * 1024].as_slice(), b"\r\n"].concat();
    let flood = async {
        let mut sent = 0;
        while stream.write_all(&chunk).await.is_ok() {
            sent += 1;
            assert!(sent < 1024, "a gigabyte was read");
        }
    };
    timeout(PATIENCE, flood).await.expect("it is cut off");
}
