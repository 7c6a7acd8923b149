//! The walk along the schema: every message below a request, and what is done in it.

use super::Treatment;
use super::overflow::Overflow;
use super::series::Series;
use super::value::{Change, Values, key};
use crate::otlp::schema::{Kind, Message, Role};
use crate::otlp::splice::Splice;
use crate::otlp::wire::{Field, Fields, Malformed, Scalar, put_key, put_varint};
use crate::relay::clock;

/// One walk through one request.
#[derive(Debug)]
pub(super) struct Walk<'t> {
    values: Values<'t>,
    attributes: u32,
    series: Option<&'t Series>,
    client: &'t str,
    offset: Option<i64>,
    /// Data points that were dropped.
    pub(super) lost: u64,
}

impl<'t> Walk<'t> {
    pub(super) fn new(treatment: &'t Treatment, client: &'t str, offset: Option<i64>) -> Self {
        Self {
            values: Values::new(
                &treatment.rules,
                &treatment.hasher,
                treatment.limits.value_length,
            ),
            attributes: treatment.limits.attributes.unwrap_or(u32::MAX),
            series: treatment.series.as_deref(),
            client,
            offset,
            lost: 0,
        }
    }

    /// Milliseconds that are added to all times.
    pub(super) fn offset(&self) -> Option<i64> {
        self.offset
    }

    /// Treats a message; `None` where it stays as it is. Recursion ends with the schema: values, the
    /// only messages within themselves, are not walked through here.
    pub(super) fn message(
        &mut self,
        kind: &'static Message,
        message: &[u8],
    ) -> Result<Option<Vec<u8>>, Malformed> {
        let mut splice = Splice::new(message);
        // Where nothing counts them, none is left out: data points would be mixed up.
        let count = kind.number_of(Role::DroppedAttributes);
        let most = count.map_or(u32::MAX, |_| self.attributes);
        let (mut kept, mut dropped, mut counted) = (0, 0u64, 0);
        for field in Fields::new(message) {
            let field = field?;
            let Some(known) = kind.field(field.number) else {
                splice.keep(&field);
                continue;
            };
            let other = match (known.role, field.content, known.kind) {
                (Role::Attributes, Some(_), _) if kept >= most => {
                    dropped += 1;
                    splice.skip(&field);
                    continue;
                }
                (Role::Attributes, Some(content), _) => {
                    let change = self.values.attribute(content)?;
                    kept += u32::from(change != Change::Drop);
                    put(&mut splice, &field, change);
                    continue;
                }
                (Role::Time, None, _) => {
                    self.time(&mut splice, &field);
                    continue;
                }
                (Role::DroppedAttributes, None, _) => {
                    counted = field.scalar.map_or(0, Scalar::bits);
                    None
                }
                (Role::Words, Some(content), _) => self.values.words(content)?,
                (Role::Value, Some(content), _) => self.values.value(content)?,
                (Role::Metric, Some(content), Kind::Message(inner)) => {
                    self.metric(inner, content)?
                }
                (_, Some(content), Kind::Message(inner)) => self.message(inner, content)?,
                _ => None,
            };
            splice.become_or_keep(&field, other.as_deref());
        }
        if let (Some(count), 1..) = (count, dropped) {
            // The last one counts, as in every protobuf reader.
            let sum = counted.saturating_add(dropped).min(u64::from(u32::MAX));
            splice.append(|out| {
                put_key(out, count, 0);
                put_varint(out, sum);
            });
        }
        Ok(splice.finish())
    }

    fn time(&self, splice: &mut Splice<'_>, field: &Field<'_>) {
        match (self.offset, field.scalar) {
            (Some(offset), Some(Scalar::Fixed64(nanos))) => {
                splice.replace_fixed64(field, clock::shifted(nanos, offset));
            }
            _ => splice.keep(field),
        }
    }

    /// A metric: its name is needed before its points, wherever it stands.
    fn metric(
        &mut self,
        kind: &'static Message,
        message: &[u8],
    ) -> Result<Option<Vec<u8>>, Malformed> {
        let mut name = &[][..];
        for field in Fields::new(message) {
            let field = field?;
            if let (1, Some(content)) = (field.number, field.content) {
                name = content;
            }
        }
        let name = std::str::from_utf8(name).map_err(|_| Malformed)?;
        let mut splice = Splice::new(message);
        for field in Fields::new(message) {
            let field = field?;
            let known = kind.field(field.number);
            let other = match (known.map(|known| (known.role, known.kind)), field.content) {
                (Some((Role::Attributes, _)), Some(content)) => {
                    let change = self.values.attribute(content)?;
                    put(&mut splice, &field, change);
                    continue;
                }
                (Some((_, Kind::Message(inner))), Some(content)) => {
                    self.points(inner, content, field.number, name)?
                }
                _ => None,
            };
            splice.become_or_keep(&field, other.as_deref());
        }
        Ok(splice.finish())
    }

    /// A gauge, sum or histogram; points with too many values become one.
    fn points(
        &mut self,
        kind: &'static Message,
        message: &[u8],
        number: u32,
        metric: &str,
    ) -> Result<Option<Vec<u8>>, Malformed> {
        let mut splice = Splice::new(message);
        let mut overflow = Overflow::default();
        for field in Fields::new(message) {
            let field = field?;
            let known = kind
                .field(field.number)
                .map(|known| (known.role, known.kind));
            let (Some((Role::Point, Kind::Message(inner))), Some(content)) = (known, field.content)
            else {
                splice.keep(&field);
                continue;
            };
            let treated = self.message(inner, content)?;
            let point = treated.as_deref().unwrap_or(content);
            if self.overflows(inner, point, metric)? {
                overflow.add(number, point)?;
                splice.skip(&field);
            } else {
                splice.become_or_keep(&field, treated.as_deref());
            }
        }
        self.lost += overflow.lost;
        if let Some(point) = overflow.point() {
            // The points are field 1 in each of them.
            splice.append(|out| crate::otlp::wire::put_bytes(out, 1, &point));
        }
        Ok(splice.finish())
    }

    /// Whether a point may have no series of its own: one of its attributes has had too many
    /// values, or it has too many attributes.
    fn overflows(
        &self,
        kind: &'static Message,
        point: &[u8],
        metric: &str,
    ) -> Result<bool, Malformed> {
        let (mut count, mut overflows) = (0u32, false);
        for field in Fields::new(point) {
            let field = field?;
            let known = kind.field(field.number);
            if let Some(content) = field.content
                && known.is_some_and(|known| known.role == Role::Attributes)
            {
                count += 1;
                if let Some(series) = self.series {
                    overflows |= !series.admits(self.client, metric, key(content)?, content);
                }
            }
        }
        Ok(overflows || count > self.attributes)
    }
}

fn put(splice: &mut Splice<'_>, field: &Field<'_>, change: Change) {
    match change {
        Change::Keep => splice.keep(field),
        Change::Drop => splice.skip(field),
        Change::To(content) => splice.replace(field, &content),
    }
}
