//! Just enough JSON to find a carrier: positions in raw text, forwards and backwards.
//!
//! Nothing here builds values, recurses or allocates; every function visits each byte at most once,
//! so hostile input costs no more than its length. Skipped values are balanced, not validated:
//! whoever hands them to a handler parses them anyway.

/// The first position at or after `at` that is not whitespace.
pub(crate) fn skip_space(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
        at += 1;
    }
    at
}

/// The end of what remains of `text[..end]` without trailing whitespace.
pub(crate) fn trim_end(text: &[u8], mut end: usize) -> usize {
    while end > 0 && matches!(text[end - 1], b' ' | b'\t' | b'\n' | b'\r') {
        end -= 1;
    }
    end
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

/// One member of an object: its key without quotes (escapes are not decoded) and its raw value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member<'a> {
    pub(crate) key: &'a str,
    pub(crate) value: &'a str,
    /// Where the key's opening quote stands, and where the value ends.
    pub(crate) range: (usize, usize),
}

/// Walks the members of the object that starts at a position.
#[derive(Debug)]
pub(crate) struct Members<'a> {
    text: &'a str,
    at: usize,
    state: State,
}

#[derive(Debug, PartialEq)]
enum State {
    First,
    Later,
    /// The position is behind the closing brace.
    Done,
    Broken,
}

impl<'a> Members<'a> {
    /// `None` when there is no object at `at`, after whitespace.
    pub(crate) fn new(text: &'a str, at: usize) -> Option<Self> {
        let at = expect(text.as_bytes(), at, b'{')?;
        Some(Self {
            text,
            at,
            state: State::First,
        })
    }

    /// The position behind the closing brace, once the walk has come to it.
    pub(crate) fn end(&self) -> Option<usize> {
        (self.state == State::Done).then_some(self.at)
    }

    fn step(&mut self) -> Option<Member<'a>> {
        let bytes = self.text.as_bytes();
        let mut at = skip_space(bytes, self.at);
        match (bytes.get(at), &self.state) {
            (Some(b'}'), State::First | State::Later) => {
                self.state = State::Done;
                self.at = at + 1;
                return None;
            }
            (Some(b','), State::Later) => at = skip_space(bytes, at + 1),
            (Some(b'"'), State::First) => {}
            _ => return None,
        }
        let start = at;
        let key_end = skip_string(bytes, start)?;
        let value_start = skip_space(bytes, expect(bytes, key_end, b':')?);
        let value_end = skip_value(bytes, value_start)?;
        self.state = State::Later;
        self.at = value_end;
        Some(Member {
            // All positions are those of ASCII bytes, hence character boundaries; `get` makes sure.
            key: self.text.get(start + 1..key_end - 1)?,
            value: self.text.get(value_start..value_end)?,
            range: (start, value_end),
        })
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    fn next(&mut self) -> Option<Member<'a>> {
        if matches!(self.state, State::Done | State::Broken) {
            return None;
        }
        let member = self.step();
        if member.is_none() && self.state != State::Done {
            self.state = State::Broken;
        }
        member
    }
}

/// Decodes the content of a string, without its quotes. `None` for broken escapes, control
/// characters, and for anything but ASCII behind `\u`: no carrier field may hold it.
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
                    let code = u8::try_from(crate::hex::parse_u64(digits.as_bytes())?).ok()?;
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
            control if control < ' ' => {
                out.push_str("\\u00");
                crate::hex::push(&[control as u8], out);
            }
            plain => out.push(plain),
        }
    }
    out.push('"');
}
