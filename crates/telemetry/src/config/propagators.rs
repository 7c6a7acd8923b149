//! Header formats of trace context: `OTEL_PROPAGATORS`.
//!
//! <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#general-sdk-configuration>

/// One header format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagator {
    /// `b3`: one header `b3`.
    B3,
    /// `b3multi`: headers `x-b3-*`.
    B3Multi,
    /// `tracecontext`: W3C `traceparent` and `tracestate`.
    TraceContext,
    /// `baggage`: W3C `baggage`.
    Baggage,
}

impl Propagator {
    const ALL: [Self; 4] = [Self::B3, Self::B3Multi, Self::TraceContext, Self::Baggage];

    /// The name in `OTEL_PROPAGATORS`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::B3 => "b3",
            Self::B3Multi => "b3multi",
            Self::TraceContext => "tracecontext",
            Self::Baggage => "baggage",
        }
    }
}

/// Header formats for requests that come in and go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Propagators {
    /// Written to outgoing requests.
    pub inject: Vec<Propagator>,
    /// Read from incoming requests; the first one that is present wins. Both B3 forms are read
    /// where either is named.
    pub extract: Vec<Propagator>,
}

impl Default for Propagators {
    fn default() -> Self {
        Self {
            inject: vec![Propagator::B3],
            extract: vec![
                Propagator::B3,
                Propagator::TraceContext,
                Propagator::Baggage,
            ],
        }
    }
}

/// A list of names; `none` alone means no headers at all. Repeated names count once.
pub(super) fn parse(text: &str) -> Result<Propagators, String> {
    const EXPECTED: &str = "expected a list of b3, b3multi, tracecontext and baggage, or none";
    let (mut list, mut none) = (Vec::new(), false);
    for name in text.split(',').map(str::trim).filter(|n| !n.is_empty()) {
        let name = name.to_ascii_lowercase();
        if name == "none" {
            none = true;
            continue;
        }
        let known = Propagator::ALL.into_iter().find(|p| p.as_str() == name);
        let Some(propagator) = known else {
            return Err(match name.as_str() {
                "jaeger" | "xray" | "ottrace" => {
                    format!("headers of {name} are not available; {EXPECTED}")
                }
                _ => EXPECTED.to_owned(),
            });
        };
        if !list.contains(&propagator) {
            list.push(propagator);
        }
    }
    match (none, list.is_empty()) {
        (true, false) => Err("`none` stands alone: it means that no headers are used".to_owned()),
        (false, true) => Err(EXPECTED.to_owned()),
        _ => Ok(Propagators {
            inject: list.clone(),
            extract: list,
        }),
    }
}
