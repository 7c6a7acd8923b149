//! A connection's handshake: the carrier in the client's `auth`, the span, the rooms, the answer.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use aether_propagation::carrier::{Carrier, READY_EVENT, cut_auth, parse_json_in_order};
use aether_propagation::{Format, Reject, Sampling};
use opentelemetry::trace::{SpanBuilder, SpanKind, TraceContextExt};
use opentelemetry::{Context, KeyValue};
use serde::Serialize;
use socketioxide::SocketIo;
use socketioxide::adapter::Adapter;
use socketioxide::handler::{FromConnectParts, Value};
use socketioxide::socket::Socket;

use super::attributes;
use super::connection::{self, Connection};
use super::context;
use super::disconnect::CloseOnly;
use super::msgpack;
use super::names::Event;
use super::operation::{Metric, Operation};
use super::settings::SocketTelemetry;

/// The event name under which handshakes pass the rate limit.
const CONNECT: &str = "connect";

/// The handshake's span between its two halves, middlewares and handler.
#[derive(Clone)]
struct Pending(Arc<Mutex<Option<Operation>>>);

/// What `auth` held.
struct Auth {
    carrier: Option<Carrier>,
    error: Option<Reject>,
}

/// `auth` as the client's application wrote it; borrowed when it had no carrier.
pub(super) fn without_carrier(auth: &Option<Value>) -> Cow<'_, Option<Value>> {
    let rest = match auth {
        Some(Value::Str(text, _)) => cut_auth(text).map(|cut| Value::Str(cut.rest.into(), None)),
        Some(Value::Bytes(data)) => {
            msgpack::cut_auth(data).map(|cut| Value::Bytes(cut.rest.into()))
        }
        None => None,
    };
    rest.map_or(Cow::Borrowed(auth), |rest| Cow::Owned(Some(rest)))
}

fn read(auth: &Option<Value>, order: &[Format]) -> Auth {
    let parse = |json: &str| parse_json_in_order(json, order);
    let carrier = match auth {
        Some(Value::Str(text, _)) => cut_auth(text).map(|cut| cut.carrier.and_then(parse)),
        Some(Value::Bytes(data)) => msgpack::cut_auth(data)
            .map(|cut| msgpack::text(cut.carrier).and_then(|json| parse(&json))),
        None => None,
    };
    match carrier {
        Some(Ok(carrier)) => Auth {
            error: carrier.error,
            carrier: Some(carrier),
        },
        Some(Err(reject)) => Auth {
            carrier: None,
            error: Some(reject),
        },
        None => Auth {
            carrier: None,
            error: None,
        },
    }
}

/// Starts the span and attaches the state; before any middleware runs and before the socket can be
/// reached by a broadcast, so that it is in its internal room by then.
pub(super) fn begin<A: Adapter>(
    settings: &SocketTelemetry,
    socket: &Arc<Socket<A>>,
    auth: &Option<Value>,
) -> Operation {
    let auth = read(auth, &settings.formats().read);
    let mut connection = Connection::new(settings.clone(), socket.ns());
    let operation = start(
        &connection,
        &auth,
        attributes::transport(socket.transport_type()),
    );
    connection.in_rooms = true;
    connection.span = operation.context().span().span_context().clone();
    if let Some(carrier) = &auth.carrier {
        connection.accepts = carrier.accepts_trailing;
        connection.joined = carrier.context.is_some();
    }
    // Before the application's own, which then replaces it.
    socket.on_disconnect(CloseOnly);
    socket.join(connection.room());
    Arc::new(connection).attach_to(socket);
    let Ok(server) = SocketIo::<A>::from_connect_parts(socket, &None);
    connection::set_server(socket, server);
    operation
}

fn start(connection: &Connection, auth: &Auth, transport: KeyValue) -> Operation {
    let settings = &connection.settings;
    let parent = parent(connection, auth);
    let namespace = &connection.namespace;
    let name = Arc::new(Event::new(namespace));
    Operation::start(settings, &name, Metric::None, parent, || {
        let mut list = vec![
            attributes::system(),
            KeyValue::new(attributes::NAMESPACE, attributes::shared(namespace)),
            transport,
        ];
        if let Some(reject) = auth.error {
            list.push(KeyValue::new(
                attributes::PROPAGATION_ERROR,
                reject.as_str(),
            ));
        }
        SpanBuilder::from_name(format!("connect {namespace}"))
            .with_kind(SpanKind::Server)
            .with_attributes(list)
    })
}

fn parent(connection: &Connection, auth: &Auth) -> Context {
    let carrier = auth.carrier.as_ref();
    if let Some(own) = carrier.and_then(|carrier| carrier.context) {
        let sampled = own.sampling != Sampling::Defer || connection.admits(CONNECT);
        let tracestate = carrier.and_then(|carrier| carrier.tracestate.as_deref());
        return context::parent_context(context::remote(&own, sampled, tracestate));
    }
    let denied = carrier.and_then(|carrier| carrier.decision) == Some(Sampling::Deny);
    if denied && connection.settings.enabled() {
        return context::parent_context(context::unsampled_root());
    }
    Context::new()
}

/// Leaves the span to the handler, which runs once the client has its answer.
pub(super) fn suspend<A: Adapter>(socket: &Socket<A>, operation: Operation) {
    socket
        .extensions
        .insert(Pending(Arc::new(Mutex::new(Some(operation)))));
}

/// Takes the span up again, tells a client that asked what we can read, counts the connection.
pub(super) fn resume<A: Adapter>(
    settings: &SocketTelemetry,
    socket: &Arc<Socket<A>>,
    auth: &Option<Value>,
) -> Operation {
    let operation = socket
        .extensions
        .remove::<Pending>()
        .and_then(|pending| {
            pending
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take()
        })
        // Only if somebody cleared the extensions in a middleware.
        .unwrap_or_else(|| begin(settings, socket, auth));
    let connection = Connection::of(socket);
    connection.opened();
    if connection.accepts {
        // A full or closed socket ends the connection by itself; the client then stays plain.
        socket
            .emit(
                READY_EVENT,
                &Ready {
                    carrier: "trailing",
                },
            )
            .ok();
    }
    operation
}

#[derive(Serialize)]
struct Ready {
    carrier: &'static str,
}
