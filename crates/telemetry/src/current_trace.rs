//! Taking the current trace along: into tasks, threads and callbacks.

use std::future::Future;

use opentelemetry::Context;
use opentelemetry::trace::{FutureExt, WithContext};

/// [`in_current_trace`](InCurrentTrace::in_current_trace) for every future.
///
/// A task that is spawned starts with nothing of the handler that spawns it. One call brings the
/// trace along: spans, `tracing` events, HTTP calls and emits in there then belong to it, and
/// [`RequestContext::current`](crate::socketio::RequestContext::current) says which event is being
/// handled.
///
/// ```
/// use aether_telemetry::InCurrentTrace;
///
/// # async fn convert() {}
/// async fn handler() {
///     tokio::spawn(async { convert().await }.in_current_trace());
/// }
/// ```
pub trait InCurrentTrace: Future + Sized {
    /// This future, in the trace that is current now.
    fn in_current_trace(self) -> WithContext<Self>;
}

impl<F: Future> InCurrentTrace for F {
    fn in_current_trace(self) -> WithContext<Self> {
        self.with_current_context()
    }
}

/// `work`, in the trace that is current now: for `spawn_blocking`, threads and callbacks.
///
/// ```
/// use aether_telemetry::in_current_trace;
///
/// # fn convert() {}
/// async fn handler() {
///     tokio::task::spawn_blocking(in_current_trace(|| convert()));
/// }
/// ```
pub fn in_current_trace<R>(work: impl FnOnce() -> R) -> impl FnOnce() -> R {
    let context = Context::current();
    move || {
        let _guard = context.attach();
        work()
    }
}
