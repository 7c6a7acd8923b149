//! What pages are told about their own telemetry: `AETHER_TELEMETRY_PAGE_*`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::parse;
use super::reader::Reader;

/// How long an answer holds where nothing else is said.
const DEFAULT_MAX_AGE: Duration = Duration::from_secs(300);
/// Pages take no more rules, and no longer names.
pub(crate) const MAX_RULES: usize = 100;
const MAX_NAME: usize = 256;

/// What `GET /v1/config` tells pages, over what they say themselves. `None` leaves it to them.
///
/// ```
/// use aether_telemetry::PageConfig;
///
/// let config = PageConfig {
///     sample_ratio: Some(0.1),
///     ..PageConfig::default()
/// };
/// assert!(config.enabled);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PageConfig {
    /// Whether pages record and send anything (`AETHER_TELEMETRY_PAGE_ENABLED`). `false` ends
    /// telemetry in every page that asks, until it is loaded again. Default: `true`.
    pub enabled: bool,
    /// Share of new traces, 0 to 1 (`AETHER_TELEMETRY_PAGE_SAMPLE_RATIO`).
    pub sample_ratio: Option<f64>,
    /// Share of new sessions, 0 to 1, of which everything is recorded
    /// (`AETHER_TELEMETRY_PAGE_SESSION_RATIO`).
    pub session_ratio: Option<f64>,
    /// Most new traces per second in one page (`AETHER_TELEMETRY_PAGE_MAX_TRACES_PER_SECOND`).
    pub max_traces_per_second: Option<u32>,
    /// Most log records per second in one page (`AETHER_TELEMETRY_PAGE_MAX_LOGS_PER_SECOND`).
    pub max_logs_per_second: Option<u32>,
    /// Sampling by name (`AETHER_TELEMETRY_PAGE_RULES`), 100 at most. Of several that match, the
    /// one without `*` holds, else the longest.
    pub rules: Vec<PageRule>,
    /// Instrumentations that are on or off, by the names that they have in the page
    /// (`AETHER_TELEMETRY_PAGE_INSTRUMENTATIONS`).
    pub instrumentations: BTreeMap<String, bool>,
    /// Most attributes of a span, event, link or log record
    /// (`AETHER_TELEMETRY_PAGE_ATTRIBUTE_COUNT_LIMIT`); pages allow 128.
    pub attributes: Option<u32>,
    /// Longest text in an attribute (`AETHER_TELEMETRY_PAGE_ATTRIBUTE_VALUE_LENGTH_LIMIT`);
    /// pages allow 4096.
    pub value_length: Option<u32>,
    /// Most events of a span (`AETHER_TELEMETRY_PAGE_SPAN_EVENT_COUNT_LIMIT`); pages allow 128.
    pub events: Option<u32>,
    /// Most links of a span (`AETHER_TELEMETRY_PAGE_SPAN_LINK_COUNT_LIMIT`); pages allow 128.
    pub links: Option<u32>,
    /// How long an answer holds, in whole seconds, after which an open page asks again
    /// (`AETHER_TELEMETRY_PAGE_MAX_AGE`). Default: 5 minutes.
    pub max_age: Duration,
}

impl Default for PageConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            sample_ratio: None,
            session_ratio: None,
            max_traces_per_second: None,
            max_logs_per_second: None,
            rules: Vec::new(),
            instrumentations: BTreeMap::new(),
            attributes: None,
            value_length: None,
            events: None,
            links: None,
            max_age: DEFAULT_MAX_AGE,
        }
    }
}

/// How much of what has one name is recorded in pages.
#[derive(Debug, Clone, PartialEq)]
pub struct PageRule {
    /// What the name is of.
    pub subject: PageSubject,
    /// The name, in which `*` stands for anything.
    pub name: String,
    /// Share that is recorded, 0 to 1.
    pub ratio: Option<f64>,
    /// Most of them per second and name.
    pub max_per_second: Option<u32>,
    /// Whether it holds inside a trace, too, with everything below. Default: where traces begin.
    pub nested: bool,
}

/// What a [`PageRule`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageSubject {
    /// `span`: the name of a span.
    Span,
    /// `event`: the Socket.IO event that a span is about.
    Event,
    /// `log`: the event name of a log record.
    Log,
}

pub(super) fn read(reader: &mut Reader<'_>) -> PageConfig {
    let default = PageConfig::default();
    let mut number = |name: &str| {
        let variable = format!("AETHER_TELEMETRY_PAGE_{name}");
        reader.value(&variable, parse::limit)
    };
    let max_traces_per_second = number("MAX_TRACES_PER_SECOND");
    let max_logs_per_second = number("MAX_LOGS_PER_SECOND");
    let attributes = number("ATTRIBUTE_COUNT_LIMIT");
    let value_length = number("ATTRIBUTE_VALUE_LENGTH_LIMIT");
    let events = number("SPAN_EVENT_COUNT_LIMIT");
    let links = number("SPAN_LINK_COUNT_LIMIT");
    PageConfig {
        enabled: reader
            .value("AETHER_TELEMETRY_PAGE_ENABLED", parse::boolean)
            .unwrap_or(default.enabled),
        sample_ratio: reader.value("AETHER_TELEMETRY_PAGE_SAMPLE_RATIO", parse::ratio),
        session_ratio: reader.value("AETHER_TELEMETRY_PAGE_SESSION_RATIO", parse::ratio),
        max_traces_per_second,
        max_logs_per_second,
        rules: reader
            .value("AETHER_TELEMETRY_PAGE_RULES", rules)
            .unwrap_or_default(),
        instrumentations: reader
            .value("AETHER_TELEMETRY_PAGE_INSTRUMENTATIONS", switches)
            .unwrap_or_default(),
        attributes,
        value_length,
        events,
        links,
        max_age: reader
            .value("AETHER_TELEMETRY_PAGE_MAX_AGE", parse::milliseconds)
            .unwrap_or(default.max_age),
    }
}

fn switches(text: &str) -> Result<BTreeMap<String, bool>, String> {
    let one = |(name, value): (String, String)| match parse::boolean(&value) {
        Ok(on) => Ok((name, on)),
        Err(remedy) => Err(format!("{name}: {remedy}")),
    };
    parse::pairs(text)?.into_iter().map(one).collect()
}

/// `span:GET*=5/s,event:cursor:*=0.01 nested`.
fn rules(text: &str) -> Result<Vec<PageRule>, String> {
    let pairs = parse::pairs(text)?;
    if pairs.len() > MAX_RULES {
        return Err(format!("there may be {MAX_RULES} rules at most"));
    }
    let rules = pairs.iter().map(|(name, value)| rule(name, value));
    rules.collect()
}

fn rule(key: &str, value: &str) -> Result<PageRule, String> {
    let expected = |what: &str| {
        format!("{key}: {what}; expected span:NAME=0.1, event:NAME=5/s or log:NAME=0.5 5/s")
    };
    let (subject, name) = key.split_once(':').unwrap_or_default();
    let subject = match subject {
        "span" => PageSubject::Span,
        "event" => PageSubject::Event,
        "log" => PageSubject::Log,
        _ => return Err(expected("a name begins with span:, event: or log:")),
    };
    // As pages count it: in UTF-16 units.
    if name.is_empty() || name.encode_utf16().count() > MAX_NAME {
        return Err(expected("a name has 1 to 256 characters"));
    }
    let mut rule = PageRule {
        subject,
        name: name.to_owned(),
        ratio: None,
        max_per_second: None,
        nested: false,
    };
    for word in value.split_whitespace() {
        if word == "nested" {
            rule.nested = true;
        } else if let Some(rate) = word.strip_suffix("/s") {
            let rate = parse::limit(rate).map_err(|remedy| expected(&remedy))?;
            rule.max_per_second = Some(rate);
        } else {
            let ratio = parse::ratio(word).map_err(|remedy| expected(&remedy))?;
            rule.ratio = Some(ratio);
        }
    }
    if rule.ratio.is_none() && rule.max_per_second.is_none() {
        return Err(expected("it says nothing"));
    }
    Ok(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_have_a_subject_and_say_something() {
        let read = rules("span:GET *=5/s,event:cursor:*=0.01 nested, log:browser.console=0.5 2/s");
        let expected = |subject, name: &str, ratio, max_per_second, nested| PageRule {
            subject,
            name: name.to_owned(),
            ratio,
            max_per_second,
            nested,
        };
        assert_eq!(
            read,
            Ok(vec![
                expected(PageSubject::Span, "GET *", None, Some(5), false),
                expected(PageSubject::Event, "cursor:*", Some(0.01), None, true),
                expected(
                    PageSubject::Log,
                    "browser.console",
                    Some(0.5),
                    Some(2),
                    false
                ),
            ])
        );
        for wrong in [
            "GET=1",
            "span:=1",
            "span:x=",
            "span:x=2",
            "span:x=nested",
            "span:x=-1/s",
            "page:x=1",
            "span:x",
        ] {
            assert!(rules(wrong).is_err(), "{wrong} was accepted");
        }
        let many: Vec<_> = (0..=MAX_RULES).map(|n| format!("span:{n}=1")).collect();
        assert!(rules(&many.join(",")).is_err());
        assert!(rules(&format!("log:{}=1", "x".repeat(257))).is_err());
    }

    #[test]
    fn switches_are_names_and_truth_values() {
        let read = switches("console=false,web-vitals=true").unwrap();
        assert_eq!((read["console"], read["web-vitals"]), (false, true));
        assert!(switches("console=perhaps").unwrap_err().contains("console"));
        assert!(switches("console").is_err());
    }
}
