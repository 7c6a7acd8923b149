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

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: &str = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";

    #[test]
    fn reads_and_writes_traceparent() {
        let cases = [
            ("00-{}-00", "-00", Sampling::Deny),
            ("00-{}-01", "-01", Sampling::Accept),
            // Bits other than "sampled" are not ours to interpret, and are not passed on.
            ("00-{}-02", "-00", Sampling::Deny),
            ("00-{}-ff", "-01", Sampling::Accept),
            ("01-{}-01", "-01", Sampling::Accept),
            ("cc-{}-01-what-the-future-brings", "-01", Sampling::Accept),
            ("cc-{}-01-", "-01", Sampling::Accept),
        ];
        for (input, flags, sampling) in cases {
            let context = parse_traceparent(&input.replace("{}", IDS)).unwrap();
            assert_eq!(context.sampling, sampling, "{input}");
            let mut out = String::new();
            write_traceparent(&context, &mut out);
            assert_eq!(out, format!("00-{IDS}{flags}"), "{input}");
        }
    }

    #[test]
    fn writes_states_that_the_format_does_not_know() {
        let mut context = parse_traceparent(&format!("00-{IDS}-01")).unwrap();
        for (sampling, flags) in [(Sampling::Debug, "-01"), (Sampling::Defer, "-00")] {
            context.sampling = sampling;
            let mut out = String::new();
            write_traceparent(&context, &mut out);
            assert_eq!(out, format!("00-{IDS}{flags}"));
        }
    }

    #[test]
    fn refuses_other_traceparents_and_says_why() {
        let cases = [
            ("", Reject::Empty),
            ("00", Reject::Malformed),
            ("00-{}", Reject::Malformed),
            ("00-{}-0", Reject::Malformed),
            ("00-{}-01-", Reject::Malformed),
            ("00-{}-01-extra", Reject::Malformed),
            ("00_{}-01", Reject::Malformed),
            ("00-{}_01", Reject::Malformed),
            ("01-{}-01.", Reject::Malformed),
            (" 00-{}-01", Reject::Malformed),
            ("ff-{}-01", Reject::BadVersion),
            ("0g-{}-01", Reject::BadVersion),
            ("AA-{}-01", Reject::BadVersion),
            ("00-{}-0x", Reject::BadFlag),
            ("00-{}-0A", Reject::BadFlag),
            (
                "00-4BF92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                Reject::BadTraceId,
            ),
            (
                "00-4bf92f3577b34da6-3ce929d0e0e4736-00f067aa0ba902b7-01",
                Reject::BadTraceId,
            ),
            (
                "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                Reject::ZeroId,
            ),
            (
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00F067aa0ba902b7-01",
                Reject::BadSpanId,
            ),
            (
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b-01",
                Reject::Malformed,
            ),
            (
                "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                Reject::ZeroId,
            ),
            (
                "00-4bf92f3577b34da6a3ce929d0e0e47é-00f067aa0ba902b7-01",
                Reject::BadTraceId,
            ),
        ];
        for (input, expected) in cases {
            let input = input.replace("{}", IDS);
            assert_eq!(parse_traceparent(&input), Err(expected), "{input}");
        }
        let long = format!("cc-{IDS}-01-{}", "x".repeat(500));
        assert_eq!(parse_traceparent(&long), Err(Reject::TooLong));
    }

    #[test]
    fn passes_opaque_state_on_and_keeps_line_breaks_out() {
        let long = "a".repeat(MAX_TRACESTATE_BYTES + 1);
        assert_eq!(
            check_tracestate("rojo=00f067aa0ba902b7, x=\"y\\\""),
            Ok("rojo=00f067aa0ba902b7, x=\"y\\\"")
        );
        assert_eq!(check_tracestate(&long[1..]), Ok(&long[1..]));
        assert_eq!(check_tracestate(&long), Err(Reject::TooLong));
        assert_eq!(check_baggage(&long), Ok(long.as_str()));
        for bad in ["a=b\r\nevil: 1", "a=\u{7f}", "a=é", "\0"] {
            assert_eq!(check_tracestate(bad), Err(Reject::BadState), "{bad:?}");
            assert_eq!(check_baggage(bad), Err(Reject::BadState), "{bad:?}");
        }
        assert_eq!(check_baggage(""), Err(Reject::Empty));
        assert_eq!(
            check_baggage(&"a".repeat(MAX_BAGGAGE_BYTES + 1)),
            Err(Reject::TooLong)
        );
    }
}
