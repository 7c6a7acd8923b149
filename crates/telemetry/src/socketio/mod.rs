//! Socket.IO in traces: every event, connection and emit of a socketioxide server is a span, and
//! context travels with each event.
//!
//! | you write | you get |
//! |---|---|
//! | [`traced`]`(handler)` for `socket.on` | a span `process {event}`, in the client's trace |
//! | [`traced_connect`]`(settings, handler)` for `io.ns` | a span `connect {namespace}`, and context for emits |
//! | [`traced_disconnect`]`(handler)` for `socket.on_disconnect` | the end of the connection, with its reason |
//! | `socket.`[`traced()`](TracedEmit::traced)`.emit(…)` | a span `send {event}`, and context for the client |
//! | [`extract::AckSender`] in place of socketioxide's | the time of the acknowledgement in the span |
//! | `tokio::spawn(future.`[`in_current_trace()`](crate::InCurrentTrace)`)` | tasks in the handler's trace |
//! | [`RequestContext`] | answers from other tasks, later |
//!
//! A client that knows nothing of this sees exactly the packets it would see without it, and so do
//! handlers: what carries context is taken off before they see the arguments. Nothing here fails a
//! handler or closes a connection. With telemetry disabled contexts still pass through, and no
//! span is made.
//!
//! ```
//! use aether_telemetry::socketio::{SocketTelemetry, TracedEmit, traced, traced_connect};
//! use socketioxide::SocketIo;
//! use socketioxide::extract::{Data, SocketRef};
//!
//! let (_layer, io) = SocketIo::new_layer();
//! io.ns("/", traced_connect(SocketTelemetry::new(), async |socket: SocketRef| {
//!     socket.on("say", traced(async |socket: SocketRef, Data(text): Data<String>| {
//!         socket.traced().broadcast().emit("said", &text).await
//!     }));
//! }));
//! ```
//!
//! Context travels in the packets of both parsers, socketioxide's default one and, if the feature
//! `msgpack` of socketioxide is on, that of `socket.io-msgpack-parser`. Only the older form of
//! context, fields inside the first argument, is one of the default parser alone.
//!
//! Events are called in spans and metrics what they are called on the wire, the first 80 bytes; after
//! 1000 different names all further ones are `_OTHER`.
//!
//! # Whether a trace is recorded
//!
//! A trace that arrives sampled is continued and one that arrives unsampled is not. Where a trace
//! begins here, or its sender left the decision to us, the SDK's sampler decides, and the rate
//! limit of [`SocketTelemetry::new_traces_per_second`]. The decision travels with the context.

mod ack;
mod append;
mod arity;
mod attributes;
mod broadcast;
mod connect;
mod connect_handler;
mod connection;
pub(crate) mod context;
mod custom;
mod disconnect;
mod disconnect_handler;
mod effect;
mod emit;
mod ending;
mod extend;
mod failure;
mod fields;
mod forward;
mod handler;
mod handshake;
mod incoming;
mod instruments;
mod limit;
mod msgpack;
mod names;
mod operation;
mod outgoing;
mod process;
mod quota;
mod request;
mod run;
mod sending;
mod settings;
mod size;
mod source;
mod usual;

pub use ack::{TracedAck, TracedAckStream};
pub use broadcast::TracedBroadcast;
pub use connect::{
    MiddlewareFuture, Middlewares, NoMiddleware, Stack, TracedConnect, traced_connect,
};
pub use connect_handler::ConnectFn;
pub use custom::{Direction, EventInfo};
pub use disconnect::{TracedDisconnect, traced_disconnect};
pub use disconnect_handler::DisconnectFn;
pub use emit::{TracedEmit, TracedSocket};
pub use handler::{EventHandler, Refused, Traced, traced};
pub use request::RequestContext;
pub use run::Outcome;
pub use settings::{DEFAULT_NEW_TRACES_PER_SECOND, DEFAULT_SLOW_THRESHOLD, SocketTelemetry};

/// Extractors to import instead of those of `socketioxide::extract`.
///
/// ```
/// use aether_telemetry::socketio::extract::AckSender;
/// use socketioxide::extract::Data;
///
/// async fn echo(Data(text): Data<String>, ack: AckSender) {
///     ack.send(&text).ok();
/// }
/// ```
pub mod extract {
    pub use super::ack::TracedAck as AckSender;
}

pub(crate) use instruments::DURATION_BUCKETS;
pub(crate) use source::Source;
