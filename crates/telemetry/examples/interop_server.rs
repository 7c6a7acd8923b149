//! A small traced Socket.IO server to test clients against.
//!
//! ```text
//! cargo run -p aether-telemetry --example interop_server
//! ```
//!
//! Prints `listening <port>` on stdout and serves until it gets SIGTERM or Ctrl-C, then delivers
//! what telemetry it still has. Where that goes is up to the `OTEL_*` environment.
//!
//! Namespaces `/` and `/chat`, with the same events:
//!
//! | event | does |
//! |---|---|
//! | `echo` | acknowledges with its arguments |
//! | `echo:reply` | answers with the event `echo:replied` and its arguments |
//! | `fire` | nothing |
//! | `broadcast` | emits `news` with its arguments to everybody in the namespace |
//! | `binary` | acknowledges with the bytes it got |
//! | `fail` | fails |
//! | `seen` | acknowledges with a string: the JSON of the arguments, and the sizes of attachments, that the handler got |
//! | `ask` | emits `question` with its arguments and a wish for an acknowledgement, and acknowledges with that |

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use aether_telemetry::socketio::{
    SocketTelemetry, TracedAck, TracedBroadcast, TracedEmit, traced, traced_connect,
};
use aether_telemetry::{Telemetry, http};
use axum::Router;
use axum::routing::get;
use serde::ser::{Serialize, SerializeTuple, Serializer};
use serde_json::{Value as Json, json};
use socketioxide::SocketIo;
use socketioxide::adapter::Adapter;
use socketioxide::extract::{Data, SocketRef};
use socketioxide::handler::{FromMessageParts, Value};
use socketioxide::socket::Socket;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// All arguments of an event, whatever they are. Emitted, they are arguments again.
#[derive(Debug)]
struct Arguments {
    json: Vec<Json>,
    attachments: Vec<usize>,
}

impl<A: Adapter> FromMessageParts<A> for Arguments {
    type Error = Infallible;

    fn from_message_parts(
        _: &Arc<Socket<A>>,
        value: &mut Value,
        _: &Option<i64>,
    ) -> Result<Self, Infallible> {
        let Value::Str(text, attachments) = value else {
            return Ok(Self {
                json: Vec::new(),
                attachments: Vec::new(),
            });
        };
        let mut json: Vec<Json> = serde_json::from_str(text).unwrap_or_default();
        json.drain(..json.len().min(1));
        let attachments = attachments
            .iter()
            .flatten()
            .map(bytes::Bytes::len)
            .collect();
        Ok(Self { json, attachments })
    }
}

impl Serialize for Arguments {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.json.len())?;
        for argument in &self.json {
            tuple.serialize_element(argument)?;
        }
        tuple.end()
    }
}

fn register(socket: &SocketRef) {
    socket.on(
        "echo",
        traced(async |arguments: Arguments, ack: TracedAck| ack.send(&arguments)),
    );
    socket.on(
        "echo:reply",
        traced(async |socket: SocketRef, arguments: Arguments| {
            socket.traced().emit("echo:replied", &arguments)
        }),
    );
    socket.on("fire", traced(async || {}));
    socket.on(
        "broadcast",
        traced(
            async |io: SocketIo, socket: SocketRef, arguments: Arguments| {
                TracedBroadcast::of(&io, socket.ns())
                    .emit("news", &arguments)
                    .await
            },
        ),
    );
    socket.on(
        "binary",
        traced(async |Data(bytes): Data<bytes::Bytes>, ack: TracedAck| ack.send(&bytes)),
    );
    socket.on(
        "fail",
        traced(async || Err::<(), _>("failed as it was asked to")),
    );
    socket.on(
        "seen",
        traced(async |arguments: Arguments, ack: TracedAck| {
            let Arguments { json, attachments } = arguments;
            ack.send(&json!({"arguments": json, "attachments": attachments}).to_string())
        }),
    );
    socket.on(
        "ask",
        traced(
            async |socket: SocketRef, arguments: Arguments, ack: TracedAck| {
                let question = socket
                    .traced()
                    .emit_with_ack::<_, Json>("question", &arguments);
                let answer = question.map_err(|error| error.to_string())?.await;
                ack.send(&answer.map_err(|error| error.to_string())?)
                    .map_err(|error| error.to_string())
            },
        ),
    );
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let telemetry = Telemetry::builder()
        .default_service_name("interop-server")
        .build()?;
    tracing_subscriber::registry()
        .with(telemetry.tracing_layer())
        .init();

    let (sockets, io) = SocketIo::new_layer();
    // Tests send faster than people, and look at every span.
    let settings = SocketTelemetry::new()
        .unlimited_new_traces()
        .answers("echo:reply", "echo:replied");
    for namespace in ["/", "/chat"] {
        let connect = async |socket: SocketRef| register(&socket);
        io.ns(namespace, traced_connect(settings.clone(), connect));
    }
    let app = Router::new()
        .route("/health", get(async || "ok"))
        .layer(http::layer())
        .layer(sockets);

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("listening {}", listener.local_addr()?.port());
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = axum::serve(listener, app) => result?,
        _ = terminate.recv() => {}
        result = tokio::signal::ctrl_c() => result?,
    }
    let report = telemetry.shutdown(Duration::from_secs(5)).await;
    if !report.is_complete() {
        eprintln!("{report}");
    }
    Ok(())
}
