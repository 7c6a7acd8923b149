//! How failed requests are repeated: `AETHER_TELEMETRY_RETRY_*`.

use std::time::Duration;

use super::parse;
use super::reader::Reader;

/// How a request that failed for the moment is repeated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    /// Wait before the first repetition (`AETHER_TELEMETRY_RETRY_INITIAL`, milliseconds). A random
    /// half of every wait is taken off, so that clients do not come in waves. Default: 1 s.
    pub initial: Duration,
    /// Longest wait, unless the destination asks for more (`AETHER_TELEMETRY_RETRY_MAX`,
    /// milliseconds). Default: 30 s.
    pub max: Duration,
    /// How much longer each wait is than the one before, 1 to 10
    /// (`AETHER_TELEMETRY_RETRY_MULTIPLIER`). Default: 2.
    pub multiplier: f64,
    /// A batch that failed for this long is dropped (`AETHER_TELEMETRY_RETRY_GIVE_UP_AFTER`,
    /// milliseconds); from a queue on disk it goes behind all others instead. Default: 5 min.
    pub give_up_after: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            initial: Duration::from_secs(1),
            max: Duration::from_secs(30),
            multiplier: 2.0,
            give_up_after: Duration::from_secs(300),
        }
    }
}

/// What is set, and the rest from `default`.
pub(super) fn read(reader: &mut Reader<'_>, default: Retry) -> Retry {
    const INITIAL: &str = "AETHER_TELEMETRY_RETRY_INITIAL";
    let mut one = |variable: &str| reader.value(variable, parse::milliseconds);
    let initial = one(INITIAL);
    let max = one("AETHER_TELEMETRY_RETRY_MAX");
    let give_up_after = one("AETHER_TELEMETRY_RETRY_GIVE_UP_AFTER");
    let multiplier = reader.value("AETHER_TELEMETRY_RETRY_MULTIPLIER", multiplier);
    let retry = Retry {
        multiplier: multiplier.unwrap_or(default.multiplier),
        initial: initial.unwrap_or(default.initial),
        max: max.unwrap_or(default.max),
        give_up_after: give_up_after.unwrap_or(default.give_up_after),
    };
    if retry.initial > retry.max
        && let Some(found) = reader
            .find(INITIAL)
            .or_else(|| reader.find("AETHER_TELEMETRY_RETRY_MAX"))
    {
        let remedy = format!(
            "the first wait ({} ms) must not be longer than the longest ({} ms)",
            retry.initial.as_millis(),
            retry.max.as_millis()
        );
        reader.problem(&found, super::reader::shortened(&found.text), remedy);
    }
    retry
}

fn multiplier(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (1.0..=10.0).contains(&value) => Ok(value),
        _ => Err("expected a number from 1 to 10, for example 1.5".to_owned()),
    }
}
