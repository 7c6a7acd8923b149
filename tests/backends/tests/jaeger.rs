//! Export against Jaeger v2, which takes traces only, over every way to send.

use aether_backends_tests::backend::jaeger::Jaeger;
use aether_backends_tests::expected::assert_click;
use aether_backends_tests::payload::PAGE;
use aether_backends_tests::scenario::SERVER;
use aether_backends_tests::span::tree;
use aether_backends_tests::traces_only::{
    Refusal, assert_loses_only_the_rest, export_click, whole_trace,
};
use aether_backends_tests::ways::{Port, with_encodings};

#[tokio::test]
async fn a_click_is_one_tree() {
    let jaeger = Jaeger::start().await;
    for (way, encoding) in with_encodings() {
        let (server, click) = export_click(&jaeger, way, encoding).await;
        let report = server.stop().await;
        assert!(report.is_complete(), "{}: {report}", way.name);
        assert_click(&whole_trace(&jaeger, &click, way.name).await);
    }
    let mut services = jaeger.services().await.expect("Jaeger answers");
    services.sort();
    assert_eq!(services, [PAGE, SERVER]);
}

#[tokio::test]
async fn a_base_endpoint_loses_only_what_jaeger_does_not_take_and_says_so() {
    let jaeger = Jaeger::start().await;
    let http = Refusal {
        port: Port::Http,
        protocol: "http/protobuf",
        reason: "http_404",
        said: "404",
        remedy: "check the endpoint",
    };
    let grpc = Refusal {
        port: Port::Grpc,
        protocol: "grpc",
        reason: "grpc_unimplemented",
        said: "UNIMPLEMENTED",
        remedy: "does not take this signal",
    };
    for refusal in [http, grpc] {
        assert_loses_only_the_rest(&jaeger, &refusal, assert_click, |check| {
            let expected = format!("{SERVER}: telemetry check [internal]\n");
            assert_eq!(tree(check), expected);
        })
        .await;
    }
}
