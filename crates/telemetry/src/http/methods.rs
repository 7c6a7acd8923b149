//! Names of methods that may be recorded: others have no bound.
//!
//! <https://opentelemetry.io/docs/specs/semconv/registry/attributes/http/#http-request-method>

use std::sync::Arc;

use http::Method;
use opentelemetry::StringValue;

/// What replaces the name of a method nobody has standardized.
const OTHER: &str = "_OTHER";

/// Replaces [`DEFAULT`], case-sensitive and separated by commas.
const VARIABLE: &str = "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS";

/// RFC 9110, RFC 5789, and QUERY.
const DEFAULT: [&str; 10] = [
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE",
];

/// The methods that are recorded by name.
#[derive(Debug, Clone)]
pub(super) struct Methods(Arc<[StringValue]>);

impl Methods {
    /// What the environment lists, else those of the conventions.
    pub(super) fn from_env() -> Self {
        let listed = std::env::var(VARIABLE).unwrap_or_default();
        let listed: Vec<_> = listed
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        if listed.is_empty() {
            Self(DEFAULT.map(StringValue::from).into())
        } else {
            Self::new(listed)
        }
    }

    pub(super) fn new(names: impl IntoIterator<Item = String>) -> Self {
        let names = names.into_iter().map(|name| Arc::<str>::from(name).into());
        Self(names.collect())
    }

    /// The name to record.
    pub(super) fn name(&self, method: &Method) -> MethodName {
        let known = self.0.iter().find(|name| name.as_str() == method.as_str());
        match known {
            Some(name) => MethodName {
                name: name.clone(),
                known: true,
            },
            None => MethodName {
                name: OTHER.into(),
                known: false,
            },
        }
    }
}

/// A method's name as attributes have it.
#[derive(Debug, Clone)]
pub(super) struct MethodName {
    pub(super) name: StringValue,
    pub(super) known: bool,
}

impl MethodName {
    /// The beginning of a span's name.
    pub(super) fn in_span_name(&self) -> &str {
        if self.known {
            self.name.as_str()
        } else {
            "HTTP"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_replaces_the_known_methods() {
        let brew = Method::from_bytes(b"BREW").unwrap();
        let methods = Methods(DEFAULT.map(StringValue::from).into());
        assert_eq!(methods.name(&Method::GET).name.as_str(), "GET");
        assert_eq!(methods.name(&brew).name.as_str(), "_OTHER");
        assert_eq!(methods.name(&brew).in_span_name(), "HTTP");
        let methods = Methods::new(["BREW".to_owned()]);
        assert_eq!(methods.name(&brew).in_span_name(), "BREW");
        assert_eq!(methods.name(&Method::GET).name.as_str(), "_OTHER");
    }
}
