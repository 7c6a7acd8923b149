//! How fast and in what pieces a destination is sent to: `AETHER_TELEMETRY_SEND_*`.

use reqwest::Url;

use super::hosts::{is_datadog, is_new_relic};
use super::parse;
use super::reader::Reader;

/// How fast and in what pieces a destination is sent to. What exceeds it waits in the queue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flow {
    /// Largest request in bytes, as protobuf before compression; larger ones are sent in parts,
    /// unless there is a single item in them (`AETHER_TELEMETRY_SEND_MAX_BYTES`). Default: none,
    /// but 3 200 000 for Datadog's hosts and 1 000 000 for New Relic's.
    pub max_request_bytes: Option<usize>,
    /// Most requests in a second, repetitions included (`AETHER_TELEMETRY_SEND_REQUESTS_PER_SECOND`).
    /// A second's worth may go at once. Default: any.
    pub requests_per_second: Option<f64>,
    /// Most bytes in a second, as they are sent (`AETHER_TELEMETRY_SEND_BYTES_PER_SECOND`). A
    /// second's worth may go at once. Default: any.
    pub bytes_per_second: Option<f64>,
    /// Most requests that are under way at a time (`AETHER_TELEMETRY_SEND_CONCURRENCY`), 1 to 64.
    /// With more than one, requests may arrive in another order. Default: 4.
    pub concurrency: usize,
}

impl Default for Flow {
    fn default() -> Self {
        Self {
            max_request_bytes: None,
            requests_per_second: None,
            bytes_per_second: None,
            concurrency: 4,
        }
    }
}

impl Flow {
    /// With what the vendor of a host is known to take, where nothing is said.
    pub(super) fn for_host(self, url: &Url) -> Self {
        let known = if is_datadog(url) {
            Some(3_200_000)
        } else if is_new_relic(url) {
            Some(1_000_000)
        } else {
            None
        };
        Self {
            max_request_bytes: self.max_request_bytes.or(known),
            ..self
        }
    }
}

/// What is set, and the rest from `default`.
pub(super) fn read(reader: &mut Reader<'_>, default: Flow) -> Flow {
    let max_request_bytes = reader.value("AETHER_TELEMETRY_SEND_MAX_BYTES", |text| {
        parse::bytes(text, 1024, 256 * 1024 * 1024)
    });
    let requests = reader.value("AETHER_TELEMETRY_SEND_REQUESTS_PER_SECOND", rate);
    let bytes = reader.value("AETHER_TELEMETRY_SEND_BYTES_PER_SECOND", rate);
    let concurrency = reader.value("AETHER_TELEMETRY_SEND_CONCURRENCY", |text| {
        let number = text.parse().ok().filter(|number| (1..=64).contains(number));
        number.ok_or_else(|| "expected a whole number from 1 to 64".to_owned())
    });
    Flow {
        max_request_bytes: max_request_bytes.or(default.max_request_bytes),
        requests_per_second: requests.or(default.requests_per_second),
        bytes_per_second: bytes.or(default.bytes_per_second),
        concurrency: concurrency.unwrap_or(default.concurrency),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.001..=1e12).contains(&value) => Ok(value),
        _ => Err("expected a number above 0, for example 10 or 0.5".to_owned()),
    }
}
