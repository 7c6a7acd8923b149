//! What the tables of a file say about each destination is what it is sent: protocol, compression, headers from elsewhere,
//! certificates, patience, sizes, pace and repetition, each for its own.

use std::time::Duration;

use aether_telemetry::Telemetry;
use prost::Message;

use super::{dropped, exported};
use crate::certificates::{Authority, Flaw};
use crate::grpc_backend::{GrpcBackend, ok};
use crate::support::backend::{Act, Backend, Received, status};
use crate::support::folder::Folder;
use crate::support::{PATIENCE, relay, request, span, wait_for};

fn has(received: &Received, line: &str) -> bool {
    received.head.lines().any(|one| one == line)
}

/// Writes a file of the folder that settings refer to.
fn file(folder: &Folder, name: &str, bytes: &[u8]) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path.display().to_string()
}

#[tokio::test]
async fn every_destination_is_sent_to_as_its_table_says() {
    let folder = Folder::new("fields");
    let authority = Authority::new("Ours");
    let client = authority.client().pem();
    let acceptor = authority
        .server(Flaw::None)
        .acceptor(Some(&authority), "http/1.1");
    let well = || Some(status(200));
    let json = Backend::start([], well()).await;
    let secure = Backend::start_tls([], well(), acceptor).await;
    let grpc = GrpcBackend::start([], Some(ok()), None).await;
    let slow = Backend::start([Act::Hang], well()).await;
    let small = Backend::start([], well()).await;
    let stubborn = Backend::start([], Some(status(503))).await;

    let text = format!(
        "
        [[destination]]
        name = 'json'
        signals = ['traces']
        endpoint = '{}/base'
        protocol = 'http/json'
        compression = 'gzip'
        headers = {{ x-env = {{ env = 'KEY' }}, x-file = {{ file = '{}' }}, x-plain = 'c' }}
        [[destination]]
        name = 'secure'
        signals = ['traces']
        endpoint = '{}'
        compression = 'zstd'
        certificate = '{}'
        client_certificate = '{}'
        client_key = '{}'
        [[destination]]
        name = 'grpc'
        signals = ['traces']
        endpoint = '{}'
        protocol = 'grpc'
        headers.x-plain = 'd'
        [[destination]]
        name = 'slow'
        signals = ['traces']
        endpoint = '{}'
        timeout_ms = 50
        retry = {{ initial_ms = 1, max_ms = 2 }}
        [[destination]]
        name = 'small'
        signals = ['traces']
        endpoint = '{}'
        send = {{ max_request_bytes = 1024, concurrency = 1, requests_per_second = 2 }}
        [[destination]]
        name = 'stubborn'
        signals = ['traces']
        endpoint = '{}'
        queue_bytes = 65536
        retry = {{ initial_ms = 1, multiplier = 1, max_ms = 1, give_up_after_ms = 20 }}
        ",
        json.url,
        file(&folder, "key", b"b\n"),
        secure.url,
        file(&folder, "ca.pem", &authority.pem()),
        file(&folder, "client.pem", &client.0),
        file(&folder, "client.key", &client.1),
        grpc.url,
        slow.url,
        small.url,
        stubborn.url,
    );
    let telemetry = Telemetry::builder()
        .environment(|name| (name == "KEY").then(|| "a".to_owned()))
        .config_file(file(&folder, "telemetry.toml", text.as_bytes()))
        .strict(true)
        .build()
        .unwrap();
    // No two of them fit into the smallest requests.
    let spans = (1..=4).map(|id| span(1, id, &"s".repeat(900))).collect();
    let body = request("page", spans).encode_to_vec();
    assert_eq!(relay(&telemetry, body).await, 200);

    let one = json.wait(1).await.remove(0);
    for line in [
        "post /base/v1/traces http/1.1",
        "content-type: application/json",
        "content-encoding: gzip",
        "x-env: a",
        "x-file: b",
        "x-plain: c",
    ] {
        assert!(has(&one, line), "{line} in {}", one.head);
    }
    let one = secure.wait(1).await.remove(0);
    assert!(has(&one, "content-encoding: zstd"), "{}", one.head);
    assert!(!one.head.contains("x-plain"), "somebody else's header");
    let call = grpc.wait(1).await.remove(0);
    assert_eq!(call.headers["x-plain"], "d");
    slow.wait(2).await;
    let apart = small.wait(4).await;
    let took = apart[3].at - apart[0].at;
    assert!(took >= Duration::from_millis(900), "{took:?}");
    for name in ["json", "secure", "grpc", "slow", "small"] {
        wait_for(name, || (exported(&telemetry, name) == 4).then_some(())).await;
    }
    // The general patience is five minutes.
    wait_for("the stubborn one is given up", || {
        (dropped(&telemetry, "stubborn", "http_503") == 4).then_some(())
    })
    .await;
    let queues = telemetry.status().destinations;
    let bounds: Vec<_> = queues.iter().map(|one| one.queue.max_bytes).collect();
    assert_eq!(
        bounds,
        [16 << 20, 16 << 20, 16 << 20, 16 << 20, 16 << 20, 65536]
    );
    let shown = serde_json::to_string(&telemetry.status()).unwrap();
    assert!(!shown.contains("x-plain"), "{shown}");
    let report = telemetry.shutdown(PATIENCE).await;
    assert!(report.is_complete(), "{report}");
}
