//! The terminal's Socket.IO events, bound to the table of terminals.
//!
//! Handlers of `terminal:input`, `terminal:resize` and `terminal:ack` do their work before they return a future: a
//! handler's future runs as a task of its own, and tasks may overtake each other, which keystrokes must not.

use std::future::{Ready, ready};

use serde_json::Value;
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Event, SocketRef, TryData};
use socketioxide::handler::FromMessageParts;
use socketioxide::socket::Socket;

use super::hub::Hub;
use super::link::{self, Request, Sent};
use super::protocol::{CloseReason, ErrorCode, Payload, Refused, TerminalError};

/// Longest part of an unknown event's name that is repeated to its sender.
const SHOWN_EVENT: usize = 64;

/// What an event brought, decoded or not.
type Incoming = TryData<Value>;

/// Serves terminals in the namespace `/`.
pub(crate) fn register(io: &SocketIo, hub: Hub) {
    io.ns("/", move |socket: SocketRef| {
        let hub = hub.clone();
        async move { on_connect(&socket, &hub) }
    });
}

fn on_connect(socket: &SocketRef, hub: &Hub) {
    let table = hub.clone();
    socket.on(
        "terminal:create",
        async move |socket: SocketRef, data: Incoming| {
            if let Err(error) = create(&table, &socket, data).await {
                tell_error(&socket, &error);
            }
        },
    );
    let table = hub.clone();
    socket.on(
        "terminal:attach",
        async move |socket: SocketRef, data: Incoming, wanted: AckWanted, ack: AckSender| {
            attach(&table, &socket, data, wanted, ack);
        },
    );
    on_now(socket, hub, "terminal:input", |hub, socket, payload| {
        let session = hub.get(payload.terminal_id()?)?;
        session.type_in(socket.id, payload.input()?, Request::current())
    });
    on_now(socket, hub, "terminal:resize", |hub, _, payload| {
        hub.get(payload.terminal_id()?)?.resize(payload.size()?)
    });
    on_now(socket, hub, "terminal:ack", |hub, socket, payload| {
        hub.get(payload.terminal_id()?)?
            .acknowledged(socket.id, payload.seq()?);
        Ok(())
    });
    on_now(socket, hub, "terminal:close", |hub, socket, payload| {
        let session = hub.get(payload.terminal_id()?)?;
        if session.has_exited() {
            hub.forget(&session);
            return Err(TerminalError::unknown_terminal(session.id()));
        }
        session.tell_when_closed(socket.clone(), Request::current());
        tokio::spawn(async move { session.close(CloseReason::Closed).await });
        Ok(())
    });
    let table = hub.clone();
    socket.on("session:list", async move |ack: AckSender| {
        answer(ack, &serde_json::json!({ "terminals": table.list() }));
    });
    socket.on_fallback(async |socket: SocketRef, Event(event): Event| {
        let shown: String = event.chars().take(SHOWN_EVENT).collect();
        tell_error(
            &socket,
            &TerminalError::new(
                ErrorCode::UnknownEvent,
                format!("{shown:?} means nothing here"),
            ),
        );
    });
    let table = hub.clone();
    socket.on_disconnect(async move |socket: SocketRef| table.detach(socket.id));
}

/// Binds a handler that does its work at once, in the order in which events arrive.
fn on_now(
    socket: &SocketRef,
    hub: &Hub,
    event: &'static str,
    handle: fn(&Hub, &SocketRef, &Payload<'_>) -> Result<(), TerminalError>,
) {
    let hub = hub.clone();
    socket.on(
        event,
        move |socket: SocketRef, data: Incoming| -> Ready<()> {
            let result = decoded(event, data)
                .and_then(|value| handle(&hub, &socket, &Payload::of(event, &value)?));
            if let Err(error) = result {
                tell_error(&socket, &error);
            }
            ready(())
        },
    );
}

async fn create(hub: &Hub, socket: &SocketRef, data: Incoming) -> Result<(), TerminalError> {
    const EVENT: &str = "terminal:create";
    let value = decoded(EVENT, data)?;
    let payload = Payload::of(EVENT, &value)?;
    let (size, acknowledges) = (payload.size()?, payload.acknowledges()?);
    let opened = hub.open(size).await?;
    let session = opened.session.clone();
    if link::emit(socket, "terminal:created", &session.describe(), &[]) == Sent::Full {
        // Whoever asked will never learn the id: better no terminal than one that nobody can close.
        session.kill();
        hub.run(opened);
        return Ok(());
    }
    let watched = session.attach(socket.clone(), acknowledges, |_| {});
    if !socket.connected() {
        // It went between the request and now, and its disconnect may have been handled before.
        session.detach(socket.id);
    }
    hub.run(opened);
    watched
}

fn attach(hub: &Hub, socket: &SocketRef, data: Incoming, wanted: AckWanted, ack: AckSender) {
    const EVENT: &str = "terminal:attach";
    let mut ack = Some(ack);
    let result = decoded(EVENT, data).and_then(|value| {
        let payload = Payload::of(EVENT, &value)?;
        let session = hub.get(payload.terminal_id()?)?;
        session.attach(socket.clone(), payload.acknowledges()?, |attached| {
            if let Some(ack) = ack.take() {
                answer(ack, &attached);
            }
        })?;
        if session.has_exited() {
            hub.forget(&session);
        }
        if !socket.connected() {
            session.detach(socket.id);
        }
        Ok(())
    });
    if let Err(error) = result {
        match ack {
            Some(ack) if wanted.0 => answer(
                ack,
                &Refused {
                    ok: false,
                    error: &error,
                },
            ),
            _ => tell_error(socket, &error),
        }
    }
}

/// The decoded payload; one that cannot be decoded is an error like any other.
fn decoded(event: &str, TryData(data): Incoming) -> Result<Value, TerminalError> {
    // The decoder's own message may repeat parts of the payload and is not passed on.
    data.map_err(|_| {
        TerminalError::new(
            ErrorCode::BadPayload,
            format!("{event}: one argument is needed, an object of plain JSON"),
        )
    })
}

fn tell_error(socket: &SocketRef, error: &TerminalError) {
    tracing::debug!(code = ?error.code, "a terminal request was refused");
    if link::emit(socket, "terminal:error", error, &[]) == Sent::Full {
        tracing::warn!(code = ?error.code, "an error could not be told: the connection has no room");
    }
}

fn answer<T: serde::Serialize>(ack: AckSender, data: &T) {
    if let Err(error) = ack.send(data) {
        tracing::debug!(%error, "an acknowledgement could not be sent");
    }
}

/// Whether the sender of an event waits for an acknowledgement.
#[derive(Debug, Clone, Copy)]
struct AckWanted(bool);

impl FromMessageParts<socketioxide::adapter::LocalAdapter> for AckWanted {
    type Error = std::convert::Infallible;

    fn from_message_parts(
        _: &std::sync::Arc<Socket>,
        _: &mut socketioxide::handler::Value,
        ack_id: &Option<i64>,
    ) -> Result<Self, Self::Error> {
        Ok(Self(ack_id.is_some()))
    }
}
