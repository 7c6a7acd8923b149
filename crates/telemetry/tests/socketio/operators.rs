//! Every way to choose receivers, with binary data: who gets the event, in which form, and what the
//! span counts.

use std::time::Duration;

use aether_telemetry::socketio::{TracedBroadcast, TracedEmit, traced};
use bytes::Bytes;
use futures_util::StreamExt;
use opentelemetry::trace::SpanKind;
use serde_json::{Value, json};
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};

use crate::client::Client;
use crate::server::{Server, join, serve};
use crate::spans::{Facts, Remote};

const NEWS: (u8, Bytes) = (7, Bytes::from_static(b"\x00\xff"));
/// Never reached by the tests that pass.
const LONG: Duration = Duration::from_secs(600);

/// `join` a room, or emit news by the operators that the event names.
fn emits(socket: SocketRef) {
    socket.on("join", traced(join));
    socket.on(
        "leave",
        traced(
            async |socket: SocketRef, Data(room): Data<String>, ack: AckSender| {
                socket.leave(room);
                ack.send(&())
            },
        ),
    );
    socket.on(
        "by",
        traced(
            async |io: SocketIo, socket: SocketRef, Data(how): Data<String>| {
                let (own, all) = (socket.traced(), io.traced());
                match how.as_str() {
                    "socket" => return own.emit("news", &NEWS).map_err(|e| e.to_string()),
                    "volatile" => {
                        return own
                            .volatile()
                            .emit("news", &NEWS)
                            .map_err(|e| e.to_string());
                    }
                    "timeout" => {
                        return own
                            .timeout(LONG)
                            .emit("news", &NEWS)
                            .map_err(|e| e.to_string());
                    }
                    _ => {}
                }
                let chosen = match how.as_str() {
                    "volatile to" => own.volatile().to("room"),
                    "timeout within" => own.timeout(LONG).within("room"),
                    "within both" => own.within(["room", "other"]),
                    "within except" => own.within(["room", "other"]).except("room"),
                    "local broadcast" => own.local().broadcast(),
                    "except volatile" => own.except("other").volatile(),
                    "io" => all,
                    "io to" => all.to("room"),
                    "io within local" => all.within("room").local(),
                    "io except" => all.except("room"),
                    "io volatile" => all.volatile().timeout(LONG),
                    "io of" => TracedBroadcast::of(&io, socket.ns()).broadcast(),
                    other => return Err(format!("unknown: {other}")),
                };
                chosen.emit("news", &NEWS).await.map_err(|e| e.to_string())
            },
        ),
    );
}

/// Two clients that read carriers and two that do not; of each kind one in `room`, one in `other`.
async fn four(server: &Server) -> [Client; 4] {
    let mut clients = [
        Client::traced(server.port).await,
        Client::traced(server.port).await,
        Client::plain(server.port).await,
        Client::plain(server.port).await,
    ];
    for (client, room) in clients.iter_mut().zip(["room", "other", "room", "other"]) {
        client.call(json!(["join", room])).await;
    }
    clients
}

#[tokio::test]
async fn every_operator_reaches_whom_it_would_without_us() {
    let server = serve(emits).await;
    let mut clients = four(&server).await;
    let cases = [
        ("socket", [1, 0, 0, 0], None),
        ("volatile", [1, 0, 0, 0], None),
        ("timeout", [1, 0, 0, 0], None),
        ("volatile to", [0, 0, 1, 0], Some(1)),
        ("timeout within", [1, 0, 1, 0], Some(2)),
        ("within both", [1, 1, 1, 1], Some(4)),
        ("within except", [0, 1, 0, 1], Some(2)),
        ("local broadcast", [0, 1, 1, 1], Some(3)),
        ("except volatile", [0, 0, 1, 0], Some(1)),
        ("io", [1, 1, 1, 1], Some(4)),
        ("io to", [1, 0, 1, 0], Some(2)),
        ("io within local", [1, 0, 1, 0], Some(2)),
        ("io except", [0, 1, 0, 1], Some(2)),
        ("io volatile", [1, 1, 1, 1], Some(4)),
        ("io of", [1, 1, 1, 1], Some(4)),
    ];
    for (index, (how, reached, recipients)) in cases.into_iter().enumerate() {
        let remote = Remote::new(index as u64 + 1);
        clients[0]
            .emit(json!(["by", how, {"_trace": {"b3": remote.b3()}}]))
            .await;
        let span = server
            .spans
            .several("send news", index + 1)
            .await
            .remove(index);
        assert_eq!((span.trace(), span.error()), (remote.trace, None), "{how}");
        assert_eq!(span.span_kind, SpanKind::Producer, "{how}");
        assert_eq!(
            span.attribute("socketio.recipients"),
            recipients.map(|count: u8| count.to_string()),
            "{how}"
        );
        // Two bytes, a placeholder, and the seven with its comma and brackets.
        let size = span.attribute("messaging.message.body.size");
        assert_eq!(size.as_deref(), Some("35"), "{how}");
        for (number, (client, reached)) in clients.iter_mut().zip(reached).enumerate() {
            if reached == 1 {
                let packet = client.packet().await;
                assert_eq!(packet.head, "51-", "{how} {number}");
                assert_eq!(packet.attachments, [NEWS.1.to_vec()], "{how} {number}");
                let mut event = packet.body.as_array().unwrap().clone();
                let reads = number < 2;
                assert_eq!(event.len(), if reads { 4 } else { 3 }, "{how} {number}");
                if reads {
                    let carrier = event.pop().unwrap();
                    assert_eq!(carrier["_trace"]["b3"], json!(span.b3()), "{how} {number}");
                }
                let plain = json!(["news", 7, {"_placeholder": true, "num": 0}]);
                assert_eq!(Value::Array(event), plain, "{how} {number}");
            }
            client.is_quiet().await;
        }
    }
}

#[tokio::test]
async fn a_room_that_was_left_is_not_reached() {
    let server = serve(emits).await;
    let mut clients = four(&server).await;
    clients[2].call(json!(["leave", "room"])).await;
    clients[0].emit(json!(["by", "timeout within"])).await;
    clients[0].packet().await;
    let span = server.spans.named("send news").await;
    assert_eq!(span.attribute("socketio.recipients").as_deref(), Some("1"));
    clients[2].is_quiet().await;
}

#[tokio::test]
async fn an_emit_that_asks_many_lasts_until_the_last_answer_or_the_timeout() {
    let server = serve(|socket| {
        socket.on(
            "ask",
            traced(
                async |io: SocketIo, Data(timeout): Data<u64>, ack: AckSender| {
                    let stream = io
                        .traced()
                        .timeout(Duration::from_millis(timeout))
                        .emit_with_ack::<_, String>("question", &NEWS)
                        .await
                        .map_err(|error| error.to_string())?;
                    let answers: Vec<_> = stream
                        .map(|(_, answer)| answer.unwrap_or_else(|error| error.to_string()))
                        .collect()
                        .await;
                    ack.send(&answers).map_err(|error| error.to_string())
                },
            ),
        );
    })
    .await;
    let mut traced = Client::traced(server.port).await;
    let mut plain = Client::plain(server.port).await;
    for (index, (timeout, error)) in [(60_000, None), (30, Some("timeout"))]
        .into_iter()
        .enumerate()
    {
        let id = index + 1;
        traced.send(format!("42{id}[\"ask\",{timeout}]")).await;
        assert_eq!(traced.packet().await.head, format!("51-{id}"));
        assert_eq!(plain.packet().await.head, format!("51-{id}"));
        traced.send(format!("43{id}[\"yes\"]")).await;
        if error.is_none() {
            plain.send(format!("43{id}[\"no\"]")).await;
        }
        let answers = traced.packet().await;
        assert_eq!(answers.body[0].as_array().unwrap().len(), 2);
        let span = server
            .spans
            .several("send question", id)
            .await
            .remove(index);
        assert_eq!(span.span_kind, SpanKind::Client);
        assert_eq!(span.error().as_deref(), error);
        assert_eq!(span.attribute("socketio.recipients").as_deref(), Some("2"));
        assert_eq!(span.attribute("socketio.ack").as_deref(), Some("true"));
    }
}
