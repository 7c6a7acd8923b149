//! Which new traces are recorded, as it stands in the settings right now.
//!
//! Decides as the SDK's samplers do, and which of them it is may change while spans are made: one
//! number that every span reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use opentelemetry::trace::{Link, SpanKind, TraceContextExt, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{Sampler as SdkSampler, SamplingResult, ShouldSample};

use crate::config::Sampler;

/// Set where a parent's decision is respected. A ratio is never negative, so its sign is free.
const PARENT_BASED: u64 = 1 << 63;

/// A sampler that may change. Clones change together.
#[derive(Debug, Clone)]
pub(crate) struct Sampling(Arc<AtomicU64>);

impl Sampling {
    pub(crate) fn new(sampler: Sampler) -> Self {
        let this = Self(Arc::default());
        this.set(sampler);
        this
    }

    /// From now on new traces are chosen by this one.
    pub(crate) fn set(&self, sampler: Sampler) {
        let parent_based = if sampler.parent_based {
            PARENT_BASED
        } else {
            0
        };
        let ratio = sampler.ratio.abs().to_bits();
        self.0.store(ratio | parent_based, Ordering::Relaxed);
    }
}

impl ShouldSample for Sampling {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let bits = self.0.load(Ordering::Relaxed);
        let asked = |parent: &&Context| bits & PARENT_BASED != 0 && parent.has_active_span();
        let sampler = match parent.filter(asked) {
            Some(parent) if parent.span().span_context().is_sampled() => SdkSampler::AlwaysOn,
            Some(_) => SdkSampler::AlwaysOff,
            None => match f64::from_bits(bits & !PARENT_BASED) {
                ratio if ratio >= 1.0 => SdkSampler::AlwaysOn,
                ratio if ratio > 0.0 => SdkSampler::TraceIdRatioBased(ratio),
                // Also for what is no number.
                _ => SdkSampler::AlwaysOff,
            },
        };
        sampler.should_sample(parent, trace_id, name, kind, attributes, links)
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceState};
    use opentelemetry_sdk::trace::SamplingDecision;

    use super::*;

    fn under(sampled: bool) -> Context {
        let context = SpanContext::new(
            TraceId::from(7),
            SpanId::from(7),
            TraceFlags::default().with_sampled(sampled),
            true,
            TraceState::from_key_value([("a", "b")]).unwrap(),
        );
        Context::new().with_remote_span_context(context)
    }

    fn decided(sampler: &dyn ShouldSample) -> Vec<(SamplingDecision, String)> {
        let mut all = Vec::new();
        for parent in [
            None,
            Some(Context::new()),
            Some(under(true)),
            Some(under(false)),
        ] {
            for step in 0..20_u128 {
                // Evenly among all ids, whose low 63 bits are looked at.
                let id = TraceId::from(step << 59);
                let result =
                    sampler.should_sample(parent.as_ref(), id, "n", &SpanKind::Server, &[], &[]);
                all.push((result.decision, result.trace_state.header()));
            }
        }
        all
    }

    #[test]
    fn it_decides_as_the_sdk_whatever_it_was_before() {
        let sampling = Sampling::new(Sampler::default());
        for (ratio, root) in [
            (0.0, SdkSampler::AlwaysOff),
            (0.3, SdkSampler::TraceIdRatioBased(0.3)),
            (1.0, SdkSampler::AlwaysOn),
        ] {
            for parent_based in [false, true] {
                sampling.set(Sampler {
                    ratio,
                    parent_based,
                });
                let expected = if parent_based {
                    decided(&SdkSampler::ParentBased(Box::new(root.clone())))
                } else {
                    decided(&root)
                };
                assert_eq!(decided(&sampling), expected, "{ratio} {parent_based}");
            }
        }
    }
}
