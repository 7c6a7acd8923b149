use aether_telemetry::socketio::{SocketTelemetry, TracedEmit, traced, traced_connect};
use aether_telemetry::{SHUTDOWN_TIMEOUT, Telemetry, http};
use axum::Router;
use axum::routing::get;
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};
use tokio::signal::unix::{SignalKind, signal};
use tower_http::services::ServeDir;
use tracing_subscriber::prelude::*;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let telemetry = Telemetry::builder().default_service_name("shop").build()?;
    tracing_subscriber::registry()
        .with(telemetry.tracing_layer())
        .init();

    let (sockets, io) = SocketIo::new_layer();
    let on_connect = async |socket: SocketRef| socket.on("order", traced(order));
    io.ns("/", traced_connect(SocketTelemetry::new(), on_connect));

    let app = Router::new()
        .route("/api/hello", get(async || "hello"))
        // What browsers record comes in at /v1/traces, /v1/logs and /v1/metrics.
        .merge(telemetry.relay_router())
        // The traces kept in memory while no endpoint is set. Put your own authentication around it.
        .nest("/jaeger/api", telemetry.query_router())
        .fallback_service(ServeDir::new("dist"))
        .layer(sockets)
        .layer(http::layer());

    let address = std::env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".into());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let mut terminated = signal(SignalKind::terminate())?;
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
            // A connection that does not close does not keep the server.
            let _ = tokio::time::timeout(SHUTDOWN_TIMEOUT, io.close()).await;
        })
        .await?;
    let report = telemetry.shutdown(SHUTDOWN_TIMEOUT).await;
    if !report.is_complete() {
        eprintln!("{report}");
    }
    Ok(())
}

// An `Err` marks the span as failed.
async fn order(socket: SocketRef, Data(item): Data<String>, ack: AckSender) -> Result<(), String> {
    tracing::info!("ordered"); // a log record of the same trace
    ack.send("thanks").map_err(|error| error.to_string())?;
    let sold = socket.traced().broadcast().emit("sold", &item).await;
    sold.map_err(|error| error.to_string())
}
