//! Writing a carrier's JSON.

use super::read::{ACCEPT_KEY, ACCEPT_TRAILING, REPLY_KEY, SAMPLED_KEY, SPAN_ID_KEY, TRACE_ID_KEY};
use super::{CARRIER_KEY, Carrier, MAX_CARRIER_BYTES};
use crate::b3;
use crate::context::Sampling;
use crate::extract::Format;
use crate::inject::DEFAULT_FORMATS;
use crate::json;
use crate::w3c;

/// Appends `carrier` as JSON with its context in B3.
pub fn write_json(carrier: &Carrier, out: &mut String) {
    write_json_with(carrier, DEFAULT_FORMATS, out);
}

/// Appends `carrier` as JSON with its context in each of `formats`; [`Format::B3Multi`] is written
/// as [`Format::B3Single`], which says the same in less.
///
/// Never more than [`MAX_CARRIER_BYTES`]: `tracestate` (only beside `traceparent`), then `baggage`
/// are left out when they do not fit. A carrier with a decision and no context is written as B3.
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
    let mut object = Object::open(out);
    if let Some(context) = &carrier.context {
        if older_form {
            object.text(TRACE_ID_KEY, |out| context.trace_id.push_hex(out));
            object.text(SPAN_ID_KEY, |out| context.span_id.push_hex(out));
            if let Some(sampled) = context.sampling.is_sampled() {
                object.key(SAMPLED_KEY);
                object.out.push_str(if sampled { "true" } else { "false" });
            }
        }
        if formats
            .iter()
            .any(|format| matches!(format, Format::B3Single | Format::B3Multi))
        {
            object.text(b3::SINGLE_HEADER, |out| b3::write_single(context, out));
        }
        if formats.contains(&Format::TraceContext) {
            object.text(w3c::TRACEPARENT_HEADER, |out| {
                w3c::write_traceparent(context, out);
            });
        }
    } else if let Some(decision) = carrier.decision.filter(|own| *own != Sampling::Defer) {
        object.text(b3::SINGLE_HEADER, |out| b3::write_decision(decision, out));
    }
    if !carrier.re.is_empty() {
        object.text(REPLY_KEY, |out| carrier.re.write(out));
    }
    if carrier.accepts_trailing {
        object.key(ACCEPT_KEY);
        object.out.push('[');
        object.out.push_str(ACCEPT_TRAILING);
        object.out.push(']');
    }
    if let Some(state) = &carrier.tracestate
        && carrier.context.is_some()
        && formats.contains(&Format::TraceContext)
        && w3c::check_tracestate(state).is_ok()
    {
        object.optional(w3c::TRACESTATE_HEADER, state);
    }
    if let Some(pairs) = &carrier.baggage
        && w3c::check_baggage(pairs).is_ok()
    {
        object.optional(w3c::BAGGAGE_HEADER, pairs);
    }
    object.out.push('}');
}

/// A JSON object being written.
struct Object<'a> {
    /// Where its opening brace stands.
    start: usize,
    out: &'a mut String,
}

impl<'a> Object<'a> {
    fn open(out: &'a mut String) -> Self {
        let start = out.len();
        out.push('{');
        Self { start, out }
    }

    /// `name` holds nothing that must be escaped.
    fn key(&mut self, name: &str) {
        if self.out.len() > self.start + 1 {
            self.out.push(',');
        }
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
    }

    /// A member whose text, written by `write`, holds nothing that must be escaped.
    fn text(&mut self, name: &str, write: impl FnOnce(&mut String)) {
        self.key(name);
        self.out.push('"');
        write(self.out);
        self.out.push('"');
    }

    /// Writes the member, and takes it back if the object would become too long.
    fn optional(&mut self, name: &str, value: &str) {
        let before = self.out.len();
        self.key(name);
        json::push_string(value, self.out);
        // One byte for the closing brace.
        if self.out.len() - self.start + 1 > MAX_CARRIER_BYTES {
            self.out.truncate(before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::{ReplyIds, parse_json};
    use crate::{DEFAULT_ORDER, SpanContext, SpanId, TraceId};

    fn span(number: u8) -> SpanId {
        SpanId::from_bytes([number; 8]).unwrap()
    }

    fn carrier() -> Carrier {
        let trace_id = TraceId::from_bytes([0x11; 16]).unwrap();
        Carrier::new(SpanContext::new(trace_id, span(0x22), Sampling::Accept))
    }

    fn json(carrier: &Carrier, formats: &[Format]) -> String {
        let mut out = String::from("before");
        write_json_with(carrier, formats, &mut out);
        out.split_off("before".len())
    }

    #[test]
    fn each_form_looks_as_specified() {
        let answer = carrier().answering(ReplyIds::from(span(0x33)));
        let b3 = r#""b3":"11111111111111111111111111111111-2222222222222222-1""#;
        let re = r#""re":"3333333333333333""#;
        let parent = r#""traceparent":"00-11111111111111111111111111111111-2222222222222222-01""#;
        assert_eq!(json(&answer, DEFAULT_FORMATS), format!("{{{b3},{re}}}"));
        assert_eq!(json(&answer, &[Format::B3Multi]), format!("{{{b3},{re}}}"));
        assert_eq!(
            json(&answer, &[Format::TraceContext]),
            format!("{{{parent},{re}}}")
        );
        assert_eq!(
            json(&answer, DEFAULT_ORDER),
            format!("{{{b3},{parent},{re}}}")
        );
        assert_eq!(json(&Carrier::default(), DEFAULT_ORDER), "{}");
        let denied = Carrier {
            decision: Some(Sampling::Deny),
            ..Carrier::default()
        };
        assert_eq!(json(&denied, &[Format::TraceContext]), r#"{"b3":"0"}"#);

        let mut out = String::new();
        write_trailing(&answer, &mut out);
        assert_eq!(out, format!(r#"{{"_trace":{{{b3},{re}}}}}"#));
        out.clear();
        write_payload(&carrier(), &mut out);
        let older = r#""traceId":"11111111111111111111111111111111","spanId":"2222222222222222","sampled":true"#;
        assert_eq!(out, format!("{{{older},{b3}}}"));
    }

    #[test]
    fn the_fullest_carrier_fits_and_is_read_back() {
        let mut full = carrier().answering((1..=16).map(span).collect());
        full.accepts_trailing = true;
        let context = full.context.as_mut().unwrap();
        context.parent_span_id = Some(span(0x44));
        context.sampling = Sampling::Debug;
        let text = json(&full, DEFAULT_ORDER);
        assert!(text.len() <= MAX_CARRIER_BYTES, "{}", text.len());
        assert_eq!(parse_json(&text), Ok(full.clone()));
        let mut payload = String::new();
        write_payload(&full, &mut payload);
        assert!(payload.len() <= MAX_CARRIER_BYTES, "{}", payload.len());
        assert_eq!(parse_json(&payload), Ok(full));
    }

    #[test]
    fn opaque_state_is_left_out_when_it_does_not_fit_or_does_not_belong() {
        let mut full = carrier();
        full.tracestate = Some("a=\"\\\"".into());
        full.baggage = Some("k=v".into());
        assert_eq!(parse_json(&json(&full, DEFAULT_ORDER)), Ok(full.clone()));
        assert!(!json(&full, DEFAULT_FORMATS).contains("tracestate"));

        full.tracestate = Some("\"".repeat(400));
        let text = json(&full, DEFAULT_ORDER);
        assert!(
            !text.contains("tracestate") && text.contains("baggage"),
            "{text}"
        );

        full.baggage = Some("line\r\nbreak".into());
        assert!(!json(&full, DEFAULT_ORDER).contains("baggage"));
    }

    #[test]
    fn the_limit_is_exact() {
        let mut full = carrier();
        full.baggage = Some("k".into());
        let rest = json(&full, DEFAULT_FORMATS).len() - 1;
        full.baggage = Some("k".repeat(MAX_CARRIER_BYTES - rest));
        let text = json(&full, DEFAULT_FORMATS);
        assert_eq!(text.len(), MAX_CARRIER_BYTES);
        assert_eq!(parse_json(&text), Ok(full.clone()));

        full.baggage = Some("k".repeat(MAX_CARRIER_BYTES - rest + 1));
        assert!(!json(&full, DEFAULT_FORMATS).contains("baggage"));
    }
}
