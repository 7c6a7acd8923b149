//! Emits to several sockets, some of which read carriers.

use aether_telemetry::socketio::{RequestContext, SocketTelemetry, TracedEmit, traced};
use futures_util::StreamExt;
use opentelemetry::trace::SpanKind;
use serde_json::{Value, json};
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, SocketRef};

use crate::client::Client;
use crate::server::{Observed, Server, join, serve};
use crate::spans::{Facts, Remote};

/// `join` rooms, then broadcast the way the event says.
fn spreads(socket: SocketRef) {
    socket.on("join", traced(join));
    socket.on(
        "all",
        traced(async |io: SocketIo| io.traced().emit("news", &(1, "b")).await),
    );
    socket.on(
        "others",
        traced(async |socket: SocketRef| socket.traced().broadcast().emit("news", &(1, "b")).await),
    );
    socket.on(
        "within",
        traced(async |socket: SocketRef| {
            socket.traced().within("room").emit("news", &(1, "b")).await
        }),
    );
    socket.on(
        "to",
        traced(async |socket: SocketRef| socket.traced().to("room").emit("news", &(1, "b")).await),
    );
    socket.on(
        "except",
        traced(async |socket: SocketRef| {
            socket.traced().except("room").emit("news", &(1, "b")).await
        }),
    );
    socket.on(
        "self",
        traced(async |socket: SocketRef| socket.traced().local().emit("news", &(1, "b")).await),
    );
    socket.on(
        "leave",
        traced(async |socket: SocketRef, ack: AckSender| {
            socket.leave_all();
            ack.send(&())
        }),
    );
}

/// Two clients of each kind; the first of each is in the room.
async fn four(server: &Server) -> [Client; 4] {
    let mut clients = [
        Client::traced(server.port).await,
        Client::traced(server.port).await,
        Client::plain(server.port).await,
        Client::plain(server.port).await,
    ];
    for index in [0, 2] {
        clients[index].call(json!(["join", "room"])).await;
    }
    clients
}

/// Lets client 0 broadcast, and returns the carrier that its news have for each client: `None` if
/// it got no news, null if they were plain. Each gets them once.
async fn news(clients: &mut [Client; 4], event: &str, expect: [bool; 4]) -> Vec<Option<Value>> {
    clients[0]
        .emit(json!([event, {"_trace": {"b3": Remote::new(1).b3()}}]))
        .await;
    let mut carriers = Vec::new();
    for (client, expected) in clients.iter_mut().zip(expect) {
        let mut carrier = None;
        if expected {
            let event = client.event().await;
            assert_eq!(
                (&event[0], &event[1], &event[2]),
                (&json!("news"), &json!(1), &json!("b"))
            );
            assert!(event.as_array().unwrap().len() <= 4);
            carrier = Some(
                event
                    .get(3)
                    .map_or(Value::Null, |own| own["_trace"].clone()),
            );
        }
        client.is_quiet().await;
        carriers.push(carrier);
    }
    carriers
}

#[tokio::test]
async fn one_span_two_forms_each_socket_once() {
    let server = serve(spreads).await;
    let mut clients = four(&server).await;
    let carriers = news(&mut clients, "all", [true; 4]).await;
    let span = server.spans.named("send news").await;
    assert_eq!(span.span_kind, SpanKind::Producer);
    assert_eq!(span.attribute("socketio.recipients").as_deref(), Some("4"));
    assert_eq!(span.parent(), server.spans.named("process all").await.id());
    // The one who asked is among them, so the packet says whom it answers.
    let carrier = Some(json!({"b3": span.b3(), "re": Remote::new(1).span}));
    assert_eq!(
        carriers,
        [
            carrier.clone(),
            carrier,
            Some(Value::Null),
            Some(Value::Null)
        ]
    );
    assert_eq!(server.spans.several("send news", 1).await.len(), 1);
}

#[tokio::test]
async fn who_is_reached_is_who_would_be_without_us() {
    let server = serve(spreads).await;
    let mut clients = four(&server).await;
    let cases = [
        ("others", [false, true, true, true], false),
        ("within", [true, false, true, false], true),
        ("to", [false, false, true, false], false),
        ("except", [false, true, false, true], false),
        ("self", [true, false, false, false], true),
    ];
    for (index, (event, reached, answers)) in cases.into_iter().enumerate() {
        let carriers = news(&mut clients, event, reached).await;
        let span = server
            .spans
            .several("send news", index + 1)
            .await
            .remove(index);
        let recipients = reached.iter().filter(|reached| **reached).count();
        assert_eq!(
            span.attribute("socketio.recipients"),
            Some(recipients.to_string()),
            "{event}"
        );
        let mut carrier = json!({"b3": span.b3()});
        if answers {
            carrier["re"] = json!(Remote::new(1).span);
        }
        let expected: Vec<_> = reached
            .iter()
            .zip([carrier.clone(), carrier, Value::Null, Value::Null])
            .map(|(reached, carrier)| reached.then_some(carrier))
            .collect();
        assert_eq!(carriers, expected, "{event}");
    }
}

#[tokio::test]
async fn a_socket_that_left_all_its_rooms_still_gets_everything_once() {
    let server = serve(spreads).await;
    let mut clients = four(&server).await;
    for client in &mut clients {
        client.call(json!(["leave"])).await;
    }
    let carriers = news(&mut clients, "all", [true; 4]).await;
    let plain: Vec<_> = carriers
        .iter()
        .map(|carrier| carrier == &Some(Value::Null))
        .collect();
    assert_eq!(plain, [false, false, true, true]);
}

#[tokio::test]
async fn rooms_are_those_of_the_application() {
    let server = serve(spreads).await;
    let _clients = four(&server).await;
    let mut rooms = server.io.traced().rooms().await.unwrap();
    rooms.dedup();
    assert_eq!(rooms, ["room"]);
    for socket in server.io.sockets() {
        let own = socket.traced().rooms();
        assert_eq!(own.len() + 1, socket.rooms().len(), "one internal room");
        socket.traced().leave_all();
        assert!(socket.traced().rooms().is_empty());
    }
}

#[tokio::test]
async fn a_socket_whose_extensions_were_cleared_is_plain_and_gets_everything_once() {
    let server = serve(spreads).await;
    let mut clients = four(&server).await;
    for socket in server.io.sockets() {
        socket.extensions.clear();
    }
    let settings = sampled();
    for _ in 0..2 {
        server
            .io
            .traced()
            .settings(&settings)
            .emit("news", &(1, "b"))
            .await
            .unwrap();
        for client in &mut clients {
            assert_eq!(client.event().await, json!(["news", 1, "b"]));
            client.is_quiet().await;
        }
    }
}

/// Spans that nobody looks at, but with contexts to carry.
fn sampled() -> SocketTelemetry {
    Observed::new(SocketTelemetry::new()).settings
}

#[tokio::test]
async fn acknowledgements_of_both_forms_come_through_one_stream() {
    let server = serve(|_| {}).await;
    let mut traced = Client::traced(server.port).await;
    let mut plain = Client::plain(server.port).await;
    let io = server.io.clone();
    let answers = tokio::spawn(async move {
        let stream = io
            .traced()
            .settings(&sampled())
            .emit_with_ack::<_, String>("ask", &7)
            .await;
        stream
            .unwrap()
            .map(|(_, answer)| answer.unwrap())
            .collect::<Vec<_>>()
            .await
    });
    let ask = traced.packet().await;
    assert_eq!(
        (ask.head.as_str(), ask.body.as_array().unwrap().len()),
        ("21", 3)
    );
    traced.send("431[\"traced\"]".to_owned()).await;
    let ask = plain.packet().await;
    assert_eq!((ask.head.as_str(), ask.body), ("21", json!(["ask", 7])));
    plain.send("431[\"plain\"]".to_owned()).await;
    let mut answers = answers.await.unwrap();
    answers.sort();
    assert_eq!(answers, ["plain", "traced"]);
}

#[tokio::test]
async fn a_namespace_that_does_not_exist_is_nobody() {
    let (_layer, io) = SocketIo::new_layer();
    io.traced().emit("news", "x").await.unwrap();
    let stream = io
        .traced()
        .emit_with_ack::<_, String>("news", "x")
        .await
        .unwrap();
    assert_eq!(stream.collect::<Vec<_>>().await.len(), 0);
    assert!(RequestContext::current().is_none());
}
