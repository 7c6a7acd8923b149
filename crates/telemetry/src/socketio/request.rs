//! The request being handled, as a handle that outlives its handler.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aether_propagation::SpanId;
use opentelemetry::Context;
use opentelemetry::trace::{FutureExt, SpanContext, TraceContextExt, WithContext};

use super::connection::Connection;
use super::outgoing::RequestId;
use super::settings::SocketTelemetry;

/// An event being handled: whose child a later emit is, and which request it answers.
///
/// Inside a handler nothing has to be done: every emit belongs to the handler's trace and says
/// which request it answers. A handle is for answers that come later and from elsewhere: take it
/// in the handler, hand it to the task that will know the answer, and emit there with
/// [`answering`](super::TracedSocket::answering).
///
/// ```
/// # use socketioxide::extract::{Data, SocketRef};
/// # use aether_telemetry::socketio::{RequestContext, TracedEmit};
/// # use tokio::sync::mpsc::{Receiver, Sender};
/// async fn input(Data(keys): Data<String>, shell: Sender<(String, Option<RequestContext>)>) {
///     shell.send((keys, RequestContext::current())).await.ok();
/// }
///
/// async fn forward(socket: SocketRef, mut output: Receiver<(String, Vec<RequestContext>)>) {
///     while let Some((text, answered)) = output.recv().await {
///         socket.traced().answering(&answered).emit("output", &text).ok();
///     }
/// }
/// ```
///
/// The first emit that names a handle is its answer. Later ones still belong to its trace, but no
/// longer claim to answer. Clones are the same request.
#[derive(Clone)]
pub struct RequestContext {
    inner: Arc<Inner>,
}

struct Inner {
    /// The handler's span. Does not hold this handle, or neither would ever be freed.
    context: Context,
    connection: Arc<Connection>,
    /// The client's span, if it sent one.
    asked_by: Option<SpanId>,
    /// How an older peer asked: it wants the answer in the payload.
    payload: Option<Option<RequestId>>,
    answered: AtomicBool,
}

impl RequestContext {
    /// The request whose handler is running; `None` outside of [`traced`](super::traced) handlers,
    /// and in tasks they spawned without
    /// [`in_current_trace`](crate::InCurrentTrace::in_current_trace).
    #[must_use]
    pub fn current() -> Option<Self> {
        Context::map_current(|context| context.get::<Self>().cloned())
    }

    /// The OpenTelemetry context of the handler's span, for instance to start spans under it or to
    /// write its headers. To run a future in it see [`scope`](Self::scope).
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.inner.context
    }

    /// `future`, as if the handler of this request ran it: its spans, logs and emits belong to the
    /// request's trace, also after the handler has ended. For work that goes on elsewhere, with a
    /// handle that was passed there; for tasks that a handler spawns itself there is
    /// [`in_current_trace`](crate::InCurrentTrace::in_current_trace).
    ///
    /// ```
    /// # use aether_telemetry::socketio::RequestContext;
    /// # async fn convert() {}
    /// async fn worker(mut jobs: tokio::sync::mpsc::Receiver<RequestContext>) {
    ///     while let Some(request) = jobs.recv().await {
    ///         request.scope(convert()).await;
    ///     }
    /// }
    /// ```
    pub fn scope<F: Future>(&self, future: F) -> WithContext<F> {
        future.with_context(self.context().with_value(self.clone()))
    }

    /// The settings of the running handler's connection, else the defaults.
    pub(super) fn current_settings() -> SocketTelemetry {
        Context::map_current(|context| {
            let current = context.get::<Self>();
            let settings = current.map(|request| &request.inner.connection.settings);
            settings
                .unwrap_or_else(|| SocketTelemetry::shared_default())
                .clone()
        })
    }

    pub(super) fn new(
        context: Context,
        connection: Arc<Connection>,
        asked_by: Option<SpanId>,
        payload: Option<Option<RequestId>>,
    ) -> Self {
        let answered = AtomicBool::new(false);
        Self {
            inner: Arc::new(Inner {
                context,
                connection,
                asked_by,
                payload,
                answered,
            }),
        }
    }

    pub(super) fn span_context(&self) -> SpanContext {
        self.inner.context.span().span_context().clone()
    }

    /// Whether it came over this connection: only there can it be answered.
    pub(super) fn is_from(&self, connection: &Arc<Connection>) -> bool {
        Arc::ptr_eq(&self.inner.connection, connection)
    }

    /// The span that waits for an answer.
    pub(super) fn asked_by(&self) -> Option<SpanId> {
        self.inner.asked_by
    }

    /// The request id to repeat in the payload, if the answer belongs there.
    pub(super) fn payload(&self) -> Option<&Option<RequestId>> {
        self.inner.payload.as_ref()
    }

    /// Takes the right to answer; `false` when another emit had it already.
    pub(super) fn claim(&self) -> bool {
        !self.inner.answered.swap(true, Ordering::AcqRel)
    }

    /// Gives the right back, when the emit that had it failed.
    pub(super) fn release(&self) {
        self.inner.answered.store(false, Ordering::Release);
    }
}

impl fmt::Debug for RequestContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = self.inner.context.span();
        f.debug_struct("RequestContext")
            .field("trace_id", &span.span_context().trace_id())
            .field("span_id", &span.span_context().span_id())
            .field("answered", &self.inner.answered.load(Ordering::Relaxed))
            .finish()
    }
}
