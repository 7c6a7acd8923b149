//! The end of a connection: counted, logged with its reason, and handed to the application.

use std::any::type_name;
use std::fmt;
use std::sync::Arc;

use opentelemetry::trace::{FutureExt, SpanBuilder, SpanKind};
use opentelemetry::{Context, KeyValue};
use socketioxide::TransportType;
use socketioxide::adapter::Adapter;
use socketioxide::handler::DisconnectHandler;
use socketioxide::socket::{DisconnectReason, Socket};

use super::attributes;
use super::connection::Connection;
use super::context;
use super::disconnect_handler::DisconnectFn;
use super::incoming::Form;
use super::names::Event;
use super::operation::{Metric, Operation};
use super::run::{refuse, run};

/// What Socket.IO calls the end of a connection.
const EVENT: &str = "disconnect";

/// Runs a disconnect handler in a span `process disconnect` of the connection's trace, once the end
/// of the connection is recorded.
///
/// Takes any handler `socket.on_disconnect` takes, and those that return `Result<(), E>` with
/// `E: Display`. A socket has one disconnect handler; the one that
/// [`traced_connect`](super::traced_connect) sets is replaced by yours, and this keeps what it did:
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
/// before and cannot take events any more. Emits of the socket that wait for an acknowledgement
/// end their spans with `error.type` `disconnected`.
///
/// The span is of kind CONSUMER, with the `error.type`s of [`traced`](super::traced) handlers.
/// However the handler ends, the socket is then removed from its namespace; without us one whose
/// handler panics, or has an extractor that fails, stays there.
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
    H: DisconnectFn<A, T>,
{
    fn call_with_defer(
        &self,
        socket: Arc<Socket<A>>,
        reason: DisconnectReason,
        defer: fn(Arc<Socket<A>>),
    ) {
        record(&socket, reason);
        let operation = start(&Connection::of(&socket), reason, socket.transport_type());
        let context = operation.context().clone();
        let future = {
            let _guard = context.clone().attach();
            self.handler.clone().call(&socket, reason)
        };
        let last = Deferred { socket, defer };
        match future {
            Ok(future) => {
                let run = async move {
                    let _last = last;
                    run(operation, future).await;
                };
                tokio::spawn(run.with_context(context));
            }
            Err(refused) => refuse(operation, refused.extractor),
        }
    }
}

/// What socketioxide does last: it removes the socket.
struct Deferred<A: Adapter> {
    socket: Arc<Socket<A>>,
    defer: fn(Arc<Socket<A>>),
}

impl<A: Adapter> Drop for Deferred<A> {
    fn drop(&mut self) {
        (self.defer)(Arc::clone(&self.socket));
    }
}

/// The span of a disconnect handler, below the connection's.
fn start(connection: &Connection, reason: DisconnectReason, transport: TransportType) -> Operation {
    let event = Arc::new(Event::new(EVENT));
    let parent = if connection.span.is_valid() {
        context::parent_context(connection.span.clone())
    } else {
        Context::new()
    };
    Operation::start(
        &connection.settings,
        &event,
        Metric::Process(Form::Connection),
        parent,
        || {
            let mut list = Vec::with_capacity(8);
            list.extend(attributes::operation("process", &event.name));
            let namespace = attributes::shared(&connection.namespace);
            list.push(KeyValue::new(attributes::NAMESPACE, namespace));
            list.push(attributes::transport(transport));
            list.push(KeyValue::new(attributes::DISCONNECT_REASON, name(reason)));
            SpanBuilder::from_name("process disconnect")
                .with_kind(SpanKind::Consumer)
                .with_attributes(list)
        },
    )
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
