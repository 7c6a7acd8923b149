//! The payload carrier: fields inside an event's first argument.
//!
//! ```text
//! event = "[" name "," "{" … "_trace":{…} … "_requestId":id … "}" … "]"
//! ```
//! It is found, never cut: the fields are part of what the sender's application sent.

use super::{CARRIER_KEY, Carrier, QUOTED_KEY, REQUEST_ID_KEY, parse_json, write_payload};
use crate::json::{self, Members};
use crate::reject::Reject;

/// Longest request id that is read, quotes included.
const MAX_REQUEST_ID_BYTES: usize = 130;

/// [`REQUEST_ID_KEY`] as it stands in JSON.
const QUOTED_REQUEST_ID_KEY: &str = "\"_requestId\"";

/// What the first argument of an event holds of ours. Both parts are optional.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Payload<'a> {
    /// The JSON of the field `_trace`; [`Reject::Duplicate`] when it is there twice.
    pub carrier: Option<Result<&'a str, Reject>>,
    /// The field `_requestId`, a string or a number, as raw JSON: a reply repeats it as it is.
    /// Ids that are empty, longer than 128 bytes, hold escapes, or are there twice do not count.
    pub request_id_json: Option<&'a str>,
}

impl<'a> Payload<'a> {
    /// Reads the carrier, if there is one.
    #[must_use]
    pub fn parse(&self) -> Option<Result<Carrier, Reject>> {
        self.carrier.map(|json| json.and_then(parse_json))
    }

    /// The request id as plain text.
    #[must_use]
    pub fn request_id(&self) -> Option<&'a str> {
        let json = self.request_id_json?;
        Some(
            json.strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'))
                .unwrap_or(json),
        )
    }
}

/// Looks for `_trace` and `_requestId` among the top-level keys of the first argument.
///
/// `None` when the first argument is no object or has neither. Costs a search
/// for the keys' text; only where one is found, a walk over that argument.
///
/// ```
/// use aether_propagation::carrier::find_payload;
///
/// let raw = r#"["save",{"name":"a","_trace":{"b3":"1"},"_requestId":"r-7"}]"#;
/// let payload = find_payload(raw).expect("there is one");
/// assert_eq!(payload.carrier, Some(Ok(r#"{"b3":"1"}"#)));
/// assert_eq!(payload.request_id(), Some("r-7"));
/// ```
#[must_use]
pub fn find_payload(raw: &str) -> Option<Payload<'_>> {
    // Most events have neither, and searching for text is far quicker than walking over values.
    if !raw.contains(QUOTED_KEY) && !raw.contains(QUOTED_REQUEST_ID_KEY) {
        return None;
    }
    let mut payload = Payload::default();
    let mut members = Members::new(raw, first_argument(raw)?)?;
    let mut request_ids = 0usize;
    for member in members.by_ref() {
        if member.key == CARRIER_KEY {
            let twice = payload.carrier.is_some();
            payload.carrier = Some(if twice {
                Err(Reject::Duplicate)
            } else {
                Ok(member.value)
            });
        } else if member.key == REQUEST_ID_KEY {
            request_ids += 1;
            payload.request_id_json = Some(member.value).filter(|json| is_request_id(json));
        }
    }
    // Text that ends inside the object is no event; which of two ids is meant nobody can know.
    members.end()?;
    if request_ids > 1 {
        payload.request_id_json = None;
    }
    (payload != Payload::default()).then_some(payload)
}

/// Adds `_trace` and, when given, `_requestId` (raw JSON, as [`Payload::request_id_json`] gave it) as
/// the first fields of the first argument in `raw`.
///
/// Returns `false`, and changes nothing, when the first argument is no object, stands for a binary
/// attachment, or has one of these fields already, and when the request id is no string or number.
pub fn insert_payload(raw: &mut String, carrier: &Carrier, request_id_json: Option<&str>) -> bool {
    let Some(start) = first_argument(raw) else {
        return false;
    };
    let Some(mut members) = Members::new(raw, start) else {
        return false;
    };
    let mut empty = true;
    for member in members.by_ref() {
        if matches!(member.key, CARRIER_KEY | REQUEST_ID_KEY | "_placeholder") {
            return false;
        }
        empty = false;
    }
    if members.end().is_none() || request_id_json.is_some_and(|json| !is_request_id(json)) {
        return false;
    }
    let mut added = String::with_capacity(192);
    push_key(CARRIER_KEY, &mut added);
    write_payload(carrier, &mut added);
    if let Some(id) = request_id_json {
        added.push(',');
        push_key(REQUEST_ID_KEY, &mut added);
        added.push_str(id);
    }
    if !empty {
        added.push(',');
    }
    raw.insert_str(json::skip_space(raw.as_bytes(), start) + 1, &added);
    true
}

fn push_key(key: &str, out: &mut String) {
    out.push('"');
    out.push_str(key);
    out.push_str("\":");
}

/// The position behind the comma that follows the event's name.
fn first_argument(raw: &str) -> Option<usize> {
    let bytes = raw.as_bytes();
    let name = json::skip_space(bytes, json::expect(bytes, 0, b'[')?);
    json::expect(bytes, json::skip_string(bytes, name)?, b',')
}

/// A short string without escapes and control characters, or a number.
fn is_request_id(json: &str) -> bool {
    let bytes = json.as_bytes();
    if bytes.len() > MAX_REQUEST_ID_BYTES {
        return false;
    }
    match bytes {
        [b'"', content @ .., b'"'] => {
            !content.is_empty()
                && !content
                    .iter()
                    .any(|&byte| byte < b' ' || byte == b'\\' || byte == b'"')
        }
        b"0" => true,
        // As many digits as a JavaScript number keeps exactly.
        [b'1'..=b'9', rest @ ..] => rest.len() < 15 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_at_the_top_of_the_first_argument() {
        // (event, `_trace`, `_requestId`)
        let cases = [
            (
                r#"["e",{"_trace":{"b3":"1"}}]"#,
                Some(r#"{"b3":"1"}"#),
                None,
            ),
            (r#"["e",{"_requestId":"r-1"},2]"#, None, Some(r#""r-1""#)),
            (
                r#"["e",{"a":[{}],"_requestId":17,"_trace":{} ,"b":"}"}]"#,
                Some("{}"),
                Some("17"),
            ),
            (
                " [ \"e\" , { \"_trace\" : {} , \"_requestId\" : \"é\" } ] ",
                Some("{}"),
                Some("\"é\""),
            ),
            (
                r#"["e",{"_trace":{},"_requestId":"a\"b"}]"#,
                Some("{}"),
                None,
            ),
            (r#"["e",{"_trace":{},"_requestId":""}]"#, Some("{}"), None),
            (
                r#"["e",{"_trace":{},"_requestId":{"a":1}}]"#,
                Some("{}"),
                None,
            ),
            (r#"["e",{"_trace":{},"_requestId":017}]"#, Some("{}"), None),
            (
                r#"["e",{"_trace":{},"_requestId":1,"_requestId":2}]"#,
                Some("{}"),
                None,
            ),
        ];
        for (raw, carrier, request_id) in cases {
            let payload = find_payload(raw).unwrap_or_else(|| panic!("{raw}"));
            assert_eq!(payload.carrier, carrier.map(Ok), "{raw}");
            assert_eq!(payload.request_id_json, request_id, "{raw}");
        }
    }

    #[test]
    fn elsewhere_there_is_nothing() {
        for raw in [
            "",
            "[]",
            r#"["e"]"#,
            r#"["e",1]"#,
            r#"["e","_trace"]"#,
            r#"["e",{}]"#,
            r#"["e",1,{"_trace":{}}]"#,
            r#"["e",[{"_trace":{}}]]"#,
            r#"["e",{"a":{"_trace":{}}}]"#,
            r#"["e",{"a":"\"_trace\":{}"}]"#,
            r#"["e",{"_trace":{}"#,
            r#"[{"_trace":{}}]"#,
            r#"{"_trace":{}}"#,
            r#"["e",{"_requestId":""}]"#,
        ] {
            assert_eq!(find_payload(raw), None, "{raw}");
        }
    }

    #[test]
    fn unusable_carriers_are_named() {
        let long = format!(r#"{{"b3":"{}"}}"#, "1".repeat(600));
        for (value, reject) in [
            ("1", Reject::Malformed),
            (r#"{},"_trace":{}"#, Reject::Duplicate),
            (r#"{"b3":"x"}"#, Reject::BadFlag),
            (long.as_str(), Reject::TooLong),
        ] {
            let raw = format!(r#"["e",{{"_trace":{value}}}]"#);
            let parsed = find_payload(&raw).and_then(|payload| payload.parse());
            assert_eq!(parsed, Some(Err(reject)), "{raw}");
        }
    }

    #[test]
    fn fields_are_added_to_plain_objects_only() {
        let carrier = Carrier {
            accepts_trailing: true,
            ..Carrier::default()
        };
        let json = r#"{"accept":["trailing"]}"#;
        let mut raw = String::from(" [ \"e\" , { } ]");
        assert!(insert_payload(&mut raw, &carrier, None));
        assert_eq!(raw, format!(" [ \"e\" , {{\"_trace\":{json} }} ]"));

        let mut raw = String::from(r#"["e",{"a":1},2]"#);
        assert!(insert_payload(&mut raw, &carrier, Some("\"r\"")));
        assert_eq!(
            raw,
            format!(r#"["e",{{"_trace":{json},"_requestId":"r","a":1}},2]"#)
        );
        assert_eq!(
            find_payload(&raw).and_then(|payload| payload.request_id()),
            Some("r")
        );

        for (raw, id) in [
            (r#"["e"]"#, None),
            (r#"["e",[]]"#, None),
            (r#"["e","{}"]"#, None),
            (r#"["e",{"a":1]"#, None),
            (r#"["e",{"_trace":1}]"#, None),
            (r#"["e",{"a":1,"_requestId":1}]"#, None),
            (r#"["e",{"_placeholder":true,"num":0}]"#, None),
            (r#"["e",{}]"#, Some("r")),
            (r#"["e",{}]"#, Some("1,\"x\":2")),
        ] {
            let mut changed = raw.to_owned();
            assert!(!insert_payload(&mut changed, &carrier, id), "{raw}");
            assert_eq!(changed, raw);
        }
    }
}
