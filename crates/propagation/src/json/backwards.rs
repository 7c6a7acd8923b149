//! Finding where a value starts from where it ends.
//!
//! Exact in valid JSON; in any other text it finds something or nothing, within bounds.

/// The end of what remains of `text[..end]` without trailing whitespace.
pub(crate) fn trim_end(text: &[u8], mut end: usize) -> usize {
    while end > 0 && matches!(text[end - 1], b' ' | b'\t' | b'\n' | b'\r') {
        end -= 1;
    }
    end
}

/// The start of the string whose closing quote is at `end - 1`.
///
/// Exact in valid JSON: outside strings there are no backslashes, so the opening quote is the first
/// one, going back, that has an even number of backslashes (none, in fact) before it.
pub(crate) fn string_start(text: &[u8], end: usize) -> Option<usize> {
    let mut at = end.checked_sub(1)?;
    if text.get(at) != Some(&b'"') {
        return None;
    }
    loop {
        at = text[..at].iter().rposition(|&byte| byte == b'"')?;
        let slashes = text[..at]
            .iter()
            .rev()
            .take_while(|&&byte| byte == b'\\')
            .count();
        if slashes % 2 == 0 {
            return Some(at);
        }
        at -= slashes;
    }
}

/// The start of the object whose closing brace is at `end - 1`.
pub(crate) fn object_start(text: &[u8], end: usize) -> Option<usize> {
    if text.get(end.checked_sub(1)?) != Some(&b'}') {
        return None;
    }
    let mut at = end;
    let mut depth = 0usize;
    loop {
        at = at.checked_sub(1)?;
        match text[at] {
            b'"' => at = string_start(text, at + 1)?,
            b'}' | b']' => depth += 1,
            b'{' | b'[' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_found_backwards() {
        for string in [
            r#""""#,
            r#""a""#,
            r#""\"""#,
            r#""\\""#,
            r#""\\\"""#,
            r#""a\\\\""#,
            r#"",\"b\",""#,
        ] {
            let text = format!("[\"x\",{string}");
            assert_eq!(
                string_start(text.as_bytes(), text.len()),
                Some(5),
                "{string}"
            );
        }
        for broken in ["", "a", "\"", "\\\"", "a\\\"\\\""] {
            assert_eq!(
                string_start(broken.as_bytes(), broken.len()),
                None,
                "{broken}"
            );
        }
    }

    #[test]
    fn objects_are_found_backwards() {
        for object in [
            "{}",
            r#"{"a":"{"}"#,
            r#"{"a":"}\""}"#,
            r#"{"a":[{},{"b":"]}\\"}]}"#,
        ] {
            let text = format!("[{{}},{object}");
            assert_eq!(
                object_start(text.as_bytes(), text.len()),
                Some(4),
                "{object}"
            );
        }
        for broken in ["", "}", "]", "{]", "\"}", "{\"}", "}}"] {
            let result = object_start(broken.as_bytes(), broken.len());
            assert_eq!(result, None, "{broken}");
        }
    }
}
