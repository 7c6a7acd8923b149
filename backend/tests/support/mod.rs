//! The real application on a free port, and a Socket.IO client small enough to see every packet.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses its own part"
)]

pub mod cli;

use std::net::SocketAddr;
use std::time::Duration;

use aether_telemetry::Telemetry;
use aetherterm_backend::{App, Settings, Token, app};
use axum::serve::ListenerExt;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

pub const TOKEN: &str = "0123456789abcdef-test";

/// Nothing that is waited for in a test takes this long.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A running application.
pub struct Server {
    pub address: SocketAddr,
    pub app: App,
}

/// Settings for tests: a plain shell, no page.
pub fn settings() -> Settings {
    Settings {
        shell: Some("/bin/sh".into()),
        web_dir: Some("/no/such/page".into()),
        ..Settings::defaults()
    }
}

pub fn token() -> Token {
    Token::parse(TOKEN).unwrap()
}

impl Server {
    pub async fn start() -> Self {
        Self::with(settings(), &Telemetry::disabled()).await
    }

    pub async fn with(mut settings: Settings, telemetry: &Telemetry) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        settings.listen = address;
        let app = app(&settings, token(), telemetry);
        let service = app
            .router
            .clone()
            .into_make_service_with_connect_info::<SocketAddr>();
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
        tokio::spawn(axum::serve(listener, service).into_future());
        Self { address, app }
    }

    /// A connected client.
    pub async fn client(&self) -> Client {
        Client::connect(self.address, None).await
    }

    /// A client that has opened a terminal of 80 columns and 24 rows, and its id.
    pub async fn terminal(&self) -> (Client, String) {
        let mut client = self.client().await;
        let id = client.create().await;
        (client, id)
    }

    /// Tries a WebSocket handshake with these headers and gives its status.
    pub async fn handshake(&self, headers: &[(&str, &str)]) -> u16 {
        match handshake(self.address, headers).await {
            Ok(_) => 101,
            Err(tungstenite::Error::Http(response)) => response.status().as_u16(),
            Err(other) => panic!("no answer to the handshake: {other}"),
        }
    }
}

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn handshake(
    address: SocketAddr,
    headers: &[(&str, &str)],
) -> Result<Stream, tungstenite::Error> {
    let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
    let mut request = url.into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(
            name.parse::<http::HeaderName>().unwrap(),
            value.parse().unwrap(),
        );
    }
    tokio_tungstenite::connect_async(request)
        .await
        .map(|(stream, _)| stream)
}

/// A Socket.IO client on a WebSocket, in the namespace `/`.
pub struct Client {
    stream: Stream,
    acks: u64,
    /// Events that came while something else was waited for.
    early: std::collections::VecDeque<Event>,
}

/// An event from the server.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub name: String,
    /// All arguments.
    pub args: Vec<Value>,
}

impl Event {
    pub fn data(&self) -> &Value {
        &self.args[0]
    }

    pub fn text(&self) -> &str {
        self.data()["data"].as_str().unwrap_or_default()
    }
}

enum Packet {
    Event(Event),
    Ack(u64, Value),
}

impl Client {
    /// Connects; `auth` goes with the CONNECT packet.
    pub async fn connect(address: SocketAddr, auth: Option<Value>) -> Self {
        let bearer = format!("Bearer {TOKEN}");
        let stream = handshake(address, &[("authorization", &bearer)])
            .await
            .expect("connects");
        let mut client = Self {
            stream,
            acks: 0,
            early: Default::default(),
        };
        let open = client.text().await;
        assert!(open.starts_with("0{"), "engine.io opens: {open}");
        client
            .send(&format!(
                "40{}",
                auth.map(|auth| auth.to_string()).unwrap_or_default()
            ))
            .await;
        let connected = client.text().await;
        assert!(
            connected.starts_with("40{"),
            "socket.io connects: {connected}"
        );
        client
    }

    async fn send(&mut self, text: &str) {
        self.stream
            .send(Message::text(text))
            .await
            .expect("the connection is open");
    }

    /// The next text frame that is not a ping.
    async fn text(&mut self) -> String {
        loop {
            let message = timeout(PATIENCE, self.stream.next())
                .await
                .expect("something comes in time");
            match message
                .expect("the connection is open")
                .expect("a good frame")
            {
                Message::Text(text) if text.as_str() == "2" => self.send("3").await,
                Message::Text(text) => return text.to_string(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("unexpected frame {other:?}"),
            }
        }
    }

    async fn packet(&mut self) -> Packet {
        let text = self.text().await;
        if let Some(event) = text.strip_prefix("42") {
            let mut args: Vec<Value> = serde_json::from_str(event).expect("an event is an array");
            let name = args
                .remove(0)
                .as_str()
                .expect("an event has a name")
                .to_owned();
            return Packet::Event(Event { name, args });
        }
        let ack = text
            .strip_prefix("43")
            .unwrap_or_else(|| panic!("unexpected packet {text}"));
        let (id, data) = ack.split_at(ack.find('[').expect("an acknowledgement is an array"));
        let mut args: Vec<Value> = serde_json::from_str(data).unwrap();
        Packet::Ack(id.parse().unwrap(), args.remove(0))
    }

    pub async fn emit(&mut self, event: &str, data: Value) {
        self.send(&format!("42{}", json!([event, data]))).await;
    }

    /// Emits with any arguments.
    pub async fn emit_raw(&mut self, args: Value) {
        self.send(&format!("42{args}")).await;
    }

    /// Emits and gives the acknowledgement. Events that come before it are kept.
    pub async fn ask(&mut self, event: &str, data: Value) -> Value {
        self.acks += 1;
        let id = self.acks;
        self.send(&format!("42{id}{}", json!([event, data]))).await;
        loop {
            match self.packet().await {
                Packet::Ack(got, data) => {
                    assert_eq!(got, id, "acknowledgements come in order");
                    return data;
                }
                Packet::Event(event) => self.early.push_back(event),
            }
        }
    }

    /// Drops the events that came before an acknowledgement and says how many there were.
    pub fn drain_early(&mut self) -> usize {
        self.early.drain(..).count()
    }

    /// The next event.
    pub async fn event(&mut self) -> Event {
        if let Some(event) = self.early.pop_front() {
            return event;
        }
        match self.packet().await {
            Packet::Event(event) => event,
            Packet::Ack(id, _) => panic!("nobody asked for acknowledgement {id}"),
        }
    }

    /// The next event of this name; what comes before is passed over.
    pub async fn wait_for(&mut self, name: &str) -> Event {
        loop {
            let event = self.event().await;
            if event.name == name {
                return event;
            }
        }
    }

    /// The next event, which must be `terminal:error`.
    pub async fn error(&mut self) -> Value {
        let event = self.event().await;
        assert_eq!(event.name, "terminal:error", "{event:?}");
        event.args.into_iter().next().unwrap()
    }

    pub async fn create(&mut self) -> String {
        self.emit("terminal:create", json!({"cols": 80, "rows": 24}))
            .await;
        let created = self.wait_for("terminal:created").await;
        created.data()["terminalId"]
            .as_str()
            .expect("an id")
            .to_owned()
    }

    pub async fn type_in(&mut self, id: &str, data: &str) {
        self.emit("terminal:input", json!({"terminalId": id, "data": data}))
            .await;
    }

    /// Collects output of a terminal until `needle` is in it. Sequence numbers must have no gap.
    pub async fn output_until(&mut self, id: &str, needle: &str) -> String {
        let mut text = String::new();
        let mut last = None;
        // Where the needle may begin that has not been searched yet.
        let mut from = 0;
        while !text[from..].contains(needle) {
            from = text.floor_char_boundary(text.len().saturating_sub(needle.len()));
            let event = self.event().await;
            assert_eq!(
                event.name, "terminal:output",
                "{event:?} while waiting for {needle:?} after {text:?}"
            );
            assert_eq!(event.data()["terminalId"], id);
            let seq = event.data()["seq"].as_u64().expect("a sequence number");
            assert!(
                last.is_none_or(|last| seq == last + 1),
                "{seq} follows {last:?}"
            );
            last = Some(seq);
            text.push_str(event.text());
        }
        text
    }

    /// Asks for the list of terminals until `good` says it is what is waited for.
    pub async fn list_until(&mut self, good: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let mut pause = tokio::time::interval(Duration::from_millis(10));
        let wait = async {
            loop {
                pause.tick().await;
                let answer = self.ask("session:list", json!({})).await;
                let list = answer["terminals"].as_array().expect("a list").clone();
                if good(&list) {
                    return list;
                }
            }
        };
        timeout(PATIENCE, wait)
            .await
            .expect("the list becomes good in time")
    }
}

/// Waits until `condition` holds.
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let mut pause = tokio::time::interval(Duration::from_millis(5));
    let wait = async {
        while !condition() {
            pause.tick().await;
        }
    };
    assert!(timeout(PATIENCE, wait).await.is_ok(), "{what}");
}

/// Whether a process exists and is not a zombie.
pub fn runs(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .starts_with(" Z")
    })
}

/// The process id of the shell in a terminal.
pub async fn shell_pid(client: &mut Client, id: &str) -> String {
    client.type_in(id, "echo pid:$$:\r").await;
    printed_pid(client, "pid:").await
}

/// Waits until a process id is printed between `mark` and a colon. What is echoed of a typed command has dollar signs
/// there.
pub async fn printed_pid(client: &mut Client, mark: &str) -> String {
    let mut text = String::new();
    loop {
        text.push_str(client.wait_for("terminal:output").await.text());
        let found = text
            .split(mark)
            .skip(1)
            .filter_map(|rest| rest.split_once(':'))
            .map(|(pid, _)| pid)
            .find(|pid| !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit()));
        if let Some(pid) = found {
            return pid.to_owned();
        }
    }
}
