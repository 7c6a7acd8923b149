//! Why telemetry is not running, and how that is said.

use std::fmt;
use std::io::Write;

use crate::{ConfigError, Problem};

/// Why telemetry could not be started. Its message says what to change, and holds no secret.
#[derive(Debug)]
pub struct BuildError(Cause);

#[derive(Debug)]
enum Cause {
    Config(ConfigError),
    Start(String),
}

impl BuildError {
    pub(super) fn start(reason: String) -> Self {
        Self(Cause::Start(reason))
    }

    /// The settings that cannot be used; none where something else went wrong.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        match &self.0 {
            Cause::Config(error) => error.problems(),
            Cause::Start(_) => &[],
        }
    }

    /// What happened, without the single problems.
    pub(crate) fn summary(&self) -> String {
        match &self.0 {
            Cause::Config(_) => "telemetry is configured wrongly".to_owned(),
            Cause::Start(reason) => format!("telemetry did not start: {reason}"),
        }
    }
}

impl From<ConfigError> for BuildError {
    fn from(error: ConfigError) -> Self {
        Self(Cause::Config(error))
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary())?;
        match &self.0 {
            Cause::Config(error) => write!(f, "\n{error}"),
            Cause::Start(_) => Ok(()),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Cause::Config(error) => Some(error),
            Cause::Start(_) => None,
        }
    }
}

/// Says that the program runs without telemetry. Goes to standard error where nothing takes
/// `tracing` events yet, which is usual: the subscriber is set up behind telemetry, because its
/// layer comes from there.
pub(super) fn say_off(error: &BuildError) {
    if tracing::enabled!(tracing::Level::ERROR) {
        tracing::error!("telemetry is off: {error}");
    } else {
        to_stderr(format_args!(
            "error: telemetry is off, the program runs without it: {error}"
        ));
    }
}

/// As [`say_off`], a sentence about something that looks like a mistake.
pub(super) fn say_warning(warning: &str) {
    if tracing::enabled!(tracing::Level::WARN) {
        tracing::warn!("{warning}");
    } else if !tracing::dispatcher::has_been_set() {
        to_stderr(format_args!("warning: {warning}"));
    }
}

fn to_stderr(message: fmt::Arguments<'_>) {
    // A closed standard error is no reason to fail.
    let _ = writeln!(std::io::stderr().lock(), "aether-telemetry: {message}");
}
