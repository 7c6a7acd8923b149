//! Sending to sockets. The only place where the terminal's events leave the server.

use serde::Serialize;
use socketioxide::extract::SocketRef;
use socketioxide::{SendError, SocketError};

/// A request that a later event answers.
#[derive(Debug, Clone)]
pub(crate) struct Request;

impl Request {
    /// The request whose handler is running.
    pub(crate) fn current() -> Option<Self> {
        None
    }
}

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

/// Sends `event` to one socket, as the answer to the requests in `answered` (oldest first).
pub(crate) fn emit<T: Serialize>(
    socket: &SocketRef,
    event: &str,
    data: &T,
    answered: &[Request],
) -> Sent {
    let _ = answered;
    match socket.emit(event, data) {
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
