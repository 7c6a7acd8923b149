//! The settings that pages get from the server.

use super::{Kind, Setting, plain};

/// What pages are told to record.
pub(super) const ALL: &[Setting] = &[
    plain(
        "AETHER_TELEMETRY_PAGE_ENABLED",
        "page.enabled",
        "false ends telemetry in all pages that ask the server; they begin again when they are loaded after it is true",
        "true",
    )
    .method("page_enabled"),
    plain(
        "AETHER_TELEMETRY_PAGE_SAMPLE_RATIO",
        "page.sample_ratio",
        "Part of new traces that pages record, 0 to 1",
        "as the page says",
    )
    .method("page_sample_ratio"),
    plain(
        "AETHER_TELEMETRY_PAGE_SESSION_RATIO",
        "page.session_ratio",
        "Part of new sessions that pages record, 0 to 1: all of a session, or nothing",
        "as the page says",
    ),
    plain(
        "AETHER_TELEMETRY_PAGE_RULES",
        "page.rules",
        "Sampling by name: span:NAME, event:NAME (of Socket.IO) or log:NAME, where * stands for anything, and a part from 0 to 1, a most per second, or both: event:cursor:*=0.01,span:GET*=5/s,log:browser.console=0.5 1/s. With the word nested behind it, inside traces, too",
        "as the page says",
    )
    .of(Kind::Pairs),
    plain(
        "AETHER_TELEMETRY_PAGE_MAX_TRACES_PER_SECOND",
        "page.max_traces_per_second",
        "Most new traces per second in one page",
        "as the page says",
    ),
    plain(
        "AETHER_TELEMETRY_PAGE_MAX_LOGS_PER_SECOND",
        "page.max_logs_per_second",
        "Most log records per second in one page",
        "as the page says",
    ),
    plain(
        "AETHER_TELEMETRY_PAGE_INSTRUMENTATIONS",
        "page.instrumentations",
        "Instrumentations of pages that are on or off: console=false,web-vitals=true",
        "as the page says",
    )
    .of(Kind::Pairs),
    plain(
        "AETHER_TELEMETRY_PAGE_ATTRIBUTE_COUNT_LIMIT",
        "page.limits.attributes",
        "Most attributes of a page's span, event, link or log record",
        "128",
    ),
    plain(
        "AETHER_TELEMETRY_PAGE_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "page.limits.value_length",
        "Longest text in such an attribute, in UTF-16 units",
        "4096",
    ),
    plain(
        "AETHER_TELEMETRY_PAGE_SPAN_EVENT_COUNT_LIMIT",
        "page.limits.events",
        "Most events of a page's span",
        "128",
    ),
    plain(
        "AETHER_TELEMETRY_PAGE_SPAN_LINK_COUNT_LIMIT",
        "page.limits.links",
        "Most links of a page's span",
        "128",
    ),
    plain(
        "AETHER_TELEMETRY_PAGE_MAX_AGE",
        "page.max_age_ms",
        "How long this holds before an open page asks again, in milliseconds, to the second; a page asks once a minute at most",
        "300000",
    ),
];
