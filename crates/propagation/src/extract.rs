//! Finding context among headers that may hold several formats at once.

use crate::b3::{self, B3, Multi};
use crate::context::{Sampling, SpanContext};
use crate::reject::Reject;
use crate::w3c;

/// A format in which context travels in headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// The single header `b3`.
    B3Single,
    /// The headers `x-b3-*`.
    B3Multi,
    /// `traceparent` with `tracestate`.
    TraceContext,
}

/// The default precedence: B3 single, B3 multi, W3C trace context.
pub const DEFAULT_ORDER: &[Format] = &[Format::B3Single, Format::B3Multi, Format::TraceContext];

/// What was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extracted<'a> {
    /// The span to continue.
    pub context: Option<SpanContext>,
    /// A decision that came without a span; `None` whenever there is a context.
    pub decision: Option<Sampling>,
    /// The format that `context` or `decision` came in.
    pub format: Option<Format>,
    /// Vendors' state, checked and unread. Only when a valid `traceparent` of the same trace came with it.
    pub tracestate: Option<&'a str>,
    /// The application's pairs, checked and unread. It travels with or without a trace.
    pub baggage: Option<&'a str>,
    /// The first thing that was refused, even when another format then gave a context.
    pub error: Option<Reject>,
}

/// Looks through all formats in [`DEFAULT_ORDER`].
///
/// `get` returns the value of a header by its lower-case name.
///
/// ```
/// use aether_propagation::{extract, Format};
///
/// let headers = [
///     ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
///     ("b3", "not b3"),
/// ];
/// let found = extract(|name| headers.iter().find(|(key, _)| *key == name).map(|(_, value)| *value));
/// assert_eq!(found.format, Some(Format::TraceContext));
/// assert_eq!(found.error.map(|reject| reject.as_str()), Some("bad_trace_id"));
/// ```
pub fn extract<'a>(get: impl Fn(&'static str) -> Option<&'a str>) -> Extracted<'a> {
    extract_in_order(DEFAULT_ORDER, &get)
}

/// Looks through `order`; the first format that gives a span or a decision wins. A format that is
/// refused does not end the search, because proxies often add a second, sound one.
pub fn extract_in_order<'a>(
    order: &[Format],
    get: &dyn Fn(&'static str) -> Option<&'a str>,
) -> Extracted<'a> {
    let mut found = Extracted::default();
    for &format in order {
        let result = match format {
            Format::B3Single => get(b3::SINGLE_HEADER).map(b3::parse_single).transpose(),
            Format::B3Multi => b3::parse_multi(&Multi {
                trace_id: get(b3::TRACE_ID_HEADER),
                span_id: get(b3::SPAN_ID_HEADER),
                parent_span_id: get(b3::PARENT_SPAN_ID_HEADER),
                sampled: get(b3::SAMPLED_HEADER),
                flags: get(b3::FLAGS_HEADER),
            }),
            Format::TraceContext => get(w3c::TRACEPARENT_HEADER)
                .map(|header| w3c::parse_traceparent(header).map(B3::Context))
                .transpose(),
        };
        match result {
            Ok(None) => {}
            Ok(Some(B3::Context(context))) => {
                found.context = Some(context);
                found.format = Some(format);
                break;
            }
            Ok(Some(B3::DecisionOnly(sampling))) => {
                found.decision = Some(sampling);
                found.format = Some(format);
                break;
            }
            Err(reject) => found.note(reject),
        }
    }
    if order.contains(&Format::TraceContext) {
        found.tracestate = found.state_of_same_trace(get);
    }
    found.baggage = found.checked(get(w3c::BAGGAGE_HEADER), w3c::check_baggage);
    found
}

impl<'a> Extracted<'a> {
    /// Keeps the first reason: later ones are usually its consequences.
    fn note(&mut self, reject: Reject) {
        self.error.get_or_insert(reject);
    }

    /// `tracestate` describes one trace; under another trace's ids it would be a lie.
    fn state_of_same_trace(
        &mut self,
        get: &dyn Fn(&'static str) -> Option<&'a str>,
    ) -> Option<&'a str> {
        let context = self.context?;
        let parent = w3c::parse_traceparent(get(w3c::TRACEPARENT_HEADER)?).ok()?;
        if parent.trace_id != context.trace_id {
            return None;
        }
        self.checked(get(w3c::TRACESTATE_HEADER), w3c::check_tracestate)
    }

    /// A header that is there and sound. An empty one is as good as none.
    fn checked(
        &mut self,
        header: Option<&'a str>,
        check: fn(&str) -> Result<&str, Reject>,
    ) -> Option<&'a str> {
        let header = header.filter(|text| !text.is_empty())?;
        match check(header) {
            Ok(sound) => Some(sound),
            Err(reject) => {
                self.note(reject);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Headers<'a> = &'a [(&'a str, &'a str)];

    const B3: &str = "11111111111111111111111111111111-1111111111111111-1";
    const PARENT: &str = "00-22222222222222222222222222222222-2222222222222222-01";
    const PARENT_OF_B3: &str = "00-11111111111111111111111111111111-2222222222222222-01";
    const MULTI: [(&str, &str); 2] = [
        (b3::TRACE_ID_HEADER, "33333333333333333333333333333333"),
        (b3::SPAN_ID_HEADER, "3333333333333333"),
    ];

    fn find<'a>(order: &[Format], headers: &[(&str, &'a str)]) -> Extracted<'a> {
        extract_in_order(order, &|name| {
            headers
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| *value)
        })
    }

    #[test]
    fn the_first_format_wins() {
        let all = [("b3", B3), MULTI[0], MULTI[1], ("traceparent", PARENT)];
        let cases: [(&[Format], Headers<'_>, Option<Format>); 7] = [
            (DEFAULT_ORDER, &[], None),
            (DEFAULT_ORDER, &all, Some(Format::B3Single)),
            (DEFAULT_ORDER, &all[1..], Some(Format::B3Multi)),
            (DEFAULT_ORDER, &all[3..], Some(Format::TraceContext)),
            (
                &[Format::TraceContext, Format::B3Single],
                &all,
                Some(Format::TraceContext),
            ),
            (&[Format::B3Multi], &all, Some(Format::B3Multi)),
            (&[], &all, None),
        ];
        for (order, headers, expected) in cases {
            let found = find(order, headers);
            assert_eq!(found.format, expected, "{order:?} {headers:?}");
            assert_eq!(found.context.is_some(), expected.is_some());
            assert_eq!(found.error, None);
        }
    }

    #[test]
    fn a_decision_alone_wins_over_later_formats() {
        let found = find(DEFAULT_ORDER, &[("b3", "0"), ("traceparent", PARENT)]);
        assert_eq!(found.decision, Some(Sampling::Deny));
        assert_eq!(
            (found.context, found.format),
            (None, Some(Format::B3Single))
        );
    }

    #[test]
    fn the_first_reject_is_kept_and_the_search_goes_on() {
        let broken = ("b3", "x-y");
        let found = find(DEFAULT_ORDER, &[broken, MULTI[0], ("traceparent", PARENT)]);
        assert_eq!(found.format, Some(Format::TraceContext));
        assert_eq!(found.error, Some(Reject::BadTraceId));
        let found = find(DEFAULT_ORDER, &[MULTI[0]]);
        assert_eq!(
            (found.context, found.error),
            (None, Some(Reject::Incomplete))
        );
    }

    #[test]
    fn tracestate_goes_with_its_own_trace_only() {
        let state = ("tracestate", "a=b");
        let cases: [(Headers<'_>, Option<&str>); 4] = [
            (&[("traceparent", PARENT), state], Some("a=b")),
            (
                &[("b3", B3), ("traceparent", PARENT_OF_B3), state],
                Some("a=b"),
            ),
            (&[("b3", B3), ("traceparent", PARENT), state], None),
            (&[("b3", B3), state], None),
        ];
        for (headers, expected) in cases {
            assert_eq!(
                find(DEFAULT_ORDER, headers).tracestate,
                expected,
                "{headers:?}"
            );
        }
        let only_b3 = find(
            &[Format::B3Single],
            &[("b3", B3), ("traceparent", PARENT_OF_B3), state],
        );
        assert_eq!(only_b3.tracestate, None);
    }

    #[test]
    fn bad_state_does_not_cost_the_context() {
        let headers = [
            ("traceparent", PARENT),
            ("tracestate", "a=b\n"),
            ("baggage", "k=v"),
        ];
        let found = find(DEFAULT_ORDER, &headers);
        assert!(found.context.is_some());
        assert_eq!((found.tracestate, found.baggage), (None, Some("k=v")));
        assert_eq!(found.error, Some(Reject::BadState));
        let empty = find(DEFAULT_ORDER, &[("baggage", ""), ("traceparent", PARENT)]);
        assert_eq!((empty.baggage, empty.error), (None, None));
    }
}
