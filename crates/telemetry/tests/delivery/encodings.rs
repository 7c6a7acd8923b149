//! What goes over the wire: encodings, compressions, headers.

use std::io::Read;

use aether_telemetry::{Compression, Protocol};
use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

use super::{endpoint, exported, settled, support, traces_to};
use crate::grpc_backend::{GrpcBackend, ok};
use crate::support::backend::{Act, Backend, status};
use crate::support::{relay, start, three_spans};

const ALL: [(Compression, &str); 3] = [
    (Compression::None, ""),
    (Compression::Gzip, "gzip"),
    (Compression::Zstd, "zstd"),
];

fn plain(body: &[u8], encoding: &str) -> Vec<u8> {
    match encoding {
        "gzip" => {
            let mut plain = Vec::new();
            GzDecoder::new(body).read_to_end(&mut plain).unwrap();
            plain
        }
        "zstd" => zstd::stream::decode_all(body).unwrap(),
        _ => body.to_vec(),
    }
}

/// Checks that a body is what was relayed, byte for byte but for the mark of the relay.
fn is_as_it_came(body: &[u8]) {
    let mut found = ExportTraceServiceRequest::decode(body).unwrap();
    let resource = found.resource_spans[0].resource.as_mut().unwrap();
    let mark = resource.attributes.pop();
    assert_eq!(mark, Some(support::text("aether.source", "browser")));
    assert_eq!(found.encode_to_vec(), three_spans());
}

#[tokio::test]
async fn protobuf_is_passed_as_the_bytes_it_is() {
    for (compression, encoding) in ALL {
        let backend = Backend::start([status(200)], None).await;
        let mut config = support::config(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &backend.url),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-team=a%20b"),
        ]);
        endpoint(&mut config).compression = compression;
        let telemetry = start(config);
        relay(&telemetry, three_spans()).await;
        let received = backend.wait(1).await.remove(0);
        for line in [
            "post /v1/traces http/1.1\r\n",
            "content-type: application/x-protobuf\r\n",
            "x-team: a b\r\n",
            "user-agent: aether-telemetry/",
        ] {
            assert!(received.head.contains(line), "{line}: {}", received.head);
        }
        let line = format!("content-encoding: {encoding}\r\n");
        assert_eq!(received.head.contains(&line), !encoding.is_empty());
        is_as_it_came(&plain(&received.body, encoding));
    }
}

#[tokio::test]
async fn json_is_otlp_json_and_its_answers_are_read() {
    for (compression, encoding) in ALL {
        let body = br#"{"partialSuccess":{"rejectedSpans":"1"}}"#.to_vec();
        let answer = Act::Answer(200, "content-type: application/json\r\n", body);
        let backend = Backend::start([answer], None).await;
        let url = format!("{}/v1/traces", backend.url);
        let mut config = traces_to(&url, Protocol::HttpJson);
        endpoint(&mut config).compression = compression;
        let telemetry = start(config);
        relay(&telemetry, three_spans()).await;
        settled(&telemetry).await;
        assert_eq!(exported(&telemetry, &backend.name), 2);
        let received = backend.wait(1).await.remove(0);
        assert!(received.head.contains("content-type: application/json\r\n"));
        let json: serde_json::Value =
            serde_json::from_slice(&plain(&received.body, encoding)).unwrap();
        let span = &json["resourceSpans"][0]["scopeSpans"][0]["spans"][2];
        assert_eq!(span["spanId"], "0303030303030303");
        assert_eq!(span["startTimeUnixNano"], "1700000000000000000");
    }
}

#[tokio::test]
async fn a_grpc_call_is_framed_and_told_how_it_is_compressed() {
    for (compression, encoding) in ALL {
        let backend = GrpcBackend::start([ok()], None, None).await;
        let mut config = support::config(&[
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &backend.url),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-team=a%20b"),
        ]);
        endpoint(&mut config).protocol = Protocol::Grpc;
        endpoint(&mut config).compression = compression;
        let telemetry = start(config);
        relay(&telemetry, three_spans()).await;
        settled(&telemetry).await;
        assert_eq!(exported(&telemetry, &backend.name), 3);
        let received = backend.wait(1).await.remove(0);
        assert_eq!(
            received.path,
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
        );
        for (name, value) in [
            ("content-type", "application/grpc+proto"),
            ("te", "trailers"),
            ("grpc-timeout", "2500m"),
            ("x-team", "a b"),
        ] {
            assert_eq!(received.headers[name], value, "{name}");
        }
        let told = received.headers.get("grpc-encoding");
        assert_eq!(told.map_or("", |told| told.to_str().unwrap()), encoding);
        assert_eq!(received.compressed, !encoding.is_empty());
        is_as_it_came(&plain(&received.message, encoding));
    }
}
