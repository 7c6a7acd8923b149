//! Panics as log records.

use std::panic;

/// Adds a hook that logs where a panic happened, then runs the hook that was there before.
///
/// The message is left out: it often quotes the data that caused the panic, which may be what
/// somebody typed.
pub(crate) fn install() {
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let location = info.location();
        let file = location.map(panic::Location::file);
        let line = location.map(panic::Location::line);
        let current = std::thread::current();
        tracing::error!(
            target: "panic",
            { file, line, thread = current.name() },
            "a thread panicked"
        );
        previous(info);
    }));
}
