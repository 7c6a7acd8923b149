//! How spans and log records are collected: `OTEL_BSP_*` and `OTEL_BLRP_*`.
//!
//! <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#batch-span-processor>

use std::time::Duration;

use super::parse;
use super::reader::Reader;

/// How a batch processor of the SDK collects.
///
/// There is no timeout: a batch goes into the destinations' queues at once. `…_EXPORT_TIMEOUT` is
/// checked like any setting, and sending is bounded by `OTEL_EXPORTER_OTLP_TIMEOUT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// Longest wait before a batch is handed on (`…_SCHEDULE_DELAY`, milliseconds).
    pub delay: Duration,
    /// Items that may wait; more are dropped (`…_MAX_QUEUE_SIZE`, default 2048).
    pub queue_size: usize,
    /// Items in one batch (`…_MAX_EXPORT_BATCH_SIZE`, default 512).
    pub batch_size: usize,
}

impl Batch {
    pub(crate) const SPANS: Self = Self {
        delay: Duration::from_secs(5),
        queue_size: 2048,
        batch_size: 512,
    };
    pub(crate) const LOGS: Self = Self {
        delay: Duration::from_secs(1),
        queue_size: 2048,
        batch_size: 512,
    };
}

pub(super) fn read(reader: &mut Reader<'_>, prefix: &str, default: Batch) -> Batch {
    let delay = reader.value(&format!("{prefix}SCHEDULE_DELAY"), parse::milliseconds);
    let queue_size = reader.value(&format!("{prefix}MAX_QUEUE_SIZE"), parse::count);
    let size_name = format!("{prefix}MAX_EXPORT_BATCH_SIZE");
    let batch_size = reader.value(&size_name, parse::count);
    reader.value(&format!("{prefix}EXPORT_TIMEOUT"), parse::milliseconds);
    let queue_size = queue_size.unwrap_or(default.queue_size);
    if let Some(size) = batch_size
        && size > queue_size
        && let Some(found) = reader.find(&size_name)
    {
        reader.problem(
            &found,
            size.to_string(),
            format!("must not be larger than {prefix}MAX_QUEUE_SIZE, which is {queue_size}"),
        );
    }
    Batch {
        delay: delay.unwrap_or(default.delay),
        queue_size,
        batch_size: batch_size.unwrap_or(default.batch_size).min(queue_size),
    }
}
