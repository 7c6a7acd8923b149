//! Panics as log records.

use std::panic;
use std::thread;

/// Adds a hook that logs where a panic happened, calls `flush` where the process ends by it, then
/// runs the hook that was there before.
///
/// The message is left out: it often quotes the data that caused the panic, which may be what
/// somebody typed. The hook from before comes last, because it may end the process.
pub(crate) fn install(flush: impl Fn() + Send + Sync + 'static) {
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let location = info.location();
        let current = thread::current();
        tracing::error!(
            target: "panic",
            {
                code.file.path = location.map(panic::Location::file),
                code.line.number = location.map(panic::Location::line),
                thread.name = current.name(),
                exception.r#type = "panic",
            },
            "a thread panicked"
        );
        if ends_process(current.name()) {
            flush();
        }
        previous(info);
    }));
}

/// Whether nobody can go on after a panic of this thread: it is not unwound, or it is the main one.
/// A task of a runtime on the main thread is caught by its runtime.
fn ends_process(thread: Option<&str>) -> bool {
    cfg!(panic = "abort") || (thread == Some("main") && tokio::task::try_id().is_none())
}
