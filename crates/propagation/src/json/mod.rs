//! Just enough JSON to find a carrier: positions in raw text, forwards and backwards.
//!
//! Nothing here builds values, recurses or allocates; every function visits each byte at most once,
//! so hostile input costs no more than its length. Skipped values are balanced, not validated:
//! whoever hands them to a handler parses them anyway.

mod backwards;
mod members;
mod strings;

pub(crate) use backwards::{object_start, string_start, trim_end};
pub(crate) use members::Members;
pub(crate) use strings::{push_string, unescape};

/// The first position at or after `at` that is not whitespace.
pub(crate) fn skip_space(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
        at += 1;
    }
    at
}

/// Expects `byte` at `at`, after whitespace; returns the position behind it.
pub(crate) fn expect(text: &[u8], at: usize, byte: u8) -> Option<usize> {
    let at = skip_space(text, at);
    (text.get(at) == Some(&byte)).then_some(at + 1)
}

/// The position behind the string that starts with the quote at `at`.
pub(crate) fn skip_string(text: &[u8], at: usize) -> Option<usize> {
    if text.get(at) != Some(&b'"') {
        return None;
    }
    let mut at = at + 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The position behind the value that starts at `at`: no leading whitespace.
pub(crate) fn skip_value(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at)? {
        b'"' => skip_string(text, at),
        b'{' | b'[' => skip_nested(text, at),
        _ => {
            let end = at
                + text[at..]
                    .iter()
                    .take_while(|byte| is_scalar(**byte))
                    .count();
            (end > at).then_some(end)
        }
    }
}

/// What numbers, `true`, `false` and `null` are made of.
const fn is_scalar(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'E' | b'+' | b'-' | b'.')
}

fn skip_nested(text: &[u8], mut at: usize) -> Option<usize> {
    // Cannot overflow: it grows by one per byte of an in-memory text.
    let mut depth = 0usize;
    loop {
        match text.get(at)? {
            b'"' => {
                at = skip_string(text, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_skipped_whole() {
        for value in [
            "1",
            "-1.5e+3",
            "true",
            "null",
            r#""""#,
            r#""a\"b""#,
            r#""\\""#,
            "{}",
            "[]",
            r#"{"a":[1,{"b":"}]"}],"c":"\\\""}"#,
            r#"["é",{"é":"]"}]"#,
        ] {
            let text = format!("{value},rest");
            assert_eq!(skip_value(text.as_bytes(), 0), Some(value.len()), "{value}");
        }
        for broken in [
            "", ",", "}", "]", r#"""#, r#""\"#, r#""\""#, "{", "[[]", r#"{"a"#, "é",
        ] {
            assert_eq!(skip_value(broken.as_bytes(), 0), None, "{broken}");
        }
    }
}
