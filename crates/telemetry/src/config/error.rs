//! What is told to somebody who set a value we cannot work with.
//!
//! Every problem names the variable, shows its value as far as it is not a secret, and says what
//! would be accepted. All problems are reported at once, so that nobody has to fix them one
//! restart at a time.

use std::fmt;

/// One or more settings that cannot be used.
///
/// Its `Display` form holds one line per problem: the variable, its value (secrets masked) and
/// what is allowed instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    problems: Vec<Problem>,
}

/// A single setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Name of the environment variable.
    pub variable: String,
    /// Its value, with whatever may be a secret replaced by `****`.
    pub value: String,
    /// What is wrong and what is allowed.
    pub remedy: String,
}

impl ConfigError {
    pub(crate) fn new(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    /// The problems, in the order in which the variables were read.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(
                f,
                "{}={}: {}",
                problem.variable, problem.value, problem.remedy
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
