//! The answer, written once for all who ask.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};

use bytes::Bytes;
use http::HeaderValue;
use serde::Serialize;

use crate::config::MAX_PAGE_RULES;
use crate::{PageConfig, PageRule, PageSubject};

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) body: Bytes,
    /// Weak: the same settings may be compressed on their way.
    pub(super) etag: HeaderValue,
    pub(super) cache_control: HeaderValue,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'c> {
    enabled: bool,
    #[serde(skip_serializing_if = "is_empty")]
    sampling: Sampling<'c>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    instrumentations: &'c BTreeMap<String, bool>,
    #[serde(skip_serializing_if = "is_empty")]
    limits: Limits,
}

#[derive(Serialize, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Sampling<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_ratio: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_traces_per_second: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_logs_per_second: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rules: Vec<Rule<'c>>,
}

#[derive(Serialize, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Rule<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    span: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_per_second: Option<u32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    nested: bool,
}

/// By the names that the specification gives them.
#[derive(Serialize, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Limits {
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute_count_limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute_per_event_count_limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute_per_link_count_limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute_value_length_limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_count_limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link_count_limit: Option<u32>,
}

fn is_empty<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl<'c> Rule<'c> {
    fn new(rule: &'c PageRule) -> Self {
        let name = |subject| (rule.subject == subject).then_some(rule.name.as_str());
        Self {
            span: name(PageSubject::Span),
            event: name(PageSubject::Event),
            log: name(PageSubject::Log),
            ratio: rule.ratio.map(part),
            max_per_second: rule.max_per_second,
            nested: rule.nested,
        }
    }
}

/// What a program says may be any number; pages refuse an answer with one that is no part.
fn part(ratio: f64) -> f64 {
    // Also for what is no number.
    if ratio >= 0.0 { ratio.min(1.0) } else { 0.0 }
}

impl Answer {
    pub(super) fn new(config: &PageConfig) -> Self {
        let body = serde_json::to_vec(&body(config)).unwrap_or_else(|error| {
            // Texts, numbers and truth values can always be written.
            tracing::error!("what pages are told cannot be written as JSON: {error}");
            b"{}".to_vec()
        });
        let mut hasher = DefaultHasher::new();
        hasher.write(&body);
        let etag = format!("W/\"{:016x}\"", hasher.finish());
        let cache_control = format!("private, max-age={}", config.max_age.as_secs());
        let value = |text: String| {
            // Digits and a few letters are always a header's value.
            HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("no-cache"))
        };
        Self {
            body: body.into(),
            etag: value(etag),
            cache_control: value(cache_control),
        }
    }

    /// Whether a value of `If-None-Match` names this answer.
    pub(super) fn is_known_by(&self, value: &HeaderValue) -> bool {
        let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let (Ok(value), Ok(own)) = (value.to_str(), self.etag.to_str()) else {
            return false;
        };
        let own = strong(own);
        value.trim() == "*" || value.split(',').any(|tag| strong(tag) == own)
    }
}

fn body(config: &PageConfig) -> Body<'_> {
    // A page takes the first that matches.
    let mut rules: Vec<_> = config.rules.iter().collect();
    rules.sort_by_key(|rule| {
        (
            rule.name.contains('*'),
            std::cmp::Reverse(rule.name.chars().count()),
        )
    });
    if rules.len() > MAX_PAGE_RULES {
        tracing::warn!(
            "pages take {MAX_PAGE_RULES} sampling rules; those with the shortest patterns are left out"
        );
        rules.truncate(MAX_PAGE_RULES);
    }
    Body {
        enabled: config.enabled,
        sampling: Sampling {
            ratio: config.sample_ratio.map(part),
            session_ratio: config.session_ratio.map(part),
            max_traces_per_second: config.max_traces_per_second,
            max_logs_per_second: config.max_logs_per_second,
            rules: rules.into_iter().map(Rule::new).collect(),
        },
        instrumentations: &config.instrumentations,
        limits: Limits {
            attribute_count_limit: config.attributes,
            attribute_per_event_count_limit: config.attributes,
            attribute_per_link_count_limit: config.attributes,
            attribute_value_length_limit: config.value_length,
            event_count_limit: config.events,
            link_count_limit: config.links,
        },
    }
}
