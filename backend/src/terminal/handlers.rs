//! The terminal's Socket.IO events, bound to the table of terminals.
//!
//! Handlers of `terminal:input`, `terminal:resize` and `terminal:ack` do their work before they return a future: a
//! handler's future runs as a task of its own, and tasks may overtake each other, which keystrokes must not.
//!
//! Events are bound in a connect *middleware*. The connect handler runs after the client has been told that it is
//! connected, and what a quick client sends before the handler is through would find nobody.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use aether_telemetry::socketio::{
    RequestContext, SocketTelemetry, TracedAck, traced, traced_connect, traced_disconnect,
};
use serde_json::Value;
use socketioxide::SocketIo;
use socketioxide::adapter::LocalAdapter;
use socketioxide::extract::{Event, SocketRef, TryData};
use socketioxide::handler::{ConnectHandler, FromMessageParts, Value as RawValue};
use socketioxide::socket::Socket;
use tokio::sync::watch;
use tokio::time::timeout;

use super::hub::Hub;
use super::link::{self, Sent};
use super::payload::Payload;
use super::protocol::{CloseReason, ErrorCode, Refused, TerminalError};

/// Longest part of an unknown event's name that is repeated to its sender.
const SHOWN_EVENT: usize = 64;

/// Longest wait for the connect handler, which runs right after the client has its answer.
const GATE_OPENS: Duration = Duration::from_secs(5);

/// What an event brought, decoded or not.
type Incoming = TryData<Value>;

/// What a handler came to. Its error has been told to the page already and is returned for the span.
type Served = Result<(), TerminalError>;

/// Serves terminals in the namespace `/`.
pub(crate) fn register(io: &SocketIo, hub: Hub) {
    // Input is not among them: most programs echo it, but none has to.
    let telemetry = SocketTelemetry::new()
        .answers("terminal:create", "terminal:created")
        .answers("terminal:close", "terminal:closed");
    let table = hub.clone();
    let connected = move |socket: SocketRef| {
        if let Some(gate) = socket.extensions.get::<Gate>() {
            gate.open();
        }
        let table = table.clone();
        socket.on_disconnect(traced_disconnect(async move |socket: SocketRef| {
            table.detach(socket.id);
        }));
        ready(())
    };
    let before = move |socket: SocketRef| {
        bind(&socket, &hub);
        ready(Ok::<(), Infallible>(()))
    };
    io.ns("/", traced_connect(telemetry, connected).with(before));
}

/// Closed until a socket can be sent to, which is a moment after its events arrive.
#[derive(Debug, Clone, Default)]
struct Gate(Arc<watch::Sender<bool>>);

impl Gate {
    fn open(&self) {
        self.0.send_replace(true);
    }

    async fn wait(&self) {
        // A connection that fails in this very moment never opens it; what follows then meets a closed socket.
        let _ = timeout(GATE_OPENS, self.0.subscribe().wait_for(|open| *open)).await;
    }
}

fn bind(socket: &SocketRef, hub: &Hub) {
    let gate = Gate::default();
    socket.extensions.insert(gate.clone());
    let (table, opened) = (hub.clone(), gate.clone());
    socket.on(
        "terminal:create",
        traced(async move |socket: SocketRef, data: Incoming| {
            opened.wait().await;
            told(&socket, create(&table, &socket, data).await)
        }),
    );
    let (table, opened) = (hub.clone(), gate.clone());
    socket.on(
        "terminal:attach",
        traced(
            async move |socket: SocketRef, data: Incoming, wanted: AckWanted, ack: TracedAck| {
                opened.wait().await;
                attach(&table, &socket, data, wanted, ack)
            },
        ),
    );
    on_now(socket, hub, "terminal:input", |hub, socket, payload| {
        let session = hub.get(payload.terminal_id()?)?;
        session.type_in(socket.id, payload.input()?, RequestContext::current())
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
        session.tell_when_closed(socket.clone(), RequestContext::current());
        tokio::spawn(async move { session.close(CloseReason::Closed).await });
        Ok(())
    });
    let table = hub.clone();
    socket.on(
        "session:list",
        traced(move |ack: TracedAck| {
            answer(ack, &serde_json::json!({ "terminals": table.list() }));
            ready(())
        }),
    );
    // The name is the client's choice and must not become one of ours.
    let unknown = traced(|socket: SocketRef, Event(event): Event| {
        let shown: String = event.chars().take(SHOWN_EVENT).collect();
        let message = format!("{shown:?} means nothing here");
        ready(told(
            &socket,
            Err(TerminalError::new(ErrorCode::UnknownEvent, message)),
        ))
    });
    socket.on_fallback(unknown.named("unknown"));
}

/// Binds a handler that does its work at once, in the order in which events arrive.
fn on_now(
    socket: &SocketRef,
    hub: &Hub,
    event: &'static str,
    handle: fn(&Hub, &SocketRef, &Payload<'_>) -> Served,
) {
    let hub = hub.clone();
    let handler = move |socket: SocketRef, data: Incoming| -> Ready<Served> {
        let served = decoded(event, data)
            .and_then(|value| handle(&hub, &socket, &Payload::of(event, &value)?));
        ready(told(&socket, served))
    };
    socket.on(event, traced(handler));
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

fn attach(
    hub: &Hub,
    socket: &SocketRef,
    data: Incoming,
    wanted: AckWanted,
    ack: TracedAck,
) -> Served {
    const EVENT: &str = "terminal:attach";
    let mut ack = Some(ack);
    let served = decoded(EVENT, data).and_then(|value| {
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
    match (&served, ack) {
        (Err(error), Some(ack)) if wanted.0 => answer(ack, &Refused { ok: false, error }),
        _ => return told(socket, served),
    }
    served
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

/// Tells the page an error, as the answer to the event being handled.
fn told(socket: &SocketRef, served: Served) -> Served {
    if let Err(error) = &served
        && link::emit(socket, "terminal:error", error, &[]) == Sent::Full
    {
        tracing::warn!(code = ?error.code, "an error could not be told: the connection has no room");
    }
    served
}

fn answer<T: serde::Serialize>(ack: TracedAck, data: &T) {
    if let Err(error) = ack.send(data) {
        tracing::debug!(%error, "an acknowledgement could not be sent");
    }
}

/// Whether the sender of an event waits for an acknowledgement.
#[derive(Debug, Clone, Copy)]
struct AckWanted(bool);

impl FromMessageParts<LocalAdapter> for AckWanted {
    type Error = Infallible;

    fn from_message_parts(
        _: &Arc<Socket>,
        _: &mut RawValue,
        ack_id: &Option<i64>,
    ) -> Result<Self, Self::Error> {
        Ok(Self(ack_id.is_some()))
    }
}
