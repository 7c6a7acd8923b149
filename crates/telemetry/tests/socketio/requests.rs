//! Answers: which request an emit answers, from inside and outside its handler.

use std::sync::Mutex;

use aether_telemetry::socketio::{RequestContext, TracedEmit, traced};
use serde_json::{Value, json};
use socketioxide::extract::{AckSender, Data, SocketRef};

use crate::client::Client;
use crate::server::serve;
use crate::spans::{Facts, Remote};

/// Requests kept by `keep`, per test through the socket's extensions.
#[derive(Clone, Default)]
struct Kept(std::sync::Arc<Mutex<Vec<RequestContext>>>);

fn keeps(socket: SocketRef) {
    socket.extensions.insert(Kept::default());
    socket.on(
        "keep",
        traced(async |socket: SocketRef, ack: AckSender| {
            let Kept(kept) = socket.extensions.get().unwrap();
            kept.lock().unwrap().extend(RequestContext::current());
            ack.send(&())
        }),
    );
}

async fn keep(client: &mut Client, remote: &Remote) {
    client
        .call(json!(["keep", {"_trace": {"b3": remote.b3()}}]))
        .await;
}

fn kept(socket: &SocketRef) -> Vec<RequestContext> {
    let Kept(kept) = socket.extensions.get().unwrap();
    kept.lock().unwrap().clone()
}

#[tokio::test]
async fn one_emit_answers_several_requests_once() {
    let server = serve(keeps).await;
    let mut client = Client::traced(server.port).await;
    let remotes = [Remote::new(1), Remote::new(2), Remote::new(3)];
    for remote in &remotes {
        keep(&mut client, remote).await;
    }
    let handlers = server.spans.several("process keep", 3).await;
    let socket = server.io.sockets().remove(0);
    let requests = kept(&socket);

    socket
        .traced()
        .answering(&requests)
        .emit("output", "abc")
        .unwrap();
    let span = server.spans.named("send output").await;
    assert_eq!(
        (span.trace(), span.parent()),
        (remotes[0].trace.clone(), handlers[0].id())
    );
    let links: Vec<_> = span
        .links
        .iter()
        .map(|link| link.span_context.span_id().to_string())
        .collect();
    assert_eq!(links, [handlers[1].id(), handlers[2].id()]);
    let all = remotes
        .iter()
        .map(|remote| remote.span.clone())
        .collect::<Vec<_>>()
        .join(",");
    let carrier = json!({"_trace": {"b3": span.b3(), "re": all}});
    assert_eq!(client.event().await, json!(["output", "abc", carrier]));

    // Later output belongs to the trace, but answers nothing any more.
    socket
        .traced()
        .answering(&requests)
        .emit("output", "def")
        .unwrap();
    let span = server.spans.several("send output", 2).await.remove(1);
    assert_eq!(span.parent(), handlers[0].id());
    let carrier = json!({"_trace": {"b3": span.b3()}});
    assert_eq!(client.event().await, json!(["output", "def", carrier]));
}

#[tokio::test]
async fn an_unrecorded_request_does_not_hide_the_answer_from_a_recorded_one() {
    let server = serve(keeps).await;
    let mut client = Client::traced(server.port).await;
    let (first, second) = (Remote::new(1), Remote::new(2));
    let carrier = json!({"_trace": {"b3": first.unsampled()}});
    client.call(json!(["keep", carrier])).await;
    keep(&mut client, &second).await;
    let socket = server.io.sockets().remove(0);
    socket
        .traced()
        .answering(&kept(&socket))
        .emit("output", "abc")
        .unwrap();
    let span = server.spans.named("send output").await;
    assert_eq!(span.trace(), second.trace);
    assert_eq!(span.links.len(), 1);
    let both = format!("{},{}", first.span, second.span);
    assert_eq!(client.event().await[2]["_trace"]["re"], json!(both));
}

#[tokio::test]
async fn more_requests_than_fit_are_answered_by_the_next_emit() {
    let server = serve(keeps).await;
    let mut client = Client::traced(server.port).await;
    for number in 0..18 {
        keep(&mut client, &Remote::new(number)).await;
    }
    let socket = server.io.sockets().remove(0);
    let requests = kept(&socket);
    let mut counts = Vec::new();
    for _ in 0..3 {
        socket
            .traced()
            .answering(&requests)
            .emit("output", "abc")
            .unwrap();
        let event = client.event().await;
        let re = event[2]["_trace"]["re"]
            .as_str()
            .map(str::to_owned)
            .unwrap_or_default();
        counts.push(re.split(',').filter(|id| !id.is_empty()).count());
    }
    assert_eq!(counts, [16, 2, 0]);
}

#[tokio::test]
async fn an_answer_that_could_not_be_sent_can_be_given_again() {
    struct Unsendable;
    impl serde::Serialize for Unsendable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no"))
        }
    }
    let server = serve(keeps).await;
    let mut client = Client::traced(server.port).await;
    let remote = Remote::new(1);
    keep(&mut client, &remote).await;
    let socket = server.io.sockets().remove(0);
    let requests = kept(&socket);
    socket
        .traced()
        .answering(&requests)
        .emit("output", &Unsendable)
        .unwrap_err();
    socket
        .traced()
        .answering(&requests)
        .emit("output", "abc")
        .unwrap();
    assert_eq!(client.event().await[2]["_trace"]["re"], json!(remote.span));
}

#[tokio::test]
async fn another_sockets_request_is_a_parent_but_not_answered() {
    let server = serve(keeps).await;
    let mut asking = Client::traced(server.port).await;
    let asked = server.io.sockets().remove(0);
    let mut other = Client::traced(server.port).await;
    let remote = Remote::new(1);
    keep(&mut asking, &remote).await;
    let socket = server
        .io
        .sockets()
        .into_iter()
        .find(|socket| socket.id != asked.id)
        .unwrap();
    socket
        .traced()
        .answering(&kept(&asked))
        .emit("output", "abc")
        .unwrap();
    let carrier = &other.event().await[2]["_trace"];
    assert!(carrier["b3"].as_str().unwrap().starts_with(&remote.trace));
    assert_eq!(carrier.get("re"), None);
    // It can still be answered where it came from.
    asked
        .traced()
        .answering(&kept(&asked))
        .emit("output", "abc")
        .unwrap();
    assert_eq!(asking.event().await[2]["_trace"]["re"], json!(remote.span));
}

#[tokio::test]
async fn an_older_peer_gets_its_answer_in_the_payload() {
    let server = serve(|socket| {
        socket.on(
            "create",
            traced(async |socket: SocketRef, Data(_): Data<Value>| {
                socket.traced().emit("created", &json!({"id": 1}))?;
                socket.traced().emit("text", "no object")
            }),
        );
        keeps(socket);
    })
    .await;
    let mut client = Client::plain(server.port).await;
    let remote = Remote::new(1);
    let payload = |id: Value| {
        json!({
            "_trace": {"traceId": remote.trace, "spanId": remote.span, "sampled": true},
            "_requestId": id,
        })
    };
    client.emit(json!(["create", payload(json!("r-1"))])).await;
    let span = server.spans.named("send created").await;
    assert_eq!(
        span.parent(),
        server.spans.named("process create").await.id()
    );
    assert_eq!(
        span.attribute("socketio.context").as_deref(),
        Some("payload")
    );
    let carrier = |span: &dyn Facts| {
        json!({
            "traceId": remote.trace, "spanId": span.id(), "sampled": true, "b3": span.b3(),
        })
    };
    let expected = json!({"id": 1, "_trace": carrier(&span), "_requestId": "r-1"});
    assert_eq!(client.event().await, json!(["created", expected]));
    assert_eq!(client.event().await, json!(["text", "no object"]));

    client.call(json!(["keep", payload(json!(7))])).await;
    let socket = server.io.sockets().remove(0);
    let requests = kept(&socket);
    socket
        .traced()
        .answering(&requests)
        .emit("output", &json!({}))
        .unwrap();
    let span = server.spans.named("send output").await;
    let expected = json!({"_trace": carrier(&span), "_requestId": 7});
    assert_eq!(client.event().await, json!(["output", expected]));
    socket
        .traced()
        .answering(&requests)
        .emit("output", &json!({}))
        .unwrap();
    assert_eq!(client.event().await, json!(["output", {}]), "answered once");
}
