//! [`TracedEmit`]: emits with a span, and what they add for the receiver.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use socketioxide::adapter::Adapter;
use socketioxide::operators::ConfOperators;
use socketioxide::socket::Socket;
use socketioxide::{SendError, SocketIo};
use socketioxide_core::adapter::{Room, RoomParam};

use super::ack::TracedAckStream;
use super::append::Appended;
use super::broadcast::TracedBroadcast;
use super::connection::{Connection, is_internal, server};
use super::custom::Arguments;
use super::extend::Extended;
use super::outgoing::Addition;
use super::request::RequestContext;
use super::sending::{Data, Sending, Target};

/// Emitting in a trace: `socket.traced()` and `io.traced()` in front of any emit.
///
/// ```
/// use aether_telemetry::socketio::TracedEmit;
/// use socketioxide::{SocketIo, extract::SocketRef};
///
/// async fn saved(io: SocketIo, socket: SocketRef) {
///     socket.traced().emit("saved", &("draft", 7)).ok();
///     socket.traced().to("editors").emit("changed", &7).await.ok();
///     io.traced().emit("news", "someone saved a draft").await.ok();
/// }
/// ```
///
/// The span is called `send {event}`, of kind PRODUCER, or CLIENT when an acknowledgement is asked
/// for; it then lasts until that arrives. Receivers that said they read trailing carriers get one,
/// everybody else gets exactly the plain arguments. `messaging.message.body.size` is the length of
/// the arguments as JSON, binary data beside it; unset when there are more than 64 values in them. Emits made while a
/// [`traced`](super::traced) handler runs belong to its trace, and those to the socket it runs
/// for say which request they answer.
pub trait TracedEmit {
    /// What the chain starts with.
    type Traced<'a>
    where
        Self: 'a;

    /// Starts a traced emit.
    fn traced(&self) -> Self::Traced<'_>;
}

impl<A: Adapter> TracedEmit for Socket<A> {
    type Traced<'a> = TracedSocket<'a, A>;

    fn traced(&self) -> TracedSocket<'_, A> {
        TracedSocket {
            socket: self,
            timeout: None,
            volatile: false,
            answering: &[],
        }
    }
}

impl<A: Adapter> TracedEmit for SocketIo<A> {
    type Traced<'a> = TracedBroadcast<'a, A>;

    /// To all sockets of the namespace `/`. For other namespaces see [`TracedBroadcast::of`].
    fn traced(&self) -> TracedBroadcast<'_, A> {
        TracedBroadcast::of(self, "/")
    }
}

/// A traced emit to one socket, or the start of one to several. The operators are those of
/// socketioxide; what does not emit is called on the socket itself.
///
/// ```
/// use std::time::Duration;
/// use aether_telemetry::socketio::TracedEmit;
/// use socketioxide::extract::SocketRef;
///
/// async fn on_draw(socket: SocketRef) {
///     socket.traced().volatile().emit("cursor", &(3, 4)).ok();
///     socket.traced().to("board").except("muted").emit("drawn", &7).await.ok();
///     let answer = socket.traced().timeout(Duration::from_secs(2));
///     drop(answer.emit_with_ack::<_, bool>("ready", &()));
/// }
/// ```
#[derive(Clone)]
pub struct TracedSocket<'a, A: Adapter = socketioxide::adapter::LocalAdapter> {
    socket: &'a Socket<A>,
    timeout: Option<Duration>,
    volatile: bool,
    answering: &'a [RequestContext],
}

impl<'a, A: Adapter> TracedSocket<'a, A> {
    /// The emit answers these requests, oldest first: it becomes a child of the first one's
    /// handler (the first that is recorded, if some are not), is linked to the others', and tells
    /// the client which of its requests it answers.
    ///
    /// Each request is answered once; see [`RequestContext`]. One emit answers at most 16, the
    /// rest stay open for the next one. Requests of other sockets give a parent or a link only.
    #[must_use]
    pub fn answering(mut self, requests: &'a [RequestContext]) -> Self {
        self.answering = requests;
        self
    }

    /// How long to wait for an acknowledgement. Default: the server's `ack_timeout`.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Drops the packet, without an error, when the connection cannot take it now.
    #[must_use]
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// To all other sockets in these rooms. See [`TracedBroadcast::to`].
    #[must_use]
    pub fn to(self, rooms: impl RoomParam) -> TracedBroadcast<'a, A> {
        self.spread().to(rooms)
    }

    /// To all sockets in these rooms, this one included. See [`TracedBroadcast::within`].
    #[must_use]
    pub fn within(self, rooms: impl RoomParam) -> TracedBroadcast<'a, A> {
        self.spread().within(rooms)
    }

    /// To all other sockets that are not in these rooms. See [`TracedBroadcast::except`].
    #[must_use]
    pub fn except(self, rooms: impl RoomParam) -> TracedBroadcast<'a, A> {
        self.spread().except(rooms)
    }

    /// Only on this node. See [`TracedBroadcast::local`].
    #[must_use]
    pub fn local(self) -> TracedBroadcast<'a, A> {
        self.spread().local()
    }

    /// To all other sockets of the namespace. See [`TracedBroadcast::broadcast`].
    #[must_use]
    pub fn broadcast(self) -> TracedBroadcast<'a, A> {
        self.spread().broadcast()
    }

    /// The socket's rooms, as `Socket::rooms` would list them without us: that also lists the
    /// internal room `_trace:trailing` or `_trace:plain`, in which every socket of a namespace with
    /// [`traced_connect`](super::traced_connect) is.
    #[must_use]
    pub fn rooms(&self) -> Vec<Room> {
        let mut rooms = self.socket.rooms();
        rooms.retain(|room| !is_internal(room));
        rooms
    }

    /// Leaves all rooms but the internal one. `Socket::leave_all` would leave that too, and the
    /// socket would have to be put back at the next broadcast.
    pub fn leave_all(self) {
        self.socket.leave_all();
        if let Some(connection) = Connection::known(self.socket).filter(|known| known.in_rooms) {
            self.socket.join(connection.room());
        }
    }

    /// Sends the event, as [`Socket::emit`] does.
    ///
    /// # Errors
    /// As [`Socket::emit`]: the data cannot be serialized, the connection is closed, or its queue
    /// is full. The span then has the `error.type` `encode_error`, `disconnected` or `queue_full`.
    pub fn emit<T: ?Sized + Serialize>(
        self,
        event: impl AsRef<str>,
        data: &T,
    ) -> Result<(), SendError> {
        let event = event.as_ref();
        let sending = self.begin(event, false, &Data(data));
        let result = match sending.addition() {
            Addition::Nothing => self.plain_emit(event, data),
            Addition::Trailing(carrier) => self.plain_emit(event, &Appended::new(data, carrier)),
            Addition::Payload(fields) => self.plain_emit(event, &Extended::new(data, fields)),
        };
        match &result {
            Ok(()) => sending.succeeded(),
            Err(error) => sending.failed(error.into()),
        }
        result
    }

    /// Sends the event and waits for its acknowledgement, as [`Socket::emit_with_ack`] does. The
    /// span ends with the acknowledgement; with `error.type` `timeout` or `disconnected` without
    /// it, `decode_error` when it is not a `V`, and unset when nobody waits for it.
    ///
    /// # Errors
    /// As [`emit`](Self::emit).
    pub fn emit_with_ack<T: ?Sized + Serialize, V>(
        self,
        event: impl AsRef<str>,
        data: &T,
    ) -> Result<TracedAckStream<V>, SendError> {
        let event = event.as_ref();
        let sending = self.begin(event, true, &Data(data));
        let result = match sending.addition() {
            Addition::Nothing => self.plain_ack(event, data),
            Addition::Trailing(carrier) => self.plain_ack(event, &Appended::new(data, carrier)),
            Addition::Payload(fields) => self.plain_ack(event, &Extended::new(data, fields)),
        };
        match result {
            Ok(stream) => {
                let connection = Connection::of(self.socket);
                Ok(TracedAckStream::new(vec![stream], sending).until(&connection))
            }
            Err(error) => {
                sending.failed((&error).into());
                Err(error)
            }
        }
    }

    fn begin(&self, event: &str, has_ack: bool, arguments: &dyn Arguments) -> Sending {
        let connection = Connection::of(self.socket);
        Sending::start(
            &connection.settings,
            event,
            has_ack,
            self.answering,
            &Target::Socket {
                connection: &connection,
                transport: self.socket.transport_type(),
            },
            arguments,
        )
    }

    fn plain_emit<T: ?Sized + Serialize>(&self, event: &str, data: &T) -> Result<(), SendError> {
        match self.operators() {
            Some(operators) => operators.emit(event, data),
            None => self.socket.emit(event, data),
        }
    }

    fn plain_ack<T: ?Sized + Serialize, V>(
        &self,
        event: &str,
        data: &T,
    ) -> Result<socketioxide::ack::AckStream<V>, SendError> {
        match self.operators() {
            Some(operators) => operators.emit_with_ack(event, data),
            None => self.socket.emit_with_ack(event, data),
        }
    }

    fn operators(&self) -> Option<ConfOperators<'a, A>> {
        match (self.timeout, self.volatile) {
            (None, false) => None,
            (None, true) => Some(self.socket.volatile()),
            (Some(timeout), false) => Some(self.socket.timeout(timeout)),
            (Some(timeout), true) => Some(self.socket.timeout(timeout).volatile()),
        }
    }

    fn spread(self) -> TracedBroadcast<'a, A> {
        let connection = Connection::of(self.socket);
        let everyone = server(self.socket).and_then(|io| io.of(self.socket.ns()));
        // Operators of this socket with no flag and no room.
        let plain = self.socket.within(Vec::<Room>::new());
        let mut broadcast =
            TracedBroadcast::from_socket(plain, everyone, connection, self.answering);
        if let Some(timeout) = self.timeout {
            broadcast = broadcast.timeout(timeout);
        }
        if self.volatile {
            broadcast = broadcast.volatile();
        }
        broadcast
    }
}

impl<A: Adapter> fmt::Debug for TracedSocket<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracedSocket")
            .field("socket", &self.socket.id)
            .field("timeout", &self.timeout)
            .field("volatile", &self.volatile)
            .field("answering", &self.answering.len())
            .finish()
    }
}
