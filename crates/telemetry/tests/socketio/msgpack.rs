//! The parser of `socket.io-msgpack-parser`: every packet is one binary message.

use aether_telemetry::socketio::{SocketTelemetry, TracedEmit, traced, traced_connect};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use opentelemetry::trace::SpanKind;
use serde::Serialize;
use serde_json::{Value, json};
use socketioxide::extract::{AckSender, Data, SocketRef};
use socketioxide::{ParserConfig, SocketIo};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::server::{Observed, Server};
use crate::spans::{Facts, PATIENCE, Remote};

/// What `socket.io-msgpack-parser` sends and receives.
struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

#[derive(Serialize)]
struct Packet<D> {
    r#type: u8,
    nsp: &'static str,
    data: D,
    id: Option<u64>,
}

impl Client {
    async fn connect(server: &Server, auth: Value) -> Self {
        let port = server.port;
        let url = format!("ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket");
        let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let mut client = Self(socket);
        client.send(0, auth, None).await;
        assert_eq!(client.packet().await["type"], json!(0));
        client
    }

    async fn traced(server: &Server) -> Self {
        let auth = json!({"token": "t", "_trace": {"accept": ["trailing"]}});
        let mut client = Self::connect(server, auth).await;
        assert_eq!(
            client.data().await,
            json!(["_trace:ready", {"carrier": "trailing"}])
        );
        client
    }

    async fn send(&mut self, kind: u8, data: impl Serialize, id: Option<u64>) {
        let packet = Packet {
            r#type: kind,
            nsp: "/",
            data,
            id,
        };
        let bytes = rmp_serde::to_vec_named(&packet).unwrap();
        self.0.send(Message::binary(bytes)).await.unwrap();
    }

    async fn packet(&mut self) -> Value {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.0.next()).await;
            match message.unwrap().unwrap().unwrap() {
                Message::Binary(bytes) => {
                    return json(rmpv::decode::read_value(&mut &*bytes).unwrap());
                }
                // The opening and pings.
                Message::Text(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn data(&mut self) -> Value {
        self.packet().await["data"].take()
    }
}

/// Bytes become arrays of numbers.
fn json(value: rmpv::Value) -> Value {
    use rmpv::Value as V;
    match value {
        V::Array(list) => list.into_iter().map(json).collect(),
        V::Map(map) => map
            .into_iter()
            .map(|(key, value)| (key.as_str().unwrap().to_owned(), json(value)))
            .collect(),
        V::Binary(bytes) => bytes.into(),
        V::String(text) => text.into_str().unwrap().into(),
        V::Integer(number) => number.as_i64().unwrap().into(),
        V::Nil => Value::Null,
        other => panic!("{other:?}"),
    }
}

async fn serve() -> Server {
    let observed = Observed::new(SocketTelemetry::new());
    let handler = traced_connect(
        observed.settings.clone(),
        async |socket: SocketRef, Data(auth): Data<Value>| {
            socket.on("auth", traced(async move |ack: AckSender| ack.send(&auth)));
            socket.on(
                "echo",
                traced(async |Data(all): Data<(Value, Bytes)>, ack: AckSender| ack.send(&all)),
            );
            socket.on(
                "spread",
                traced(async |socket: SocketRef, Data(text): Data<String>| {
                    socket.traced().emit("one", &text).ok();
                    socket
                        .traced()
                        .emit("bytes", &(1, Bytes::from(text.clone())))
                        .ok();
                    socket
                        .traced()
                        .within("all")
                        .emit("every", &json!({"t": text}))
                        .await
                }),
            );
            socket.join("all");
        },
    );
    let options = SocketIo::builder().with_parser(ParserConfig::msgpack());
    observed.serve_with(options, handler).await
}

#[tokio::test]
async fn an_event_is_joined_and_its_handler_sees_the_applications_arguments() {
    let server = serve().await;
    let mut client = Client::traced(&server).await;
    let remote = Remote::new(1);
    let carrier = json!({"_trace": {"b3": remote.b3()}});
    let bytes = Bytes::from_static(b"\x00\xff");
    client
        .send(2, ("echo", json!({"a": [1]}), &bytes, &carrier), Some(7))
        .await;
    let answer = client.packet().await;
    assert_eq!((&answer["type"], &answer["id"]), (&json!(3), &json!(7)));
    assert_eq!(answer["data"], json!([{"a": [1]}, [0, 255]]));
    let span = server.spans.named("process echo").await;
    assert_eq!(span.span_kind, SpanKind::Server);
    assert_eq!((span.trace(), span.parent()), (remote.trace, remote.span));
    assert_eq!(
        span.attribute("socketio.context").as_deref(),
        Some("trailing")
    );
    let plain = rmp_serde::to_vec_named(&("echo", json!({"a": [1]}), &bytes)).unwrap();
    assert_eq!(
        span.attribute("messaging.message.body.size"),
        Some(plain.len().to_string())
    );
    client.send(2, ("auth", &carrier), Some(8)).await;
    assert_eq!(client.data().await, json!([{"token": "t"}]));
}

#[tokio::test]
async fn emits_carry_context_to_those_who_read_it() {
    let server = serve().await;
    let mut client = Client::traced(&server).await;
    let mut plain = Client::connect(&server, json!({})).await;
    let remote = Remote::new(1);
    client
        .send(
            2,
            ("spread", "x", json!({"_trace": {"b3": remote.b3()}})),
            None,
        )
        .await;
    for (event, arguments) in [
        ("one", vec![json!("x")]),
        ("bytes", vec![json!(1), json!([b'x'])]),
        ("every", vec![json!({"t": "x"})]),
    ] {
        let span = server.spans.named(&format!("send {event}")).await;
        let mut expected = vec![json!(event)];
        expected.extend(arguments);
        if event == "every" {
            assert_eq!(plain.data().await, Value::Array(expected.clone()));
            assert_eq!(span.attribute("socketio.recipients").as_deref(), Some("2"));
        }
        expected.push(json!({"_trace": {"b3": span.b3(), "re": remote.span}}));
        assert_eq!(client.data().await, Value::Array(expected));
    }
}

#[tokio::test]
async fn a_refused_carrier_is_cut_and_named_and_a_plain_client_is_served() {
    let server = serve().await;
    let mut client = Client::connect(&server, json!({"_trace": 1})).await;
    client
        .send(2, ("auth", json!({"_trace": []})), Some(1))
        .await;
    assert_eq!(client.data().await, json!([{}]));
    for name in ["connect /", "process auth"] {
        let span = server.spans.named(name).await;
        assert_eq!(
            span.attribute("aether.propagation.error").as_deref(),
            Some("malformed"),
            "{name}"
        );
    }
}
