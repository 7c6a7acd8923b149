//! What is told to somebody who set a value we cannot work with.
//!
//! Every problem says where the setting stands, shows its value as far as it is not a secret, and
//! says what would be accepted. All problems are reported at once, so that nobody has to fix them
//! one restart at a time.

use std::fmt;

use serde::Serialize;

/// One or more settings that cannot be used.
///
/// Its `Display` form holds one line per problem: where the setting stands, its value (secrets
/// masked) and what is allowed instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    problems: Vec<Problem>,
    strict: bool,
}

/// A single setting that cannot be used. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Name of the environment variable that means this setting, wherever it stood; empty for a
    /// key that means nothing.
    pub variable: String,
    /// Where it stood: the variable, `telemetry.toml:3: exporter.otlp.endpoint`, or
    /// `TelemetryBuilder::endpoint`.
    pub place: String,
    /// Its value, with whatever may be a secret replaced by `****`.
    pub value: String,
    /// What is wrong and what is allowed.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)?;
        if !self.value.is_empty() {
            write!(f, "={}", self.value)?;
        }
        write!(f, ": {}", self.remedy)
    }
}

impl ConfigError {
    pub(crate) fn new(problems: Vec<Problem>, strict: bool) -> Self {
        Self { problems, strict }
    }

    /// The problems, in the order in which the settings were read.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Whether the settings ask for a start that fails (`AETHER_TELEMETRY_STRICT=true`).
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.strict
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index > 0 { "\n" } else { "" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
