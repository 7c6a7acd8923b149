//! What is known about a connected socket, kept in its extensions.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanContext;
use socketioxide::SocketIo;
use socketioxide::adapter::Adapter;
use socketioxide::socket::Socket;

use super::attributes;
use super::ending::Ending;
use super::limit::Limiter;
use super::settings::SocketTelemetry;
use crate::pipeline::{Piece, Recorder};

/// Internal room of the sockets that read trailing carriers. Namespaces with
/// [`traced_connect`](super::traced_connect) have every socket in exactly one of the two.
pub(super) const TRACED_ROOM: &str = "_trace:trailing";

/// Internal room of all other sockets.
pub(super) const PLAIN_ROOM: &str = "_trace:plain";

/// Whether `room` is one of ours.
pub(super) fn is_internal(room: &str) -> bool {
    room == TRACED_ROOM || room == PLAIN_ROOM
}

/// A socket's state. One per socket and namespace.
pub(super) struct Connection {
    pub(super) settings: SocketTelemetry,
    /// The namespace, as telemetry names it.
    pub(super) namespace: Arc<str>,
    /// Whether the client said that it cuts trailing carriers.
    pub(super) accepts: bool,
    /// The handshake's span.
    pub(super) span: SpanContext,
    /// Whether the client joined the handshake to a trace of its own.
    pub(super) joined: bool,
    /// Whether the socket is in one of the two internal rooms.
    pub(super) in_rooms: bool,
    /// Shared with those who wait for answers.
    pub(super) ending: Arc<Ending>,
    limiter: Limiter,
    counted: AtomicBool,
    described: OnceLock<Piece>,
}

/// The type under which a connection sits in the extensions.
#[derive(Clone)]
struct Attached(Arc<Connection>);

/// The server a socket belongs to: broadcasts to a namespace start there.
struct Server<A: Adapter>(SocketIo<A>);

impl<A: Adapter> Clone for Server<A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl Connection {
    pub(super) fn new(settings: SocketTelemetry, path: &str) -> Self {
        Self {
            namespace: settings.namespace(path),
            settings,
            accepts: false,
            span: SpanContext::NONE,
            joined: false,
            in_rooms: false,
            ending: Arc::default(),
            limiter: Limiter::default(),
            counted: AtomicBool::new(false),
            described: OnceLock::new(),
        }
    }

    /// The state of `socket`; made with the default settings if its namespace has no
    /// [`traced_connect`](super::traced_connect).
    pub(super) fn of<A: Adapter>(socket: &Socket<A>) -> Arc<Self> {
        if let Some(Attached(connection)) = socket.extensions.get() {
            return connection;
        }
        let settings = SocketTelemetry::shared_default().clone();
        let connection = Arc::new(Self::new(settings, socket.ns()));
        Arc::clone(&connection).attach_to(socket);
        connection
    }

    /// The state of `socket`, if it has one.
    pub(super) fn known<A: Adapter>(socket: &Socket<A>) -> Option<Arc<Self>> {
        socket
            .extensions
            .get()
            .map(|Attached(connection)| connection)
    }

    pub(super) fn attach_to<A: Adapter>(self: Arc<Self>, socket: &Socket<A>) {
        socket.extensions.insert(Attached(self));
    }

    /// The parent of events that bring none of their own. Events of a client that did not join us
    /// to a trace get one trace each: one for a whole connection would help nobody.
    pub(super) fn parent(&self) -> Option<&SpanContext> {
        Some(&self.span).filter(|span| self.joined && span.is_valid())
    }

    /// What every span of an event says of the connection.
    pub(super) fn described(&self, recorder: &Recorder) -> &Piece {
        self.described.get_or_init(|| {
            let namespace = attributes::shared(&self.namespace);
            recorder.piece(&[KeyValue::new(attributes::NAMESPACE, namespace)])
        })
    }

    /// The room this connection belongs in.
    pub(super) fn room(&self) -> &'static str {
        if self.accepts {
            TRACED_ROOM
        } else {
            PLAIN_ROOM
        }
    }

    /// Whether a trace may begin here with `event`. Counts what it refuses.
    pub(super) fn admits(&self, event: &str) -> bool {
        self.settings.admits_from(&self.limiter, event)
    }

    /// Counts the connection as open until [`closed`](Self::closed).
    pub(super) fn opened(&self) {
        if !self.counted.swap(true, Ordering::AcqRel) {
            self.count(1);
        }
    }

    /// Counts the connection as closed. Only the first call counts, and dropping it is one.
    pub(super) fn closed(&self) -> bool {
        self.ending.set();
        let was_open = self.counted.swap(false, Ordering::AcqRel);
        if was_open {
            self.count(-1);
        }
        was_open
    }

    fn count(&self, change: i64) {
        let namespace = KeyValue::new(attributes::NAMESPACE, attributes::shared(&self.namespace));
        self.settings
            .instruments()
            .connections
            .add(change, &[attributes::system(), namespace]);
    }
}

impl Drop for Connection {
    /// An application that replaced the disconnect handler still gets a right count.
    fn drop(&mut self) {
        self.closed();
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("namespace", &self.namespace)
            .field("accepts", &self.accepts)
            .field("joined", &self.joined)
            .finish_non_exhaustive()
    }
}

pub(super) fn set_server<A: Adapter>(socket: &Socket<A>, server: SocketIo<A>) {
    socket.extensions.insert(Server(server));
}

pub(super) fn server<A: Adapter>(socket: &Socket<A>) -> Option<SocketIo<A>> {
    socket.extensions.get().map(|Server(server)| server)
}
