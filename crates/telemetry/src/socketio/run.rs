//! Running a handler to its end, whichever that is.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use super::attributes;
use super::failure::Failure;
use super::operation::Operation;

/// Longest text of a handler's error in telemetry, in bytes.
const MAX_MESSAGE: usize = 256;

/// What a traced handler may return: nothing, or `Result<(), E>` with `E: Display`.
///
/// ```
/// use aether_telemetry::socketio::traced;
/// use socketioxide::extract::{Data, SocketRef};
///
/// async fn on_connect(socket: SocketRef) {
///     socket.on("parse", traced(async |Data(text): Data<String>| {
///         text.parse::<u32>().map(drop)
///     }));
/// }
/// ```
pub trait Outcome: Send + 'static {
    /// The type and the text of the error, if it is one.
    fn error(&self) -> Option<(&'static str, String)>;
}

impl Outcome for () {
    fn error(&self) -> Option<(&'static str, String)> {
        None
    }
}

impl<E: fmt::Display + Send + 'static> Outcome for Result<(), E> {
    fn error(&self) -> Option<(&'static str, String)> {
        self.as_ref()
            .err()
            .map(|error| (std::any::type_name::<E>(), error.to_string()))
    }
}

/// A handler that never returns on its own, such as a loop or one that always panics, has the
/// type `!`, which has no name in stable Rust: it is what a function returning it returns.
#[doc(hidden)]
pub trait Returns {
    /// What it returns.
    type Output;
}
impl<T> Returns for fn() -> T {
    type Output = T;
}

impl Outcome for <fn() -> ! as Returns>::Output {
    fn error(&self) -> Option<(&'static str, String)> {
        *self
    }
}

/// Runs `future` and ends `operation` with what it returns. Expects to be polled in the
/// operation's context. A panic is recorded and goes on.
pub(super) fn run<F>(operation: Operation, future: F) -> Run<F>
where
    F: Future<Output: Outcome> + Send,
{
    Run {
        future: Some(future),
        operation: Some(operation),
    }
}

pin_project! {
    /// The future of [`run`]. Written by hand because an async function would hold `future` three
    /// times over, and every task is moved to the heap.
    pub(super) struct Run<F> {
        // Dropped before the operation: what a handler does as it goes belongs to its span.
        #[pin]
        future: Option<F>,
        operation: Option<Operation>,
    }
}

impl<F: Future<Output: Outcome>> Future for Run<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        // Nobody polls it again after a panic, so nobody sees what it left half done.
        let result = catch_unwind(AssertUnwindSafe(|| {
            let Some(future) = this.future.as_mut().as_pin_mut() else {
                return Poll::Ready(None);
            };
            future.poll(task).map(|outcome| {
                this.future.set(None);
                Some(outcome)
            })
        }));
        let result = match result {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(None)) => return Poll::Ready(()),
            Ok(Poll::Ready(Some(outcome))) => Ok(outcome),
            Err(panic) => {
                this.future.set(None);
                Err(panic)
            }
        };
        if let Some(operation) = this.operation.take() {
            end(operation, result);
        }
        Poll::Ready(())
    }
}

/// Ends `operation` with what its handler returned, or goes on with its panic.
fn end(operation: Operation, result: Result<impl Outcome, Box<dyn Any + Send>>) {
    match result {
        Ok(outcome) => match outcome.error() {
            None => operation.finish(Ok(())),
            // The text was written by the application, for people to read.
            Some((type_name, message)) => {
                let message = attributes::truncate(&message, MAX_MESSAGE).to_owned();
                report(&operation, type_name, &message);
                operation.finish(Err(Failure::new("handler_error", message)));
            }
        },
        Err(panic) => {
            // A panic's text can quote what it stumbled over, a user's input for instance, so it
            // stays with the panic hook.
            report(
                &operation,
                "panic",
                "the handler panicked; the panic hook has the message",
            );
            operation.finish(Err(Failure::new("panic", "the handler panicked")));
            resume_unwind(panic);
        }
    }
}

/// Runs `future` as far as it goes without waiting, and the rest in a task of its own.
///
/// For connect handlers: the client has just been told that it is connected, so what a handler binds
/// before its first `.await` must be there at once, not when a new task gets its turn. A panic ends
/// a task, as it would if all of the future had run in one.
pub(super) fn run_at_once<F>(future: F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut future = Box::pin(future);
    // Whoever polls it next leaves its own waker.
    let mut task = Context::from_waker(Waker::noop());
    match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut task))) {
        Ok(Poll::Ready(())) => {}
        Ok(Poll::Pending) => {
            tokio::spawn(future);
        }
        Err(panic) => {
            tokio::spawn(async { resume_unwind(panic) });
        }
    }
}

/// Ends `operation`, whose handler never ran because `extractor` failed. What extractors say can
/// quote the event's content, so only their name is kept.
pub(super) fn refuse(operation: Operation, extractor: &'static str) {
    let message = format!("the extractor {extractor} failed, the handler did not run");
    let guard = operation.context().clone().attach();
    report(&operation, extractor, &message);
    drop(guard);
    operation.finish(Err(Failure::new("extractor_error", message)));
}

/// Logs the failure as an exception, as far as the quota goes.
fn report(operation: &Operation, type_name: &str, message: &str) {
    let Some(unsaid) = operation.log_quota().take() else {
        return;
    };
    tracing::error!(
        { attributes::UNLOGGED } = Some(unsaid).filter(|unsaid| *unsaid > 0),
        "exception.type" = type_name,
        "exception.message" = message,
        "{} failed",
        operation.label(),
    );
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU8, Ordering};

    use tokio::sync::oneshot;

    use super::run_at_once;

    #[tokio::test]
    async fn what_needs_no_waiting_has_happened_on_return() {
        let stage = Arc::new(AtomicU8::new(0));
        let (go, wait) = oneshot::channel::<()>();
        let (done, end) = oneshot::channel();
        let seen = Arc::clone(&stage);
        run_at_once(async move {
            seen.store(1, Ordering::SeqCst);
            wait.await.unwrap();
            seen.store(2, Ordering::SeqCst);
            done.send(()).unwrap();
        });
        assert_eq!(stage.load(Ordering::SeqCst), 1);
        go.send(()).unwrap();
        end.await.unwrap();
        assert_eq!(stage.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_panic_does_not_reach_the_caller() {
        run_at_once(async { panic!("of the handler") });
    }
}
