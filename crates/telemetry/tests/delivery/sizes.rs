//! Requests that a destination finds too large are sent in parts.

use aether_telemetry::{Config, Protocol, Telemetry};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use super::{dropped, exported, last_error, settled, traces_to};
use crate::grpc_backend::{Call, GrpcBackend};
use crate::support::backend::{Act, Backend};
use crate::support::{relay, request, span, start};

/// Spans with names of so many bytes.
fn spans(sizes: impl IntoIterator<Item = usize>) -> Vec<Span> {
    let sizes = sizes.into_iter().zip(1..);
    sizes
        .map(|(size, id)| span(1, id, &"n".repeat(size)))
        .collect()
}

async fn deliver(config: Config, spans: Vec<Span>) -> Telemetry {
    let telemetry = start(config);
    relay(&telemetry, request("page", spans).encode_to_vec()).await;
    settled(&telemetry).await;
    telemetry
}

/// The ids of the spans in the requests that were taken.
fn ids<'a>(taken: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut ids = Vec::new();
    for body in taken {
        let found = ExportTraceServiceRequest::decode(body).unwrap();
        for resource in found.resource_spans {
            let name = &resource.resource.unwrap().attributes[0];
            assert_eq!(name.key, "service.name", "every part has its resource");
            for scope in resource.scope_spans {
                assert_eq!(scope.scope.unwrap().name, "scope");
                ids.extend(scope.spans.iter().map(|span| span.span_id[0]));
            }
        }
    }
    ids
}

#[tokio::test]
async fn http_413_halves_the_request_until_it_fits() {
    let backend = Backend::start([], Some(Act::AtMost(500))).await;
    let config = traces_to(&backend.url, Protocol::HttpProtobuf);
    let telemetry = deliver(config, spans([100; 20])).await;
    assert_eq!(exported(&telemetry, &backend.name), 20);
    let received = backend.received();
    let bodies = received.iter().map(|request| &*request.body);
    let taken = ids(bodies.filter(|body| body.len() <= 500));
    assert_eq!(taken, (1..=20).collect::<Vec<_>>(), "all, once, in order");
}

#[tokio::test]
async fn grpc_says_it_in_words_and_is_understood() {
    let backend = GrpcBackend::start([], Some(Call::AtMost(500)), None).await;
    let config = traces_to(&backend.url, Protocol::Grpc);
    let telemetry = deliver(config, spans([100; 20])).await;
    assert_eq!(exported(&telemetry, &backend.name), 20);
    let received = backend.received();
    let bodies = received.iter().map(|call| &*call.message);
    let taken = ids(bodies.filter(|body| body.len() <= 500));
    assert_eq!(taken, (1..=20).collect::<Vec<_>>(), "all, once, in order");
}

#[tokio::test]
async fn an_item_too_large_by_itself_is_dropped_and_the_others_arrive() {
    let backend = Backend::start([], Some(Act::AtMost(500))).await;
    let config = traces_to(&backend.url, Protocol::HttpProtobuf);
    let telemetry = deliver(config, spans([50, 50, 900, 50, 50])).await;
    assert_eq!(exported(&telemetry, &backend.name), 4);
    assert_eq!(dropped(&telemetry, &backend.name, "too_large"), 1);
    let error = last_error(&telemetry, 413);
    assert!(
        error.contains("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"),
        "{error}"
    );
}

#[tokio::test]
async fn a_destination_that_takes_nothing_is_not_asked_without_end() {
    let backend = Backend::start([], Some(Act::AtMost(0))).await;
    let config = traces_to(&backend.url, Protocol::HttpProtobuf);
    let telemetry = deliver(config, spans((0..250).map(|_| 1))).await;
    assert_eq!(dropped(&telemetry, &backend.name, "too_large"), 250);
    assert!(backend.received().len() < 250);
}
