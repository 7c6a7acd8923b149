//! What every format carries: whose child the receiver is, and whether to record.

use crate::ids::{SpanId, TraceId};

/// The sampling decision that came with a context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sampling {
    /// Record: B3 `1`, W3C flag `01`.
    Accept,
    /// Do not record: B3 `0`, W3C flag `00`.
    Deny,
    /// Record whatever samplers say: B3 `d`. W3C cannot express it; it is written as `01`.
    Debug,
    /// The sender left the decision to the receiver: B3 without a state.
    /// W3C cannot express it; it is written as `00`.
    #[default]
    Defer,
}

impl Sampling {
    /// Whether to record; `None` when the sender left that to the receiver.
    #[must_use]
    pub const fn is_sampled(self) -> Option<bool> {
        match self {
            Self::Accept | Self::Debug => Some(true),
            Self::Deny => Some(false),
            Self::Defer => None,
        }
    }

    /// [`Accept`](Self::Accept) or [`Deny`](Self::Deny).
    #[must_use]
    pub const fn from_sampled(sampled: bool) -> Self {
        if sampled { Self::Accept } else { Self::Deny }
    }
}

/// The identity of a span as it travels between processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SpanContext {
    /// The trace both sides belong to.
    pub trace_id: TraceId,
    /// The sender's span: the parent of what the receiver starts.
    pub span_id: SpanId,
    /// The sender's decision.
    pub sampling: Sampling,
    /// The parent of `span_id`. B3 may carry it, for information only.
    pub parent_span_id: Option<SpanId>,
}

impl SpanContext {
    /// A context without parent.
    #[must_use]
    pub const fn new(trace_id: TraceId, span_id: SpanId, sampling: Sampling) -> Self {
        Self {
            trace_id,
            span_id,
            sampling,
            parent_span_id: None,
        }
    }
}
