//! Peers of the older form, which have `_trace` and `_requestId` in the payload.

use aether_telemetry::socketio::{TracedEmit, traced};
use opentelemetry::trace::SpanKind;
use serde_json::{Value, json};
use socketioxide::extract::{AckSender, Data, SocketRef};

use crate::client::Client;
use crate::server::serve;
use crate::spans::{Facts, Remote};

fn saves(socket: SocketRef) {
    socket.join("all");
    socket.on(
        "save",
        traced(
            async |socket: SocketRef, Data(payload): Data<Value>, ack: AckSender| {
                let sure = socket
                    .traced()
                    .emit_with_ack::<_, bool>("sure", &json!({"name": payload["name"]}))
                    .map_err(|error| error.to_string())?
                    .await
                    .map_err(|error| error.to_string())?;
                let news = json!({"saved": payload["name"]});
                let everybody = socket.traced().within("all");
                everybody
                    .emit("news", &news)
                    .await
                    .map_err(|error| error.to_string())?;
                ack.send(&sure).map_err(|error| error.to_string())
            },
        ),
    );
}

#[tokio::test]
async fn its_request_is_continued_asked_back_in_kind_and_acknowledged_plainly() {
    let server = serve(saves).await;
    let mut older = Client::plain(server.port).await;
    let mut reads = Client::traced(server.port).await;
    let mut plain = Client::plain(server.port).await;
    let remote = Remote::new(1);
    let payload = json!({
        "name": "draft",
        "_trace": {"traceId": remote.trace, "spanId": remote.span, "sampled": true},
        "_requestId": 17,
    });
    older.send(format!("429{}", json!(["save", payload]))).await;

    let question = older.packet().await;
    assert_eq!(question.head, "21");
    let trace = &question.body[1]["_trace"];
    older.send("431[true]".to_owned()).await;
    let sure = server.spans.named("send sure").await;
    assert_eq!(
        question.body,
        json!(["sure", {
            "name": "draft",
            "_trace": {
                "traceId": remote.trace, "spanId": sure.id(), "sampled": true, "b3": sure.b3(),
            },
            "_requestId": 17,
        }]),
        "{trace}"
    );
    assert_eq!(sure.span_kind, SpanKind::Client);
    assert_eq!(sure.error(), None);

    // A broadcast has one form for those who read carriers and one for all others.
    let news = server.spans.named("send news").await;
    assert_eq!(news.trace(), remote.trace);
    for client in [&mut older, &mut plain] {
        assert_eq!(client.event().await, json!(["news", {"saved": "draft"}]));
    }
    let carrier = json!({"_trace": {"b3": news.b3()}});
    assert_eq!(
        reads.event().await,
        json!(["news", {"saved": "draft"}, carrier])
    );

    let answer = older.packet().await;
    assert_eq!((answer.head.as_str(), answer.body), ("39", json!([true])));
    let process = server.spans.named("process save").await;
    assert_eq!(process.span_kind, SpanKind::Server);
    assert_eq!(
        (process.trace(), process.parent()),
        (remote.trace, remote.span)
    );
    assert_eq!((sure.parent(), news.parent()), (process.id(), process.id()));
    assert_eq!(
        process.attribute("socketio.request_id").as_deref(),
        Some("17")
    );
}
