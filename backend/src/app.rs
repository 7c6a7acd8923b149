//! The whole application, built by one function.

use std::sync::Arc;
use std::time::Duration;

use aether_telemetry::Telemetry;
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use socketioxide::SocketIo;
use tokio::time::timeout;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::api;
use crate::guard::{self, Guard, Token};
use crate::sessions::{self, Sessions};
use crate::settings::Settings;
use crate::terminal::{self, Hub};
use crate::web::{self, Page};

/// Largest Socket.IO message, in bytes: room for the largest `terminal:input` in the worst JSON escaping.
const MAX_MESSAGE: usize = 2 * 1024 * 1024;

/// Most Socket.IO packets that wait for one connection. With the largest output of a terminal: 4 MiB.
const MAX_PACKETS: usize = 128;

/// Longest wait for connections to close. One that does not must not keep the server.
const CONNECTIONS_END: Duration = Duration::from_secs(2);

/// The application: everything but the listening socket.
#[derive(Debug, Clone)]
pub struct App {
    /// All routes, guarded.
    pub router: Router,
    /// The terminals.
    pub terminals: Hub,
    io: SocketIo,
}

impl App {
    /// Ends the terminals, tells the pages and closes their connections. Takes at most `limit` and two seconds.
    pub async fn shut_down(&self, limit: Duration) {
        self.terminals.shut_down(limit).await;
        if timeout(CONNECTIONS_END, self.io.close()).await.is_err() {
            tracing::debug!("some connections were still open");
        }
    }
}

/// Builds the application.
///
/// Tests call [`App::router`] as a service and need no port. `settings.listen` must hold the real port, because the
/// cookie is named after it. Needs a running tokio runtime.
pub fn app(settings: &Settings, token: Token, telemetry: &Telemetry) -> App {
    let terminals = Hub::new(settings.shell(), settings.limits());
    let (socket_layer, io) = SocketIo::builder()
        .max_payload(MAX_MESSAGE as u64)
        .ws_max_message_size(MAX_MESSAGE)
        .ws_max_frame_size(MAX_MESSAGE)
        .max_buffer_size(MAX_PACKETS)
        .build_layer();
    terminal::register(&io, terminals.clone());

    let page = Arc::new(Page::new(settings.web_dirs()));
    let guard = Arc::new(Guard::new(
        token,
        settings.listen.port(),
        settings.public_origins.clone(),
        telemetry.clone(),
    ));
    let sessions = Sessions::new(settings.max_connections);
    let router = Router::new()
        .merge(api::router(telemetry))
        .fallback(axum::routing::any(web::serve).with_state(page))
        .layer(CompressionLayer::new())
        .layer(socket_layer)
        .layer(from_fn_with_state(sessions, sessions::middleware))
        .layer(aether_telemetry::http::layer())
        .layer(from_fn_with_state(guard, guard::middleware))
        .layer(from_fn(web::security_headers))
        .layer(CatchPanicLayer::new());
    App {
        router,
        terminals,
        io,
    }
}
