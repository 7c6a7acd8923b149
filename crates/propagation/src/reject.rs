//! Why incoming context was refused.

use core::fmt;

/// Why incoming trace context was refused. A rejected context never fails the request it came
/// with: the receiver starts a new trace and records [`Reject::as_str`] as
/// `aether.propagation.error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reject {
    /// The header or carrier is there, but empty.
    Empty,
    /// Longer than its limit.
    TooLong,
    /// It does not follow the grammar: wrong number of parts, broken JSON, a value of the wrong type.
    Malformed,
    /// A trace id that is not 16 (B3 only) or 32 hexadecimal digits.
    BadTraceId,
    /// A span id that is not 16 hexadecimal digits.
    BadSpanId,
    /// A parent span id that is not 16 hexadecimal digits.
    BadParentId,
    /// A trace id or span id of zeros only, which every format forbids.
    ZeroId,
    /// A sampling state or flags field with an undefined value.
    BadFlag,
    /// A `traceparent` of the forbidden version `ff`, or with a version that is no number.
    BadVersion,
    /// A trace id without span id, or the other way round.
    Incomplete,
    /// A `re` that is not a comma-separated list of 1 to 16 span ids.
    BadReply,
    /// `tracestate` or `baggage` with characters a header cannot hold.
    BadState,
    /// The same carrier or the same key more than once, so that readers could disagree about it.
    Duplicate,
}

impl Reject {
    /// A fixed, low-cardinality name for attributes and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::Malformed => "malformed",
            Self::BadTraceId => "bad_trace_id",
            Self::BadSpanId => "bad_span_id",
            Self::BadParentId => "bad_parent_id",
            Self::ZeroId => "zero_id",
            Self::BadFlag => "bad_flag",
            Self::BadVersion => "bad_version",
            Self::Incomplete => "incomplete",
            Self::BadReply => "bad_reply",
            Self::BadState => "bad_state",
            Self::Duplicate => "duplicate",
        }
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("trace context rejected: ")?;
        f.write_str(self.as_str())
    }
}

impl core::error::Error for Reject {}
