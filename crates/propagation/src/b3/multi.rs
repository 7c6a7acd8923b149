//! B3 in several headers: `x-b3-traceid`, `x-b3-spanid`, `x-b3-parentspanid`, `x-b3-sampled`,
//! `x-b3-flags`.
//!
//! <https://github.com/openzipkin/b3-propagation#multiple-headers>

use super::B3;
use crate::context::{Sampling, SpanContext};
use crate::ids::{SpanId, TraceId};
use crate::reject::Reject;

/// 16 or 32 hexadecimal digits.
pub const TRACE_ID_HEADER: &str = "x-b3-traceid";
/// 16 hexadecimal digits.
pub const SPAN_ID_HEADER: &str = "x-b3-spanid";
/// 16 hexadecimal digits, optional.
pub const PARENT_SPAN_ID_HEADER: &str = "x-b3-parentspanid";
/// `1` or `0`; `true` and `false` from older senders are read too.
pub const SAMPLED_HEADER: &str = "x-b3-sampled";
/// `1` means debug, `0` nothing.
pub const FLAGS_HEADER: &str = "x-b3-flags";

/// The values of the five headers, as they came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Multi<'a> {
    /// [`TRACE_ID_HEADER`]
    pub trace_id: Option<&'a str>,
    /// [`SPAN_ID_HEADER`]
    pub span_id: Option<&'a str>,
    /// [`PARENT_SPAN_ID_HEADER`]
    pub parent_span_id: Option<&'a str>,
    /// [`SAMPLED_HEADER`]
    pub sampled: Option<&'a str>,
    /// [`FLAGS_HEADER`]
    pub flags: Option<&'a str>,
}

/// Reads the headers together; `Ok(None)` when none of them is there.
///
/// Debug (`x-b3-flags: 1`) wins over `x-b3-sampled`, because it implies it.
///
/// # Errors
/// [`Reject::Incomplete`] when one id is there without the other, otherwise what is wrong with a value.
pub fn parse_multi(headers: &Multi<'_>) -> Result<Option<B3>, Reject> {
    let sampling = sampling(headers)?;
    let (trace_id, span_id) = match (headers.trace_id, headers.span_id) {
        (Some(trace_id), Some(span_id)) => (trace_id, span_id),
        (None, None) if headers.parent_span_id.is_none() => {
            return Ok(match sampling {
                Sampling::Defer => None,
                decision => Some(B3::DecisionOnly(decision)),
            });
        }
        _ => return Err(Reject::Incomplete),
    };
    Ok(Some(B3::Context(SpanContext {
        trace_id: TraceId::parse(trace_id.as_bytes())?,
        span_id: SpanId::parse(span_id.as_bytes())?,
        sampling,
        parent_span_id: match headers.parent_span_id {
            Some(parent) => SpanId::parse_parent(parent.as_bytes())?,
            None => None,
        },
    })))
}

fn sampling(headers: &Multi<'_>) -> Result<Sampling, Reject> {
    let decision = match headers.sampled {
        None => Sampling::Defer,
        Some("1" | "true") => Sampling::Accept,
        Some("0" | "false") => Sampling::Deny,
        Some(_) => return Err(Reject::BadFlag),
    };
    match headers.flags {
        Some("1") => Ok(Sampling::Debug),
        None | Some("0") => Ok(decision),
        Some(_) => Err(Reject::BadFlag),
    }
}

/// Hands each header of `context` to `set(name, value)`. Nothing is allocated.
///
/// ```
/// use aether_propagation::{Sampling, SpanContext, SpanId, TraceId, b3};
///
/// let context = SpanContext::new(
///     TraceId::from_hex("4bf92f3577b34da6a3ce929d0e0e4736").unwrap(),
///     SpanId::from_hex("00f067aa0ba902b7").unwrap(),
///     Sampling::Accept,
/// );
/// let mut headers = Vec::new();
/// b3::write_multi(&context, &mut |name, value| headers.push(format!("{name}: {value}")));
/// assert_eq!(headers, [
///     "x-b3-traceid: 4bf92f3577b34da6a3ce929d0e0e4736",
///     "x-b3-spanid: 00f067aa0ba902b7",
///     "x-b3-sampled: 1",
/// ]);
/// ```
pub fn write_multi(context: &SpanContext, set: &mut dyn FnMut(&'static str, &str)) {
    set(TRACE_ID_HEADER, context.trace_id.write_hex(&mut [0; 32]));
    set(SPAN_ID_HEADER, context.span_id.write_hex(&mut [0; 16]));
    if let Some(parent) = context.parent_span_id {
        set(PARENT_SPAN_ID_HEADER, parent.write_hex(&mut [0; 16]));
    }
    match context.sampling {
        Sampling::Accept => set(SAMPLED_HEADER, "1"),
        Sampling::Deny => set(SAMPLED_HEADER, "0"),
        Sampling::Debug => set(FLAGS_HEADER, "1"),
        Sampling::Defer => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: Option<&str> = Some("4bf92f3577b34da6a3ce929d0e0e4736");
    const SPAN: Option<&str> = Some("00f067aa0ba902b7");

    fn read(values: [Option<&str>; 5]) -> Result<Option<B3>, Reject> {
        let [trace_id, span_id, parent_span_id, sampled, flags] = values;
        parse_multi(&Multi {
            trace_id,
            span_id,
            parent_span_id,
            sampled,
            flags,
        })
    }

    /// The headers again, in the order trace id, span id, parent, sampled, flags.
    fn written(context: &SpanContext) -> String {
        let mut out = String::new();
        write_multi(context, &mut |name, value| {
            out.push_str(name.trim_start_matches("x-b3-"));
            out.push('=');
            out.push_str(value);
            out.push(' ');
        });
        out
    }

    #[test]
    fn reads_and_writes_contexts() {
        let ids = "traceid=4bf92f3577b34da6a3ce929d0e0e4736 spanid=00f067aa0ba902b7 ";
        let cases = [
            ([TRACE, SPAN, None, None, None], ""),
            ([TRACE, SPAN, None, Some("1"), None], "sampled=1 "),
            ([TRACE, SPAN, None, Some("true"), None], "sampled=1 "),
            ([TRACE, SPAN, None, Some("0"), None], "sampled=0 "),
            ([TRACE, SPAN, None, Some("false"), None], "sampled=0 "),
            ([TRACE, SPAN, None, None, Some("1")], "flags=1 "),
            ([TRACE, SPAN, None, Some("0"), Some("1")], "flags=1 "),
            ([TRACE, SPAN, None, Some("1"), Some("0")], "sampled=1 "),
            (
                [TRACE, SPAN, Some("05E3AC9A4F6E3B90"), Some("1"), None],
                "parentspanid=05e3ac9a4f6e3b90 sampled=1 ",
            ),
            ([TRACE, SPAN, Some("0000000000000000"), None, None], ""),
        ];
        for (input, expected) in cases {
            let context = read(input).ok().flatten().and_then(B3::context);
            let context = context.unwrap_or_else(|| panic!("{input:?}"));
            assert_eq!(written(&context), format!("{ids}{expected}"), "{input:?}");
        }
    }

    #[test]
    fn reads_decisions_and_absence() {
        let decision = |sampling| Ok(Some(B3::DecisionOnly(sampling)));
        let cases = [
            ([None; 5], Ok(None)),
            ([None, None, None, None, Some("0")], Ok(None)),
            (
                [None, None, None, Some("1"), None],
                decision(Sampling::Accept),
            ),
            (
                [None, None, None, Some("0"), None],
                decision(Sampling::Deny),
            ),
            (
                [None, None, None, Some("0"), Some("1")],
                decision(Sampling::Debug),
            ),
        ];
        for (input, expected) in cases {
            assert_eq!(read(input), expected, "{input:?}");
        }
    }

    #[test]
    fn refuses_everything_else_and_says_why() {
        let cases = [
            ([TRACE, None, None, None, None], Reject::Incomplete),
            ([None, SPAN, None, None, None], Reject::Incomplete),
            ([None, None, SPAN, None, None], Reject::Incomplete),
            ([Some(""), SPAN, None, None, None], Reject::BadTraceId),
            ([Some("xyz"), SPAN, None, None, None], Reject::BadTraceId),
            (
                [Some("0000000000000000"), SPAN, None, None, None],
                Reject::ZeroId,
            ),
            ([TRACE, Some(""), None, None, None], Reject::BadSpanId),
            ([TRACE, TRACE, None, None, None], Reject::BadSpanId),
            (
                [TRACE, Some("0000000000000000"), None, None, None],
                Reject::ZeroId,
            ),
            ([TRACE, SPAN, Some("1"), None, None], Reject::BadParentId),
            ([TRACE, SPAN, None, Some("d"), None], Reject::BadFlag),
            ([TRACE, SPAN, None, Some(""), None], Reject::BadFlag),
            ([TRACE, SPAN, None, Some("True"), None], Reject::BadFlag),
            ([TRACE, SPAN, None, Some("1"), Some("2")], Reject::BadFlag),
            ([None, None, None, Some("maybe"), None], Reject::BadFlag),
        ];
        for (input, expected) in cases {
            assert_eq!(read(input), Err(expected), "{input:?}");
        }
    }
}
