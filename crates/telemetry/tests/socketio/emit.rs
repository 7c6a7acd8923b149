//! Emits to one socket.

use std::time::Duration;

use aether_telemetry::socketio::{TracedEmit, traced};
use opentelemetry::trace::SpanKind;
use serde::Serialize;
use serde_json::json;
use socketioxide::extract::{Data, SocketRef};

use crate::client::Client;
use crate::server::serve;
use crate::spans::{Facts, Remote};

/// Answers `go` with one emit of each kind of data.
fn emits(socket: SocketRef) {
    socket.on(
        "go",
        traced(async |socket: SocketRef| {
            socket.traced().emit("one", "text")?;
            socket
                .traced()
                .emit("several", &(1, json!({"a": 2}), [3]))?;
            socket
                .traced()
                .emit("bytes", &(bytes::Bytes::from_static(&[1, 2]), "name"))?;
            socket.traced().emit("list", &vec![1, 2])?;
            socket.traced().volatile().emit("volatile", &())
        }),
    );
}

#[tokio::test]
async fn a_client_that_reads_carriers_gets_one_behind_the_arguments() {
    let server = serve(emits).await;
    let mut client = Client::traced(server.port).await;
    let remote = Remote::new(1);
    client
        .emit(json!(["go", {"_trace": {"b3": remote.b3()}}]))
        .await;

    let process = server.spans.named("process go").await;
    let expected = [
        ("one", json!(["text"])),
        ("several", json!([1, {"a": 2}, [3]])),
        ("bytes", json!([{"_placeholder": true, "num": 0}, "name"])),
        ("list", json!([[1, 2]])),
        ("volatile", json!([null])),
    ];
    for (event, arguments) in expected {
        let span = server.spans.named(&format!("send {event}")).await;
        assert_eq!(span.span_kind, SpanKind::Producer);
        assert_eq!(
            (span.trace(), span.parent()),
            (remote.trace.clone(), process.id())
        );
        assert_eq!(
            span.attribute("messaging.operation.type").as_deref(),
            Some("send")
        );
        assert_eq!(
            span.attribute("socketio.context").as_deref(),
            Some("trailing")
        );
        assert_eq!(span.error(), None);

        let packet = client.packet().await;
        let mut body = packet.body.as_array().unwrap().clone();
        let carrier = body.pop().unwrap();
        assert_eq!(
            carrier,
            json!({"_trace": {"b3": span.b3(), "re": remote.span}})
        );
        assert_eq!(body.remove(0), json!(event));
        assert_eq!(json!(body), arguments);
        let attachments = if event == "bytes" {
            vec![vec![1, 2]]
        } else {
            Vec::new()
        };
        assert_eq!(packet.attachments, attachments);
    }
    assert_eq!(server.metric("messaging.client.operation.duration"), 5);
}

#[tokio::test]
async fn any_other_client_gets_the_plain_arguments() {
    let server = serve(emits).await;
    let mut client = Client::plain(server.port).await;
    // Even one that sends carriers, as long as it does not say that it reads them.
    client
        .emit(json!(["go", {"_trace": {"b3": Remote::new(2).b3()}}]))
        .await;
    assert_eq!(client.event().await, json!(["one", "text"]));
    assert_eq!(client.event().await, json!(["several", 1, {"a": 2}, [3]]));
    let bytes = client.packet().await;
    assert_eq!(bytes.head, "51-");
    assert_eq!(
        bytes.body,
        json!(["bytes", {"_placeholder": true, "num": 0}, "name"])
    );
    assert_eq!(client.event().await, json!(["list", [1, 2]]));
    assert_eq!(client.event().await, json!(["volatile", null]));
    client.is_quiet().await;
    let span = server.spans.named("send one").await;
    assert_eq!(span.attribute("socketio.context").as_deref(), Some("none"));
    assert_eq!(span.parent(), server.spans.named("process go").await.id());
}

#[tokio::test]
async fn an_unsampled_trace_stays_unsampled_on_its_way_back() {
    let server = serve(emits).await;
    let mut client = Client::traced(server.port).await;
    let remote = Remote::new(3);
    client
        .emit(json!(["go", {"_trace": {"b3": remote.unsampled()}}]))
        .await;
    let event = client.event().await;
    let b3 = event[2]["_trace"]["b3"].as_str().unwrap();
    assert!(b3.starts_with(&remote.trace) && b3.ends_with("-0"), "{b3}");
    assert_eq!(
        event[2]["_trace"]["re"],
        json!(remote.span),
        "the answer is still an answer"
    );
    for _ in 0..4 {
        client.packet().await;
    }
    client.is_quiet().await;
    server.spans.named("process echo").await;
    assert_eq!(server.spans.names(), ["connect /", "process echo"]);
}

#[tokio::test]
async fn a_call_to_the_client_lasts_until_its_acknowledgement() {
    let server = serve(|socket| {
        socket.on(
            "go",
            traced(async |socket: SocketRef| {
                let answer = socket
                    .traced()
                    .emit_with_ack::<_, String>("ask", "how?")
                    .unwrap()
                    .await;
                socket.traced().emit("heard", &answer.unwrap())
            }),
        );
    })
    .await;
    let mut client = Client::traced(server.port).await;
    client.emit(json!(["go"])).await;
    let ask = client.packet().await;
    assert_eq!(ask.head, "21");
    assert_eq!(ask.body[1], json!("how?"));
    assert!(
        !server.spans.names().contains(&"send ask".to_owned()),
        "it is still being asked"
    );
    client.send("431[\"well\"]".to_owned()).await;
    let span = server.spans.named("send ask").await;
    assert_eq!(span.span_kind, SpanKind::Client);
    assert_eq!(span.error(), None);
    assert_eq!(ask.body[2]["_trace"]["b3"], json!(span.b3()));
    assert_eq!(client.event().await[1], json!("well"));
}

#[tokio::test]
async fn acknowledgements_that_fail_are_told_apart() {
    let server = serve(|socket| {
        socket.on(
            "ask",
            traced(async |socket: SocketRef, Data(timeout): Data<u64>| {
                let emit = socket.traced().timeout(Duration::from_millis(timeout));
                let answer = emit
                    .emit_with_ack::<_, String>("ask", &())
                    .map_err(|e| e.to_string())?;
                answer.await.map(drop).map_err(|error| error.to_string())
            }),
        );
        socket.on(
            "forget",
            traced(async |socket: SocketRef| {
                drop(socket.traced().emit_with_ack::<_, String>("ask", &()));
            }),
        );
    })
    .await;
    let mut client = Client::plain(server.port).await;
    client.emit(json!(["ask", 1])).await;
    client.packet().await;
    let spans = server.spans.several("send ask", 1).await;
    assert_eq!(spans[0].error().as_deref(), Some("timeout"));

    client.emit(json!(["ask", 60_000])).await;
    client.packet().await;
    client.send("432[{\"not\":\"text\"}]".to_owned()).await;
    let spans = server.spans.several("send ask", 2).await;
    assert_eq!(spans[1].error().as_deref(), Some("decode_error"));

    client.emit(json!(["forget"])).await;
    client.packet().await;
    let spans = server.spans.several("send ask", 3).await;
    assert_eq!(spans[2].error(), None, "nobody wanted to know");
}

#[tokio::test]
async fn an_emit_that_fails_fails_its_span_and_keeps_the_data_private() {
    struct Secret;
    impl Serialize for Secret {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("secret"))
        }
    }
    let server = serve(|_| {}).await;
    let client = Client::traced(server.port).await;
    let socket = server.io.sockets().remove(0);
    assert!(socket.traced().emit("bad", &Secret).is_err());
    let span = server.spans.named("send bad").await;
    assert_eq!(span.error().as_deref(), Some("encode_error"));
    assert!(!format!("{span:?}").contains("secret"));

    client.close().await;
    crate::spans::until(|| !socket.connected()).await;
    assert!(socket.traced().emit("late", "x").is_err());
    assert_eq!(
        server.spans.named("send late").await.error().as_deref(),
        Some("disconnected")
    );
}
