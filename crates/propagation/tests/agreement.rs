//! The reading of B3 compared with `opentelemetry-propagator-b3` on generated headers.
//!
//! Both must agree on everything except the differences listed in [`difference`], each of which is
//! deliberate and follows the B3 specification.

use std::collections::HashMap;

use aether_propagation::{Format, Sampling, SpanContext, SpanId, TraceId, b3, extract_in_order};
use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanContext as OtelContext, TraceContextExt, TraceFlags, TraceState};
use opentelemetry_propagator_b3::{B3Encoding, Propagator};
use proptest::prelude::*;

type Headers = HashMap<String, String>;
/// Trace id, span id, and the recording decision: `None` deferred, `Some("debug")` and so on.
type Reading = ([u8; 16], [u8; 8], &'static str);

const DEFERRED: TraceFlags = TraceFlags::new(0x02);
const DEBUG: TraceFlags = TraceFlags::new(0x04);

fn theirs(encoding: B3Encoding, headers: &Headers) -> Option<Reading> {
    let context =
        Propagator::with_encoding(encoding).extract_with_context(&Context::new(), headers);
    let span = context.span();
    let span = span.span_context();
    let flags = span.trace_flags();
    let decision = if flags & DEBUG == DEBUG {
        "debug"
    } else if flags & DEFERRED == DEFERRED {
        "defer"
    } else if flags.is_sampled() {
        "accept"
    } else {
        "deny"
    };
    let reading = (
        span.trace_id().to_bytes(),
        span.span_id().to_bytes(),
        decision,
    );
    span.is_valid().then_some(reading)
}

fn ours(format: Format, headers: &Headers) -> Option<Reading> {
    let found = extract_in_order(&[format], &|name| headers.get(name).map(String::as_str));
    let context = found.context?;
    let decision = match context.sampling {
        Sampling::Accept => "accept",
        Sampling::Deny => "deny",
        Sampling::Debug => "debug",
        Sampling::Defer => "defer",
    };
    Some((
        context.trace_id.to_bytes(),
        context.span_id.to_bytes(),
        decision,
    ))
}

/// Why the two may differ on these headers. `None`: they must not.
fn difference(headers: &Headers) -> Option<&'static str> {
    let get = |name: &str| headers.get(name).map(String::as_str);
    let is_id = |id: &str| id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if headers
        .values()
        .any(|value| value.bytes().any(|byte| byte.is_ascii_uppercase()))
    {
        return Some("we read upper-case digits");
    }
    if let Some(single) = get("b3") {
        if single.ends_with('-') {
            return Some("they forgive a trailing separator");
        }
        if single.split('-').nth(2) == Some("false") {
            return Some("they read the word `false`, which only the multiple headers ever had");
        }
        return None;
    }
    if get("x-b3-flags").is_some_and(|flags| flags != "1" && flags != "0") {
        return Some("they ignore an undefined x-b3-flags");
    }
    if get("x-b3-flags") == Some("0") {
        return Some("they take x-b3-flags: 0 for a denial, whatever x-b3-sampled says");
    }
    if get("x-b3-flags") == Some("1")
        && !matches!(
            get("x-b3-sampled"),
            None | Some("0" | "1" | "true" | "false")
        )
    {
        return Some("they do not look at x-b3-sampled beside a debug flag");
    }
    if get("x-b3-parentspanid").is_some_and(|parent| !is_id(parent)) {
        return Some("they ignore a malformed parent span id");
    }
    None
}

fn id(digits: usize) -> impl Strategy<Value = String> {
    let digit = |kinds: &'static [u8]| prop::sample::select(kinds).prop_map(char::from);
    let exact = prop::collection::vec(digit(b"0123456789abcdef"), digits);
    let near = prop::collection::vec(digit(b"0123456789abcdefABCg"), digits - 1..=digits + 1);
    prop_oneof![
        8 => exact.prop_map(String::from_iter),
        1 => near.prop_map(String::from_iter),
        1 => Just("0".repeat(digits)),
        1 => Just(String::new()),
    ]
}

fn trace_id() -> impl Strategy<Value = String> {
    prop_oneof![3 => id(32), 1 => id(16)]
}

fn state() -> impl Strategy<Value = String> {
    let states = vec!["0", "1", "d", "true", "false", "2", "", "D", "x"];
    prop_oneof![3 => "[01]", 2 => prop::sample::select(states).prop_map(str::to_owned)]
}

fn single() -> impl Strategy<Value = Headers> {
    (trace_id(), id(16), state(), id(16), 1..=6usize).prop_map(
        |(trace, span, state, parent, parts)| {
            let all = [trace, span, state, parent, "1".to_owned(), String::new()];
            Headers::from([("b3".to_owned(), all[..parts].join("-"))])
        },
    )
}

fn multi() -> impl Strategy<Value = Headers> {
    let maybe = |value: BoxedStrategy<String>| prop::option::weighted(0.6, value);
    (
        prop::option::weighted(0.95, trace_id()),
        prop::option::weighted(0.95, id(16)),
        maybe(id(16).boxed()),
        maybe(state().boxed()),
        maybe(state().boxed()),
    )
        .prop_map(|(trace, span, parent, sampled, flags)| {
            let named = [
                ("x-b3-traceid", trace),
                ("x-b3-spanid", span),
                ("x-b3-parentspanid", parent),
                ("x-b3-sampled", sampled),
                ("x-b3-flags", flags),
            ];
            named
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?)))
                .collect()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn single_header(headers in single()) {
        let (ours, theirs) = (ours(Format::B3Single, &headers), theirs(B3Encoding::SingleHeader, &headers));
        prop_assert!(ours == theirs || difference(&headers).is_some(), "{headers:?}: {ours:?}, {theirs:?}");
    }

    #[test]
    fn multiple_headers(headers in multi()) {
        let (ours, theirs) = (ours(Format::B3Multi, &headers), theirs(B3Encoding::MultipleHeader, &headers));
        prop_assert!(ours == theirs || difference(&headers).is_some(), "{headers:?}: {ours:?}, {theirs:?}");
    }

    #[test]
    fn what_we_write_is_what_they_write(
        trace in any::<[u8; 16]>().prop_filter_map("not zero", TraceId::from_bytes),
        span in any::<[u8; 8]>().prop_filter_map("not zero", SpanId::from_bytes),
        state in 0..4usize,
    ) {
        let (sampling, flags) = [
            (Sampling::Accept, TraceFlags::SAMPLED),
            (Sampling::Deny, TraceFlags::default()),
            (Sampling::Debug, DEBUG | TraceFlags::SAMPLED),
            (Sampling::Defer, DEFERRED),
        ][state];
        let otel = OtelContext::new(
            opentelemetry::TraceId::from_bytes(trace.to_bytes()),
            opentelemetry::SpanId::from_bytes(span.to_bytes()),
            flags,
            true,
            TraceState::default(),
        );
        let mut theirs = Headers::new();
        Propagator::with_encoding(B3Encoding::SingleAndMultiHeader)
            .inject_context(&Context::new().with_remote_span_context(otel), &mut theirs);

        let context = SpanContext::new(trace, span, sampling);
        let mut single = String::new();
        b3::write_single(&context, &mut single);
        let mut ours = Headers::from([("b3".to_owned(), single)]);
        b3::write_multi(&context, &mut |name, value| {
            ours.insert(name.to_owned(), value.to_owned());
        });
        prop_assert_eq!(ours, theirs);
    }
}

/// Each allowed difference is real: were it gone, its exception would have to go too.
#[test]
fn the_differences_exist() {
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let span = "00f067aa0ba902b7";
    let single = |value: &str| Headers::from([("b3".to_owned(), value.to_owned())]);
    let multi = |more: &[(&str, &str)]| {
        let ids = [("x-b3-traceid", trace), ("x-b3-spanid", span)];
        let all = ids.iter().chain(more);
        all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<Headers>()
    };
    for headers in [
        single(&format!("{}-{span}-1", trace.to_uppercase())),
        single(&format!("{trace}-{span}-")),
        single(&format!("{trace}-{span}-false")),
        multi(&[("x-b3-flags", "2")]),
        multi(&[("x-b3-flags", "0"), ("x-b3-sampled", "1")]),
        multi(&[("x-b3-flags", "1"), ("x-b3-sampled", "x")]),
        multi(&[("x-b3-parentspanid", "x")]),
    ] {
        let (format, encoding) = if headers.contains_key("b3") {
            (Format::B3Single, B3Encoding::SingleHeader)
        } else {
            (Format::B3Multi, B3Encoding::MultipleHeader)
        };
        assert!(difference(&headers).is_some(), "{headers:?}");
        assert_ne!(
            ours(format, &headers),
            theirs(encoding, &headers),
            "{headers:?}"
        );
    }
}
