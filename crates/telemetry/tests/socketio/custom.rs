//! Attributes that the application chooses.

use aether_telemetry::socketio::{Direction, SocketTelemetry, TracedEmit, traced};
use opentelemetry::KeyValue;
use serde_json::json;
use socketioxide::extract::{AckSender, Data, SocketRef};

use crate::client::Client;
use crate::server::serve_with;
use crate::spans::{Facts, Remote};

fn answers(socket: SocketRef) {
    socket.on(
        "open",
        traced(
            async |socket: SocketRef, Data(_): Data<serde_json::Value>, ack: AckSender| {
                let opened = json!({"terminalId": "t-2", "output": "secret"});
                socket.traced().emit("opened", &("text", &opened)).ok();
                socket
                    .traced()
                    .within("all")
                    .emit("news", &opened)
                    .await
                    .ok();
                ack.send(&())
            },
        ),
    );
}

#[tokio::test]
async fn named_fields_become_attributes_and_nothing_else_does() {
    let settings = SocketTelemetry::new()
        .argument_fields(["terminalId", "columns"])
        .argument_fields(["nested", "sessionId"]);
    let server = serve_with(settings, answers).await;
    let mut client = Client::traced(server.port).await;
    let payload = json!({
        "terminalId": "t-1", "columns": 80, "nested": {"a": "secret"}, "input": "secret",
        "sessionId": "s".repeat(500),
    });
    let carrier = json!({"_trace": {"b3": Remote::new(1).b3()}});
    client
        .send(format!("421{}", json!(["open", 7, payload, carrier])))
        .await;
    let span = server.spans.named("process open").await;
    let field = |name: &str| span.attribute(&format!("socketio.argument.{name}"));
    assert_eq!(field("terminalId").as_deref(), Some("t-1"));
    assert_eq!(field("columns").as_deref(), Some("80"));
    assert_eq!(field("sessionId"), Some("s".repeat(128)));
    assert_eq!(field("nested"), None);
    for name in ["send opened", "send news"] {
        let span = server.spans.named(name).await;
        let field = span.attribute("socketio.argument.terminalId");
        assert_eq!(field.as_deref(), Some("t-2"), "{name}");
    }
    for span in server.spans.all() {
        assert!(!format!("{span:?}").contains("secret"), "{span:?}");
    }
}

#[tokio::test]
async fn a_hook_sees_events_as_applications_do() {
    let settings = SocketTelemetry::new().attributes(|event| {
        let arguments = serde_json::to_string(event.arguments()).unwrap();
        vec![
            KeyValue::new("app.sent", event.direction() == Direction::Sent),
            KeyValue::new(
                "app.seen",
                format!("{} {} {arguments}", event.namespace(), event.name()),
            ),
        ]
    });
    let server = serve_with(settings, answers).await;
    let mut client = Client::traced(server.port).await;
    let carrier = json!({"_trace": {"b3": Remote::new(1).b3()}});
    client.emit(json!(["open", {"a": 1}, "b", carrier])).await;
    for (name, sent, seen) in [
        ("process open", "false", r#"/ open [{"a":1},"b"]"#),
        (
            "send opened",
            "true",
            r#"/ opened ["text",{"output":"secret","terminalId":"t-2"}]"#,
        ),
        (
            "send news",
            "true",
            r#"/ news [{"output":"secret","terminalId":"t-2"}]"#,
        ),
    ] {
        let span = server.spans.named(name).await;
        assert_eq!(span.attribute("app.sent").as_deref(), Some(sent), "{name}");
        assert_eq!(span.attribute("app.seen").as_deref(), Some(seen), "{name}");
    }
}

#[tokio::test]
async fn a_hook_is_asked_for_recorded_spans_only_and_may_panic() {
    let settings = SocketTelemetry::new().attributes(|event| {
        assert_ne!(event.name(), "echo", "not recorded, or a panic");
        Vec::new()
    });
    let server = serve_with(settings, |_| {}).await;
    let mut client = Client::plain(server.port).await;
    let unsampled = json!({"_trace": {"b3": Remote::new(1).unsampled()}});
    let sampled = json!({"_trace": {"b3": Remote::new(2).b3()}});
    for carrier in [unsampled, sampled] {
        let answer = client.call(json!(["echo", "text", carrier])).await;
        assert_eq!(answer, json!(["text"]));
    }
    let span = server.spans.named("process echo").await;
    assert_eq!((span.trace(), span.error()), (Remote::new(2).trace, None));
}
