//! `b3: {trace id}-{span id}[-{state}[-{parent span id}]]`, or the state alone.
//!
//! ```text
//! b3       = context / state
//! context  = trace-id "-" span-id [ "-" state [ "-" span-id ] ]
//! trace-id = 32HEXDIG / 16HEXDIG
//! span-id  = 16HEXDIG
//! state    = "1" / "0" / "d"
//! ```
//! <https://github.com/openzipkin/b3-propagation#single-header>

use super::B3;
use crate::context::{Sampling, SpanContext};
use crate::ids::{SpanId, TraceId};
use crate::reject::Reject;

/// The header's name, lower case.
pub const SINGLE_HEADER: &str = "b3";

/// 128-bit trace id, span id, state, parent span id and three separators.
const MAX_LEN: usize = 32 + 1 + 16 + 1 + 1 + 1 + 16;

/// Reads a `b3` header.
///
/// A 64-bit trace id is padded with zeros on the left; digits may be of either case. A parent span
/// id of zeros means "no parent".
///
/// # Errors
/// [`Reject`] names the first thing that is wrong, from left to right.
///
/// ```
/// use aether_propagation::{Sampling, b3};
///
/// let parsed = b3::parse_single("4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1")?;
/// let context = parsed.context().expect("ids are there");
/// assert_eq!(context.sampling, Sampling::Accept);
///
/// assert_eq!(b3::parse_single("0")?, b3::B3::DecisionOnly(Sampling::Deny));
/// # Ok::<(), aether_propagation::Reject>(())
/// ```
pub fn parse_single(header: &str) -> Result<B3, Reject> {
    let bytes = header.as_bytes();
    match bytes {
        [] => return Err(Reject::Empty),
        [state] => {
            return Ok(B3::DecisionOnly(
                parse_state(*state).ok_or(Reject::BadFlag)?,
            ));
        }
        _ if bytes.len() > MAX_LEN => return Err(Reject::TooLong),
        _ => {}
    }
    let mut parts = bytes.split(|&byte| byte == b'-');
    // `split` always yields a first part; a missing one could only mean an empty header.
    let trace_id = TraceId::parse(parts.next().unwrap_or_default())?;
    let span_id = SpanId::parse(parts.next().ok_or(Reject::Incomplete)?)?;
    let sampling = match parts.next() {
        None => Sampling::Defer,
        Some([state]) => parse_state(*state).ok_or(Reject::BadFlag)?,
        Some(_) => return Err(Reject::BadFlag),
    };
    let parent_span_id = match parts.next() {
        None => None,
        Some(parent) => SpanId::parse_parent(parent)?,
    };
    if parts.next().is_some() {
        return Err(Reject::Malformed);
    }
    Ok(B3::Context(SpanContext {
        trace_id,
        span_id,
        sampling,
        parent_span_id,
    }))
}

/// Appends the `b3` header of `context`: always a 128-bit trace id, lower case.
///
/// With [`Sampling::Defer`] the parent span id is left out, because the grammar has no place for it.
pub fn write_single(context: &SpanContext, out: &mut String) {
    context.trace_id.push_hex(out);
    out.push('-');
    context.span_id.push_hex(out);
    let Some(state) = state(context.sampling) else {
        return;
    };
    out.push('-');
    out.push(state);
    if let Some(parent) = context.parent_span_id {
        out.push('-');
        parent.push_hex(out);
    }
}

/// Appends the `b3` header that holds a decision and no span; nothing for [`Sampling::Defer`].
pub fn write_decision(sampling: Sampling, out: &mut String) {
    if let Some(state) = state(sampling) {
        out.push(state);
    }
}

const fn parse_state(byte: u8) -> Option<Sampling> {
    match byte {
        b'1' => Some(Sampling::Accept),
        b'0' => Some(Sampling::Deny),
        b'd' => Some(Sampling::Debug),
        _ => None,
    }
}

const fn state(sampling: Sampling) -> Option<char> {
    match sampling {
        Sampling::Accept => Some('1'),
        Sampling::Deny => Some('0'),
        Sampling::Debug => Some('d'),
        Sampling::Defer => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    fn written(b3: B3) -> String {
        let mut out = String::new();
        match b3 {
            B3::Context(context) => write_single(&context, &mut out),
            B3::DecisionOnly(sampling) => write_decision(sampling, &mut out),
        }
        out
    }

    #[test]
    fn reads_what_the_grammar_allows_and_writes_it_canonically() {
        // (input, written again)
        let cases = [
            ("0", "0"),
            ("1", "1"),
            ("d", "d"),
            ("{T}-{S}", "{T}-{S}"),
            ("{T}-{S}-0", "{T}-{S}-0"),
            ("{T}-{S}-1", "{T}-{S}-1"),
            ("{T}-{S}-d", "{T}-{S}-d"),
            ("{T}-{S}-1-05e3ac9a4f6e3b90", "{T}-{S}-1-05e3ac9a4f6e3b90"),
            ("{T}-{S}-0-0000000000000000", "{T}-{S}-0"),
            (
                "4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-1",
                "{T}-{S}-1",
            ),
            (
                "a3ce929d0e0e4736-{S}-1",
                "0000000000000000a3ce929d0e0e4736-{S}-1",
            ),
        ];
        for (input, expected) in cases {
            let fill = |text: &str| text.replace("{T}", TRACE).replace("{S}", SPAN);
            let parsed = parse_single(&fill(input)).unwrap_or_else(|e| panic!("{input}: {e}"));
            assert_eq!(written(parsed), fill(expected), "{input}");
        }
    }

    #[test]
    fn refuses_everything_else_and_says_why() {
        let zero_trace = "0".repeat(32);
        let cases = [
            (String::new(), Reject::Empty),
            ("2".into(), Reject::BadFlag),
            ("D".into(), Reject::BadFlag),
            ("-".into(), Reject::BadFlag),
            ("--".into(), Reject::BadTraceId),
            ("true".into(), Reject::BadTraceId),
            ("é".into(), Reject::BadTraceId),
            (TRACE.into(), Reject::Incomplete),
            (format!("{TRACE}-"), Reject::BadSpanId),
            (format!("-{SPAN}-1"), Reject::BadTraceId),
            (format!("{}-{SPAN}", &TRACE[1..]), Reject::BadTraceId),
            (format!("0{TRACE}-{SPAN}"), Reject::BadTraceId),
            (format!("0x{}-{SPAN}", &TRACE[2..]), Reject::BadTraceId),
            (format!("{zero_trace}-{SPAN}"), Reject::ZeroId),
            (format!("{TRACE}-{}", &SPAN[1..]), Reject::BadSpanId),
            (format!("{TRACE}-0{SPAN}"), Reject::BadSpanId),
            (format!("{TRACE}-00f067aa0ba902bg"), Reject::BadSpanId),
            (format!("{TRACE}-0000000000000000"), Reject::ZeroId),
            (format!("{TRACE}-{SPAN}-"), Reject::BadFlag),
            (format!("{TRACE}-{SPAN}-2"), Reject::BadFlag),
            (format!("{TRACE}-{SPAN}-true"), Reject::BadFlag),
            (format!("{TRACE}-{SPAN}-{SPAN}"), Reject::BadFlag),
            (format!("{TRACE}-{SPAN}-1-"), Reject::BadParentId),
            (format!("{TRACE}-{SPAN}-1-x"), Reject::BadParentId),
            (
                format!("{}-{SPAN}-1-{SPAN}-", &TRACE[16..]),
                Reject::Malformed,
            ),
            (format!("{TRACE}-{SPAN}-1-{SPAN}-"), Reject::TooLong),
            (format!(" {TRACE}-{SPAN}"), Reject::BadTraceId),
            (format!("{TRACE}-{SPAN} "), Reject::BadSpanId),
            ("1".repeat(1 << 20), Reject::TooLong),
        ];
        for (input, expected) in cases {
            assert_eq!(parse_single(&input), Err(expected), "{:.90}", input);
        }
    }

    #[test]
    fn a_deferred_decision_leaves_no_place_for_the_parent() {
        let mut context = parse_single(&format!("{TRACE}-{SPAN}-1-05e3ac9a4f6e3b90"))
            .ok()
            .and_then(B3::context)
            .unwrap();
        context.sampling = Sampling::Defer;
        assert_eq!(written(B3::Context(context)), format!("{TRACE}-{SPAN}"));
        assert_eq!(written(B3::DecisionOnly(Sampling::Defer)), "");
    }
}
