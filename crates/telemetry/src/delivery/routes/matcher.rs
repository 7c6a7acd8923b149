//! A condition's test, ready to be asked.

use regex::bytes::{Regex, RegexBuilder};

use crate::config::{Literal, MAX_REGEX, Test};
use crate::otlp::view::Value;

/// A test made ready.
#[derive(Debug)]
pub(super) enum Matcher {
    Text(Box<[u8]>),
    /// A text that begins so.
    Begins(Box<[u8]>),
    Like(Regex),
    Int(i64),
    Number(f64),
    Bool(bool),
    Exists(bool),
    Above(f64),
    AtLeast(f64),
    Below(f64),
    AtMost(f64),
    Not(Box<Matcher>),
    Any(Vec<Matcher>),
    All(Vec<Matcher>),
}

impl Matcher {
    /// # Errors
    /// An expression cannot be compiled; checked rules have none such.
    pub(super) fn new(test: &Test) -> Result<Self, regex::Error> {
        let all = |tests: &[Test]| tests.iter().map(Self::new).collect::<Result<Vec<_>, _>>();
        Ok(match test {
            Test::Equals(Literal::Text(text)) => Self::Text(text.as_bytes().into()),
            Test::Equals(Literal::Int(number)) => Self::Int(*number),
            Test::Equals(Literal::Float(number)) => Self::Number(*number),
            Test::Equals(Literal::Bool(truth)) => Self::Bool(*truth),
            Test::Glob(pattern) => match plain(pattern) {
                Some((text, true)) => Self::Begins(text.as_bytes().into()),
                Some((text, false)) => Self::Text(text.as_bytes().into()),
                None => Self::Like(glob(pattern)?),
            },
            Test::Regex(expression) => Self::Like(
                RegexBuilder::new(expression)
                    .size_limit(MAX_REGEX)
                    .build()?,
            ),
            Test::Exists(there) => Self::Exists(*there),
            Test::Above(number) => Self::Above(*number),
            Test::AtLeast(number) => Self::AtLeast(*number),
            Test::Below(number) => Self::Below(*number),
            Test::AtMost(number) => Self::AtMost(*number),
            Test::Not(test) => Self::Not(Box::new(Self::new(test)?)),
            Test::Any(tests) => Self::Any(all(tests)?),
            Test::All(tests) => Self::All(all(tests)?),
        })
    }

    /// Whether a value, or that there is none, passes.
    pub(super) fn passes(&self, value: Option<Value<'_>>) -> bool {
        match (self, value) {
            (Self::Not(test), value) => !test.passes(value),
            (Self::Any(tests), value) => tests.iter().any(|test| test.passes(value)),
            (Self::All(tests), value) => tests.iter().all(|test| test.passes(value)),
            (Self::Exists(there), value) => *there == value.is_some(),
            (Self::Text(text), Some(Value::Text(found))) => **text == *found,
            (Self::Begins(text), Some(Value::Text(found))) => found.starts_with(text),
            (Self::Like(expression), Some(Value::Text(found))) => expression.is_match(found),
            (Self::Bool(truth), Some(Value::Bool(found))) => *truth == found,
            (Self::Int(number), Some(Value::Int(found))) => *number == found,
            (Self::Int(number), Some(Value::Double(found))) => *number as f64 == found,
            (numeric, Some(Value::Int(found))) => numeric.holds(found as f64),
            (numeric, Some(Value::Double(found))) => numeric.holds(found),
            _ => false,
        }
    }

    fn holds(&self, found: f64) -> bool {
        match self {
            Self::Number(number) => found == *number,
            Self::Above(number) => found > *number,
            Self::AtLeast(number) => found >= *number,
            Self::Below(number) => found < *number,
            Self::AtMost(number) => found <= *number,
            _ => false,
        }
    }
}

/// A pattern without wildcards, or with one `*` at its end: the text, and whether more may follow.
fn plain(pattern: &str) -> Option<(&str, bool)> {
    let (text, open) = match pattern.strip_suffix('*') {
        Some(text) => (text, true),
        None => (pattern, false),
    };
    (!text.contains(['*', '?'])).then_some((text, open))
}

/// `*` is any text, `?` one character; everything else is itself.
pub(super) fn glob(pattern: &str) -> Result<Regex, regex::Error> {
    let mut expression = String::from("(?s)^");
    for character in pattern.chars() {
        match character {
            '*' => expression.push_str(".*"),
            '?' => expression.push('.'),
            other => expression.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    expression.push('$');
    RegexBuilder::new(&expression).size_limit(MAX_REGEX).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(test: &Test, value: Option<Value<'_>>) -> bool {
        Matcher::new(test).unwrap().passes(value)
    }

    #[test]
    fn tests_of_texts() {
        for (test, text, expected) in [
            (Test::equals("GET /"), "GET /", true),
            (Test::equals("GET /"), "GET", false),
            (Test::glob("GET /health*"), "GET /healthz", true),
            (Test::glob("GET /health*"), "POST /healthz", false),
            (Test::glob("plain"), "plain", true),
            (Test::glob("plain"), "plainer", false),
            (Test::glob("*"), "", true),
            (Test::glob("*z"), "GET /healthz", true),
            (Test::glob("*z"), "GET /health", false),
            (Test::glob("a?c"), "aüc", true),
            (Test::glob("a?c"), "ac", false),
            (Test::glob("a.c*"), "abc", false),
            (Test::glob("a*c*e"), "a\nc\ne", true),
            (Test::regex("^/api/v[12]/"), "/api/v2/x", true),
            (Test::regex("v[12]"), "/api/v3/x", false),
            (Test::regex("(?i)ERROR"), "an error", true),
            (Test::not(Test::equals("a")), "b", true),
            (Test::Exists(true), "", true),
            (Test::Exists(false), "", false),
            (Test::Above(1.0), "2", false),
            (Test::Equals(Literal::Int(2)), "2", false),
            (
                Test::Any(vec![Test::equals("a"), Test::glob("b*")]),
                "bc",
                true,
            ),
            (
                Test::All(vec![Test::glob("a*"), Test::glob("*b")]),
                "ac",
                false,
            ),
        ] {
            let found = passes(&test, Some(Value::Text(text.as_bytes())));
            assert_eq!(found, expected, "{test:?} of {text:?}");
        }
    }

    #[test]
    fn tests_of_numbers() {
        for (test, number, expected) in [
            (Test::Above(500.0), 500, false),
            (Test::Above(499.5), 500, true),
            (Test::AtLeast(500.0), 500, true),
            (Test::Below(500.0), 499, true),
            (Test::AtMost(500.0), 501, false),
            (Test::equals(500), 500, true),
            (Test::equals(500.0), 500, true),
            (Test::equals("500"), 500, false),
            (Test::equals(i64::MAX), i64::MAX - 1, false),
            (
                Test::All(vec![Test::AtLeast(500.0), Test::Below(600.0)]),
                600,
                false,
            ),
            (Test::glob("*"), 1, false),
            (Test::Exists(true), 0, true),
        ] {
            let found = passes(&test, Some(Value::Int(number)));
            assert_eq!(found, expected, "{test:?} of {number}");
        }
        assert!(passes(&Test::equals(2), Some(Value::Double(2.0))));
        assert!(!passes(&Test::Above(0.0), Some(Value::Double(f64::NAN))));
        assert!(passes(&Test::equals(true), Some(Value::Bool(true))));
    }

    #[test]
    fn what_is_not_there_fails_every_test_but_two() {
        for (test, expected) in [
            (Test::equals("a"), false),
            (Test::glob("*"), false),
            (Test::Below(1.0), false),
            (Test::Exists(true), false),
            (Test::Exists(false), true),
            (Test::not(Test::equals("a")), true),
        ] {
            assert_eq!(passes(&test, None), expected, "{test:?}");
        }
    }
}
