//! Ends that nobody asked for: a panic, or a telemetry that is dropped.

use std::sync::{Weak, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::Signal;
use crate::telemetry::Running;

/// How long a shutdown usually may take: longer than a backend that works needs, shorter than the
/// ten seconds after which containers are killed. 5 s.
pub const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a panic that ends the process waits for its log record to be delivered. 2 s.
pub const PANIC_TIMEOUT: Duration = Duration::from_secs(2);

/// Time between two looks at the queues.
const LOOK: Duration = Duration::from_millis(5);

/// Hands over what the SDK holds and waits until it is sent, for at most [`PANIC_TIMEOUT`].
///
/// Called by a thread that panics, which may hold any lock: so everything is done by another one.
pub(crate) fn flush(running: &Weak<Running>) {
    let Some(running) = running.upgrade() else {
        return;
    };
    let deadline = Instant::now() + PANIC_TIMEOUT;
    let (done, finished) = mpsc::channel();
    let flushing = thread::Builder::new()
        .name("aether-flush".to_owned())
        .spawn(move || {
            running.pipeline.flush();
            running.delivery.hurry();
            while running.waiting() > 0 && Instant::now() < deadline {
                thread::sleep(LOOK);
            }
            // Nobody waits any more once the time is over.
            let _ = done.send(());
        });
    if flushing.is_ok() {
        // Late or not: the process goes on ending.
        let _ = finished.recv_timeout(PANIC_TIMEOUT);
    }
}

impl Running {
    /// Items in the queues, those being sent included.
    fn waiting(&self) -> u64 {
        let outlets = self.delivery.outlets();
        outlets
            .iter()
            .flat_map(|outlet| Signal::ALL.map(|signal| outlet.queue.queued(signal)))
            .sum::<u64>()
            + self.delivery.held()
    }
}

impl Running {
    /// Items in the queues that are not on disk.
    fn losing(&self) -> u64 {
        let outlets = self.delivery.outlets();
        outlets
            .iter()
            .filter(|outlet| !outlet.queue.is_durable())
            .flat_map(|outlet| Signal::ALL.map(|signal| outlet.queue.queued(signal)))
            .sum::<u64>()
            + self.delivery.held()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let waiting = self.losing();
        if waiting > 0 && !*self.ended.get_mut() {
            tracing::warn!(
                waiting,
                "telemetry was dropped without a shutdown, and what waited is lost; await \
                 Telemetry::shutdown before the program ends"
            );
        }
    }
}
