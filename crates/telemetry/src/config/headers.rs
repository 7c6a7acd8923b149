//! Headers that are sent along: `OTEL_EXPORTER_OTLP_HEADERS`, and Datadog's key.
//!
//! <https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables>

use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::Url;

use super::file::File;
use super::hosts::is_datadog;
use super::layers::{Found, Layer};
use super::parse;
use super::reader::{OTLP, Reader};

/// The headers for `url`: those with the prefix `own` or else the general ones.
///
/// `endpoint` gave the URL. Headers in a file belong to the endpoint in that file: where another
/// layer names another one, they are left out, so that no key reaches a foreign host.
pub(super) fn read(reader: &mut Reader<'_>, own: &str, url: &Url, endpoint: &Found) -> HeaderMap {
    let mut headers = listed(reader, own, endpoint);
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

/// The headers of every layer together; where two have the same name, the layer that wins does.
fn listed(reader: &mut Reader<'_>, own: &str, endpoint: &Found) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for found in reader.all_either(own, OTLP, "HEADERS").into_iter().rev() {
        if found.layer == Layer::File
            && endpoint.layer != Layer::File
            && has_endpoint(reader.layers().file, own)
        {
            reader.warning(format!(
                "{} is not sent, because it belongs to the endpoint beside it and {} names another one",
                found.place, endpoint.place
            ));
            continue;
        }
        add(reader, &found, &mut headers);
    }
    headers
}

fn has_endpoint(file: Option<&File>, own: &str) -> bool {
    [own, OTLP].iter().any(|prefix| {
        let variable = format!("{prefix}ENDPOINT");
        file.is_some_and(|file| file.entry(&variable).is_some())
    })
}

fn add(reader: &mut Reader<'_>, found: &Found, headers: &mut HeaderMap) {
    let pairs = match parse::pairs(&found.text) {
        Ok(pairs) => pairs,
        Err(remedy) => return reader.problem(found, "****".to_owned(), remedy),
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
                found,
                "****".to_owned(),
                "one of its keys is not an HTTP header name; expected key=value,key=value without quotes".to_owned(),
            ),
            (Ok(name), None) => reader.problem(
                found,
                format!("{name}=****"),
                "its value holds characters that an HTTP header cannot carry; percent-encode commas only".to_owned(),
            ),
        }
    }
}

fn secret_value(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
