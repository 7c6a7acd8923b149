//! The content of strings: decoded and quoted.

use crate::hex;

/// Decodes the content of a string, without its quotes. `None` for broken escapes, control
/// characters, and for `\u` above 00ff: no carrier field may hold it.
pub(crate) fn unescape(content: &str, out: &mut String) -> Option<()> {
    let mut chars = content.chars();
    while let Some(char) = chars.next() {
        out.push(match char {
            '\\' => match chars.next()? {
                plain @ ('"' | '\\' | '/') => plain,
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => {
                    let digits = chars.as_str().get(..4)?;
                    chars = chars.as_str().get(4..)?.chars();
                    let code = u8::try_from(hex::parse_u64(digits.as_bytes())?).ok()?;
                    char::from(code)
                }
                _ => return None,
            },
            control if control < ' ' => return None,
            plain => plain,
        });
    }
    Some(())
}

/// Appends `content` as a quoted JSON string.
pub(crate) fn push_string(content: &str, out: &mut String) {
    out.push('"');
    for char in content.chars() {
        match char {
            '"' | '\\' => {
                out.push('\\');
                out.push(char);
            }
            // The only one that a header may hold, and in a third of the length.
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                out.push_str("\\u00");
                hex::push(&[control as u8], out);
            }
            plain => out.push(plain),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_and_written() {
        let mut out = String::new();
        assert_eq!(unescape(r#"a\"\\\/\b\f\n\r\t\u0041é"#, &mut out), Some(()));
        assert_eq!(out, "a\"\\/\u{8}\u{c}\n\r\tAé");
        for broken in [
            "\\",
            "\\x",
            "\\u",
            "\\u004",
            "\\u00zz",
            "\\u0100",
            "\\ud83d\\ude00",
            "\\u00é9",
            "\n",
        ] {
            assert_eq!(unescape(broken, &mut String::new()), None, "{broken:?}");
        }
        let mut quoted = String::new();
        push_string("a\"b\\c\u{1}\té", &mut quoted);
        assert_eq!(quoted, "\"a\\\"b\\\\c\\u0001\\té\"");
    }
}
