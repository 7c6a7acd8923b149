//! The trailing carrier: found, cut and added in raw text, without parsing the user's arguments.
//!
//! ```text
//! event   = "[" name *( "," argument ) "," carrier [ "," offset ] "]"
//! carrier = "{" DQUOTE "_trace" DQUOTE ":" value "}"      ; exactly one key
//! offset  = string                                        ; Node's connection state recovery
//! ```
//! Whitespace may stand between tokens. An object with other keys beside `_trace` is the user's own.

use std::ops::Range;

use super::{CARRIER_KEY, Carrier, MAX_CARRIER_BYTES, QUOTED_KEY, parse_json, write_trailing};
use crate::json::{self, Members};
use crate::reject::Reject;

/// A trailing carrier and the place it has to be cut from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut<'a> {
    /// The bytes to remove, the comma before the carrier included.
    pub range: Range<usize>,
    /// The carrier's JSON. [`Reject::Duplicate`] for several carriers, [`Reject::TooLong`] for an
    /// oversized one, [`Reject::Malformed`] for one that is no object: they are cut all the same.
    pub carrier: Result<&'a str, Reject>,
}

impl Cut<'_> {
    /// Reads the carrier.
    ///
    /// # Errors
    /// As [`parse_json`], and the reasons of [`Cut::carrier`].
    pub fn parse(&self) -> Result<Carrier, Reject> {
        self.carrier.and_then(parse_json)
    }

    /// `raw`, which must be the text that was searched, as the sender's application wrote it.
    #[must_use]
    pub fn rest(&self, raw: &str) -> String {
        let (before, after) = self.pieces(raw);
        let mut rest = String::with_capacity(before.len() + after.len());
        rest.push_str(before);
        rest.push_str(after);
        rest
    }

    /// The two pieces of [`rest`](Self::rest), without copying.
    #[must_use]
    pub fn pieces<'r>(&self, raw: &'r str) -> (&'r str, &'r str) {
        let before = raw.get(..self.range.start).unwrap_or(raw);
        (before, raw.get(self.range.end..).unwrap_or_default())
    }
}

/// Finds a carrier as the last argument of an event.
///
/// Costs a search for the key's text; only where that is found, a walk backwards over the last
/// argument if it is an object.
///
/// ```
/// use aether_propagation::carrier::cut_trailing;
///
/// let raw = r#"["say",{"text":"hi"},{"_trace":{"b3":"0"}}]"#;
/// let cut = cut_trailing(raw).expect("there is one");
/// assert_eq!(cut.rest(raw), r#"["say",{"text":"hi"}]"#);
/// assert_eq!(cut.carrier, Ok(r#"{"b3":"0"}"#));
///
/// assert_eq!(cut_trailing(r#"["say",{"_trace":{},"mine":1}]"#), None);
/// ```
#[must_use]
pub fn cut_trailing(raw: &str) -> Option<Cut<'_>> {
    let end = close(raw)?;
    cut_before(raw, end)
}

/// The same for connections with connection state recovery, where a server appends an offset
/// string behind the carrier. A carrier without an offset behind it is found too.
#[must_use]
pub fn cut_trailing_before_offset(raw: &str) -> Option<Cut<'_>> {
    let end = close(raw)?;
    cut_before(raw, before_offset(raw, end).unwrap_or(end))
}

/// Adds `carrier` as the last argument of the event in `raw`.
///
/// Returns `false`, and changes nothing, when `raw` is not an array that holds at least an event name.
///
/// ```
/// use aether_propagation::carrier::{Carrier, insert_trailing};
///
/// let mut raw = String::from(r#"["say","hi"]"#);
/// assert!(insert_trailing(&mut raw, &Carrier { accepts_trailing: true, ..Carrier::default() }));
/// assert_eq!(raw, r#"["say","hi",{"_trace":{"accept":["trailing"]}}]"#);
/// ```
pub fn insert_trailing(raw: &mut String, carrier: &Carrier) -> bool {
    let Some(end) = close(raw) else { return false };
    // Behind the last argument rather than before the bracket, so that a cut restores every byte.
    let at = json::trim_end(raw.as_bytes(), end);
    if !starts_with_name(&raw.as_bytes()[..at]) {
        return false;
    }
    let mut added = String::with_capacity(128);
    added.push(',');
    write_trailing(carrier, &mut added);
    raw.insert_str(at, &added);
    true
}

/// The position of the array's closing bracket.
fn close(raw: &str) -> Option<usize> {
    let bytes = raw.as_bytes();
    let end = json::trim_end(bytes, bytes.len()).checked_sub(1)?;
    let start = json::skip_space(bytes, 0);
    (start < end && bytes[start] == b'[' && bytes[end] == b']').then_some(end)
}

/// Whether an array that begins like this has a string as its first element.
fn starts_with_name(bytes: &[u8]) -> bool {
    json::expect(bytes, 0, b'[')
        .and_then(|at| json::skip_string(bytes, json::skip_space(bytes, at)))
        .is_some()
}

/// The position of the comma before a last argument that is a string.
fn before_offset(raw: &str, end: usize) -> Option<usize> {
    let bytes = raw.as_bytes();
    let start = json::string_start(bytes, json::trim_end(bytes, end))?;
    comma_before(bytes, start)
}

/// The position of the comma that stands before `start`, after whitespace.
fn comma_before(bytes: &[u8], start: usize) -> Option<usize> {
    let comma = json::trim_end(bytes, start).checked_sub(1)?;
    (bytes[comma] == b',').then_some(comma)
}

/// Finds all carriers that end the arguments in `raw[..end]`.
fn cut_before(raw: &str, end: usize) -> Option<Cut<'_>> {
    // Most events have none, and searching for text is far quicker than walking over values.
    if !raw.contains(QUOTED_KEY) {
        return None;
    }
    let bytes = raw.as_bytes();
    let cut_end = json::trim_end(bytes, end);
    let (mut start, mut carrier) = one_before(raw, cut_end)?;
    if raw.get(..start)?.contains(QUOTED_KEY) {
        while let Some((earlier, _)) = one_before(raw, json::trim_end(bytes, start)) {
            start = earlier;
            carrier = Err(Reject::Duplicate);
        }
    }
    Some(Cut {
        range: start..cut_end,
        carrier,
    })
}

/// The carrier whose closing brace is at `end - 1`: the position of the comma before it, and its JSON.
fn one_before(raw: &str, end: usize) -> Option<(usize, Result<&str, Reject>)> {
    let start = json::object_start(raw.as_bytes(), end)?;
    let comma = comma_before(raw.as_bytes(), start)?;
    let mut members = Members::new(raw, start)?;
    let value = members
        .next()
        .filter(|member| member.key == CARRIER_KEY)?
        .value;
    let mut carrier = if !value.starts_with('{') {
        Err(Reject::Malformed)
    } else if value.len() > MAX_CARRIER_BYTES {
        Err(Reject::TooLong)
    } else {
        Ok(value)
    };
    for member in members.by_ref() {
        if member.key != CARRIER_KEY {
            return None;
        }
        carrier = Err(Reject::Duplicate);
    }
    // Forwards and backwards must agree on where the object ends; in valid JSON they do.
    (members.end() == Some(end)).then_some((comma, carrier))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = r#"{"_trace":{"b3":"0"}}"#;

    #[test]
    fn a_carrier_is_cut_and_every_other_byte_kept() {
        // `@` stands for a carrier argument.
        let cases = [
            (r#"["e",@]"#, r#"["e"]"#),
            (r#"["e",1,@]"#, r#"["e",1]"#),
            (r#"["e",[],{},"",@]"#, r#"["e",[],{},""]"#),
            (" [ \"e\" ,\n{} , @ ] ", " [ \"e\" ,\n{}  ] "),
            (r#"["e","a\\",@]"#, r#"["e","a\\"]"#),
            (r#"["e","a\"",@]"#, r#"["e","a\""]"#),
            (r#"["é",{"é":"}"},@]"#, r#"["é",{"é":"}"}]"#),
            (
                r#"["e",{"_placeholder":true,"num":0},@]"#,
                r#"["e",{"_placeholder":true,"num":0}]"#,
            ),
            (
                r#"["e",{"_trace":1,"mine":2},@]"#,
                r#"["e",{"_trace":1,"mine":2}]"#,
            ),
            (r#"["e",[{"_trace":{}}],@]"#, r#"["e",[{"_trace":{}}]]"#),
            (r#"["_trace",@]"#, r#"["_trace"]"#),
        ];
        for (event, rest) in cases {
            for carrier in [SOUND, "{ \"_trace\"\t:\r\n{\"b3\":\"0\"} }"] {
                let raw = event.replace('@', carrier);
                let cut = cut_trailing(&raw).unwrap_or_else(|| panic!("{raw}"));
                assert_eq!(cut.rest(&raw), rest, "{raw}");
                assert_eq!(cut.carrier, Ok(r#"{"b3":"0"}"#), "{raw}");
            }
        }
    }

    #[test]
    fn what_is_not_a_carrier_stays() {
        for raw in [
            "",
            " ",
            "[",
            "]",
            "[]",
            "{}",
            "[ ]",
            r#""e""#,
            r#"["e"]"#,
            r#"["e",{}]"#,
            r#"["e",1]"#,
            // No event name before it: an object is not an event.
            r#"[{"_trace":{}}]"#,
            // The user's own objects and strings.
            r#"["e",{"_trace":{},"mine":1}]"#,
            r#"["e",{"mine":1,"_trace":{}}]"#,
            r#"["e",{"mine":{"_trace":{}}}]"#,
            r#"["e",{"_Trace":{}}]"#,
            r#"["e",{"_trace ":{}}]"#,
            r#"["e",[{"_trace":{}}]]"#,
            r#"["e","{\"_trace\":{}}"]"#,
            r#"["e","\",{\"_trace\":{}}"]"#,
            r#"["e",{"a":"},{\"_trace\":{}}"}]"#,
            r#"["e",{"_trace":{}},1]"#,
            r#"["e",{"_trace":{}},"offset"]"#,
            r#"["e",{"_trace":{}},null]"#,
            r#"["e",{"_placeholder":true,"num":0}]"#,
            // Broken text: left to whoever reports it.
            r#"["e",{"_trace":{}}"#,
            r#"["e",{"_trace":{}}],"#,
            r#"["e",{"_trace":{}]"#,
            r#"["e",{"_trace":}]"#,
            r#"["e",{"_trace"}]"#,
            r#"["e",{"_trace":{},}]"#,
            r#"["e" {"_trace":{}}]"#,
            r#"["e",,"_trace":{}}]"#,
            r#"["e",{"_trace":{}}}]"#,
            r#"["e","{"_trace":{}}}"]"#,
        ] {
            assert_eq!(cut_trailing(raw), None, "{raw}");
        }
    }

    #[test]
    fn unusable_carriers_are_cut_all_the_same() {
        let long = format!(
            r#"{{"_trace":{{"b3":"{}"}}}}"#,
            "1".repeat(MAX_CARRIER_BYTES)
        );
        let cases = [
            (r#"{"_trace":1}"#, Reject::Malformed),
            (r#"{"_trace":null}"#, Reject::Malformed),
            (r#"{"_trace":"{}"}"#, Reject::Malformed),
            (r#"{"_trace":[{}]}"#, Reject::Malformed),
            (r#"{"_trace":{"b3":"nonsense"}}"#, Reject::BadTraceId),
            (r#"{"_trace":{"b3"}}"#, Reject::Malformed),
            (r#"{"_trace":{},"_trace":{}}"#, Reject::Duplicate),
            (
                r#"{"_trace":{"b3":"0"}},{"_trace":{"b3":"1"}}"#,
                Reject::Duplicate,
            ),
            (
                "{\"_trace\":{}} ,\n{\"_trace\":1} , {\"_trace\":{}}",
                Reject::Duplicate,
            ),
            (long.as_str(), Reject::TooLong),
        ];
        for (carrier, reject) in cases {
            let raw = format!(r#"["e",{{"mine":1}},{carrier}]"#);
            let cut = cut_trailing(&raw).unwrap_or_else(|| panic!("{raw}"));
            assert_eq!(cut.rest(&raw), r#"["e",{"mine":1}]"#, "{raw}");
            assert_eq!(cut.parse(), Err(reject), "{raw}");
        }
    }

    #[test]
    fn a_recovery_offset_stays_behind_the_carrier() {
        let cases = [
            (r#"["e",1,@,"off"]"#, Some(r#"["e",1,"off"]"#)),
            (r#"["e",@ , "o\"f\\" ]"#, Some(r#"["e" , "o\"f\\" ]"#)),
            (r#"["e",1,@]"#, Some(r#"["e",1]"#)),
            (r#"["e",@,1]"#, None),
            (r#"["e",@,"off","off"]"#, None),
            (r#"["e","off"]"#, None),
            (r#"["e"]"#, None),
            (r#"[]"#, None),
        ];
        for (event, rest) in cases {
            let raw = event.replace('@', SOUND);
            let cut = cut_trailing_before_offset(&raw);
            assert_eq!(cut.map(|cut| cut.rest(&raw)).as_deref(), rest, "{raw}");
        }
    }

    #[test]
    fn carriers_are_added_to_events_only() {
        for raw in [
            "", "[]", "{}", "[1]", r#"["]"#, r#"["e""#, "[{}]", r#""e""#, "[ ]",
        ] {
            let mut changed = raw.to_owned();
            assert!(!insert_trailing(&mut changed, &Carrier::default()), "{raw}");
            assert_eq!(changed, raw);
        }
        let mut raw = String::from(" [\"e\" , 1 ] ");
        assert!(insert_trailing(&mut raw, &Carrier::default()));
        assert_eq!(raw, " [\"e\" , 1,{\"_trace\":{}} ] ");
    }

    #[test]
    fn hostile_text_costs_no_more_than_its_length() {
        let many = 200_000;
        for raw in [
            format!("[\"e\",{}", "{\"_trace\":".repeat(many)),
            format!("[\"e\"{}]", ",{\"_trace\":{}}".repeat(many)),
            format!("[\"e\",{}{}]", "[".repeat(many), "}".repeat(many)),
            format!("[\"e\",{}]", "}".repeat(many)),
            format!("[\"e\",\"{}\"]", "\\\"".repeat(many)),
            format!("[\"e\",{{\"a\":\"{}\"}}]", "\\\\".repeat(many)),
            format!(
                "[\"e\",{{\"_trace\":{}{}}}]",
                "{\"a\":".repeat(many),
                "}".repeat(many)
            ),
            format!("[\"e\"{}]", ",{\"".repeat(many)),
            "\"".repeat(many),
        ] {
            // Quadratic work on these would take minutes.
            let rest = cut_trailing(&raw).map_or(raw.len(), |cut| cut.rest(&raw).len());
            assert!(rest <= raw.len());
            let _ = cut_trailing_before_offset(&raw);
        }
    }
}
