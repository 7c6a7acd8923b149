//! Sending to sockets. The only place where the terminal's events leave the server.

use aether_telemetry::socketio::{RequestContext, TracedEmit};
use serde::Serialize;
use socketioxide::extract::SocketRef;
use socketioxide::{SendError, SocketError};

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It is on its way.
    Yes,
    /// The connection has no room at the moment.
    Full,
    /// The socket has gone.
    Gone,
}

/// Sends `event` to one socket, as the answer to the requests in `answered` (oldest first). Without any it is the answer
/// to the event being handled, or begins a trace of its own, as often as the rate limit allows.
pub(crate) fn emit<T: Serialize>(
    socket: &SocketRef,
    event: &str,
    data: &T,
    answered: &[RequestContext],
) -> Sent {
    match socket.traced().answering(answered).emit(event, data) {
        Ok(()) => Sent::Yes,
        Err(SendError::Socket(SocketError::InternalChannelFull)) => Sent::Full,
        Err(SendError::Socket(SocketError::Closed)) => Sent::Gone,
        Err(SendError::Serialize(error)) => {
            // Cannot happen with the payloads of `protocol`; if it does, this socket cannot be served.
            tracing::error!(event, %error, "an event could not be encoded");
            Sent::Gone
        }
    }
}
