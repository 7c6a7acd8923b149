//! Where spans and metrics of an instrumentation go: to the providers it was given, else to the
//! global ones, looked up at first use.

use std::fmt;
use std::sync::{Arc, OnceLock};

use opentelemetry::InstrumentationScope;
use opentelemetry::global::{self, ObjectSafeTracerProvider};
use opentelemetry::metrics::{Meter, MeterProvider};

use crate::socketio::Source;

/// A source of spans and instruments `I`. Clones share both.
pub(crate) struct Provided<I> {
    scope: fn() -> InstrumentationScope,
    make: fn(&Meter) -> I,
    source: Arc<OnceLock<Source>>,
    instruments: Arc<OnceLock<I>>,
}

impl<I> Provided<I> {
    pub(crate) fn new(scope: fn() -> InstrumentationScope, make: fn(&Meter) -> I) -> Self {
        Self {
            scope,
            make,
            source: Arc::default(),
            instruments: Arc::default(),
        }
    }

    pub(crate) fn take_spans_to(&mut self, provider: &impl ObjectSafeTracerProvider) {
        self.source = Arc::new(OnceLock::from(Source::new(provider, (self.scope)())));
    }

    pub(crate) fn take_metrics_to(&mut self, provider: &impl MeterProvider) {
        let meter = provider.meter_with_scope((self.scope)());
        self.instruments = Arc::new(OnceLock::from((self.make)(&meter)));
    }

    pub(crate) fn source(&self) -> &Source {
        self.source.get_or_init(|| Source::global((self.scope)()))
    }

    pub(crate) fn instruments(&self) -> &I {
        self.instruments
            .get_or_init(|| (self.make)(&global::meter_with_scope((self.scope)())))
    }
}

impl<I> Clone for Provided<I> {
    fn clone(&self) -> Self {
        Self {
            source: Arc::clone(&self.source),
            instruments: Arc::clone(&self.instruments),
            ..*self
        }
    }
}

impl<I> fmt::Debug for Provided<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provided")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}
