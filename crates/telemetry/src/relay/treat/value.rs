//! Attributes and their values on the way through.

use std::borrow::Cow;

use super::rules::{KeyAction, MASK, Rules};
use crate::otlp::edit::{Hasher, text_value};
use crate::otlp::splice::Splice;
use crate::otlp::view::key_value;
use crate::otlp::wire::{Fields, Malformed, put_bytes};

/// What only the relay says. A sender's attributes of these keys are left out wherever they stand.
const RESERVED: [&str; 4] = [
    super::SOURCE,
    super::CLIENT,
    super::CLOCK_OFFSET,
    super::CLOCK_CORRECTED,
];

/// Deeper values are refused, as by every protobuf reader.
const MAX_DEPTH: usize = 48;

/// Places for keys that are remembered within one request; a power of two.
const PLACES: usize = 128;

/// What becomes of an attribute.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    Keep,
    Drop,
    /// Another `KeyValue`.
    To(Vec<u8>),
}

/// Changes the values of one request.
#[derive(Debug)]
pub(super) struct Values<'r> {
    rules: &'r Rules,
    hasher: &'r Hasher,
    value_length: usize,
    /// The same keys come again and again.
    actions: Vec<Option<(Box<[u8]>, KeyAction)>>,
}

impl<'r> Values<'r> {
    pub(super) fn new(rules: &'r Rules, hasher: &'r Hasher, value_length: Option<u32>) -> Self {
        Self {
            rules,
            hasher,
            // 32 bits fit everywhere this can run.
            value_length: value_length.map_or(usize::MAX, |length| length as usize),
            actions: Vec::new(),
        }
    }

    /// An attribute: `KeyValue { key: 1, value: 2 }`.
    pub(super) fn attribute(&mut self, message: &[u8]) -> Result<Change, Malformed> {
        self.attribute_at(message, MAX_DEPTH)
    }

    fn attribute_at(&mut self, message: &[u8], depth: usize) -> Result<Change, Malformed> {
        let (key, value) = key_value(message)?;
        if key.starts_with(b"aether.") && RESERVED.iter().any(|own| own.as_bytes() == key) {
            return Ok(Change::Drop);
        }
        match self.action(key) {
            KeyAction::Delete => Ok(Change::Drop),
            KeyAction::Mask => Ok(Change::To(attribute(key, &text_value(MASK.as_bytes())))),
            KeyAction::Hash => Ok(Change::To(attribute(key, &self.hasher.hash(value)?))),
            KeyAction::Keep => {
                let mut splice = Splice::new(message);
                for field in Fields::new(message) {
                    let field = field?;
                    let value = match field.content {
                        Some(content) if field.number == 2 => self.any(content, depth)?,
                        _ => None,
                    };
                    splice.become_or_keep(&field, value.as_deref());
                }
                Ok(splice.finish().map_or(Change::Keep, Change::To))
            }
        }
    }

    /// The content of an `AnyValue`; `None` where it stays as it is.
    pub(super) fn value(&mut self, message: &[u8]) -> Result<Option<Vec<u8>>, Malformed> {
        self.any(message, MAX_DEPTH)
    }

    fn any(&mut self, message: &[u8], depth: usize) -> Result<Option<Vec<u8>>, Malformed> {
        let depth = depth.checked_sub(1).ok_or(Malformed)?;
        let mut splice = Splice::new(message);
        for field in Fields::new(message) {
            let field = field?;
            let content = field.content.unwrap_or_default();
            let other = match field.number {
                1 => self.words(content)?,
                5 | 6 => self.list(content, field.number == 6, depth)?,
                7 => content.get(..self.value_length).map(<[u8]>::to_vec),
                _ => None,
            };
            // Bytes of just that length are not cut.
            let other = other.filter(|other| other != content);
            splice.become_or_keep(&field, other.as_deref());
        }
        Ok(splice.finish())
    }

    /// An `ArrayValue` or a `KeyValueList`: both have their entries in field 1.
    fn list(
        &mut self,
        message: &[u8],
        keyed: bool,
        depth: usize,
    ) -> Result<Option<Vec<u8>>, Malformed> {
        let mut splice = Splice::new(message);
        for field in Fields::new(message) {
            let field = field?;
            let (1, Some(content)) = (field.number, field.content) else {
                splice.keep(&field);
                continue;
            };
            let change = match keyed {
                true => self.attribute_at(content, depth.checked_sub(1).ok_or(Malformed)?)?,
                false => self.any(content, depth)?.map_or(Change::Keep, Change::To),
            };
            match change {
                Change::Keep => splice.keep(&field),
                Change::Drop => splice.skip(&field),
                Change::To(content) => splice.replace(&field, &content),
            }
        }
        Ok(splice.finish())
    }

    /// A text; `None` where it stays as it is.
    pub(super) fn words(&self, content: &[u8]) -> Result<Option<Vec<u8>>, Malformed> {
        // A text has no more characters than bytes.
        if content.len() <= self.value_length && !self.rules.suspects(content) {
            return Ok(None);
        }
        let text = std::str::from_utf8(content).map_err(|_| Malformed)?;
        let mut text = self.rules.text(text);
        if text.len() > self.value_length
            && let Some((end, _)) = text.char_indices().nth(self.value_length)
        {
            text.to_mut().truncate(end);
        }
        Ok(match text {
            Cow::Borrowed(_) => None,
            Cow::Owned(text) => Some(text.into_bytes()),
        })
    }

    fn action(&mut self, key: &[u8]) -> KeyAction {
        if self.actions.is_empty() {
            self.actions.resize(PLACES, None);
        }
        // The last key of a place is remembered: there is no table that somebody could fill.
        let place = &mut self.actions[place(key)];
        if let Some((known, action)) = place
            && **known == *key
        {
            return *action;
        }
        let action = self.rules.key(key);
        *place = Some((key.into(), action));
        action
    }
}

/// Where a key is remembered.
fn place(key: &[u8]) -> usize {
    let mut hash = key.len() as u64;
    for eight in key.chunks(8) {
        let mut bytes = [0; 8];
        bytes[..eight.len()].copy_from_slice(eight);
        hash =
            (hash.rotate_left(5) ^ u64::from_le_bytes(bytes)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    // The upper bits are the best mixed; fewer than there are places.
    (hash >> 32) as usize % PLACES
}

/// The key of a `KeyValue`.
pub(super) fn key(message: &[u8]) -> Result<&str, Malformed> {
    let (key, _) = key_value(message)?;
    std::str::from_utf8(key).map_err(|_| Malformed)
}

/// `KeyValue { key: 1, value: 2 }` of an encoded `AnyValue`.
pub(super) fn attribute(key: &[u8], any: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(key.len() + any.len() + 8);
    put_bytes(&mut out, 1, key);
    put_bytes(&mut out, 2, any);
    out
}
