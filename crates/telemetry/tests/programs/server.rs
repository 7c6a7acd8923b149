//! The README's server: what arrives, and how it ends.

use crate::support::backend::{Act, Backend, status};
use crate::support::decoded::{attribute, metrics, resource, spans};
use crate::support::program::{Program, example};
use crate::{LISTEN, get, hex};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const B3: &str = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1";

#[tokio::test]
async fn terminated_it_delivers_everything() {
    let backend = Backend::start([], Some(status(200))).await;
    let mut server = Program::start(example("server"), &backend.url, &[LISTEN]);
    let port = server.port().await;
    let url = format!("http://127.0.0.1:{port}/api/hello?token=hush");
    assert_eq!(get(&url, B3).await, "hello");
    server.terminate().await;
    let ended = server.ended().await;
    assert!(
        ended.status.success() && ended.error.is_empty(),
        "{ended:?}"
    );

    let received = backend.received();
    let spans = spans(&received);
    let hello = spans.iter().find(|span| span.name == "GET /api/hello");
    let hello = hello.unwrap_or_else(|| panic!("no span: {spans:?}"));
    assert_eq!(hex(&hello.trace_id), TRACE);
    assert_eq!(hex(&hello.parent_span_id), "00f067aa0ba902b7");
    let query = attribute(&hello.attributes, "url.query");
    assert_eq!(query.as_deref(), Some("token=REDACTED"));
    let resource = resource(&received).attributes;
    let service = attribute(&resource, "service.name");
    assert_eq!(service.as_deref(), Some("shop"));
    let executable = attribute(&resource, "process.executable.name");
    assert_eq!(executable.as_deref(), Some("server"));
    assert_eq!(attribute(&resource, "process.command_line"), None);

    let metrics = metrics(&received);
    for (name, unit) in [
        ("http.server.request.duration", "s"),
        ("http.server.request.body.size", "By"),
        ("http.server.response.body.size", "By"),
        ("http.server.active_requests", "{request}"),
        ("aether.telemetry.queued", "{item}"),
    ] {
        let found = metrics.iter().find(|metric| metric.name == name);
        let found = found.unwrap_or_else(|| panic!("no {name}: {metrics:?}"));
        assert_eq!(found.unit, unit, "{name}");
    }
    assert!(!format!("{received:?}").contains("hush"));
}

#[tokio::test]
async fn a_backend_that_hangs_does_not_keep_it_and_the_loss_is_told() {
    let backend = Backend::start([], Some(Act::Hang)).await;
    let mut server = Program::start(example("server"), &backend.url, &[LISTEN]);
    let port = server.port().await;
    let url = format!("http://127.0.0.1:{port}/api/hello");
    assert_eq!(get(&url, B3).await, "hello");
    server.terminate().await;
    let ended = server.ended().await;
    assert!(ended.status.success(), "{ended:?}");
    let destination = backend.url.trim_start_matches("http://");
    let lost = format!("1 items of traces to {destination}");
    assert!(ended.error.contains("not delivered:"), "{ended:?}");
    assert!(ended.error.contains(&lost), "{ended:?}");
}
