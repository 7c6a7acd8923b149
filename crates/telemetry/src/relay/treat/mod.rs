//! What becomes of telemetry on its way through: marked, enriched, scrubbed, bounded, its times
//! corrected.
//!
//! Done on the encoded request in one walk along the [`schema`]. What needs no change is copied as
//! it was written, unknown fields included.

mod exponential;
mod overflow;
mod rules;
mod series;
mod stamp;
#[cfg(test)]
mod tests;
mod value;
mod walk;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::Signal;
use crate::config::{RelayLimits, RelaySettings};
use crate::otlp::edit::Hasher;
use crate::otlp::schema;
use crate::otlp::splice::Splice;
use crate::otlp::wire::{Fields, Malformed, put_bytes, put_key, put_varint};
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

/// What a resource may become longer before a request has to be moved, in bytes.
const ROOM: usize = 512;

/// What is done to every request.
#[derive(Debug)]
pub(super) struct Treatment {
    rules: Rules,
    hasher: Hasher,
    limits: RelayLimits,
    series: Option<Arc<Series>>,
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
            series: settings.limits.metric_values.map(Series::new).map(Arc::new),
            max_skew: settings.max_skew,
        })
    }

    /// Series that there are already stay, where as many are allowed as before.
    pub(super) fn go_on_from(&mut self, before: &Self) {
        if self.limits.metric_values == before.limits.metric_values {
            self.series.clone_from(&before.series);
        }
    }

    /// Treats a request that is in protobuf, in which `newest` is the newest time.
    pub(super) fn apply(
        &self,
        signal: Signal,
        request: &[u8],
        newest: Option<u64>,
        stamp: &Stamp,
    ) -> Result<Treated, Malformed> {
        let offset = self.max_skew.and_then(|threshold| {
            let (sent_at, now) = (stamp.sent_at, stamp.received);
            super::clock::offset(sent_at, newest, now, threshold)
        });
        let mut walk = Walk::new(self, stamp.client.as_deref().unwrap_or_default(), offset);
        let mut body = Vec::with_capacity(request.len() + ROOM);
        // Resource spans, resource logs and resource metrics are field 1 of the requests.
        let parts = schema::request(signal).field(1).map(|field| field.kind);
        for field in Fields::new(request) {
            let field = field?;
            match (field.number, field.content, parts) {
                (1, Some(content), Some(schema::Kind::Message(kind))) => {
                    resource_part(&mut walk, kind, content, signal, stamp, &mut body)?;
                }
                _ => body.extend_from_slice(field.raw),
            }
        }
        Ok(Treated {
            body,
            lost: walk.lost,
        })
    }
}

/// Resource spans, logs or metrics, put into `body`: the resource gets what the relay knows about
/// the sender.
fn resource_part(
    walk: &mut Walk<'_>,
    kind: &'static schema::Message,
    message: &[u8],
    signal: Signal,
    stamp: &Stamp,
    body: &mut Vec<u8>,
) -> Result<(), Malformed> {
    // A message may be written in several pieces; their concatenation is the merged message.
    let mut resource = Cow::Borrowed(&[][..]);
    for field in Fields::new(message) {
        let field = field?;
        if let (1, Some(content)) = (field.number, field.content) {
            match resource.is_empty() {
                true => resource = Cow::Borrowed(content),
                false => resource.to_mut().extend_from_slice(content),
            }
        }
    }
    let own = stamp.without_own(&resource)?;
    let own = own.as_deref().unwrap_or(&resource);
    let mut resource = match walk.message(&schema::RESOURCE, own)? {
        Some(treated) => treated,
        None => own.to_vec(),
    };
    stamp.write(&mut resource, signal, walk.offset())?;
    let mut splice = Splice::new(message);
    for field in Fields::new(message) {
        let field = field?;
        let known = kind.field(field.number).map(|known| known.kind);
        let other = match (field.number, field.content, known) {
            (1, Some(_), _) => {
                splice.skip(&field);
                continue;
            }
            (_, Some(content), Some(schema::Kind::Message(inner))) => {
                walk.message(inner, content)?
            }
            _ => None,
        };
        splice.become_or_keep(&field, other.as_deref());
    }
    let rest = splice.finish();
    let rest = rest.as_deref().unwrap_or(message);
    put_key(body, 1, 2);
    let own = field_length(resource.len());
    put_varint(body, (own + rest.len()) as u64);
    put_bytes(body, 1, &resource);
    body.extend_from_slice(rest);
    Ok(())
}

/// Bytes of a field of a number below 16 with a content of so many bytes.
fn field_length(content: usize) -> usize {
    let bits = usize::BITS - (content | 1).leading_zeros();
    1 + bits.div_ceil(7) as usize + content
}
