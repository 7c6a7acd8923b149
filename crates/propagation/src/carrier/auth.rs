//! The carrier in a connection's handshake: the field `_trace` of the CONNECT packet's `auth` object.

use super::{CARRIER_KEY, Carrier, parse_json};
use crate::json::{self, Members};
use crate::reject::Reject;

/// An `auth` object that had a carrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthCut<'a> {
    /// The object without the carrier, as the sender's application wrote it; `{}` when nothing is left.
    pub rest: String,
    /// The carrier's JSON; [`Reject::Duplicate`] when it is there twice.
    pub carrier: Result<&'a str, Reject>,
}

impl AuthCut<'_> {
    /// Reads the carrier.
    ///
    /// # Errors
    /// As [`parse_json`], and [`Reject::Duplicate`].
    pub fn parse(&self) -> Result<Carrier, Reject> {
        self.carrier.and_then(parse_json)
    }
}

/// Takes the field `_trace` out of the raw `auth` object; `None` when it is not there.
///
/// ```
/// use aether_propagation::carrier::cut_auth;
///
/// let cut = cut_auth(r#"{"token":"t","_trace":{"accept":["trailing"]}}"#).expect("there is one");
/// assert_eq!(cut.rest, r#"{"token":"t"}"#);
/// assert!(cut.parse()?.accepts_trailing);
/// # Ok::<(), aether_propagation::Reject>(())
/// ```
#[must_use]
pub fn cut_auth(raw: &str) -> Option<AuthCut<'_>> {
    let mut carrier = None;
    let mut rest = String::new();
    let mut members = Members::new(raw, 0)?;
    for member in members.by_ref() {
        if member.key == CARRIER_KEY {
            carrier = Some(if carrier.is_some() {
                Err(Reject::Duplicate)
            } else {
                Ok(member.value)
            });
            continue;
        }
        rest.push(if rest.is_empty() { '{' } else { ',' });
        rest.push_str(raw.get(member.range.0..member.range.1)?);
    }
    let end = members.end()?;
    if json::skip_space(raw.as_bytes(), end) != raw.len() {
        return None;
    }
    if rest.is_empty() {
        rest.push('{');
    }
    rest.push('}');
    Some(AuthCut {
        rest,
        carrier: carrier?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_cut_wherever_it_stands() {
        for (raw, rest) in [
            (r#"{"_trace":{}}"#, "{}"),
            (
                r#"{"_trace":{},"a":1,"b":{"c":"}"}}"#,
                r#"{"a":1,"b":{"c":"}"}}"#,
            ),
            (r#"{"a":1,"_trace":{}}"#, r#"{"a":1}"#),
            (
                " { \"a\" : 1 , \"_trace\" : {} , \"b\" : \"é\" } ",
                "{\"a\" : 1,\"b\" : \"é\"}",
            ),
        ] {
            let cut = cut_auth(raw).unwrap_or_else(|| panic!("{raw}"));
            assert_eq!((cut.rest.as_str(), cut.carrier), (rest, Ok("{}")), "{raw}");
        }
    }

    #[test]
    fn other_auth_is_left_alone() {
        for raw in [
            "",
            "{}",
            "null",
            "[]",
            r#""_trace""#,
            r#"{"a":1}"#,
            r#"{"a":{"_trace":{}}}"#,
            r#"{"a":"_trace"}"#,
            r#"{"_trace":{}"#,
            r#"{"_trace":{}} x"#,
        ] {
            assert_eq!(cut_auth(raw), None, "{raw}");
        }
    }

    #[test]
    fn unusable_carriers_are_cut_all_the_same() {
        for (raw, reject) in [
            (r#"{"_trace":1,"a":1}"#, Reject::Malformed),
            (r#"{"_trace":{},"a":1,"_trace":{}}"#, Reject::Duplicate),
        ] {
            let cut = cut_auth(raw).unwrap_or_else(|| panic!("{raw}"));
            assert_eq!(
                (cut.rest.as_str(), cut.parse()),
                (r#"{"a":1}"#, Err(reject)),
                "{raw}"
            );
        }
    }
}
