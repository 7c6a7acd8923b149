//! The global propagator: what other libraries in this process read from and write to headers.
//!
//! Reading and writing are those of `aether-propagation`, as everywhere else in this project.

use std::sync::{Arc, PoisonError, RwLock};

use aether_propagation::{self as wire, Format, Sampling, extract_in_order, inject, inject_state};
use opentelemetry::Context;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry_sdk::propagation::BaggagePropagator;

use crate::config::{Propagator, Propagators};

/// What the running telemetry reads and writes; `None` until one was started.
static INSTALLED: RwLock<Option<Arc<Formats>>> = RwLock::new(None);

/// The formats of context, for code that does not go through the global propagator.
#[derive(Debug)]
pub(crate) struct Formats {
    /// Looked for in what arrives, the preferred one first.
    pub(crate) read: Arc<[Format]>,
    /// Written to what leaves.
    pub(crate) write: Box<[Format]>,
    /// Whether `baggage` is read.
    pub(crate) reads_baggage: bool,
    /// Whether `baggage` is written.
    pub(crate) writes_baggage: bool,
}

impl Formats {
    pub(crate) fn new(propagators: &Propagators) -> Self {
        Self::of(&build(propagators))
    }

    fn of(global: &Global) -> Self {
        Self {
            read: global.extract.as_slice().into(),
            write: global.inject.as_slice().into(),
            reads_baggage: global.extract_baggage,
            writes_baggage: global.inject_baggage,
        }
    }
}

/// What `OTEL_PROPAGATORS` says, else the default.
pub(crate) fn formats() -> Arc<Formats> {
    let installed = INSTALLED.read().unwrap_or_else(PoisonError::into_inner);
    installed
        .clone()
        .unwrap_or_else(|| Arc::new(Formats::new(&Propagators::default())))
}

/// The formats to look for in incoming headers, the preferred one first.
pub(crate) fn read_order() -> Arc<[Format]> {
    let installed = INSTALLED.read().unwrap_or_else(PoisonError::into_inner);
    match &*installed {
        Some(formats) => Arc::clone(&formats.read),
        None => wire::DEFAULT_ORDER.into(),
    }
}

/// Makes `global` the global propagator.
pub(super) fn install(global: Global) {
    let formats = Some(Arc::new(Formats::of(&global)));
    *INSTALLED.write().unwrap_or_else(PoisonError::into_inner) = formats;
    opentelemetry::global::set_text_map_propagator(global);
}

/// Writes some formats and reads others, which need not be the same.
#[derive(Debug)]
pub(super) struct Global {
    inject: Vec<Format>,
    extract: Vec<Format>,
    inject_baggage: bool,
    extract_baggage: bool,
    baggage: BaggagePropagator,
    fields: Vec<String>,
}

pub(super) fn build(propagators: &Propagators) -> Global {
    let inject: Vec<_> = propagators.inject.iter().filter_map(format).collect();
    let mut extract: Vec<_> = propagators.extract.iter().filter_map(format).collect();
    // A sender may use either form of B3; who reads one reads the other.
    if let Some(at) = extract.iter().position(is_b3) {
        extract.retain(|format| !is_b3(format));
        extract.splice(at..at, [Format::B3Single, Format::B3Multi]);
    }
    let inject_baggage = propagators.inject.contains(&Propagator::Baggage);
    let mut fields: Vec<_> = inject
        .iter()
        .flat_map(names)
        .map(|name| (*name).to_owned())
        .collect();
    if inject_baggage {
        fields.push(wire::w3c::BAGGAGE_HEADER.to_owned());
    }
    Global {
        inject,
        extract,
        inject_baggage,
        extract_baggage: propagators.extract.contains(&Propagator::Baggage),
        baggage: BaggagePropagator::new(),
        fields,
    }
}

fn format(propagator: &Propagator) -> Option<Format> {
    match propagator {
        Propagator::B3 => Some(Format::B3Single),
        Propagator::B3Multi => Some(Format::B3Multi),
        Propagator::TraceContext => Some(Format::TraceContext),
        Propagator::Baggage => None,
    }
}

fn is_b3(format: &Format) -> bool {
    matches!(format, Format::B3Single | Format::B3Multi)
}

fn names(format: &Format) -> &'static [&'static str] {
    use wire::{b3, w3c};
    match format {
        Format::B3Single => &[b3::SINGLE_HEADER],
        Format::B3Multi => &[
            b3::TRACE_ID_HEADER,
            b3::SPAN_ID_HEADER,
            b3::SAMPLED_HEADER,
            b3::FLAGS_HEADER,
        ],
        Format::TraceContext => &[w3c::TRACEPARENT_HEADER, w3c::TRACESTATE_HEADER],
    }
}

impl TextMapPropagator for Global {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        let span = context.span();
        let span = span.span_context();
        if let Some(context) = to_wire(span) {
            let state = span.trace_state().header();
            let state = (!state.is_empty()).then_some(state.as_str());
            let mut set = |name: &'static str, value: &str| injector.set(name, value.to_owned());
            inject(&context, &self.inject, &mut set);
            inject_state(state, None, &self.inject, &mut set);
        }
        if self.inject_baggage {
            self.baggage.inject_context(context, injector);
        }
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        let found = extract_in_order(&self.extract, &|name| extractor.get(name));
        let context = match found.context {
            Some(parent) => {
                let state = found.tracestate.and_then(|state| state.parse().ok());
                let parent = from_wire(&parent, state.unwrap_or_default());
                context.with_remote_span_context(parent)
            }
            None => context.clone(),
        };
        if self.extract_baggage {
            return self.baggage.extract_with_context(&context, extractor);
        }
        context
    }

    fn fields(&self) -> FieldIter<'_> {
        FieldIter::new(&self.fields)
    }
}

fn to_wire(span: &SpanContext) -> Option<wire::SpanContext> {
    Some(wire::SpanContext::new(
        wire::TraceId::from_bytes(span.trace_id().to_bytes())?,
        wire::SpanId::from_bytes(span.span_id().to_bytes())?,
        Sampling::from_sampled(span.is_sampled()),
    ))
}

/// A sender that leaves the decision to us gets a recorded trace.
fn from_wire(parent: &wire::SpanContext, state: TraceState) -> SpanContext {
    let flags = if parent.sampling.is_sampled().unwrap_or(true) {
        TraceFlags::SAMPLED
    } else {
        TraceFlags::NOT_SAMPLED
    };
    SpanContext::new(
        TraceId::from_bytes(parent.trace_id.to_bytes()),
        SpanId::from_bytes(parent.span_id.to_bytes()),
        flags,
        true,
        state,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn headers(pairs: &[(&str, String)]) -> HashMap<String, String> {
        let pairs = pairs.iter();
        pairs.map(|(k, v)| ((*k).to_owned(), v.clone())).collect()
    }

    #[test]
    fn by_default_b3_wins_over_w3c_and_single_is_written() {
        let global = build(&Propagators::default());
        let incoming = headers(&[
            ("b3", format!("{TRACE}-00f067aa0ba902b7-1")),
            ("traceparent", format!("00-{TRACE}-00000000000000ff-01")),
        ]);
        let context = global.extract_with_context(&Context::new(), &incoming);
        let span = context.span().span_context().clone();
        assert_eq!(span.span_id().to_string(), "00f067aa0ba902b7");

        let mut outgoing = HashMap::new();
        global.inject_context(&context, &mut outgoing);
        assert_eq!(
            outgoing,
            headers(&[("b3", format!("{TRACE}-00f067aa0ba902b7-1"))])
        );
    }

    #[test]
    fn by_default_w3c_and_multi_are_read() {
        let global = build(&Propagators::default());
        for incoming in [
            headers(&[("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"))]),
            headers(&[
                ("x-b3-traceid", TRACE.to_owned()),
                ("x-b3-spanid", "00f067aa0ba902b7".to_owned()),
                ("x-b3-sampled", "1".to_owned()),
            ]),
        ] {
            let context = global.extract_with_context(&Context::new(), &incoming);
            let span = context.span().span_context().clone();
            assert_eq!(span.trace_id().to_string(), TRACE, "{incoming:?}");
            assert!(span.is_sampled(), "{incoming:?}");
        }
    }

    #[test]
    fn none_neither_reads_nor_writes() {
        let config = crate::Config::from_lookup(|name| {
            (name == "OTEL_PROPAGATORS").then(|| "none".to_owned())
        });
        let global = build(&config.unwrap().propagators);
        let incoming = headers(&[("b3", format!("{TRACE}-00f067aa0ba902b7-1"))]);
        let context = global.extract_with_context(&Context::new(), &incoming);
        assert!(!context.has_active_span());
        assert_eq!(global.fields().count(), 0);
    }
}
