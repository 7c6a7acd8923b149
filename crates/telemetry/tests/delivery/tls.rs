//! Certificates: good ones work, each kind of bad one is named with its remedy.

use aether_telemetry::{Protocol, Telemetry, Tls};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{dropped, endpoint, exported, last_error, settled, traces_to};
use crate::certificates::{Authority, Flaw, Identity};
use crate::grpc_backend::{GrpcBackend, ok};
use crate::support::backend::{Backend, status};
use crate::support::{relay, start, three_spans, wait_for};

/// Starts a backend that speaks that protocol behind TLS and sends three spans there.
async fn send(
    protocol: Protocol,
    acceptor: impl Fn(&str) -> TlsAcceptor,
    tls: Tls,
) -> (Telemetry, String) {
    // The backends live as long as the runtime of the test.
    let (url, name) = if protocol == Protocol::Grpc {
        let backend = GrpcBackend::start([], Some(ok()), Some(acceptor("h2"))).await;
        (backend.url, backend.name)
    } else {
        let backend = Backend::start_tls([], Some(status(200)), acceptor("http/1.1")).await;
        (backend.url, backend.name)
    };
    let mut config = traces_to(&url, protocol);
    endpoint(&mut config).tls = tls;
    endpoint(&mut config).timeout = crate::support::PATIENCE;
    let telemetry = start(config);
    relay(&telemetry, three_spans()).await;
    (telemetry, name)
}

fn trusting(authority: &Authority) -> Tls {
    Tls {
        ca: Some(authority.pem()),
        client: None,
    }
}

fn showing(authority: &Authority, client: &Identity) -> Tls {
    Tls {
        client: Some(client.pem()),
        ..trusting(authority)
    }
}

const PROTOCOLS: [Protocol; 2] = [Protocol::HttpProtobuf, Protocol::Grpc];

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted() {
    let authority = Authority::new("Ours");
    let server = authority.server(Flaw::None);
    for protocol in PROTOCOLS {
        let acceptor = |alpn: &str| server.acceptor(None, alpn);
        let (telemetry, name) = send(protocol, acceptor, trusting(&authority)).await;
        settled(&telemetry).await;
        assert_eq!(exported(&telemetry, &name), 3, "{protocol:?}");
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown() {
    let authority = Authority::new("Ours");
    let server = authority.server(Flaw::None);
    for protocol in PROTOCOLS {
        let acceptor = |alpn: &str| server.acceptor(Some(&authority), alpn);
        let tls = showing(&authority, &authority.client());
        let (telemetry, name) = send(protocol, acceptor, tls).await;
        settled(&telemetry).await;
        assert_eq!(exported(&telemetry, &name), 3, "{protocol:?}");
    }
}

#[tokio::test]
async fn what_only_settings_can_put_right_is_refused_at_once() {
    let authority = Authority::new("Ours");
    let stranger = Authority::new("Theirs");
    let namesake = Authority::new("Ours");
    let good = authority.server(Flaw::None);
    let other_name = authority.server(Flaw::OtherName);
    for (server, clients, tls, what, remedy) in [
        (
            &good,
            None,
            trusting(&stranger),
            "signed by nobody who is trusted here",
            "OTEL_EXPORTER_OTLP_CERTIFICATE",
        ),
        (
            &good,
            None,
            trusting(&namesake),
            "whose key did not sign it",
            "OTEL_EXPORTER_OTLP_CERTIFICATE",
        ),
        (
            &other_name,
            None,
            trusting(&authority),
            "for collector.example.com",
            "a name that the certificate holds",
        ),
        (
            &good,
            Some(&authority),
            trusting(&authority),
            "wants a client certificate",
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
        ),
        (
            &good,
            Some(&authority),
            showing(&authority, &stranger.client()),
            "does not accept the client certificate",
            "OTEL_EXPORTER_OTLP_CLIENT_KEY",
        ),
    ] {
        for protocol in PROTOCOLS {
            let acceptor = |alpn: &str| server.acceptor(clients, alpn);
            let (telemetry, name) = send(protocol, acceptor, tls.clone()).await;
            settled(&telemetry).await;
            let error = last_error(&telemetry, what);
            assert!(error.contains(what), "{protocol:?} {what}: {error}");
            assert!(error.contains(remedy), "{protocol:?} {remedy}: {error}");
            assert_eq!(dropped(&telemetry, &name, "tls"), 3, "{protocol:?} {what}");
        }
    }
}

#[tokio::test]
async fn what_can_be_renewed_is_tried_again() {
    let authority = Authority::new("Ours");
    let server = authority.server(Flaw::Expired);
    for protocol in PROTOCOLS {
        let acceptor = |alpn: &str| server.acceptor(None, alpn);
        let (telemetry, name) = send(protocol, acceptor, trusting(&authority)).await;
        let failures = || telemetry.status().destinations[0].health.failures;
        wait_for("a second attempt", || (failures() > 1).then_some(())).await;
        let error = last_error(&telemetry, protocol);
        assert!(error.contains("has expired on Wed, 03 Feb 2021"), "{error}");
        assert!(error.contains("renew"), "{error}");
        assert_eq!(dropped(&telemetry, &name, "tls"), 0);
        assert_eq!(telemetry.status().destinations[0].queue.items, 3);
    }
}

#[tokio::test]
async fn a_port_without_tls_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut hello = [0; 1024];
            let _ = stream.read(&mut hello).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    for protocol in PROTOCOLS {
        let telemetry = start(traces_to(&url, protocol));
        relay(&telemetry, three_spans()).await;
        let error = wait_for("an error is shown", || {
            telemetry.status().destinations[0].health.last_error.clone()
        })
        .await;
        assert!(
            error.contains("does not speak TLS"),
            "{protocol:?}: {error}"
        );
    }
}
