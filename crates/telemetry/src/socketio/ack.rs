//! Acknowledgements: awaited, with the emit's span open until they come, and sent.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Task, Poll};

use futures_core::{FusedStream, Stream};
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use socketioxide::ack::AckStream;
use socketioxide::adapter::{Adapter, LocalAdapter};
use socketioxide::extract::AckSender;
use socketioxide::handler::{FromMessageParts, Value};
use socketioxide::socket::Socket;
use socketioxide::{AckError, SendError, SocketError};
use socketioxide_core::Sid;

use super::connection::Connection;
use super::ending::Ended;
use super::failure::Failure;
use super::operation::Operation;
use super::sending::Sending;

/// The acknowledgements of a traced emit: a future of the first, or a stream of all, exactly as
/// [`AckStream`]. Ends the emit's span when the last one has come or was given up.
///
/// ```
/// use aether_telemetry::socketio::TracedEmit;
/// use socketioxide::extract::SocketRef;
///
/// async fn sure(socket: SocketRef) -> bool {
///     match socket.traced().emit_with_ack::<_, bool>("sure?", "delete it") {
///         Ok(answer) => answer.await.unwrap_or(false),
///         Err(_) => false,
///     }
/// }
/// ```
#[must_use = "without waiting for it the acknowledgement is ignored"]
pub struct TracedAckStream<V, A: Adapter = LocalAdapter> {
    /// Two for a broadcast to traced and plain sockets. Emptied as they end.
    streams: Vec<Pin<Box<AckStream<V, A>>>>,
    operation: Option<Operation>,
    failure: Option<Failure>,
    /// The end of the one connection it waits on.
    ended: Option<Ended>,
}

impl<V, A: Adapter> TracedAckStream<V, A> {
    pub(super) fn new(streams: Vec<AckStream<V, A>>, sending: Sending) -> Self {
        let streams = streams.into_iter().map(Box::pin).collect();
        Self {
            streams,
            operation: Some(sending.awaited()),
            failure: None,
            ended: None,
        }
    }

    /// The span also ends when this connection does. The stream itself still waits, as the plain
    /// one does while somebody holds the socket.
    pub(super) fn until(mut self, connection: &Connection) -> Self {
        self.ended = Some(Ended::new(&connection.ending));
        self
    }

    /// For an emit that reaches nobody.
    pub(super) fn empty() -> Self {
        Self {
            streams: Vec::new(),
            operation: None,
            failure: None,
            ended: None,
        }
    }

    /// Remembers what went wrong first.
    fn note<T>(&mut self, result: &Result<T, AckError>) {
        if let Err(error) = result {
            self.failure.get_or_insert_with(|| error.into());
        }
    }

    fn finish(&mut self) {
        if let Some(operation) = self.operation.take() {
            operation.finish(self.failure.take().map_or(Ok(()), Err));
        }
    }
}

impl<V: DeserializeOwned, A: Adapter> Stream for TracedAckStream<V, A> {
    type Item = (Sid, Result<V, AckError>);

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<Option<Self::Item>> {
        let mut index = 0;
        while let Some(stream) = self.streams.get_mut(index) {
            match Stream::poll_next(stream.as_mut(), task) {
                Poll::Ready(Some(item)) => {
                    self.note(&item.1);
                    return Poll::Ready(Some(item));
                }
                Poll::Ready(None) => drop(self.streams.swap_remove(index)),
                Poll::Pending => index += 1,
            }
        }
        if self.streams.is_empty() {
            self.finish();
            return Poll::Ready(None);
        }
        let ended = self.ended.as_mut();
        if ended.is_some_and(|ended| ended.poll(task).is_ready()) {
            self.ended = None;
            self.failure = Some((&SocketError::Closed).into());
            self.finish();
        }
        Poll::Pending
    }
}

impl<V: DeserializeOwned, A: Adapter> FusedStream for TracedAckStream<V, A> {
    fn is_terminated(&self) -> bool {
        self.streams.is_empty()
    }
}

impl<V: DeserializeOwned, A: Adapter> Future for TracedAckStream<V, A> {
    type Output = Result<V, AckError>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<Self::Output> {
        let item = std::task::ready!(self.as_mut().poll_next(task));
        self.finish();
        // Nobody to answer: what the plain stream says then.
        Poll::Ready(item.map_or(Err(AckError::Timeout), |(_, result)| result))
    }
}

impl<V, A: Adapter> fmt::Debug for TracedAckStream<V, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracedAckStream")
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}

/// An [`AckSender`] that notes in the handler's span when the acknowledgement was sent: the event
/// `ack`, or `ack_failed`.
///
/// Also to be had as [`extract::AckSender`](super::extract::AckSender), so that a handler needs no
/// other change than the line that imports it. socketioxide's own `AckSender` works as ever, and
/// leaves no mark: it hands its packet straight to the connection, which nobody else can watch.
///
/// ```
/// use aether_telemetry::socketio::TracedAck;
/// use socketioxide::extract::Data;
///
/// async fn echo(Data(text): Data<String>, ack: TracedAck) {
///     ack.send(&text).ok();
/// }
/// ```
pub struct TracedAck<A: Adapter = LocalAdapter> {
    sender: AckSender<A>,
    wanted: bool,
    context: Context,
}

impl<A: Adapter> FromMessageParts<A> for TracedAck<A> {
    type Error = <AckSender<A> as FromMessageParts<A>>::Error;

    fn from_message_parts(
        socket: &Arc<Socket<A>>,
        value: &mut Value,
        ack_id: &Option<i64>,
    ) -> Result<Self, Self::Error> {
        Ok(Self {
            sender: AckSender::from_message_parts(socket, value, ack_id)?,
            wanted: ack_id.is_some(),
            context: Context::current(),
        })
    }
}

impl<A: Adapter> TracedAck<A> {
    /// Sends the acknowledgement; nothing if the client asked for none.
    ///
    /// # Errors
    /// As [`AckSender::send`].
    pub fn send<T: ?Sized + Serialize>(self, data: &T) -> Result<(), SendError> {
        let result = self.sender.send(data);
        if self.wanted {
            let name = if result.is_ok() { "ack" } else { "ack_failed" };
            self.context.span().add_event(name, Vec::new());
        }
        result
    }
}

impl<A: Adapter> fmt::Debug for TracedAck<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracedAck")
            .field("wanted", &self.wanted)
            .finish_non_exhaustive()
    }
}
