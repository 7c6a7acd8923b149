//! B3, the default format: one header (`b3`) or several (`x-b3-*`).
//!
//! Specification: <https://github.com/openzipkin/b3-propagation>

mod multi;
mod single;

pub use multi::{
    FLAGS_HEADER, Multi, PARENT_SPAN_ID_HEADER, SAMPLED_HEADER, SPAN_ID_HEADER, TRACE_ID_HEADER,
    parse_multi, write_multi,
};
pub use single::{SINGLE_HEADER, parse_single, write_decision, write_single};

use crate::context::{Sampling, SpanContext};

/// What a B3 header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum B3 {
    /// A span to continue.
    Context(SpanContext),
    /// No span, only a decision for the trace that the receiver starts. Never [`Sampling::Defer`].
    DecisionOnly(Sampling),
}

impl B3 {
    /// The span to continue, if there is one.
    #[must_use]
    pub const fn context(self) -> Option<SpanContext> {
        match self {
            Self::Context(context) => Some(context),
            Self::DecisionOnly(_) => None,
        }
    }
}
