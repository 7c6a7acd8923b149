//! The end of a connection: counted, logged with its reason, and handed to the application.

use std::any::type_name;
use std::fmt;
use std::sync::Arc;

use socketioxide::adapter::Adapter;
use socketioxide::handler::DisconnectHandler;
use socketioxide::socket::{DisconnectReason, Socket};

use super::attributes;
use super::connection::Connection;
use super::context;

/// Wraps a disconnect handler, so that the end of the connection is recorded before it runs.
///
/// A socket has one disconnect handler; the one that [`traced_connect`](super::traced_connect)
/// sets is replaced by yours, and this keeps what it did:
///
/// ```
/// use aether_telemetry::socketio::traced_disconnect;
/// use socketioxide::{extract::SocketRef, socket::DisconnectReason};
///
/// async fn on_connect(socket: SocketRef) {
///     socket.on_disconnect(traced_disconnect(async |reason: DisconnectReason| {
///         println!("gone: {reason}");
///     }));
/// }
/// ```
///
/// The record is a log record named after the namespace, in the connection's trace, with
/// the reason as `socketio.disconnect.reason`: the connection's span has ended long
/// before and cannot take events any more.
pub fn traced_disconnect<H>(handler: H) -> TracedDisconnect<H> {
    TracedDisconnect { handler }
}

/// A handler made by [`traced_disconnect`].
#[derive(Clone)]
pub struct TracedDisconnect<H> {
    handler: H,
}

impl<H> fmt::Debug for TracedDisconnect<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracedDisconnect")
            .field("handler", &type_name::<H>())
            .finish()
    }
}

impl<A, T, H> DisconnectHandler<A, T> for TracedDisconnect<H>
where
    A: Adapter,
    H: DisconnectHandler<A, T>,
{
    fn call_with_defer(
        &self,
        socket: Arc<Socket<A>>,
        reason: DisconnectReason,
        defer: fn(Arc<Socket<A>>),
    ) {
        record(&socket, reason);
        self.handler.call_with_defer(socket, reason, defer);
    }
}

/// The handler of a socket whose application has none.
#[derive(Clone, Copy, Debug)]
pub(super) struct CloseOnly;

impl<A: Adapter> DisconnectHandler<A, CloseOnly> for CloseOnly {
    fn call_with_defer(
        &self,
        socket: Arc<Socket<A>>,
        reason: DisconnectReason,
        defer: fn(Arc<Socket<A>>),
    ) {
        record(&socket, reason);
        // At once, as it would be without any handler.
        defer(socket);
    }
}

fn record<A: Adapter>(socket: &Socket<A>, reason: DisconnectReason) {
    let Some(connection) = Connection::known(socket) else {
        return;
    };
    if !connection.closed() {
        return;
    }
    let _guard = context::parent_context(connection.span.clone()).attach();
    tracing::info!(
        { attributes::DISCONNECT_REASON } = name(reason),
        { attributes::NAMESPACE } = &*connection.namespace,
        "socket disconnected"
    );
}

/// The reason as a fixed word.
fn name(reason: DisconnectReason) -> &'static str {
    match reason {
        DisconnectReason::TransportClose => "transport_close",
        DisconnectReason::MultipleHttpPollingError => "multiple_polling",
        DisconnectReason::PacketParsingError => "packet_parsing",
        DisconnectReason::TransportError => "transport_error",
        DisconnectReason::HeartbeatTimeout => "heartbeat_timeout",
        DisconnectReason::ClientNSDisconnect => "client_disconnect",
        DisconnectReason::ServerNSDisconnect => "server_disconnect",
        DisconnectReason::ClosingServer => "server_closing",
    }
}
