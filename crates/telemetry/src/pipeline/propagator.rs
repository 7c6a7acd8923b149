//! The global propagator: what other libraries in this process read from and write to headers.

use opentelemetry::Context;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry_propagator_b3::{B3Encoding, Propagator as B3};
use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};

use crate::config::{Propagator, Propagators};

type Boxed = Box<dyn TextMapPropagator + Send + Sync>;

/// Writes some formats and reads others, which need not be the same.
#[derive(Debug)]
pub(super) struct Global {
    inject: Vec<Boxed>,
    extract: Vec<Boxed>,
    fields: Vec<String>,
}

pub(super) fn build(propagators: &Propagators) -> Global {
    let make = |list: &[Propagator]| list.iter().copied().map(make).collect::<Vec<_>>();
    let inject = make(&propagators.inject);
    let fields = inject
        .iter()
        .flat_map(|propagator| propagator.fields())
        .map(str::to_owned)
        .collect();
    Global {
        inject,
        extract: make(&propagators.extract),
        fields,
    }
}

fn make(propagator: Propagator) -> Boxed {
    match propagator {
        Propagator::B3 => Box::new(B3::with_encoding(B3Encoding::SingleHeader)),
        Propagator::B3Multi => Box::new(B3::with_encoding(B3Encoding::MultipleHeader)),
        Propagator::TraceContext => Box::new(TraceContextPropagator::new()),
        Propagator::Baggage => Box::new(BaggagePropagator::new()),
    }
}

impl TextMapPropagator for Global {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        for propagator in &self.inject {
            propagator.inject_context(context, injector);
        }
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        // Each one overrides what came before, so the preferred one goes last.
        self.extract
            .iter()
            .rev()
            .fold(context.clone(), |context, propagator| {
                propagator.extract_with_context(&context, extractor)
            })
    }

    fn fields(&self) -> FieldIter<'_> {
        FieldIter::new(&self.fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::TraceContextExt;
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
