//! What becomes of telemetry on its way through: marked, enriched, scrubbed, bounded, its times
//! corrected.
//!
//! Done on the encoded request in one walk along the [`schema`]. What needs no change is copied as
//! it was written, unknown fields included.

mod overflow;
mod rules;
mod series;
mod stamp;
#[cfg(test)]
mod tests;
mod value;
mod walk;

use std::time::Duration;

use crate::Signal;
use crate::config::{RelayLimits, RelaySettings};
use crate::otlp::edit::Hasher;
use crate::otlp::schema;
use crate::otlp::wire::{Fields, Malformed, put_bytes};
use rules::Rules;
use series::Series;
pub(super) use stamp::{MAX_USER_AGENT, Stamp};
use walk::Walk;

/// Where relayed telemetry is from: `browser`.
const SOURCE: &str = "aether.source";
/// Whose key it came with.
const CLIENT: &str = "aether.client";
/// Milliseconds that were added to its times.
const CLOCK_OFFSET: &str = "aether.clock.offset_ms";
/// Whether something was.
const CLOCK_CORRECTED: &str = "aether.clock.corrected";

/// What is done to every request.
#[derive(Debug)]
pub(super) struct Treatment {
    rules: Rules,
    hasher: Hasher,
    limits: RelayLimits,
    series: Option<Series>,
    max_skew: Option<Duration>,
}

/// What came out.
#[derive(Debug)]
pub(super) struct Treated {
    pub(super) body: Vec<u8>,
    /// Data points that were dropped, because no series could take them.
    pub(super) lost: u64,
}

impl Treatment {
    /// # Errors
    /// A sentence, where the rules cannot be used.
    pub(super) fn new(settings: &RelaySettings, hash_key: Option<&[u8]>) -> Result<Self, String> {
        Ok(Self {
            hasher: Hasher::new(hash_key),
            rules: Rules::new(&settings.scrub)?,
            limits: settings.limits,
            series: settings.limits.metric_values.map(Series::new),
            max_skew: settings.max_skew,
        })
    }

    /// Treats a request that is in protobuf.
    pub(super) fn apply(
        &self,
        signal: Signal,
        request: &[u8],
        stamp: &Stamp,
    ) -> Result<Treated, Malformed> {
        let offset = self.offset(signal, request, stamp)?;
        let mut walk = Walk::new(self, stamp.client.as_deref().unwrap_or_default(), offset);
        let mut body = Vec::with_capacity(request.len() + 256);
        // Resource spans, resource logs and resource metrics are field 1 of the requests.
        let parts = schema::request(signal).field(1).map(|field| field.kind);
        for field in Fields::new(request) {
            let field = field?;
            match (field.number, field.content, parts) {
                (1, Some(content), Some(schema::Kind::Message(kind))) => {
                    let part = resource_part(&mut walk, kind, content, signal, stamp)?;
                    put_bytes(&mut body, 1, &part);
                }
                _ => body.extend_from_slice(field.raw),
            }
        }
        Ok(Treated {
            body,
            lost: walk.lost,
        })
    }

    fn offset(
        &self,
        signal: Signal,
        request: &[u8],
        stamp: &Stamp,
    ) -> Result<Option<i64>, Malformed> {
        let Some(threshold) = self.max_skew else {
            return Ok(None);
        };
        let newest = match stamp.sent_at {
            Some(_) => None,
            None => walk::newest(schema::request(signal), request)?,
        };
        let (sent_at, now) = (stamp.sent_at, stamp.received);
        Ok(super::clock::offset(sent_at, newest, now, threshold))
    }
}

/// Resource spans, logs or metrics: the resource gets what the relay knows about the sender.
fn resource_part(
    walk: &mut Walk<'_>,
    kind: &'static schema::Message,
    message: &[u8],
    signal: Signal,
    stamp: &Stamp,
) -> Result<Vec<u8>, Malformed> {
    // A message may be written in several pieces; their concatenation is the merged message.
    let mut resource = Vec::new();
    let mut rest = Vec::with_capacity(message.len());
    for field in Fields::new(message) {
        let field = field?;
        match (field.number, field.content) {
            (1, Some(content)) => resource.extend_from_slice(content),
            _ => rest.extend_from_slice(field.raw),
        }
    }
    let resource = stamp.without_own(&resource)?;
    let mut resource = walk
        .message(&schema::RESOURCE, &resource)?
        .unwrap_or(resource);
    stamp.write(&mut resource, signal, walk.offset())?;
    let mut out = Vec::with_capacity(resource.len() + rest.len() + 8);
    put_bytes(&mut out, 1, &resource);
    match walk.message(kind, &rest)? {
        Some(rest) => out.extend_from_slice(&rest),
        None => out.extend_from_slice(&rest),
    }
    Ok(out)
}
