//! W3C trace context: `traceparent`, and `tracestate` and `baggage` as opaque, bounded text.
//!
//! ```text
//! traceparent = version "-" 32HEXDIGLC "-" 16HEXDIGLC "-" flags
//! version     = 2HEXDIGLC   ; not "ff"; above "00" more fields may follow after another "-"
//! flags       = 2HEXDIGLC   ; bit 0: sampled
//! ```
//! Specifications: <https://www.w3.org/TR/trace-context-2/>, <https://www.w3.org/TR/baggage/>

use crate::context::{Sampling, SpanContext};
use crate::hex;
use crate::ids::{SpanId, TraceId};
use crate::reject::Reject;

/// Trace id, span id and flags.
pub const TRACEPARENT_HEADER: &str = "traceparent";
/// Vendors' own state, passed on unread.
pub const TRACESTATE_HEADER: &str = "tracestate";
/// The application's own pairs, passed on unread.
pub const BAGGAGE_HEADER: &str = "baggage";

/// Longest `tracestate` that is passed on, in bytes: the least a vendor must support.
pub const MAX_TRACESTATE_BYTES: usize = 512;
/// Longest `baggage` that is passed on, in bytes: the least a platform must support.
pub const MAX_BAGGAGE_BYTES: usize = 8192;

/// Length of a version 00 header, and of the part that every later version keeps.
const LEN: usize = 2 + 1 + 32 + 1 + 16 + 1 + 2;
/// Later versions may add fields; nobody sends a page of them.
const MAX_LEN: usize = 512;

/// Reads a `traceparent` header. Upper-case digits are refused, as the specification demands.
///
/// # Errors
/// [`Reject`] names the first thing that is wrong, from left to right.
///
/// ```
/// use aether_propagation::{Reject, Sampling, w3c};
///
/// let context = w3c::parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")?;
/// assert_eq!(context.sampling, Sampling::Accept);
/// assert_eq!(w3c::parse_traceparent("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
///     Err(Reject::BadVersion));
/// # Ok::<(), Reject>(())
/// ```
pub fn parse_traceparent(header: &str) -> Result<SpanContext, Reject> {
    let bytes = header.as_bytes();
    if bytes.is_empty() {
        return Err(Reject::Empty);
    }
    if bytes.len() > MAX_LEN {
        return Err(Reject::TooLong);
    }
    if bytes.len() < LEN || bytes[2] != b'-' || bytes[35] != b'-' || bytes[52] != b'-' {
        return Err(Reject::Malformed);
    }
    let version = &bytes[..2];
    match hex::parse_u64(version) {
        Some(0) if bytes.len() != LEN => return Err(Reject::Malformed),
        Some(0) => {}
        Some(0xff) | None => return Err(Reject::BadVersion),
        Some(_) if bytes.len() > LEN && bytes[LEN] != b'-' => return Err(Reject::Malformed),
        Some(_) => {}
    }
    if !hex::is_lower(version) {
        return Err(Reject::BadVersion);
    }
    let (trace_id, span_id, flags) = (&bytes[3..35], &bytes[36..52], &bytes[53..55]);
    if !hex::is_lower(trace_id) {
        return Err(Reject::BadTraceId);
    }
    let trace_id = TraceId::parse(trace_id)?;
    if !hex::is_lower(span_id) {
        return Err(Reject::BadSpanId);
    }
    let span_id = SpanId::parse(span_id)?;
    let sampled = match hex::parse_u64(flags) {
        Some(bits) if hex::is_lower(flags) => bits & 1 == 1,
        _ => return Err(Reject::BadFlag),
    };
    Ok(SpanContext::new(
        trace_id,
        span_id,
        Sampling::from_sampled(sampled),
    ))
}

/// Appends a version 00 `traceparent` header.
///
/// [`Sampling::Debug`] becomes `01` and [`Sampling::Defer`] `00`: the format knows no more.
pub fn write_traceparent(context: &SpanContext, out: &mut String) {
    out.push_str("00-");
    context.trace_id.push_hex(out);
    out.push('-');
    context.span_id.push_hex(out);
    out.push_str(match context.sampling {
        Sampling::Accept | Sampling::Debug => "-01",
        Sampling::Deny | Sampling::Defer => "-00",
    });
}

/// Checks a `tracestate` that is to be passed on unread: printable ASCII, at most
/// [`MAX_TRACESTATE_BYTES`]. Several headers are joined with `,` by the caller.
///
/// # Errors
/// [`Reject::Empty`], [`Reject::TooLong`], [`Reject::BadState`]
pub fn check_tracestate(header: &str) -> Result<&str, Reject> {
    check_opaque(header, MAX_TRACESTATE_BYTES)
}

/// Checks a `baggage` that is to be passed on unread: printable ASCII, at most [`MAX_BAGGAGE_BYTES`].
///
/// # Errors
/// [`Reject::Empty`], [`Reject::TooLong`], [`Reject::BadState`]
pub fn check_baggage(header: &str) -> Result<&str, Reject> {
    check_opaque(header, MAX_BAGGAGE_BYTES)
}

/// No control characters above all: a line break would let a peer add headers of its own.
fn check_opaque(header: &str, max: usize) -> Result<&str, Reject> {
    if header.is_empty() {
        return Err(Reject::Empty);
    }
    if header.len() > max {
        return Err(Reject::TooLong);
    }
    if header
        .bytes()
        .all(|byte| matches!(byte, b'\t' | b' '..=b'~'))
    {
        Ok(header)
    } else {
        Err(Reject::BadState)
    }
}
