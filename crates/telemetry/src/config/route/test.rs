//! What a condition looks at, and what must be true of it.

use std::collections::BTreeSet;

use crate::Signal;

/// What a condition looks at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Subject {
    /// An attribute of the resource, by its key.
    Resource(String),
    /// Name of the instrumentation scope.
    ScopeName,
    /// Version of the instrumentation scope.
    ScopeVersion,
    /// An attribute of the instrumentation scope, by its key.
    ScopeAttribute(String),
    /// Name of the span, of the metric, or of the event that a log record is.
    Name,
    /// An attribute of the span, log record or data point, by its key.
    Attribute(String),
    /// Kind of the span: `internal`, `server`, `client`, `producer` or `consumer`.
    Kind,
    /// Status of the span: `unset`, `ok` or `error`.
    Status,
    /// Duration of the span in milliseconds.
    DurationMs,
    /// Severity of the log record: a number from 1 to 24, of which 9 is INFO, 13 WARN, 17 ERROR.
    Severity,
    /// Body of the log record.
    Body,
}

impl Subject {
    /// The signals that have such a thing.
    #[must_use]
    pub fn signals(&self) -> BTreeSet<Signal> {
        match self {
            Self::Kind | Self::Status | Self::DurationMs => [Signal::Traces].into(),
            Self::Severity | Self::Body => [Signal::Logs].into(),
            _ => Signal::ALL.into(),
        }
    }
}

/// What must be true of the subject.
///
/// A subject that is not there fails every test but `Exists(false)` and `Not`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Test {
    /// It is this very value. Numbers equal numbers, whether whole or not; texts never do.
    Equals(Literal),
    /// It is a text that matches: `*` is any text, `?` one character.
    Glob(String),
    /// It is a text in which this expression is found, in the syntax of the crate `regex`.
    Regex(String),
    /// Whether it is there.
    Exists(bool),
    /// It is a number above this one.
    Above(f64),
    /// It is a number, at least this one.
    AtLeast(f64),
    /// It is a number below this one.
    Below(f64),
    /// It is a number, at most this one.
    AtMost(f64),
    /// The other test fails.
    Not(Box<Test>),
    /// One of these passes.
    Any(Vec<Test>),
    /// All of these pass.
    All(Vec<Test>),
}

impl Test {
    /// See [`Test::Equals`].
    #[must_use]
    pub fn equals(value: impl Into<Literal>) -> Self {
        Self::Equals(value.into())
    }

    /// See [`Test::Glob`].
    #[must_use]
    pub fn glob(pattern: impl Into<String>) -> Self {
        Self::Glob(pattern.into())
    }

    /// See [`Test::Regex`].
    #[must_use]
    pub fn regex(expression: impl Into<String>) -> Self {
        Self::Regex(expression.into())
    }

    /// See [`Test::Not`].
    #[must_use]
    #[allow(
        clippy::should_implement_trait,
        reason = "a constructor; there is nothing to negate yet"
    )]
    pub fn not(test: Self) -> Self {
        Self::Not(Box::new(test))
    }
}

/// A value as it is written in a rule.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// A text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// Another number.
    Float(f64),
    /// A truth value.
    Bool(bool),
}

impl From<&str> for Literal {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Literal {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Literal {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for Literal {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<bool> for Literal {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}
