//! Headers that are sent along: `OTEL_EXPORTER_OTLP_HEADERS`, and Datadog's key.
//!
//! <https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables>

use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::Url;

use super::hosts::is_datadog;
use super::parse;
use super::reader::{OTLP, Reader};

/// The headers for `url`: those with the prefix `own` or else the general ones.
pub(super) fn read(reader: &mut Reader<'_>, own: &str, url: &Url) -> HeaderMap {
    let mut headers = listed(reader, own);
    if is_datadog(url)
        && !headers.contains_key("dd-api-key")
        && let Some(key) = reader.find("DD_API_KEY")
    {
        match secret_value(&key.text) {
            Some(value) => {
                headers.insert(HeaderName::from_static("dd-api-key"), value);
            }
            None => reader.problem(
                &key,
                "****".to_owned(),
                "holds characters that an HTTP header cannot carry".to_owned(),
            ),
        }
    }
    headers
}

fn listed(reader: &mut Reader<'_>, own: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let Some(found) = reader.find_either(own, OTLP, "HEADERS") else {
        return headers;
    };
    let pairs = match parse::pairs(&found.text) {
        Ok(pairs) => pairs,
        Err(remedy) => {
            reader.problem(&found, "****".to_owned(), remedy);
            return headers;
        }
    };
    for (key, value) in pairs {
        match (
            HeaderName::from_bytes(key.as_bytes()),
            secret_value(&value),
        ) {
            (Ok(name), Some(value)) => {
                headers.insert(name, value);
            }
            (Err(_), _) => reader.problem(
                &found,
                "****".to_owned(),
                "one of its keys is not an HTTP header name; expected key=value,key=value without quotes".to_owned(),
            ),
            (Ok(name), None) => reader.problem(
                &found,
                format!("{name}=****"),
                "its value holds characters that an HTTP header cannot carry; percent-encode commas only".to_owned(),
            ),
        }
    }
    headers
}

fn secret_value(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
