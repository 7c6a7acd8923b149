//! Traced emits to several sockets.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use socketioxide::adapter::{Adapter, LocalAdapter};
use socketioxide::operators::BroadcastOperators;
use socketioxide::{BroadcastError, EmitWithAckError, SocketIo};
use socketioxide_core::adapter::{Room, RoomParam};

use super::ack::TracedAckStream;
use super::append::Appended;
use super::connection::{Connection, PLAIN_ROOM, TRACED_ROOM, is_internal};
use super::custom::Arguments;
use super::outgoing::Addition;
use super::request::RequestContext;
use super::sending::{Data, Sending, Target};
use super::settings::SocketTelemetry;

/// A traced emit to several sockets: one span, whatever their number.
///
/// The attribute `socketio.recipients` counts the sockets of this node. Traced and plain sockets
/// get the packet each in their form; the two forms are sent one after the other, and each socket
/// gets one of them. In a cluster every node must have [`traced_connect`](super::traced_connect)
/// on the namespace.
#[derive(Clone)]
pub struct TracedBroadcast<'a, A: Adapter = LocalAdapter> {
    /// What the application would use without us; `None` if there is no such namespace.
    plain: Option<BroadcastOperators<A>>,
    /// The same choice of rooms, made from the namespace. `BroadcastOperators::except` leaves the
    /// emitting socket out, which `within` does not: there we have to start from here.
    everyone: Option<BroadcastOperators<A>>,
    /// The emitting socket.
    connection: Option<Arc<Connection>>,
    settings: SocketTelemetry,
    has_rooms: bool,
    without_self: bool,
    answering: &'a [RequestContext],
}

/// The sockets of this node that an emit reaches.
#[derive(Default)]
struct Recipients {
    traced: Vec<Arc<Connection>>,
    plain: usize,
}

impl<'a, A: Adapter> TracedBroadcast<'a, A> {
    /// To all sockets of the namespace `path`. To none if there is no such namespace.
    ///
    /// ```
    /// use aether_telemetry::socketio::TracedBroadcast;
    /// use socketioxide::SocketIo;
    ///
    /// async fn announce(io: SocketIo) {
    ///     TracedBroadcast::of(&io, "/chat").within("lobby").emit("news", "welcome").await.ok();
    /// }
    /// ```
    #[must_use]
    pub fn of(io: &'a SocketIo<A>, path: &str) -> Self {
        let everyone = io.of(path);
        Self {
            plain: everyone.clone(),
            everyone,
            connection: None,
            settings: RequestContext::current_settings(),
            has_rooms: false,
            without_self: true,
            answering: &[],
        }
    }

    pub(super) fn from_socket(
        plain: BroadcastOperators<A>,
        everyone: Option<BroadcastOperators<A>>,
        connection: Arc<Connection>,
        answering: &'a [RequestContext],
    ) -> Self {
        Self {
            plain: Some(plain),
            everyone,
            settings: connection.settings.clone(),
            connection: Some(connection),
            has_rooms: false,
            without_self: false,
            answering,
        }
    }

    /// Uses these settings. Default: those of the emitting socket or of the running handler's, else
    /// the defaults.
    #[must_use]
    pub fn settings(mut self, settings: &SocketTelemetry) -> Self {
        self.settings = settings.clone();
        self
    }

    /// The emit answers these requests; see [`TracedSocket::answering`](super::TracedSocket::answering).
    #[must_use]
    pub fn answering(mut self, requests: &'a [RequestContext]) -> Self {
        self.answering = requests;
        self
    }

    /// To sockets in these rooms, the emitting one excluded. See [`BroadcastOperators::to`].
    #[must_use]
    pub fn to(mut self, rooms: impl RoomParam) -> Self {
        self.without_self = true;
        self.within(rooms)
    }

    /// To sockets in these rooms. See [`BroadcastOperators::within`].
    #[must_use]
    pub fn within(mut self, rooms: impl RoomParam) -> Self {
        let rooms: Vec<Room> = rooms.into_room_iter().collect();
        self.has_rooms |= !rooms.is_empty();
        let without_self = self.without_self;
        self.each(|operators| {
            let operators = operators.within(rooms.clone());
            if without_self {
                operators.broadcast()
            } else {
                operators
            }
        })
    }

    /// Not to sockets in these rooms, nor to the emitting one. See [`BroadcastOperators::except`].
    #[must_use]
    pub fn except(mut self, rooms: impl RoomParam) -> Self {
        let rooms: Vec<Room> = rooms.into_room_iter().collect();
        self.without_self = true;
        self.each(|operators| operators.except(rooms.clone()))
    }

    /// Only on this node. See [`BroadcastOperators::local`].
    #[must_use]
    pub fn local(self) -> Self {
        self.each(BroadcastOperators::local)
    }

    /// To all sockets but the emitting one. See [`BroadcastOperators::broadcast`].
    #[must_use]
    pub fn broadcast(mut self) -> Self {
        self.without_self = true;
        self.each(BroadcastOperators::broadcast)
    }

    /// How long to wait for acknowledgements. Default: the server's `ack_timeout`.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        self.each(|operators| operators.timeout(timeout))
    }

    /// Drops the packet, without an error, for connections that cannot take it now.
    #[must_use]
    pub fn volatile(self) -> Self {
        self.each(BroadcastOperators::volatile)
    }

    /// The rooms of these sockets, as [`BroadcastOperators::rooms`] lists them, without the internal
    /// ones. None if there is no such namespace.
    ///
    /// # Errors
    /// As [`BroadcastOperators::rooms`].
    pub async fn rooms(self) -> Result<Vec<Room>, A::Error> {
        let Some(plain) = self.plain else {
            return Ok(Vec::new());
        };
        let mut rooms = plain.rooms().await?;
        rooms.retain(|room| !is_internal(room));
        Ok(rooms)
    }

    fn each(mut self, change: impl Fn(BroadcastOperators<A>) -> BroadcastOperators<A>) -> Self {
        self.plain = self.plain.map(&change);
        self.everyone = self.everyone.map(&change);
        self
    }

    /// Sends the event, as [`BroadcastOperators::emit`] does. The future is `Send` if `T` is `Sync`.
    ///
    /// # Errors
    /// As [`BroadcastOperators::emit`]; when both forms fail, the errors of both.
    pub async fn emit<T: ?Sized + Serialize>(
        self,
        event: impl AsRef<str>,
        data: &T,
    ) -> Result<(), BroadcastError> {
        let event = event.as_ref();
        let Some(passes) = self.begin(event, false, &Data(data)) else {
            return Ok(());
        };
        let mut result = Ok(());
        if let Some(operators) = passes.traced {
            result = match passes.sending.addition() {
                Addition::Trailing(carrier) => {
                    operators.emit(event, &Appended::new(data, carrier)).await
                }
                _ => operators.emit(event, data).await,
            };
        }
        if let Some(operators) = passes.plain {
            result = join(result, operators.emit(event, data).await);
        }
        match &result {
            Ok(()) => passes.sending.succeeded(),
            Err(error) => passes.sending.failed(error.into()),
        }
        result
    }

    /// Sends the event and hands out the acknowledgements as they come, as
    /// [`BroadcastOperators::emit_with_ack`] does. The span ends with the last one.
    ///
    /// # Errors
    /// As [`BroadcastOperators::emit_with_ack`].
    pub async fn emit_with_ack<T: ?Sized + Serialize, V>(
        self,
        event: impl AsRef<str>,
        data: &T,
    ) -> Result<TracedAckStream<V, A>, EmitWithAckError> {
        let event = event.as_ref();
        let Some(passes) = self.begin(event, true, &Data(data)) else {
            return Ok(TracedAckStream::empty());
        };
        let mut streams = Vec::with_capacity(2);
        let mut error = None;
        if let Some(operators) = passes.traced {
            let result = match passes.sending.addition() {
                Addition::Trailing(carrier) => {
                    operators
                        .emit_with_ack(event, &Appended::new(data, carrier))
                        .await
                }
                _ => operators.emit_with_ack(event, data).await,
            };
            result.map_or_else(|failed| error = Some(failed), |stream| streams.push(stream));
        }
        if let Some(operators) = passes.plain.filter(|_| error.is_none()) {
            let result = operators.emit_with_ack(event, data).await;
            result.map_or_else(|failed| error = Some(failed), |stream| streams.push(stream));
        }
        match error {
            None => Ok(TracedAckStream::new(streams, passes.sending)),
            Some(error) => {
                passes.sending.failed((&error).into());
                Err(error)
            }
        }
    }

    /// Starts the span and decides who gets which form.
    fn begin(self, event: &str, has_ack: bool, arguments: &dyn Arguments) -> Option<Passes<A>> {
        let plain = self.plain?;
        let namespace = match &self.connection {
            Some(connection) => Arc::clone(&connection.namespace),
            None => self.settings.namespace(plain.ns_path()),
        };
        // Without rooms and without `broadcast` a socket's operators mean the socket itself.
        let only_self = !self.has_rooms && !self.without_self;
        let base = if self.without_self {
            Some(&plain)
        } else {
            self.everyone.as_ref()
        };
        let base = base.filter(|_| !only_self);
        let recipients = match (base, &self.connection) {
            (Some(base), _) => Recipients::find(base),
            (None, Some(own)) if only_self && own.accepts => Recipients {
                traced: vec![Arc::clone(own)],
                plain: 0,
            },
            (None, _) => Recipients {
                traced: Vec::new(),
                plain: plain.clone().sockets().len(),
            },
        };
        let target = Target::Several {
            namespace,
            recipients: recipients.traced.len() + recipients.plain,
            traced: &recipients.traced,
        };
        let sending = Sending::start(
            &self.settings,
            event,
            has_ack,
            self.answering,
            &target,
            arguments,
        );
        let adds = matches!(sending.addition(), Addition::Trailing(_));
        // Other nodes may have traced sockets although this one has none, and the other way round.
        let is_local = TypeId::of::<A>() == TypeId::of::<LocalAdapter>();
        let (traced, plain) = match base {
            None if adds => (Some(plain), None),
            Some(base) if adds && !(is_local && recipients.traced.is_empty()) => {
                let others = !is_local || recipients.plain > 0;
                let rest = others.then(|| base.clone().except(TRACED_ROOM));
                (Some(base.clone().except(PLAIN_ROOM)), rest)
            }
            _ => (None, Some(plain)),
        };
        Some(Passes {
            traced,
            plain,
            sending,
        })
    }
}

/// An emit, once for each form.
struct Passes<A: Adapter> {
    traced: Option<BroadcastOperators<A>>,
    plain: Option<BroadcastOperators<A>>,
    sending: Sending,
}

impl Recipients {
    /// The sockets of `base` by form. A socket that is in neither internal room would get both:
    /// it is put where it belongs (it left all its rooms, or its namespace is not traced). One whose
    /// extensions were cleared is plain from then on.
    fn find<A: Adapter>(base: &BroadcastOperators<A>) -> Self {
        let mut found = Self::default();
        for socket in base.clone().except(PLAIN_ROOM).sockets() {
            match Connection::known(&socket).filter(|known| known.accepts) {
                Some(connection) => found.traced.push(connection),
                None => {
                    socket.leave(TRACED_ROOM);
                    socket.join(PLAIN_ROOM);
                }
            }
        }
        for socket in base.clone().except(TRACED_ROOM).sockets() {
            match Connection::known(&socket).filter(|known| known.accepts) {
                Some(_) => {
                    socket.leave(PLAIN_ROOM);
                    socket.join(TRACED_ROOM);
                }
                None => found.plain += 1,
            }
        }
        found
    }
}

fn join(
    one: Result<(), BroadcastError>,
    two: Result<(), BroadcastError>,
) -> Result<(), BroadcastError> {
    match (one, two) {
        (Err(BroadcastError::Socket(mut errors)), Err(BroadcastError::Socket(more))) => {
            errors.extend(more);
            Err(BroadcastError::Socket(errors))
        }
        (Err(error), _) | (Ok(()), Err(error)) => Err(error),
        (Ok(()), Ok(())) => Ok(()),
    }
}

impl<A: Adapter> fmt::Debug for TracedBroadcast<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracedBroadcast")
            .field("plain", &self.plain)
            .field("answering", &self.answering.len())
            .finish_non_exhaustive()
    }
}
