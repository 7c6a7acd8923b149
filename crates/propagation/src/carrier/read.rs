//! Reading a carrier's JSON: a flat object of strings, strict about what it knows, deaf to the rest.

use std::borrow::Cow;

use super::{Carrier, MAX_CARRIER_BYTES, ReplyIds};
use crate::b3::{self, B3, Multi};
use crate::extract::{DEFAULT_ORDER, extract_in_order};
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
    "re",
    TRACE_ID_KEY,
    SPAN_ID_KEY,
];
/// The older payload form: ids and decision under keys of their own.
pub(super) const TRACE_ID_KEY: &str = "traceId";
pub(super) const SPAN_ID_KEY: &str = "spanId";
pub(super) const SAMPLED_KEY: &str = "sampled";
pub(super) const ACCEPT_KEY: &str = "accept";
pub(super) const ACCEPT_TRAILING: &str = "trailing";

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
    if text.len() > MAX_CARRIER_BYTES {
        return Err(Reject::TooLong);
    }
    let fields = Fields::read(text)?;
    let get = |name: &str| fields.get(name);
    let found = extract_in_order(DEFAULT_ORDER, &get);
    let mut carrier = Carrier {
        context: found.context,
        decision: found.decision,
        re: fields
            .get("re")
            .map(ReplyIds::parse)
            .transpose()?
            .unwrap_or_default(),
        tracestate: found.tracestate.map(str::to_owned),
        baggage: found.baggage.map(str::to_owned),
        accepts_trailing: fields.accept.unwrap_or_default(),
        error: found.error,
    };
    if carrier.context.is_none() && carrier.decision.is_none() {
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
        found |= bytes[start..end] == *b"\"trailing\"";
        match json::expect(bytes, end, b',') {
            Some(next) => at = next,
            None if json::expect(bytes, end, b']') == Some(bytes.len()) => return Ok(found),
            None => return Err(Reject::Malformed),
        }
    }
}
