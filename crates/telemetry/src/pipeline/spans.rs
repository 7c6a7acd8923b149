//! Spans on their way from the SDK to the delivery, in batches.
//!
//! A span is encoded where it ends, by the thread that ended it, and only bytes are kept: less
//! memory than the span itself, nothing to be freed by another thread, and one copy fewer than the
//! SDK's own batch processor and exporter make. A thread hands full batches over, and those that
//! are not full after a while.
//!
//! <https://opentelemetry.io/docs/specs/otel/trace/sdk/#batching-processor>

mod open;

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry::{Context, InstrumentationScope};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};

use crate::Signal;
use crate::config::Batch as Settings;
use crate::delivery::{Batch, Counters, Delivery, Outcome, Source};
use crate::otlp::encode;
use crate::otlp::wire::put_message;
use open::{Open, Request};

/// Field of a span in its `ScopeSpans`.
const SPANS: u32 = 2;
/// A buffer larger than this is not kept for the next span: some spans are huge, and few.
const KEPT: usize = 16 * 1024;

thread_local! {
    /// Where this thread encodes its spans, one after the other.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The processor. Everything is in [`Shared`].
#[derive(Debug)]
pub(super) struct Spans {
    shared: Arc<Shared>,
}

/// Where encoded spans go.
#[derive(Clone, Debug)]
pub(super) struct Sink(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    settings: Settings,
    /// Characters after which texts are cut.
    value_length: usize,
    /// Weak, because global providers outlive us.
    delivery: Weak<Delivery>,
    counters: Arc<Counters>,
    /// What the counts call this place.
    label: Arc<str>,
    /// The same as `stopped`, without the lock.
    closed: AtomicBool,
    state: Mutex<State>,
    /// A batch is full, or the end has come.
    changed: Condvar,
    /// Held while batches are handed over, so that whoever flushes has waited for all of them.
    handing_over: Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    open: Open,
    full: Vec<Request>,
    /// Spans in `open` and `full`.
    waiting: usize,
    /// Spans for which there was no room, not yet counted.
    lost: u64,
    stopped: bool,
}

impl Spans {
    /// Starts the thread.
    ///
    /// # Errors
    /// A sentence saying that no thread could be had.
    pub(super) fn start(
        settings: Settings,
        value_length: Option<u32>,
        delivery: &Arc<Delivery>,
    ) -> Result<Self, String> {
        let shared = Arc::new(Shared {
            settings,
            // 32 bits fit everywhere this can run.
            value_length: value_length.map_or(usize::MAX, |length| length as usize),
            delivery: Arc::downgrade(delivery),
            counters: Arc::clone(delivery.counters()),
            label: Arc::from("sdk"),
            closed: AtomicBool::new(false),
            state: Mutex::default(),
            changed: Condvar::new(),
            handing_over: Mutex::default(),
        });
        let worker = Arc::clone(&shared);
        thread::Builder::new()
            .name("aether-spans".to_owned())
            .spawn(move || worker.run())
            .map_err(|error| format!("no thread for spans: {error}"))?;
        Ok(Self { shared })
    }

    /// The way past the SDK.
    pub(super) fn sink(&self) -> Sink {
        Sink(Arc::clone(&self.shared))
    }
}

impl Sink {
    /// Takes a span whose fields `write` appends.
    pub(super) fn put(&self, scope: &InstrumentationScope, write: impl FnOnce(&mut Vec<u8>)) {
        self.0.put(scope, |out| put_message(out, SPANS, write));
    }

    /// The request that would be sent now; nothing is left.
    #[cfg(test)]
    pub(super) fn take(&self) -> Option<Vec<u8>> {
        let request = self.0.lock().open.take();
        request.map(|request| request.body)
    }

    /// Characters after which texts are cut.
    pub(super) fn value_length(&self) -> usize {
        self.0.value_length
    }

    /// Whether the end has come.
    pub(super) fn is_closed(&self) -> bool {
        self.0.closed.load(Ordering::Relaxed)
    }
}

impl SpanProcessor for Spans {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if !span.span_context.is_sampled() {
            return;
        }
        let length = self.shared.value_length;
        self.shared.put(&span.instrumentation_scope, |out| {
            encode::put_span(out, SPANS, &span, length);
        });
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.shared.hand_over(true);
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        {
            let mut state = self.shared.lock();
            if state.stopped {
                return Err(OTelSdkError::AlreadyShutdown);
            }
            state.stopped = true;
            self.shared.closed.store(true, Ordering::Relaxed);
        }
        self.shared.changed.notify_one();
        // Waits for nothing but the other thread's hand-over, which waits for nothing.
        self.shared.hand_over(true);
        Ok(())
    }

    fn set_resource(&mut self, resource: &Resource) {
        let schema = resource.schema_url().unwrap_or_default();
        self.shared
            .lock()
            .open
            .set_resource(&encode::resource(resource), schema);
    }
}

impl Drop for Spans {
    /// Ends the thread of a processor that was never shut down.
    fn drop(&mut self) {
        // Fails only where it was.
        let _ = self.shutdown_with_timeout(Duration::ZERO);
    }
}

impl Shared {
    /// Takes a span that `write` encodes as a field of `ScopeSpans`.
    fn put(&self, scope: &InstrumentationScope, write: impl FnOnce(&mut Vec<u8>)) {
        // A thread that is ending has no buffer any more.
        let mut buffer = BUFFER.try_with(Cell::take).unwrap_or_default();
        write(&mut buffer);
        self.keep(scope, &buffer);
        buffer.clear();
        if buffer.capacity() <= KEPT {
            let _ = BUFFER.try_with(|kept| kept.set(buffer));
        }
    }

    fn keep(&self, scope: &InstrumentationScope, encoded: &[u8]) {
        let mut state = self.lock();
        if state.stopped {
            drop(state);
            self.count_lost("shutdown", 1);
            return;
        }
        if state.waiting >= self.settings.queue_size {
            state.lost += 1;
            return;
        }
        state.open.add(scope, encoded);
        state.waiting += 1;
        if state.open.spans() >= self.settings.batch_size {
            let request = state.open.take();
            state.full.extend(request);
            drop(state);
            self.changed.notify_one();
        }
    }

    /// The thread: full batches at once, the open one when the delay is over.
    fn run(&self) {
        let mut due = Instant::now() + self.settings.delay;
        loop {
            let mut state = self.lock();
            while state.full.is_empty() && !state.stopped {
                let left = due.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                let waited = self.changed.wait_timeout(state, left);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            if state.stopped {
                return;
            }
            let over = due <= Instant::now();
            drop(state);
            self.hand_over(over);
            if over {
                due = Instant::now() + self.settings.delay;
            }
        }
    }

    /// Hands over all full batches, and the open one if `all`.
    fn hand_over(&self, all: bool) {
        // What this causes must not become telemetry itself.
        let _quiet = Context::enter_telemetry_suppressed_scope();
        let _turn = self
            .handing_over
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (requests, lost) = {
            let mut state = self.lock();
            let mut requests = std::mem::take(&mut state.full);
            if all {
                requests.extend(state.open.take());
            }
            let taken: usize = requests.iter().map(|request| request.spans).sum();
            state.waiting -= taken;
            (requests, std::mem::take(&mut state.lost))
        };
        self.count_lost("sdk_queue_full", lost);
        let Some(delivery) = self.delivery.upgrade() else {
            let left: usize = requests.iter().map(|request| request.spans).sum();
            self.count_lost("shutdown", left as u64);
            return;
        };
        for request in requests {
            // What did not fit is counted by the delivery.
            let _ = delivery.intake(
                &Batch {
                    signal: Signal::Traces,
                    source: Source::Own,
                    items: request.spans as u64,
                    body: request.body.into(),
                },
                None,
            );
        }
    }

    fn count_lost(&self, reason: &'static str, spans: u64) {
        self.counters
            .add(Outcome::Dropped, Signal::Traces, &self.label, reason, spans);
    }

    /// No code panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
