//! Writing a carrier's JSON.

use super::read::{ACCEPT_KEY, ACCEPT_TRAILING, SAMPLED_KEY, SPAN_ID_KEY, TRACE_ID_KEY};
use super::{CARRIER_KEY, Carrier, MAX_CARRIER_BYTES};
use crate::b3;
use crate::context::Sampling;
use crate::extract::Format;
use crate::inject::DEFAULT_FORMATS;
use crate::json;

/// Appends `carrier` as JSON with its context in B3.
pub fn write_json(carrier: &Carrier, out: &mut String) {
    write_json_with(carrier, DEFAULT_FORMATS, out);
}

/// Appends `carrier` as JSON with its context in each of `formats`.
///
/// Never more than [`MAX_CARRIER_BYTES`]: `tracestate` (only beside `traceparent`), then `baggage`
/// are left out when they do not fit. A carrier that only denies or accepts is written as B3.
pub fn write_json_with(carrier: &Carrier, formats: &[Format], out: &mut String) {
    write_fields(carrier, formats, false, out);
}

/// Appends `{"_trace":…}`: the trailing argument.
pub fn write_trailing(carrier: &Carrier, out: &mut String) {
    out.push_str("{\"");
    out.push_str(CARRIER_KEY);
    out.push_str("\":");
    write_json(carrier, out);
    out.push('}');
}

/// Appends `carrier` in the form for a payload: B3, and the same under the keys `traceId`, `spanId`
/// and `sampled` that older peers read.
pub fn write_payload(carrier: &Carrier, out: &mut String) {
    write_fields(carrier, DEFAULT_FORMATS, true, out);
}

fn write_fields(carrier: &Carrier, formats: &[Format], older_form: bool, out: &mut String) {
    let mut object = Object {
        start: out.len(),
        out,
    };
    object.out.push('{');
    let mut value = String::new();
    if let Some(context) = &carrier.context {
        if older_form {
            object.key(TRACE_ID_KEY);
            object.string(context.trace_id.write_hex(&mut [0; 32]));
            object.key(SPAN_ID_KEY);
            object.string(context.span_id.write_hex(&mut [0; 16]));
            if let Some(sampled) = context.sampling.is_sampled() {
                object.key(SAMPLED_KEY);
                object.out.push_str(if sampled { "true" } else { "false" });
            }
        }
        crate::inject::inject(context, formats, &mut |name, value| {
            object.key(name);
            object.string(value);
        });
    } else if let Some(decision) = carrier.decision.filter(|own| *own != Sampling::Defer) {
        b3::write_decision(decision, &mut value);
        object.key(b3::SINGLE_HEADER);
        object.string(&value);
    }
    if !carrier.re.is_empty() {
        value.clear();
        carrier.re.write(&mut value);
        object.key("re");
        object.string(&value);
    }
    if carrier.accepts_trailing {
        object.key(ACCEPT_KEY);
        object.out.push_str("[\"");
        object.out.push_str(ACCEPT_TRAILING);
        object.out.push_str("\"]");
    }
    crate::inject::inject_state(
        carrier
            .tracestate
            .as_deref()
            .filter(|_| carrier.context.is_some()),
        carrier.baggage.as_deref(),
        formats,
        &mut |name, value| object.optional(name, value),
    );
    object.out.push('}');
}

/// A JSON object being written.
struct Object<'a> {
    /// Where its opening brace stands.
    start: usize,
    out: &'a mut String,
}

impl Object<'_> {
    /// `name` holds nothing that must be escaped.
    fn key(&mut self, name: &str) {
        if self.out.len() > self.start + 1 {
            self.out.push(',');
        }
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
    }

    fn string(&mut self, value: &str) {
        json::push_string(value, self.out);
    }

    /// Writes the member, and takes it back if the object would become too long.
    fn optional(&mut self, name: &str, value: &str) {
        let before = self.out.len();
        self.key(name);
        self.string(value);
        // One byte for the closing brace.
        if self.out.len() - self.start + 1 > MAX_CARRIER_BYTES {
            self.out.truncate(before);
        }
    }
}
