//! A Socket.IO client that does nothing by itself: it sends what it is told and shows what came.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::spans::PATIENCE;

pub(crate) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    namespace: String,
    acks: u64,
}

/// A packet from the server, attachments included.
#[derive(Debug, PartialEq)]
pub(crate) struct Packet {
    /// Type, number of attachments, namespace and id: what stands before the JSON.
    pub(crate) head: String,
    pub(crate) body: Value,
    pub(crate) attachments: Vec<Vec<u8>>,
}

impl Client {
    /// Opens a connection and joins the namespace with this `auth`.
    pub(crate) async fn connect(port: u16, namespace: &str, auth: &Value) -> Self {
        let mut client = Self::open(port, namespace).await;
        client.join(auth).await;
        let answer = client.packet().await;
        assert!(answer.head.starts_with('0'), "{answer:?}");
        client
    }

    /// A client that reads trailing carriers, and has seen the server say that it does too.
    pub(crate) async fn traced(port: u16) -> Self {
        let auth = json!({"_trace": {"accept": ["trailing"]}});
        let mut client = Self::connect(port, "/", &auth).await;
        assert_eq!(
            client.event().await,
            json!(["_trace:ready", {"carrier": "trailing"}])
        );
        client
    }

    /// A client that knows nothing of carriers.
    pub(crate) async fn plain(port: u16) -> Self {
        Self::connect(port, "/", &json!({})).await
    }

    pub(crate) async fn open(port: u16, namespace: &str) -> Self {
        let url = format!("ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket");
        let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let namespace = if namespace == "/" {
            String::new()
        } else {
            format!("{namespace},")
        };
        let mut client = Self {
            socket,
            namespace,
            acks: 0,
        };
        let open = client.text().await;
        assert!(open.starts_with('0'), "{open}");
        client
    }

    pub(crate) async fn join(&mut self, auth: &Value) {
        let packet = format!("40{}{auth}", self.namespace);
        self.send(packet).await;
    }

    /// Sends an event: name and arguments, as one array.
    pub(crate) async fn emit(&mut self, event: Value) {
        let packet = format!("42{}{event}", self.namespace);
        self.send(packet).await;
    }

    /// Sends an event and returns what its acknowledgement holds.
    pub(crate) async fn call(&mut self, event: Value) -> Value {
        self.acks += 1;
        let packet = format!("42{}{}{event}", self.namespace, self.acks);
        self.send(packet).await;
        let answer = self.packet().await;
        assert_eq!(
            answer.head,
            format!("3{}{}", self.namespace, self.acks),
            "{answer:?}"
        );
        answer.body
    }

    /// Sends raw engine.io text.
    pub(crate) async fn send(&mut self, packet: String) {
        self.socket.send(Message::text(packet)).await.unwrap();
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        self.socket
            .send(Message::binary(bytes.to_vec()))
            .await
            .unwrap();
    }

    /// The next event: name and arguments, as one array.
    pub(crate) async fn event(&mut self) -> Value {
        let packet = self.packet().await;
        assert_eq!(packet.head, format!("2{}", self.namespace), "{packet:?}");
        packet.body
    }

    /// The next packet of any type.
    pub(crate) async fn packet(&mut self) -> Packet {
        let text = self.text().await;
        let text = text
            .strip_prefix('4')
            .unwrap_or_else(|| panic!("no message: {text}"));
        let body = text.find(['[', '{']).unwrap_or(text.len());
        let (head, body) = text.split_at(body);
        let count = match head
            .strip_prefix(['5', '6'])
            .and_then(|rest| rest.split_once('-'))
        {
            Some((count, _)) => count.parse().unwrap(),
            None => 0,
        };
        let mut attachments = Vec::new();
        for _ in 0..count {
            match self.message().await {
                Message::Binary(bytes) => attachments.push(bytes.to_vec()),
                other => panic!("no attachment: {other:?}"),
            }
        }
        let body = if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(body).unwrap()
        };
        Packet {
            head: head.to_owned(),
            body,
            attachments,
        }
    }

    /// Nothing more has been sent: an echo comes back first. The server must answer `echo`.
    pub(crate) async fn is_quiet(&mut self) {
        assert_eq!(self.call(json!(["echo", "quiet"])).await, json!(["quiet"]));
    }

    pub(crate) async fn close(mut self) {
        self.socket.close(None).await.unwrap();
    }

    /// The next text but for heartbeats, which are no sign that there will be one.
    async fn text(&mut self) -> String {
        let text = async {
            loop {
                match self.message().await {
                    Message::Text(text) if text.as_str() == "2" => self.send("3".into()).await,
                    Message::Text(text) => return text.to_string(),
                    other => panic!("no text: {other:?}"),
                }
            }
        };
        let text = tokio::time::timeout(PATIENCE, text).await;
        text.expect("the server says nothing")
    }

    async fn message(&mut self) -> Message {
        let message = tokio::time::timeout(PATIENCE, self.socket.next()).await;
        let message = message.expect("the server says nothing");
        message.expect("the server closed the connection").unwrap()
    }
}
