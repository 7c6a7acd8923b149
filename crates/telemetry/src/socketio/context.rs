//! Between the wire's contexts and OpenTelemetry's.

use std::str::FromStr;

use aether_propagation as wire;
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry_sdk::propagation::BaggagePropagator;
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};

/// A context that arrived, as a remote parent. `sampled` decides where the sender did not.
pub(crate) fn remote(
    context: &wire::SpanContext,
    sampled: bool,
    tracestate: Option<&str>,
) -> SpanContext {
    let sampled = context.sampling.is_sampled().unwrap_or(sampled);
    let state = tracestate
        .and_then(|text| TraceState::from_str(text).ok())
        .unwrap_or_default();
    SpanContext::new(
        TraceId::from_bytes(context.trace_id.to_bytes()),
        SpanId::from_bytes(context.span_id.to_bytes()),
        flags(sampled),
        true,
        state,
    )
}

/// A span's context, to be written. `None` for the context of no span.
pub(crate) fn to_wire(context: &SpanContext) -> Option<wire::SpanContext> {
    Some(wire::SpanContext::new(
        wire::TraceId::from_bytes(context.trace_id().to_bytes())?,
        wire::SpanId::from_bytes(context.span_id().to_bytes())?,
        wire::Sampling::from_sampled(context.is_sampled()),
    ))
}

/// The start of a trace that is not recorded, here or by anybody it reaches.
///
/// Marked as remote: a parent-based sampler then decides "no" for all its children, and no span of
/// this process is missing from the trace, because there is none.
pub(crate) fn unsampled_root() -> SpanContext {
    let ids = RandomIdGenerator::default();
    SpanContext::new(
        ids.new_trace_id(),
        ids.new_span_id(),
        flags(false),
        true,
        TraceState::NONE,
    )
}

/// `parent` with the baggage that came beside it.
pub(crate) fn with_baggage(parent: Context, baggage: Option<&str>) -> Context {
    struct Header<'a>(&'a str);
    impl Extractor for Header<'_> {
        fn get(&self, key: &str) -> Option<&str> {
            (key == wire::w3c::BAGGAGE_HEADER).then_some(self.0)
        }
        fn keys(&self) -> Vec<&str> {
            vec![wire::w3c::BAGGAGE_HEADER]
        }
    }
    match baggage {
        Some(text) => BaggagePropagator::new().extract_with_context(&parent, &Header(text)),
        None => parent,
    }
}

/// The header of `context`'s baggage; `None` when it has none.
pub(crate) fn baggage_header(context: &Context) -> Option<String> {
    #[derive(Default)]
    struct Header(Option<String>);
    impl Injector for Header {
        fn set(&mut self, _: &str, value: String) {
            self.0 = Some(value);
        }
    }
    let mut header = Header::default();
    BaggagePropagator::new().inject_context(context, &mut header);
    header
        .0
        .filter(|text| wire::w3c::check_baggage(text).is_ok())
}

/// A root context with this parent, and nothing of the thread's current one.
pub(crate) fn parent_context(parent: SpanContext) -> Context {
    Context::new().with_remote_span_context(parent)
}

fn flags(sampled: bool) -> TraceFlags {
    if sampled {
        TraceFlags::SAMPLED
    } else {
        TraceFlags::NOT_SAMPLED
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::baggage::BaggageExt;

    use super::*;

    #[test]
    fn contexts_survive_the_way_there_and_back() {
        let context = wire::SpanContext::new(
            wire::TraceId::from_hex("4bf92f3577b34da6a3ce929d0e0e4736").unwrap(),
            wire::SpanId::from_hex("00f067aa0ba902b7").unwrap(),
            wire::Sampling::Accept,
        );
        let remote = remote(&context, false, Some("vendor=1"));
        assert_eq!(remote.trace_state().get("vendor"), Some("1"));
        assert_eq!(to_wire(&remote), Some(context));
        assert_eq!(to_wire(&SpanContext::NONE), None);
    }

    #[test]
    fn who_leaves_the_decision_to_us_gets_ours() {
        let open = wire::SpanContext::new(
            wire::TraceId::from_hex("4bf92f3577b34da6a3ce929d0e0e4736").unwrap(),
            wire::SpanId::from_hex("00f067aa0ba902b7").unwrap(),
            wire::Sampling::Defer,
        );
        assert!(remote(&open, true, None).is_sampled());
        assert!(!remote(&open, false, None).is_sampled());
    }

    #[test]
    fn an_unsampled_root_is_valid_and_fresh() {
        let (one, two) = (unsampled_root(), unsampled_root());
        assert!(one.is_valid() && !one.is_sampled());
        assert_ne!(one.trace_id(), two.trace_id());
    }

    #[test]
    fn baggage_is_read() {
        let context = with_baggage(Context::new(), Some("user=a%20b"));
        assert_eq!(
            context.baggage().get("user").map(ToString::to_string),
            Some("a b".to_owned())
        );
    }
}
