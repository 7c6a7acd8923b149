//! Events of `tracing` as log records.
//!
//! | record | from |
//! |---|---|
//! | time, severity number and text, scope | the event's time, level and target |
//! | body | the message |
//! | event name | the event's name, where the program gave it one: `info!(name: "…", …)` |
//! | attributes | the fields with their types; `code.file.path` and `code.line.number` |
//! | `exception.message` | the first field that is a `dyn Error`, with its causes |
//! | trace and span id | the current span |
//!
//! The fields of the spans around an event are not repeated: they are in the trace that it names.
//!
//! <https://opentelemetry.io/docs/specs/otel/logs/data-model/>

use std::time::SystemTime;

use opentelemetry::logs::{LogRecord, Logger, LoggerProvider, Severity};
use opentelemetry_sdk::logs::{SdkLogger, SdkLoggerProvider};
use tracing::field::FieldSet;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::fields::Fields;
use super::layer::is_exported;

const FILE: &str = "code.file.path";
const LINE: &str = "code.line.number";

/// Target of events that come from the `log` crate; their own is a field.
const LOG_CRATE: &str = "log";

/// The layer.
pub(super) struct LogLayer {
    logger: SdkLogger,
}

impl LogLayer {
    pub(super) fn new(provider: &SdkLoggerProvider) -> Self {
        // The exporter calls the scope after the target.
        let logger = provider.logger("");
        Self { logger }
    }
}

impl<S: Subscriber> Layer<S> for LogLayer {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let metadata = event.metadata();
        let severity = severity(*metadata.level());
        let name = event_name(metadata);
        let enabled = self.logger.event_enabled(severity, metadata.target(), name);
        if !enabled {
            return;
        }
        let mut record = self.logger.create_log_record();
        record.set_timestamp(SystemTime::now());
        record.set_severity_number(severity);
        record.set_severity_text(metadata.level().as_str());
        if let Some(name) = name {
            record.set_event_name(name);
        }
        let mut fields = Fields::new(&mut record, metadata.target() == LOG_CRATE);
        event.record(&mut fields);
        let foreign = fields.into_foreign();
        let Some(foreign) = foreign else {
            record.set_target(metadata.target());
            place(metadata, &mut record);
            self.logger.emit(record);
            return;
        };
        // The filter has only seen that it came from `log`.
        let target = foreign.target.unwrap_or_else(|| LOG_CRATE.to_owned());
        if is_exported(&target, metadata.level()) {
            record.set_target(target);
            self.logger.emit(record);
        }
    }
}

/// Where the event is in the source, unless the event says so itself.
fn place(metadata: &'static Metadata<'static>, record: &mut impl LogRecord) {
    let says = |fields: &FieldSet, name| fields.field(name).is_some();
    if says(metadata.fields(), FILE) || says(metadata.fields(), LINE) {
        return;
    }
    if let Some(file) = metadata.file() {
        record.add_attribute(FILE, file);
    }
    if let Some(line) = metadata.line() {
        record.add_attribute(LINE, line);
    }
}

/// `tracing` calls an event without a name `event <file>:<line>`, which is a place.
fn event_name(metadata: &'static Metadata<'static>) -> Option<&'static str> {
    let name = metadata.name();
    let own = !name.starts_with("event ") && metadata.target() != LOG_CRATE;
    own.then_some(name)
}

fn severity(level: Level) -> Severity {
    match level {
        Level::TRACE => Severity::Trace,
        Level::DEBUG => Severity::Debug,
        Level::INFO => Severity::Info,
        Level::WARN => Severity::Warn,
        Level::ERROR => Severity::Error,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use opentelemetry::logs::AnyValue;
    use opentelemetry_sdk::logs::{InMemoryLogExporter, SdkLogRecord};
    use tracing_subscriber::prelude::*;

    use super::*;

    /// What `act` logs.
    fn logged(act: impl FnOnce()) -> Vec<SdkLogRecord> {
        let exporter = InMemoryLogExporter::default();
        let provider = SdkLoggerProvider::builder()
            .with_simple_exporter(exporter.clone())
            .build();
        let subscriber = tracing_subscriber::registry().with(LogLayer::new(&provider));
        tracing::subscriber::with_default(subscriber, act);
        let logs = exporter.get_emitted_logs().unwrap();
        logs.into_iter().map(|log| log.record).collect()
    }

    fn get<'a>(record: &'a SdkLogRecord, key: &str) -> Option<&'a AnyValue> {
        let mut found = record
            .attributes_iter()
            .filter(|(name, _)| name.as_str() == key);
        let value = found.next().map(|(_, value)| value);
        assert!(found.next().is_none(), "{key} twice");
        value
    }

    #[derive(Debug)]
    struct Failed(std::num::ParseIntError);

    impl fmt::Display for Failed {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("no number")
        }
    }

    impl std::error::Error for Failed {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn fields_keep_their_types() {
        let line = line!() + 2;
        let logs = logged(|| {
            tracing::warn!(name: "paid", target: "shop::till", text = "a", whole = -3, large = u64::MAX, share = 0.5, ok = true, bytes = &b"xy"[..], list = ?[1], count = 7_u64, "paid {}", 12);
        });
        let [record] = &logs[..] else {
            panic!("{logs:?}")
        };
        assert_eq!(record.body(), Some(&AnyValue::from("paid 12")));
        assert_eq!(record.severity_number(), Some(Severity::Warn));
        assert_eq!(record.severity_text(), Some("WARN"));
        assert_eq!(record.target().map(|target| &**target), Some("shop::till"));
        assert_eq!(record.event_name(), Some("paid"));
        assert!(record.timestamp().is_some());
        for (key, value) in [
            ("text", AnyValue::from("a")),
            ("whole", AnyValue::from(-3)),
            ("large", AnyValue::from(u64::MAX.to_string())),
            ("share", AnyValue::from(0.5)),
            ("ok", AnyValue::from(true)),
            ("bytes", AnyValue::from(&b"xy"[..])),
            ("list", AnyValue::from("[1]")),
            ("count", AnyValue::from(7)),
            ("code.file.path", AnyValue::from(file!())),
            ("code.line.number", AnyValue::from(line)),
        ] {
            assert_eq!(get(record, key), Some(&value), "{key}");
        }
    }

    #[test]
    fn an_event_without_a_name_has_none_and_may_tell_its_place() {
        let logs = logged(|| tracing::info!({ code.file.path = "other.rs" }, "here"));
        assert_eq!(logs[0].event_name(), None);
        let path = get(&logs[0], "code.file.path");
        assert_eq!(path, Some(&AnyValue::from("other.rs")));
        assert_eq!(get(&logs[0], "code.line.number"), None);
    }

    #[test]
    fn errors_are_exceptions_with_their_causes() {
        let failed = Failed("x".parse::<u8>().unwrap_err());
        let error: &dyn std::error::Error = &failed;
        let logs = logged(|| tracing::error!(error, second = error, "not paid"));
        let message = get(&logs[0], "exception.message");
        let expected = "no number: invalid digit found in string";
        assert_eq!(message, Some(&AnyValue::from(expected)));
        assert_eq!(get(&logs[0], "second"), Some(&AnyValue::from(expected)));
        assert_eq!(get(&logs[0], "error"), None);
    }

    #[test]
    fn records_of_the_log_crate_get_their_own_target() {
        let record = |target: &'static str| {
            tracing::warn!(target: "log", { log.target = target, log.module_path = "m", log.file = "f.rs", log.line = 3_u32 }, "old");
        };
        let logs = logged(|| {
            record("shop");
            record("rustls::conn");
        });
        let [record] = &logs[..] else {
            panic!("the export path says nothing: {logs:?}")
        };
        assert_eq!(record.target().map(|target| &**target), Some("shop"));
        let line = get(record, "code.line.number");
        assert_eq!(line, Some(&AnyValue::from(3)));
        assert_eq!(record.attributes_iter().count(), 2);
    }
}
