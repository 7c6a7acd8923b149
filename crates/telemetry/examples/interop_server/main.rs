//! The server that `tests/interop` plays official Socket.IO clients against.
//!
//! ```text
//! cargo run --package aether-telemetry --example interop_server -- [--bare] [--msgpack] [--port N]
//! ```
//!
//! Prints `listening {port}` once it listens, and ends when its standard input does, so that no
//! test can leave one behind. It serves the same events twice: with `--bare` on socketioxide
//! alone, otherwise traced, with the relay at `/v1`, the query API at `/jaeger/api`, and
//! `POST /flush`, which hands over every span that has ended. With `--msgpack` packets are those of
//! `socket.io-msgpack-parser`. The port is any free one unless told.

mod args;
mod events;

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};

use aether_telemetry::Telemetry;
use aether_telemetry::socketio::{SocketTelemetry, traced_connect};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use socketioxide::handler::ConnectHandler;
use socketioxide::layer::SocketIoLayer;
use socketioxide::{ParserConfig, SocketIo};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tracing_subscriber::prelude::*;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::read(std::env::args().skip(1))?;
    let app = if options.bare {
        bare(&options)
    } else {
        traced(&options)?
    };
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, options.port))).await?;
    println!("listening {}", listener.local_addr()?.port());
    tokio::select! {
        result = axum::serve(listener, app) => Ok(result?),
        () = parent_is_gone() => Ok(()),
    }
}

/// What a person who uses socketioxide without telemetry would write.
fn bare(options: &Options) -> Router {
    let (layer, io) = options.server();
    for namespace in ["/", "/chat"] {
        io.ns(namespace, events::open.with(events::bare));
    }
    io.ns(
        "/guarded",
        events::open.with(events::bare).with(events::guard),
    );
    Router::new().layer(layer)
}

/// The same, traced.
fn traced(options: &Options) -> Result<Router, Box<dyn Error>> {
    let telemetry = Telemetry::builder()
        .default_service_name("interop-server")
        .build()?;
    tracing_subscriber::registry()
        .with(telemetry.tracing_layer())
        .init();
    // Tests begin many traces at once, and count them.
    let settings = SocketTelemetry::new()
        .unlimited_new_traces()
        .answers("echo:reply", "echo:replied")
        .answers("later", "later:done");
    let (layer, io) = options.server();
    for namespace in ["/", "/chat"] {
        let handler = traced_connect(settings.clone(), events::open);
        io.ns(namespace, handler.with(events::traced));
    }
    let handler = traced_connect(settings, events::open);
    io.ns("/guarded", handler.with(events::traced).with(events::guard));
    Ok(Router::new()
        .merge(telemetry.relay_router())
        .nest("/jaeger/api", telemetry.query_router())
        .route("/flush", post(move || flush(telemetry)))
        .layer(layer))
}

async fn flush(telemetry: Telemetry) -> StatusCode {
    match tokio::task::spawn_blocking(move || telemetry.flush()).await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Resolves when standard input ends, or cannot be read.
async fn parent_is_gone() {
    let mut input = tokio::io::stdin();
    let mut ignored = [0; 64];
    while matches!(input.read(&mut ignored).await, Ok(1..)) {}
}

struct Options {
    bare: bool,
    msgpack: bool,
    port: u16,
}

impl Options {
    fn server(&self) -> (SocketIoLayer, SocketIo) {
        let builder = SocketIo::builder();
        if self.msgpack {
            builder.with_parser(ParserConfig::msgpack()).build_layer()
        } else {
            builder.build_layer()
        }
    }

    fn read(args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            bare: false,
            msgpack: false,
            port: 0,
        };
        let mut args = args.peekable();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--bare" => options.bare = true,
                "--msgpack" => options.msgpack = true,
                "--port" => {
                    let port = args.next().unwrap_or_default();
                    options.port = port
                        .parse()
                        .map_err(|_| format!("--port takes a port number, not `{port}`"))?;
                }
                _ => {
                    return Err(format!(
                        "unknown argument `{arg}`: there are --bare, --msgpack and --port N"
                    ));
                }
            }
        }
        Ok(options)
    }
}
