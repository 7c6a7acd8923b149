//! The SDK's batch processor of log records, so that it loses nothing uncounted.
//!
//! By itself it drops what does not fit into its queue, and says so in a log line only. A gate in
//! front lets in no more than the queue holds, so that the SDK never has to drop, and counts what
//! it turns away: `aether.telemetry.dropped`, destination `sdk`, reason `sdk_queue_full`, or
//! `shutdown` for records made too late. Replacing the processor would have meant its thread,
//! timer and flushes as well; a gate is two counters. (Spans have a [processor](super::spans) of
//! their own.)

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use opentelemetry::InstrumentationScope;
use opentelemetry::logs::Severity;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{
    BatchConfigBuilder as LogBatchConfig, BatchLogProcessor, LogBatch, LogExporter, LogProcessor,
    SdkLogRecord,
};

use crate::Signal;
use crate::config::Batch;
use crate::delivery::{Counters, Outcome};

/// The processor for log records.
pub(super) fn logs(
    exporter: impl LogExporter + 'static,
    batch: &Batch,
    counters: &Arc<Counters>,
) -> impl LogProcessor + 'static {
    let gate = Gate::new(Signal::Logs, batch, counters);
    let exporter = Outside {
        exporter,
        gate: Arc::clone(&gate),
    };
    let config = LogBatchConfig::default()
        .with_scheduled_delay(batch.delay)
        .with_max_queue_size(batch.queue_size)
        .with_max_export_batch_size(batch.batch_size);
    let inner = BatchLogProcessor::builder(exporter).with_batch_config(config.build());
    Inside {
        inner: inner.build(),
        gate,
    }
}

/// How many items are in a processor's queue.
#[derive(Debug)]
struct Gate {
    signal: Signal,
    limit: usize,
    waiting: AtomicUsize,
    closed: AtomicBool,
    counters: Arc<Counters>,
    label: Arc<str>,
}

impl Gate {
    fn new(signal: Signal, batch: &Batch, counters: &Arc<Counters>) -> Arc<Self> {
        Arc::new(Self {
            signal,
            limit: batch.queue_size,
            waiting: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            counters: Arc::clone(counters),
            label: Arc::from("sdk"),
        })
    }

    /// Whether one more fits; counts it where not.
    fn enter(&self) -> bool {
        let reason = if self.closed.load(Ordering::Relaxed) {
            "shutdown"
        } else if self.waiting.fetch_add(1, Ordering::Relaxed) < self.limit {
            return true;
        } else {
            self.leave(1);
            "sdk_queue_full"
        };
        self.counters
            .add(Outcome::Dropped, self.signal, &self.label, reason, 1);
        false
    }

    /// So many have left the queue.
    fn leave(&self, items: usize) {
        self.waiting.fetch_sub(items, Ordering::Relaxed);
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}

/// In front of a processor.
#[derive(Debug)]
struct Inside<P> {
    inner: P,
    gate: Arc<Gate>,
}

impl LogProcessor for Inside<BatchLogProcessor> {
    fn emit(&self, record: &mut SdkLogRecord, scope: &InstrumentationScope) {
        if self.gate.enter() {
            self.inner.emit(record, scope);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.gate.close();
        self.inner.shutdown_with_timeout(timeout)
    }

    fn event_enabled(&self, level: Severity, target: &str, name: Option<&str>) -> bool {
        self.inner.event_enabled(level, target, name)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

/// Behind a processor: what comes here has left its queue.
#[derive(Debug)]
struct Outside<E> {
    exporter: E,
    gate: Arc<Gate>,
}

impl<E: LogExporter> LogExporter for Outside<E> {
    fn export(&self, batch: LogBatch<'_>) -> impl Future<Output = OTelSdkResult> + Send {
        self.gate.leave(batch.iter().count());
        self.exporter.export(batch)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn event_enabled(&self, level: Severity, target: &str, name: Option<&str>) -> bool {
        self.exporter.event_enabled(level, target, name)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::logs::{Logger, LoggerProvider};
    use opentelemetry_sdk::logs::SdkLoggerProvider;
    use std::sync::{Mutex, mpsc};

    /// Says when it got a batch and holds it until it may go on, so that the queue behind fills.
    #[derive(Debug)]
    struct Held {
        started: mpsc::Sender<usize>,
        go_on: Mutex<mpsc::Receiver<()>>,
    }

    impl Held {
        fn new() -> (Self, mpsc::Receiver<usize>, mpsc::Sender<()>) {
            let (started, starts) = mpsc::channel();
            let (release, go_on) = mpsc::channel();
            let go_on = Mutex::new(go_on);
            (Self { started, go_on }, starts, release)
        }

        fn hold(&self, items: usize) {
            // Both ends are gone once the test is over.
            let _ = self.started.send(items);
            let _ = self.go_on.lock().unwrap().recv();
        }
    }

    impl LogExporter for Held {
        async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
            self.hold(batch.iter().count());
            Ok(())
        }
    }

    const FOUR: Batch = Batch {
        delay: Duration::from_secs(3600),
        queue_size: 4,
        batch_size: 4,
    };

    fn dropped(counters: &Counters) -> Vec<(Signal, &'static str, u64)> {
        let counts = counters.snapshot().into_iter();
        counts
            .map(|count| {
                assert_eq!(
                    (count.outcome, &*count.destination),
                    (Outcome::Dropped, "sdk")
                );
                let std::borrow::Cow::Borrowed(reason) = count.reason else {
                    panic!("{:?}", count.reason);
                };
                (count.signal, reason, count.value)
            })
            .collect()
    }

    /// Makes items while an export is held; what the SDK then holds arrives, the rest is counted.
    fn play(
        signal: Signal,
        make: impl Fn(usize),
        stop: impl FnOnce(),
        starts: &mpsc::Receiver<usize>,
        release: mpsc::Sender<()>,
        counters: &Counters,
    ) {
        make(4);
        assert_eq!(starts.recv().unwrap(), 4, "a full batch leaves at once");
        make(7);
        assert_eq!(dropped(counters), [(signal, "sdk_queue_full", 3)]);
        drop(release);
        stop();
        assert_eq!(starts.iter().sum::<usize>(), 4, "nothing else was lost");
    }

    #[test]
    fn log_records_that_do_not_fit_are_counted() {
        let (exporter, starts, release) = Held::new();
        let counters = Arc::new(Counters::default());
        let provider = SdkLoggerProvider::builder()
            .with_log_processor(logs(exporter, &FOUR, &counters))
            .build();
        let logger = provider.logger("test");
        let make = |count| (0..count).for_each(|_| logger.emit(logger.create_log_record()));
        let stop = || provider.shutdown().unwrap();
        play(Signal::Logs, make, stop, &starts, release, &counters);
        make(2);
        let late = (Signal::Logs, "shutdown", 2);
        assert!(dropped(&counters).contains(&late));
    }
}
