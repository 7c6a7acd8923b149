//! [`traced`]: event handlers in a span.

use std::any::type_name;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use opentelemetry::trace::FutureExt;
use socketioxide::adapter::Adapter;
use socketioxide::handler::{FromMessage, FromMessageParts, MessageHandler, Value};
use socketioxide::socket::Socket;

use super::connection::Connection;
use super::incoming::{EventName, Incoming};
use super::process::Process;
use super::run::{Outcome, refuse, run};

/// Runs an event handler in a span, joined to the trace the event came with.
///
/// Takes any handler `socket.on` takes: async functions and closures with up to 16 extractors.
/// They may also return `Result<(), E>` with `E: Display`; an `Err` marks the span as failed, and
/// its text (the first 256 bytes) is recorded: keep what users typed out of it.
/// The handler sees exactly the arguments the client's application sent.
///
/// ```
/// use aether_telemetry::socketio::traced;
/// use socketioxide::extract::{AckSender, Data, SocketRef};
///
/// async fn on_connect(socket: SocketRef) {
///     socket.on("greet", traced(async |Data(name): Data<String>, ack: AckSender| {
///         ack.send(&format!("hello {name}")).map_err(|error| error.to_string())
///     }));
/// }
/// ```
///
/// The span is called `process {event}`; its kind is SERVER when the client asks for an
/// acknowledgement (or the event is [declared](super::SocketTelemetry::answers) to be answered)
/// and CONSUMER otherwise. It ends with the handler's future. `error.type` is `handler_error`,
/// `panic`, `extractor_error` or, for a future that was dropped, `cancelled`. A panic goes on as
/// it would without us: the handler's task ends, the connection stays.
///
/// Settings are those of the namespace's [`traced_connect`](super::traced_connect), else the
/// defaults.
pub fn traced<H>(handler: H) -> Traced<H> {
    Traced {
        handler,
        name: EventName::default(),
    }
}

/// A handler made by [`traced`].
#[derive(Clone)]
pub struct Traced<H> {
    handler: H,
    name: EventName,
}

impl<H> Traced<H> {
    /// Calls the event `name` in spans and metrics, whatever the packet says.
    ///
    /// For `on_fallback`, whose event names are up to the client: without a fixed name each is
    /// a time series of its own, up to 1000.
    ///
    /// ```
    /// use aether_telemetry::socketio::traced;
    /// use socketioxide::extract::{Event, SocketRef};
    ///
    /// async fn on_connect(socket: SocketRef) {
    ///     socket.on_fallback(traced(async |Event(_): Event| {}).named("unknown"));
    /// }
    /// ```
    #[must_use]
    pub fn named(mut self, name: &'static str) -> Self {
        self.name.fixed = Some(name);
        self
    }
}

impl<H> fmt::Debug for Traced<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traced")
            .field("handler", &type_name::<H>())
            .field("name", &self.name.fixed)
            .finish()
    }
}

/// An extractor that refused an event, a connection or its end. Recorded as `extractor_error`, with
/// the extractor's name and nothing of what it said.
#[derive(Debug)]
pub struct Refused {
    pub(super) extractor: &'static str,
}

/// What [`traced`] takes: a handler that has its arguments extracted and hands out its future.
///
/// Needed by name only in code that is generic over handlers:
///
/// ```
/// use aether_telemetry::socketio::{EventHandler, traced};
/// use socketioxide::adapter::LocalAdapter;
/// use socketioxide::extract::SocketRef;
///
/// fn bind<T, H>(socket: &SocketRef, handler: H)
/// where
///     T: Send + Sync + 'static,
///     H: EventHandler<LocalAdapter, T>,
/// {
///     socket.on("save", traced(handler));
/// }
/// ```
///
/// Implemented for all functions socketioxide takes, and for those returning a `Result`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no event handler",
    label = "invalid event handler",
    note = "it must be a clonable async function of up to 16 extractors, \
            returning `()` or `Result<(), E>` with `E: Display`"
)]
pub trait EventHandler<A: Adapter, T>: Clone + Send + Sync + 'static {
    /// What the handler returns.
    type Outcome: Outcome;
    /// The running handler.
    type Future: Future<Output = Self::Outcome> + Send + 'static;

    /// Extracts the arguments and calls the handler, which does not run before it is polled.
    ///
    /// # Errors
    /// [`Refused`] when an extractor fails.
    fn call(
        self,
        socket: Arc<Socket<A>>,
        value: Value,
        ack_id: Option<i64>,
    ) -> Result<Self::Future, Refused>;
}

impl<A, T, H> MessageHandler<A, T> for Traced<H>
where
    A: Adapter,
    H: EventHandler<A, T>,
{
    fn call(&self, socket: Arc<Socket<A>>, mut value: Value, ack_id: Option<i64>) {
        let connection = Connection::of(&socket);
        let incoming = Incoming::take(&mut value, &self.name, &connection.settings);
        let transport = socket.transport_type();
        let has_ack = ack_id.is_some();
        let Process { operation, context } =
            Process::start(&connection, incoming, &value, has_ack, transport);
        let future = {
            let _guard = context.clone().attach();
            self.handler.clone().call(socket, value, ack_id)
        };
        match future {
            Ok(future) => {
                tokio::spawn(run(operation, future).with_context(context));
            }
            Err(refused) => refuse(operation, refused.extractor),
        }
    }
}

impl<A, F, Fut> EventHandler<A, ()> for F
where
    A: Adapter,
    F: FnOnce() -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    type Outcome = Fut::Output;
    type Future = Fut;

    fn call(self, _: Arc<Socket<A>>, _: Value, _: Option<i64>) -> Result<Fut, Refused> {
        Ok(self())
    }
}

macro_rules! event_handler {
    ([$($part:ident),*], $last:ident) => {
        #[allow(non_snake_case, unused_mut)]
        #[diagnostic::do_not_recommend]
        impl<A, F, Fut, M, $($part,)* $last> EventHandler<A, (M, $($part,)* $last,)> for F
        where
            A: Adapter,
            F: FnOnce($($part,)* $last) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output: Outcome> + Send + 'static,
            $($part: FromMessageParts<A> + Send,)*
            $last: FromMessage<A, M> + Send,
        {
            type Outcome = Fut::Output;
            type Future = Fut;

            fn call(
                self,
                socket: Arc<Socket<A>>,
                mut value: Value,
                ack_id: Option<i64>,
            ) -> Result<Fut, Refused> {
                $(
                    let $part = $part::from_message_parts(&socket, &mut value, &ack_id)
                        .map_err(|_| Refused { extractor: type_name::<$part>() })?;
                )*
                let $last = $last::from_message(socket, value, ack_id)
                    .map_err(|_| Refused { extractor: type_name::<$last>() })?;
                Ok(self($($part,)* $last))
            }
        }
    };
}

super::arity::up_to_sixteen!(event_handler);
