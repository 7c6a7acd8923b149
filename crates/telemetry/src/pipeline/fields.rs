//! Fields of an event as attributes of a log record.

use std::error::Error;
use std::fmt::{Debug, Write as _};

use opentelemetry::logs::{AnyValue, LogRecord};
use tracing::field::{Field, Visit};

/// Most causes of one error that are told.
const MAX_CAUSES: usize = 16;

/// Writes fields to a record.
pub(super) struct Fields<'a, R> {
    record: &'a mut R,
    has_exception: bool,
    foreign: Option<Foreign>,
}

/// What an event of the `log` crate says about itself in fields.
#[derive(Debug, Default)]
pub(super) struct Foreign {
    pub(super) target: Option<String>,
}

impl<'a, R: LogRecord> Fields<'a, R> {
    pub(super) fn new(record: &'a mut R, foreign: bool) -> Self {
        Self {
            record,
            has_exception: false,
            foreign: foreign.then(Foreign::default),
        }
    }

    /// `Some` for an event of the `log` crate.
    pub(super) fn into_foreign(self) -> Option<Foreign> {
        self.foreign
    }

    fn add(&mut self, field: &Field, value: impl Into<AnyValue>) {
        let value = value.into();
        let name = field.name();
        if name == "message" {
            self.record.set_body(value);
            return;
        }
        let Some(foreign) = &mut self.foreign else {
            self.record.add_attribute(name, value);
            return;
        };
        match name {
            "log.target" => foreign.target = text(value),
            "log.module_path" => {}
            "log.file" => self.record.add_attribute("code.file.path", value),
            "log.line" => self.record.add_attribute("code.line.number", value),
            _ => self.record.add_attribute(name, value),
        }
    }
}

fn text(value: AnyValue) -> Option<String> {
    match value {
        AnyValue::String(text) => Some(text.into()),
        _ => None,
    }
}

impl<R: LogRecord> Visit for Fields<'_, R> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.to_owned());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, integer(value));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.add(field, integer(value));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.add(field, integer(value));
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.add(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let message = with_causes(value);
        if std::mem::replace(&mut self.has_exception, true) {
            self.add(field, message);
        } else {
            self.record.add_attribute("exception.message", message);
        }
    }
}

/// OTLP has no integers beyond 64 bits with a sign; larger ones are texts.
fn integer<T: TryInto<i64> + ToString + Copy>(value: T) -> AnyValue {
    match value.try_into() {
        Ok(value) => AnyValue::Int(value),
        Err(_) => AnyValue::from(value.to_string()),
    }
}

/// An error and what caused it, except what it quotes already.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    for _ in 0..MAX_CAUSES {
        let Some(error) = cause else { break };
        let text = error.to_string();
        if !message.ends_with(&text) {
            // Writing to a string does not fail.
            let _ = write!(message, ": {text}");
        }
        cause = error.source();
    }
    message
}
