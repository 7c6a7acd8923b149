//! Connections that say little: their time is over, while others take theirs.
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it should be"
)]

use std::process::Stdio;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

const TOKEN: &str = "0123456789abcdef-test";

/// Nothing that is waited for takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program with these settings, and its address.
async fn start(settings: &[(&str, &str)]) -> (Child, String) {
    let mut server = Command::new(env!("CARGO_BIN_EXE_aetherterm"))
        .env("AETHERTERM_LISTEN", "127.0.0.1:0")
        .env("AETHERTERM_TOKEN", TOKEN)
        .env("OTEL_SDK_DISABLED", "true")
        .envs(settings.iter().copied())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let out = server.stdout.take().unwrap();
    let ready = BufReader::new(out).lines().next_line().await.unwrap();
    let ready = ready.unwrap();
    let address = ready.strip_prefix("ready http://").unwrap();
    let address = address.split('/').next().unwrap().to_owned();
    (server, address)
}

/// What comes before the server closes the connection.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    read.expect("the server closes it").unwrap();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn slow_heads_are_cut_off_and_web_sockets_are_not() {
    let (_server, address) = start(&[("AETHERTERM_HEADER_TIMEOUT", "1")]).await;
    let mut request = format!("ws://{address}/socket.io/?EIO=4&transport=websocket")
        .into_client_request()
        .unwrap();
    let bearer = format!("Bearer {TOKEN}");
    let headers = request.headers_mut();
    headers.insert("authorization", bearer.parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let opened = socket.next().await.unwrap().unwrap();
    assert!(opened.to_text().unwrap().starts_with("0{"), "{opened}");

    let mut silent = TcpStream::connect(&address).await.unwrap();
    let mut slow = TcpStream::connect(&address).await.unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n")
        .await
        .unwrap();
    let mut idle = TcpStream::connect(&address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(rest(&mut silent).await, "");
    let answer = rest(&mut slow).await;
    assert!(!answer.contains("200"), "no answer but a refusal: {answer}");
    let answer = rest(&mut idle).await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");

    // Longer than the time for heads has passed by now.
    socket.send(Message::text("40")).await.unwrap();
    loop {
        let next = timeout(PATIENCE, socket.next()).await.unwrap();
        let next = next.unwrap().unwrap();
        // Pings may have come before.
        if next.to_text().unwrap() != "2" {
            assert!(next.to_text().unwrap().starts_with("40{"), "{next}");
            break;
        }
    }
}

const ASKED: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A connection from one of the addresses of this machine.
async fn connect(address: &str, from: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    socket.connect(address.parse().unwrap()).await.unwrap()
}

/// The same, with a place, which the answer says.
async fn taken(address: &str, from: &str) -> TcpStream {
    let mut stream = connect(address, from).await;
    stream.write_all(ASKED).await.unwrap();
    let mut answer = [0; 12];
    let read = timeout(PATIENCE, stream.read_exact(&mut answer)).await;
    read.unwrap().unwrap();
    assert_eq!(&answer, b"HTTP/1.1 401");
    stream
}

#[tokio::test]
async fn one_address_cannot_take_all_places() {
    let (_server, address) = start(&[
        ("AETHERTERM_MAX_SOCKETS", "16"),
        ("AETHERTERM_MAX_SOCKETS_PER_ADDRESS", "8"),
        ("OTEL_SDK_DISABLED", "false"),
        ("OTEL_METRICS_EXPORTER", "prometheus"),
    ])
    .await;
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(taken(&address, "127.0.0.1").await);
    }
    let mut stream = TcpStream::connect(&address).await.unwrap();
    stream.write_all(ASKED).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    let told = "raise AETHERTERM_MAX_SOCKETS_PER_ADDRESS";
    assert!(answer.ends_with(told), "{answer}");
    for _ in 0..7 {
        held.push(taken(&address, "127.0.0.2").await);
    }
    let mut last = connect(&address, "127.0.0.2").await;
    let ask = format!(
        "GET /metrics HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\nconnection: close\r\n\r\n"
    );
    last.write_all(ask.as_bytes()).await.unwrap();
    let metrics = rest(&mut last).await;
    let counted = metrics.lines().find(|line| {
        line.starts_with("aetherterm_connections_refused_total{")
            && line.contains(r#"reason="address""#)
    });
    let counted = counted.unwrap_or_else(|| panic!("{metrics}"));
    assert!(counted.ends_with(" 1"), "{counted}");
}

#[tokio::test]
async fn there_are_so_many_and_one_more_is_told_to_come_again() {
    let (_server, address) = start(&[
        ("AETHERTERM_MAX_SOCKETS", "16"),
        ("AETHERTERM_MAX_SOCKETS_PER_ADDRESS", "16"),
    ])
    .await;
    let mut held = Vec::new();
    for _ in 0..16 {
        held.push(taken(&address, "127.0.0.1").await);
    }
    for _ in 0..3 {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(ASKED).await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        assert!(answer.contains("retry-after: 5\r\n"), "{answer}");
        assert!(answer.ends_with("raise AETHERTERM_MAX_SOCKETS"), "{answer}");
    }
    // A place is free once its connection is gone, which the server sees a little later.
    held.pop();
    let again = async {
        loop {
            let mut stream = TcpStream::connect(&address).await.unwrap();
            stream.write_all(ASKED).await.unwrap();
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).await.unwrap();
            if &answer == b"HTTP/1.1 401" {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, again).await.expect("there is a place");
}
