//! Walking the members of one object, without looking into their values.

use super::{expect, skip_space, skip_string, skip_value};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_walked_until_the_closing_brace() {
        let text = r#" { "a" : 1 , "b":{"c":2},"d" : "e" } tail"#;
        let mut members = Members::new(text, 0).unwrap();
        let found: Vec<_> = members
            .by_ref()
            .map(|member| (member.key, member.value))
            .collect();
        assert_eq!(found, [("a", "1"), ("b", r#"{"c":2}"#), ("d", r#""e""#)]);
        assert_eq!(members.end(), Some(text.len() - " tail".len()));
        for broken in [
            "{",
            "{,}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{"a":1 "b":2}"#,
            "{a:1}",
            r#"{"a":1"#,
            r#"{"a":1]"#,
            r#"{1:2}"#,
        ] {
            let mut members = Members::new(broken, 0).unwrap();
            assert!(members.by_ref().count() <= 1, "{broken}");
            assert_eq!(members.end(), None, "{broken}");
            assert!(members.next().is_none(), "{broken}");
        }
        assert!(Members::new("[]", 0).is_none());
    }
}
