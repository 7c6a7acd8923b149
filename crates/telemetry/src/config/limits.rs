//! Limits of attributes: how many, and how long their values may be.
//!
//! <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#attribute-limits>.
//! A limit of one kind of telemetry wins over the general one.

use super::parse;
use super::reader::Reader;

/// Items that the specification allows where nothing else is said.
const DEFAULT_COUNT: u32 = 128;

/// What the process's own spans and log records may hold. What is beyond is dropped and counted
/// in the item's `dropped_…_count`; values are cut without a trace.
///
/// Resources, metrics and what browsers send are not limited by these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Attributes of a span (`OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT`, else
    /// `OTEL_ATTRIBUTE_COUNT_LIMIT`, default 128).
    pub span_attributes: u32,
    /// Events of a span (`OTEL_SPAN_EVENT_COUNT_LIMIT`, default 128).
    pub span_events: u32,
    /// Links of a span (`OTEL_SPAN_LINK_COUNT_LIMIT`, default 128).
    pub span_links: u32,
    /// Attributes of an event of a span (`OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT`, else the general one).
    pub event_attributes: u32,
    /// Attributes of a link of a span (`OTEL_LINK_ATTRIBUTE_COUNT_LIMIT`, else the general one).
    pub link_attributes: u32,
    /// Longest text in an attribute of a span, its events and links, in characters
    /// (`OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT`, else `OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT`).
    /// Default: any.
    pub span_value_length: Option<u32>,
    /// Attributes of a log record (`OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT`, else the general one).
    pub log_attributes: u32,
    /// Longest text in an attribute of a log record, in characters
    /// (`OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT`, else the general one). Default: any.
    pub log_value_length: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            span_attributes: DEFAULT_COUNT,
            span_events: DEFAULT_COUNT,
            span_links: DEFAULT_COUNT,
            event_attributes: DEFAULT_COUNT,
            link_attributes: DEFAULT_COUNT,
            span_value_length: None,
            log_attributes: DEFAULT_COUNT,
            log_value_length: None,
        }
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> Limits {
    let mut count = |own: &str| {
        reader
            .either(own, "OTEL_", "ATTRIBUTE_COUNT_LIMIT", parse::limit)
            .unwrap_or(DEFAULT_COUNT)
    };
    let span_attributes = count("OTEL_SPAN_");
    let event_attributes = count("OTEL_EVENT_");
    let link_attributes = count("OTEL_LINK_");
    let log_attributes = count("OTEL_LOGRECORD_");
    let mut length =
        |own: &str| reader.either(own, "OTEL_", "ATTRIBUTE_VALUE_LENGTH_LIMIT", parse::limit);
    let span_value_length = length("OTEL_SPAN_");
    let log_value_length = length("OTEL_LOGRECORD_");
    let mut items = |variable: &str| {
        let limit = reader.value(variable, parse::limit);
        limit.unwrap_or(DEFAULT_COUNT)
    };
    Limits {
        span_attributes,
        span_events: items("OTEL_SPAN_EVENT_COUNT_LIMIT"),
        span_links: items("OTEL_SPAN_LINK_COUNT_LIMIT"),
        event_attributes,
        link_attributes,
        span_value_length,
        log_attributes,
        log_value_length,
    }
}

#[cfg(test)]
mod tests {
    use crate::{Config, Limits};

    fn limits(variables: &[(&str, &str)]) -> Limits {
        let config = Config::from_lookup(|name| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        });
        config.unwrap().limits
    }

    #[test]
    fn a_limit_of_one_kind_wins_over_the_general_one() {
        let read = limits(&[
            ("OTEL_ATTRIBUTE_COUNT_LIMIT", "10"),
            ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "20"),
            ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "0"),
            ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "100"),
            ("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "50"),
            ("OTEL_SPAN_EVENT_COUNT_LIMIT", "3"),
            ("OTEL_SPAN_LINK_COUNT_LIMIT", "4"),
        ]);
        let expected = Limits {
            span_attributes: 20,
            span_events: 3,
            span_links: 4,
            event_attributes: 0,
            link_attributes: 10,
            span_value_length: Some(100),
            log_attributes: 10,
            log_value_length: Some(50),
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn a_length_of_one_kind_leaves_the_other_alone() {
        let read = limits(&[("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "5")]);
        let expected = Limits {
            span_value_length: Some(5),
            ..Limits::default()
        };
        assert_eq!(read, expected);
    }
}
