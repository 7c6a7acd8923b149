//! Which traces are recorded: `OTEL_TRACES_SAMPLER` and its argument, `OTEL_SAMPLE_RATE`.
//!
//! <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#general-sdk-configuration>

use super::parse;
use super::reader::Reader;

/// Which traces that begin here are recorded.
///
/// <https://opentelemetry.io/docs/specs/otel/trace/sdk/#sampling>
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampler {
    /// Share of new traces that is recorded, from 0 to 1.
    pub ratio: f64,
    /// Whether a decision that arrived with a request is respected. `false` only for the samplers
    /// without `parentbased_` in their name.
    pub parent_based: bool,
}

impl Default for Sampler {
    fn default() -> Self {
        Self {
            ratio: 1.0,
            parent_based: true,
        }
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> Sampler {
    const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";
    let rate = reader.value("OTEL_SAMPLE_RATE", parse::ratio);
    let Some((ratio, parent_based)) = reader.value("OTEL_TRACES_SAMPLER", name) else {
        if let Some(argument) = reader.find(ARGUMENT) {
            reader.warning(format!(
                "{} has no effect without OTEL_TRACES_SAMPLER; set that to parentbased_traceidratio, or OTEL_SAMPLE_RATE instead of both",
                argument.place
            ));
        }
        return Sampler {
            ratio: rate.unwrap_or(1.0),
            parent_based: true,
        };
    };
    let ratio = ratio.unwrap_or_else(|| reader.value(ARGUMENT, parse::ratio).unwrap_or(1.0));
    Sampler {
        ratio,
        parent_based,
    }
}

/// The fixed ratio of a sampler, `None` where its argument decides, and whether it asks the parent.
fn name(text: &str) -> Result<(Option<f64>, bool), String> {
    const EXPECTED: &str = "expected always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off or parentbased_traceidratio";
    match text.to_ascii_lowercase().as_str() {
        "always_on" => Ok((Some(1.0), false)),
        "always_off" => Ok((Some(0.0), false)),
        "traceidratio" => Ok((None, false)),
        "parentbased_always_on" => Ok((Some(1.0), true)),
        "parentbased_always_off" => Ok((Some(0.0), true)),
        "parentbased_traceidratio" => Ok((None, true)),
        "jaeger_remote" | "parentbased_jaeger_remote" => Err(format!(
            "samplers that ask a Jaeger server are not available; {EXPECTED}"
        )),
        "xray" => Err(format!(
            "the sampler that asks AWS X-Ray is not available; {EXPECTED}"
        )),
        _ => Err(EXPECTED.to_owned()),
    }
}
