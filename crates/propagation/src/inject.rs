//! Writing context into headers.

use crate::b3;
use crate::context::SpanContext;
use crate::extract::Format;
use crate::w3c;

/// The format sent unless configured otherwise: the single `b3` header.
pub const DEFAULT_FORMATS: &[Format] = &[Format::B3Single];

/// Hands each header of `context`, in each of `formats`, to `set(name, value)`; names are lower case.
///
/// ```
/// use aether_propagation::{DEFAULT_FORMATS, Sampling, SpanContext, SpanId, TraceId, inject};
///
/// let context = SpanContext::new(
///     TraceId::from_hex("4bf92f3577b34da6a3ce929d0e0e4736").unwrap(),
///     SpanId::from_hex("00f067aa0ba902b7").unwrap(),
///     Sampling::Accept,
/// );
/// inject(&context, DEFAULT_FORMATS, &mut |name, value| {
///     assert_eq!(name, "b3");
///     assert_eq!(value, "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1");
/// });
/// ```
pub fn inject(context: &SpanContext, formats: &[Format], set: &mut dyn FnMut(&'static str, &str)) {
    let mut value = String::new();
    for format in formats {
        value.clear();
        match format {
            Format::B3Single => {
                b3::write_single(context, &mut value);
                set(b3::SINGLE_HEADER, &value);
            }
            Format::B3Multi => b3::write_multi(context, set),
            Format::TraceContext => {
                w3c::write_traceparent(context, &mut value);
                set(w3c::TRACEPARENT_HEADER, &value);
            }
        }
    }
}

/// Hands the opaque companions of a context to `set`: `tracestate` when [`Format::TraceContext`]
/// is among `formats`, and `baggage`. Values that a header cannot hold are left out.
pub fn inject_state(
    tracestate: Option<&str>,
    baggage: Option<&str>,
    formats: &[Format],
    set: &mut dyn FnMut(&'static str, &str),
) {
    if formats.contains(&Format::TraceContext)
        && let Some(Ok(state)) = tracestate.map(w3c::check_tracestate)
    {
        set(w3c::TRACESTATE_HEADER, state);
    }
    if let Some(Ok(pairs)) = baggage.map(w3c::check_baggage) {
        set(w3c::BAGGAGE_HEADER, pairs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DEFAULT_ORDER, Sampling, SpanId, TraceId, extract};

    fn context() -> SpanContext {
        let trace_id = TraceId::from_bytes([0x11; 16]).unwrap();
        SpanContext::new(
            trace_id,
            SpanId::from_bytes([0x22; 8]).unwrap(),
            Sampling::Debug,
        )
    }

    #[test]
    fn every_format_is_read_back() {
        let mut headers = Vec::new();
        inject(&context(), DEFAULT_ORDER, &mut |name, value| {
            headers.push((name, value.to_owned()));
        });
        let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
        assert_eq!(
            names,
            [
                "b3",
                "x-b3-traceid",
                "x-b3-spanid",
                "x-b3-flags",
                "traceparent"
            ]
        );
        let found = extract(|name| {
            headers
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.as_str())
        });
        assert_eq!((found.context, found.error), (Some(context()), None));
    }

    #[test]
    fn state_is_written_where_it_belongs_and_only_when_a_header_can_hold_it() {
        let write = |state, baggage, formats: &[Format]| {
            let mut names = Vec::new();
            inject_state(state, baggage, formats, &mut |name, _| names.push(name));
            names
        };
        let w3c = [Format::TraceContext];
        assert_eq!(
            write(Some("a=b"), Some("k=v"), &w3c),
            ["tracestate", "baggage"]
        );
        assert_eq!(
            write(Some("a=b"), Some("k=v"), DEFAULT_FORMATS),
            ["baggage"]
        );
        assert!(write(Some("a=b\r\n"), Some("k=\0"), &w3c).is_empty());
        assert!(write(None, None, &w3c).is_empty());
    }
}
