//! [`traced_connect`]: connect handlers in a span.

use std::any::type_name;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use opentelemetry::trace::FutureExt;
use socketioxide::adapter::Adapter;
use socketioxide::handler::{ConnectHandler, ConnectMiddleware, Value};
use socketioxide::socket::Socket;

use super::connect_handler::ConnectFn;
use super::failure::Failure;
use super::handshake;
use super::run::{refuse, run, run_at_once};
use super::settings::SocketTelemetry;

/// Runs a connect handler in a span `connect {namespace}`, and makes the namespace's sockets
/// traced ones.
///
/// Takes any handler `io.ns` takes, and middlewares are added as usual, with
/// [`with`](ConnectHandler::with). What it adds:
///
/// * The span, of kind SERVER, joins the trace in the client's `auth` (field `_trace`). It covers
///   middlewares and handler. `error.type` is `rejected` when a middleware refuses the client,
///   otherwise as for [`traced`](super::traced).
/// * Neither middlewares nor the handler see `_trace` in `auth`.
/// * A client that says it reads trailing carriers is told, with the event `_trace:ready`, that
///   the server does too, and gets them from then on.
/// * Events of this socket that bring no context of their own become children of the connection,
///   if the client joined it to a trace.
/// * The metric `socketio.connections`.
/// * The handler runs up to its first `.await` before anything else of the connection: what it binds
///   there is in place for the first event of a client, however quick. Without this, an event can
///   come before the handler's task has its turn, and socketioxide drops it.
///
/// ```
/// use aether_telemetry::socketio::{SocketTelemetry, traced, traced_connect};
/// use socketioxide::{SocketIo, extract::SocketRef};
///
/// let (_layer, io) = SocketIo::new_layer();
/// io.ns("/", traced_connect(SocketTelemetry::new(), async |socket: SocketRef| {
///     socket.on("ping", traced(async || {}));
/// }));
/// ```
///
/// A socket has only one disconnect handler, and this puts one in its place: wrap your own in
/// [`traced_disconnect`](super::traced_disconnect). With an unwrapped one everything works but the
/// log record of the disconnect.
pub fn traced_connect<H>(settings: SocketTelemetry, handler: H) -> TracedConnect<H> {
    TracedConnect {
        settings,
        handler,
        middlewares: NoMiddleware,
    }
}

/// A handler made by [`traced_connect`].
#[derive(Clone)]
pub struct TracedConnect<H, M = NoMiddleware> {
    settings: SocketTelemetry,
    handler: H,
    middlewares: M,
}

impl<H, M> fmt::Debug for TracedConnect<H, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracedConnect")
            .field("handler", &type_name::<H>())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// The future of middlewares, as socketioxide wants it.
pub type MiddlewareFuture<'a> =
    Pin<Box<dyn Future<Output = Result<(), Box<dyn fmt::Display + Send>>> + Send + 'a>>;

/// A connect handler's middlewares.
pub trait Middlewares<A: Adapter>: Clone + Send + Sync + 'static {
    /// Runs all, the last one added first, until one refuses.
    fn run<'a>(&'a self, socket: Arc<Socket<A>>, auth: &'a Option<Value>) -> MiddlewareFuture<'a>;

    /// These and one more.
    fn plus<M, T>(self, middleware: M) -> Stack<A>
    where
        M: ConnectMiddleware<A, T>,
        T: Send + Sync + 'static;
}

/// None.
#[derive(Clone, Copy, Debug)]
pub struct NoMiddleware;

/// Some, in the order they were added.
pub struct Stack<A: Adapter>(Vec<Arc<dyn Middleware<A>>>);

trait Middleware<A: Adapter>: Send + Sync + 'static {
    fn run<'a>(&'a self, socket: Arc<Socket<A>>, auth: &'a Option<Value>) -> MiddlewareFuture<'a>;
}

struct Typed<M, T>(M, PhantomData<fn() -> T>);

impl<A, M, T> Middleware<A> for Typed<M, T>
where
    A: Adapter,
    M: ConnectMiddleware<A, T>,
    T: Send + Sync + 'static,
{
    fn run<'a>(&'a self, socket: Arc<Socket<A>>, auth: &'a Option<Value>) -> MiddlewareFuture<'a> {
        Box::pin(self.0.call(socket, auth))
    }
}

impl<A: Adapter> Middlewares<A> for NoMiddleware {
    fn run<'a>(&'a self, _: Arc<Socket<A>>, _: &'a Option<Value>) -> MiddlewareFuture<'a> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn plus<M, T>(self, middleware: M) -> Stack<A>
    where
        M: ConnectMiddleware<A, T>,
        T: Send + Sync + 'static,
    {
        Stack(vec![Arc::new(Typed(middleware, PhantomData))])
    }
}

impl<A: Adapter> Middlewares<A> for Stack<A> {
    fn run<'a>(&'a self, socket: Arc<Socket<A>>, auth: &'a Option<Value>) -> MiddlewareFuture<'a> {
        Box::pin(async move {
            for middleware in self.0.iter().rev() {
                middleware.run(Arc::clone(&socket), auth).await?;
            }
            Ok(())
        })
    }

    fn plus<M, T>(mut self, middleware: M) -> Stack<A>
    where
        M: ConnectMiddleware<A, T>,
        T: Send + Sync + 'static,
    {
        self.0.push(Arc::new(Typed(middleware, PhantomData)));
        self
    }
}

impl<A: Adapter> Clone for Stack<A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<A: Adapter> fmt::Debug for Stack<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stack").field(&self.0.len()).finish()
    }
}

impl<A, T, H, S> ConnectHandler<A, T> for TracedConnect<H, S>
where
    A: Adapter,
    H: ConnectFn<A, T>,
    S: Middlewares<A>,
{
    fn call_middleware<'a>(
        &'a self,
        socket: Arc<Socket<A>>,
        auth: &'a Option<Value>,
    ) -> MiddlewareFuture<'a> {
        Box::pin(async move {
            let operation = handshake::begin(&self.settings, &socket, auth);
            let context = operation.context().clone();
            let auth = handshake::without_carrier(auth);
            let run = self
                .middlewares
                .run(Arc::clone(&socket), &auth)
                .with_context(context);
            match run.await {
                Ok(()) => {
                    handshake::suspend(&socket, operation);
                    Ok(())
                }
                Err(refusal) => {
                    let failure = Failure::new("rejected", "a middleware refused the client");
                    operation.finish(Err(failure));
                    Err(refusal)
                }
            }
        })
    }

    fn call(&self, socket: Arc<Socket<A>>, auth: Option<Value>) {
        let operation = handshake::resume(&self.settings, &socket, &auth);
        let auth = handshake::without_carrier(&auth).into_owned();
        let context = operation.context().clone();
        let future = {
            let _guard = context.clone().attach();
            self.handler.clone().call(&socket, &auth)
        };
        match future {
            Ok(future) => run_at_once(run(operation, future).with_context(context)),
            Err(refused) => refuse(operation, refused.extractor),
        }
    }

    fn with<M, T1>(self, middleware: M) -> impl ConnectHandler<A, T>
    where
        M: ConnectMiddleware<A, T1> + Send + Sync + 'static,
        T: Send + Sync + 'static,
        T1: Send + Sync + 'static,
    {
        TracedConnect {
            settings: self.settings,
            handler: self.handler,
            middlewares: self.middlewares.plus(middleware),
        }
    }
}
