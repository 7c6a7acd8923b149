use super::*;
use crate::Config;
use crate::config::Tls;

fn endpoint(variables: &[(&str, &str)]) -> Endpoint {
    let config = Config::from_lookup(|name| {
        let found = variables.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    });
    let mut destination = config.unwrap().destinations.remove(0);
    destination.endpoints.remove(&Signal::Traces).unwrap()
}

fn at(url: &str) -> Endpoint {
    endpoint(&[("OTEL_EXPORTER_OTLP_ENDPOINT", url)])
}

fn transport(endpoint: &Endpoint) -> Result<Transport, String> {
    Transport::new(endpoint, Signal::Traces, &mut Clients::default())
}

/// Without a crypto provider the client would panic here, and no sooner than with https.
#[test]
fn tls_works_whoever_chose_the_provider() {
    assert!(transport(&at("https://otlp.example.com")).is_ok());
    assert!(rustls::crypto::CryptoProvider::get_default().is_some());
    assert!(transport(&at("https://otlp.example.com")).is_ok());
    assert!(transport(&at("http://localhost:4318")).is_ok());
}

#[test]
fn certificates_that_are_none_are_named() {
    let key = rcgen::KeyPair::generate().unwrap();
    let own = rcgen::CertificateParams::new(["a".to_owned()]).unwrap();
    let own = own.self_signed(&key).unwrap().pem().into_bytes();
    let other = rcgen::KeyPair::generate().unwrap();
    let key = key.serialize_pem().into_bytes();
    let other = other.serialize_pem().into_bytes();
    for (tls, expected) in [
        (
            Tls {
                ca: Some(own.clone()),
                client: Some((own.clone(), key)),
            },
            None,
        ),
        (
            Tls {
                ca: Some(b"none".to_vec()),
                client: None,
            },
            Some("OTEL_EXPORTER_OTLP_CERTIFICATE holds no certificate"),
        ),
        (
            Tls {
                ca: None,
                client: Some((own.clone(), b"none".to_vec())),
            },
            Some("OTEL_EXPORTER_OTLP_CLIENT_KEY an unencrypted"),
        ),
        (
            Tls {
                ca: None,
                client: Some((own, other)),
            },
            Some("holds the private key of"),
        ),
    ] {
        let endpoint = Endpoint {
            tls,
            ..at("https://localhost")
        };
        match (transport(&endpoint), expected) {
            (Ok(_), None) => {}
            (Err(error), Some(expected)) => assert!(error.contains(expected), "{error}"),
            (made, expected) => panic!("{made:?}, {expected:?}"),
        }
    }
}

#[test]
fn what_the_protocol_needs_wins_over_configured_headers() {
    let endpoint = endpoint(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "content-type=text/plain,x-team=a",
        ),
    ]);
    let transport = transport(&endpoint).unwrap();
    let header = |name| transport.headers[name].to_str().unwrap();
    assert_eq!(header("content-type"), "application/grpc+proto");
    assert_eq!(header("grpc-encoding"), "zstd");
    assert_eq!(header("te"), "trailers");
    assert_eq!(header("grpc-timeout"), "10000m");
    assert_eq!(header("x-team"), "a");
    assert_eq!(
        transport.url().as_str(),
        "http://localhost:4317/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    );
}
