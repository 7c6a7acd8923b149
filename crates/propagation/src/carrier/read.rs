//! Reading a carrier's JSON: a flat object of strings, strict about what it knows, deaf to the rest.

use std::borrow::Cow;

use super::{Carrier, MAX_CARRIER_BYTES, ReplyIds};
use crate::b3::{self, B3, Multi};
use crate::extract::{DEFAULT_ORDER, Format, extract_in_order};
use crate::json::{self, Members};
use crate::reject::Reject;
use crate::w3c;

/// Keys whose value is a string: header names first, then the carrier's own.
const STRING_KEYS: [&str; 12] = [
    b3::SINGLE_HEADER,
    b3::TRACE_ID_HEADER,
    b3::SPAN_ID_HEADER,
    b3::PARENT_SPAN_ID_HEADER,
    b3::SAMPLED_HEADER,
    b3::FLAGS_HEADER,
    w3c::TRACEPARENT_HEADER,
    w3c::TRACESTATE_HEADER,
    w3c::BAGGAGE_HEADER,
    REPLY_KEY,
    TRACE_ID_KEY,
    SPAN_ID_KEY,
];
/// The requests that an event answers.
pub(super) const REPLY_KEY: &str = "re";
/// The older payload form: ids and decision under keys of their own.
pub(super) const TRACE_ID_KEY: &str = "traceId";
pub(super) const SPAN_ID_KEY: &str = "spanId";
pub(super) const SAMPLED_KEY: &str = "sampled";
pub(super) const ACCEPT_KEY: &str = "accept";
/// As raw JSON, quotes included.
pub(super) const ACCEPT_TRAILING: &str = "\"trailing\"";

/// The values of the known keys, as they came.
#[derive(Default)]
struct Fields<'a> {
    strings: [Option<Cow<'a, str>>; STRING_KEYS.len()],
    sampled: Option<&'a str>,
    accept: Option<bool>,
}

/// Reads a carrier object, of at most [`MAX_CARRIER_BYTES`]. Unknown keys are ignored, whatever they hold.
///
/// Precedence is that of headers: `b3`, `x-b3-*`, `traceparent`, then the older
/// `{"traceId","spanId","sampled"}`. A carrier without any context is sound: it may only answer
/// (`re`) or introduce its sender (`accept`).
///
/// # Errors
/// [`Reject`] when the object is broken, holds a known key twice, or holds context of which nothing
/// can be used. When one of two contexts can be used, the other is named in [`Carrier::error`].
///
/// ```
/// use aether_propagation::carrier::parse_json;
///
/// let carrier = parse_json(
///     r#"{"b3":"4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1","re":"00f067aa0ba902b8"}"#,
/// )?;
/// assert!(carrier.context.is_some());
/// assert_eq!(carrier.re.len(), 1);
/// # Ok::<(), aether_propagation::Reject>(())
/// ```
pub fn parse_json(text: &str) -> Result<Carrier, Reject> {
    parse_json_in_order(text, DEFAULT_ORDER)
}

/// The same with the formats of `order`, the preferred one first; context in any other is not
/// looked at. The older form is one of B3.
///
/// ```
/// use aether_propagation::{Format, carrier::parse_json_in_order};
///
/// let json = r#"{"b3":"4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1"}"#;
/// assert!(parse_json_in_order(json, &[Format::B3Single])?.context.is_some());
/// assert!(parse_json_in_order(json, &[Format::TraceContext])?.context.is_none());
/// # Ok::<(), aether_propagation::Reject>(())
/// ```
///
/// # Errors
/// As [`parse_json`].
pub fn parse_json_in_order(text: &str, order: &[Format]) -> Result<Carrier, Reject> {
    if text.len() > MAX_CARRIER_BYTES {
        return Err(Reject::TooLong);
    }
    let fields = Fields::read(text)?;
    let get = |name: &str| fields.get(name);
    let found = extract_in_order(order, &get);
    let mut carrier = Carrier {
        context: found.context,
        decision: found.decision,
        re: fields
            .get(REPLY_KEY)
            .map(ReplyIds::parse)
            .transpose()?
            .unwrap_or_default(),
        tracestate: found.tracestate.map(str::to_owned),
        baggage: found.baggage.map(str::to_owned),
        accepts_trailing: fields.accept.unwrap_or_default(),
        error: found.error,
    };
    let reads_b3 = order
        .iter()
        .any(|format| matches!(format, Format::B3Single | Format::B3Multi));
    if reads_b3 && carrier.context.is_none() && carrier.decision.is_none() {
        match fields.older_form() {
            Ok(None) => {}
            Ok(Some(B3::Context(context))) => carrier.context = Some(context),
            Ok(Some(B3::DecisionOnly(sampling))) => carrier.decision = Some(sampling),
            Err(reject) => carrier.error = carrier.error.or(Some(reject)),
        }
    }
    match carrier.error {
        Some(reject) if carrier.context.is_none() && carrier.decision.is_none() => Err(reject),
        _ => Ok(carrier),
    }
}

impl<'a> Fields<'a> {
    fn read(text: &'a str) -> Result<Self, Reject> {
        let mut fields = Self::default();
        let mut members = Members::new(text, 0).ok_or(Reject::Malformed)?;
        for member in members.by_ref() {
            let taken = if let Some(index) = STRING_KEYS.iter().position(|key| *key == member.key) {
                fields.strings[index]
                    .replace(string(member.value)?)
                    .is_some()
            } else if member.key == SAMPLED_KEY {
                fields.sampled.replace(member.value).is_some()
            } else if member.key == ACCEPT_KEY {
                fields
                    .accept
                    .replace(names_trailing(member.value)?)
                    .is_some()
            } else {
                false
            };
            if taken {
                return Err(Reject::Duplicate);
            }
        }
        let end = members.end().ok_or(Reject::Malformed)?;
        if json::skip_space(text.as_bytes(), end) == text.len() {
            Ok(fields)
        } else {
            Err(Reject::Malformed)
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        let index = STRING_KEYS.iter().position(|key| *key == name)?;
        self.strings[index].as_deref()
    }

    fn older_form(&self) -> Result<Option<B3>, Reject> {
        let sampled = match self.sampled {
            None | Some("null") => None,
            Some("true" | "1" | "\"true\"" | "\"1\"") => Some("1"),
            Some("false" | "0" | "\"false\"" | "\"0\"") => Some("0"),
            Some(_) => return Err(Reject::BadFlag),
        };
        b3::parse_multi(&Multi {
            trace_id: self.get(TRACE_ID_KEY),
            span_id: self.get(SPAN_ID_KEY),
            sampled,
            ..Multi::default()
        })
    }
}

/// The content of a raw JSON string.
fn string(value: &str) -> Result<Cow<'_, str>, Reject> {
    let content = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .ok_or(Reject::Malformed)?;
    if !content.contains('\\') && !content.bytes().any(|byte| byte < b' ') {
        return Ok(Cow::Borrowed(content));
    }
    let mut decoded = String::new();
    json::unescape(content, &mut decoded).ok_or(Reject::Malformed)?;
    Ok(Cow::Owned(decoded))
}

/// Whether an array of strings holds `"trailing"`. Entries of a later version may be anything.
fn names_trailing(value: &str) -> Result<bool, Reject> {
    let bytes = value.as_bytes();
    let mut at = json::expect(bytes, 0, b'[').ok_or(Reject::Malformed)?;
    let mut found = false;
    if json::expect(bytes, at, b']').is_some() {
        return Ok(false);
    }
    loop {
        let start = json::skip_space(bytes, at);
        let end = json::skip_value(bytes, start).ok_or(Reject::Malformed)?;
        found |= value.get(start..end) == Some(ACCEPT_TRAILING);
        match json::expect(bytes, end, b',') {
            Some(next) => at = next,
            None if json::expect(bytes, end, b']') == Some(bytes.len()) => return Ok(found),
            None => return Err(Reject::Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Sampling, SpanContext, SpanId, TraceId};

    const B3: &str = "11111111111111111111111111111111-2222222222222222-1";
    const PARENT: &str = "00-11111111111111111111111111111111-2222222222222222-01";

    fn context(sampling: Sampling) -> Option<SpanContext> {
        let trace_id = TraceId::from_bytes([0x11; 16]).unwrap();
        Some(SpanContext::new(
            trace_id,
            SpanId::from_bytes([0x22; 8]).unwrap(),
            sampling,
        ))
    }

    fn read(text: &str) -> Result<Carrier, Reject> {
        let ids = r#""traceId":"11111111111111111111111111111111","spanId":"2222222222222222""#;
        parse_json(
            &text
                .replace("B3", B3)
                .replace("PARENT", PARENT)
                .replace("IDS", ids),
        )
    }

    #[test]
    fn every_form_of_context_is_read() {
        let cases = [
            (r#"{"b3":"B3"}"#, Sampling::Accept),
            (" {\n\"b3\" :\t\"B3\" }\r\n", Sampling::Accept),
            (r#"{"traceparent":"PARENT"}"#, Sampling::Accept),
            (r#"{"traceparent":"PARENT","b3":"B3"}"#, Sampling::Accept),
            (r#"{IDS}"#, Sampling::Defer),
            (r#"{IDS,"sampled":null}"#, Sampling::Defer),
            (r#"{IDS,"sampled":true}"#, Sampling::Accept),
            (r#"{IDS,"sampled":1}"#, Sampling::Accept),
            (r#"{IDS,"sampled":"1"}"#, Sampling::Accept),
            (r#"{IDS,"sampled":false}"#, Sampling::Deny),
            (r#"{IDS,"sampled":"0"}"#, Sampling::Deny),
            (r#"{IDS,"sampled":false,"b3":"B3"}"#, Sampling::Accept),
            (r#"{"x-b3-traceid":"11111111111111111111111111111111","x-b3-spanid":"2222222222222222","x-b3-flags":"1"}"#, Sampling::Debug),
            (r#"{"b3":"B3","new":{"in":["a",{}]},"b3x":7,"":null}"#, Sampling::Accept),
            (r#"{"\u0062":1,"b3":"\u0031B3"}"#.replace("\\u0031B3", &B3.replacen('1', "\\u0031", 1)).as_str(), Sampling::Accept),
        ]
        .map(|(text, sampling)| (text.to_owned(), sampling));
        for (text, sampling) in cases {
            let carrier = read(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(
                (carrier.context, carrier.error),
                (context(sampling), None),
                "{text}"
            );
        }
    }

    #[test]
    fn the_rest_of_a_carrier_is_read() {
        let carrier = read(r#"{"traceparent":"PARENT","tracestate":"a=\"\\\"","baggage":"k=v","re":"3333333333333333,4444444444444444","accept":["other",{"v":[2]},"trailing"]}"#).unwrap();
        assert_eq!(carrier.tracestate.as_deref(), Some(r#"a="\""#));
        assert_eq!(carrier.baggage.as_deref(), Some("k=v"));
        assert_eq!(carrier.re.len(), 2);
        assert!(carrier.accepts_trailing);
        for accept in ["[]", "[ ]", r#"["later"]"#, r#"[1]"#] {
            assert_eq!(
                read(&format!(r#"{{"accept":{accept}}}"#)),
                Ok(Carrier::default()),
                "{accept}"
            );
        }
        let denied = read(r#"{"b3":"0"}"#).unwrap();
        assert_eq!(
            (denied.context, denied.decision),
            (None, Some(Sampling::Deny))
        );
        assert_eq!(read("{}"), Ok(Carrier::default()));
    }

    #[test]
    fn what_can_be_used_is_used() {
        let cases = [
            (r#"{"b3":"x-y","traceparent":"PARENT"}"#, Reject::BadTraceId),
            (r#"{"b3":"","b3x":1,IDS,"sampled":true}"#, Reject::Empty),
            (
                r#"{"traceparent":"PARENT","tracestate":"\n"}"#,
                Reject::BadState,
            ),
            (r#"{"b3":"B3","baggage":"é"}"#, Reject::BadState),
        ];
        for (text, reject) in cases {
            let carrier = read(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(carrier.context, context(Sampling::Accept), "{text}");
            assert_eq!(carrier.error, Some(reject), "{text}");
        }
    }

    #[test]
    fn every_reject() {
        let cases = [
            ("", Reject::Malformed),
            ("[]", Reject::Malformed),
            ("null", Reject::Malformed),
            ("{", Reject::Malformed),
            ("{}}", Reject::Malformed),
            ("{} {}", Reject::Malformed),
            (r#"{"b3":"B3",}"#, Reject::Malformed),
            (r#"{"b3":"B3""#, Reject::Malformed),
            (r#"{"b3":null}"#, Reject::Malformed),
            (r#"{"b3":1}"#, Reject::Malformed),
            (r#"{"b3":["B3"]}"#, Reject::Malformed),
            (r#"{"b3":"\x"}"#, Reject::Malformed),
            (r#"{"b3":"\u2028"}"#, Reject::Malformed),
            ("{\"b3\":\"\n\"}", Reject::Malformed),
            (r#"{"accept":"trailing"}"#, Reject::Malformed),
            (r#"{"accept":["trailing",]}"#, Reject::Malformed),
            (r#"{"accept":["trailing"}"#, Reject::Malformed),
            (r#"{"accept":{}}"#, Reject::Malformed),
            (r#"{"b3":""}"#, Reject::Empty),
            (r#"{"b3":"2"}"#, Reject::BadFlag),
            (r#"{"b3":"B3-"}"#, Reject::BadParentId),
            (r#"{IDS,"sampled":"d"}"#, Reject::BadFlag),
            (r#"{IDS,"sampled":{}}"#, Reject::BadFlag),
            (r#"{"traceId":"1"}"#, Reject::Incomplete),
            (r#"{"traceparent":"01"}"#, Reject::Malformed),
            (r#"{"b3":"B3","re":""}"#, Reject::BadReply),
            (r#"{"b3":"B3","re":"B3"}"#, Reject::BadReply),
            (r#"{"b3":"B3","b3":"B3"}"#, Reject::Duplicate),
            (r#"{"accept":[],"accept":[]}"#, Reject::Duplicate),
            (r#"{"sampled":1,"sampled":1}"#, Reject::Duplicate),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn the_limit_is_exact() {
        let pad = |bytes: usize| format!(r#"{{"b3":"0","pad":"{}"}}"#, "x".repeat(bytes - 19));
        assert_eq!(pad(MAX_CARRIER_BYTES).len(), MAX_CARRIER_BYTES);
        assert!(parse_json(&pad(MAX_CARRIER_BYTES)).is_ok());
        assert_eq!(
            parse_json(&pad(MAX_CARRIER_BYTES + 1)),
            Err(Reject::TooLong)
        );
    }
}
