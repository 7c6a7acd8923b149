//! The events, once for both servers.
//!
//! They are bound in a middleware: a connect handler runs only after the client has heard that it
//! is connected, and what a quick client sends at once would find nobody.

use std::convert::Infallible;

use aether_telemetry::socketio::{
    EventHandler, RequestContext, TracedAck, TracedBroadcast, TracedEmit, traced as in_span,
};
use bytes::Bytes;
use serde::Serialize;
use serde_json::Value as Json;
use socketioxide::SocketIo;
use socketioxide::adapter::LocalAdapter;
use socketioxide::extract::{AckSender, Data, SocketRef, TryData};
use socketioxide::handler::MessageHandler;
use tokio::sync::watch;

use crate::args::Raw;

type Auth = TryData<Json>;

/// The middleware that binds the events of a plain server.
pub(crate) async fn bare(io: SocketIo, socket: SocketRef, auth: Auth) -> Result<(), Infallible> {
    Peer::Bare.serve(io, &socket, auth);
    socket.on("fail", async || {});
    Ok(())
}

/// The same with traces.
pub(crate) async fn traced(io: SocketIo, socket: SocketRef, auth: Auth) -> Result<(), Infallible> {
    Peer::Traced.serve(io, &socket, auth);
    socket.on("fail", in_span(async || Err::<(), _>("out of paper")));
    // Acknowledges in a way that the span shows.
    socket.on(
        "echo",
        in_span(async |socket: SocketRef, args: Raw, ack: TracedAck| {
            opened(&socket).await;
            ack.send(&args.arguments())
        }),
    );
    Ok(())
}

/// Whether the connect handler has run: from then on the socket can be sent to.
#[derive(Clone)]
struct Open(watch::Sender<bool>);

/// The connect handler.
pub(crate) async fn open(socket: SocketRef) {
    if let Some(Open(state)) = socket.extensions.get() {
        state.send_replace(true);
    }
}

async fn opened(socket: &SocketRef) {
    if let Some(Open(state)) = socket.extensions.get() {
        // Fails only without a sender, and there is one in `state`.
        state.subscribe().wait_for(|open| *open).await.ok();
    }
}

/// The middleware of `/guarded`: lets in who knows the word, and nobody whose `auth` holds
/// anything else.
pub(crate) async fn guard(TryData(auth): Auth) -> Result<(), String> {
    match auth {
        Ok(Json::Object(fields)) if fields.len() == 1 && fields["word"] == "open" => Ok(()),
        _ => Err("the word is missing".to_owned()),
    }
}

#[derive(Clone, Copy)]
enum Peer {
    Bare,
    Traced,
}

impl Peer {
    fn serve(self, io: SocketIo, socket: &SocketRef, TryData(auth): Auth) {
        socket.extensions.insert(Open(watch::Sender::new(false)));
        let auth = auth.unwrap_or(Json::Null);
        self.on(socket, "auth", async move |ack: AckSender| {
            ack.send(&auth).ok();
        });
        self.requests(socket);
        self.replies(io, socket);
        self.on(socket, "fire", async || {});
        self.on(socket, "number", async |Data(_): Data<u32>| {});
        self.on(socket, "panic", async || panic!("on request"));
        self.on(socket, "close", async |socket: SocketRef| {
            socket.disconnect().ok();
        });
    }

    /// Events that are acknowledged.
    fn requests(self, socket: &SocketRef) {
        self.on(
            socket,
            "echo",
            async |socket: SocketRef, args: Raw, ack: AckSender| {
                opened(&socket).await;
                ack.send(&args.arguments()).ok();
            },
        );
        self.on(socket, "seen", async |args: Raw, ack: AckSender| {
            ack.send(&args.describe()).ok();
        });
        self.on(
            socket,
            "binary",
            async |Data(bytes): Data<Bytes>, ack: AckSender| {
                ack.send(&bytes).ok();
            },
        );
        self.on(socket, "ask", move |socket, args, ack| {
            self.ask(socket, args, ack)
        });
    }

    /// Events that are answered, or followed, by other events.
    fn replies(self, io: SocketIo, socket: &SocketRef) {
        self.on(
            socket,
            "echo:reply",
            async move |socket: SocketRef, args: Raw| {
                self.emit(&socket, &[], "echo:replied", &args.arguments())
                    .await;
            },
        );
        self.on(
            socket,
            "binary:reply",
            async move |socket: SocketRef, Data(bytes): Data<Bytes>| {
                self.emit(&socket, &[], "binary:replied", &("bytes", bytes, 3))
                    .await;
            },
        );
        self.on(
            socket,
            "later",
            async move |socket: SocketRef, args: Raw| {
                let request = RequestContext::current();
                tokio::spawn(async move {
                    self.emit(&socket, request.as_slice(), "later:done", &args.arguments())
                        .await;
                });
            },
        );
        self.on(
            socket,
            "broadcast",
            move |socket: SocketRef, args: Raw| async move {
                let news = args.arguments();
                let path = socket.ns();
                match self {
                    Self::Traced => TracedBroadcast::of(&io, path)
                        .emit("news", &news)
                        .await
                        .ok(),
                    Self::Bare => match io.of(path) {
                        Some(everybody) => everybody.emit("news", &news).await.ok(),
                        None => None,
                    },
                };
            },
        );
    }

    /// Asks the client, and acknowledges with what it answered.
    async fn ask(self, socket: SocketRef, args: Raw, ack: AckSender) {
        opened(&socket).await;
        let question = args.arguments();
        let answer = match self {
            Self::Traced => match socket.traced().emit_with_ack("question", &question) {
                Ok(answer) => answer.await,
                Err(_) => return,
            },
            Self::Bare => match socket.emit_with_ack("question", &question) {
                Ok(answer) => answer.await,
                Err(_) => return,
            },
        };
        ack.send(&answer.unwrap_or(Json::Null)).ok();
    }

    fn on<T, H>(self, socket: &SocketRef, event: &'static str, handler: H)
    where
        T: Send + Sync + 'static,
        H: MessageHandler<LocalAdapter, T> + EventHandler<LocalAdapter, T>,
    {
        match self {
            Self::Bare => socket.on(event, handler),
            Self::Traced => socket.on(event, in_span(handler)),
        }
    }

    async fn emit<T: Serialize>(
        self,
        socket: &SocketRef,
        answered: &[RequestContext],
        event: &'static str,
        data: &T,
    ) {
        opened(socket).await;
        match self {
            Self::Bare => socket.emit(event, data).ok(),
            Self::Traced => socket.traced().answering(answered).emit(event, data).ok(),
        };
    }
}
