//! Sets, deletes and hashes attributes of one message: everything else in it stays as it was
//! written, fields this library does not know included.

use std::borrow::Cow;

use ring::{digest, hmac};

use super::view::{Holder, Value, key_value};
use super::wire::{Fields, Malformed, put_bytes, put_key, put_varint};

/// Hexadecimal digits of a hash: 128 bits, so that no two values meet.
const HASH_DIGITS: usize = 32;

/// One change.
#[derive(Debug)]
pub(crate) enum Edit {
    /// The key, and the `AnyValue` that it has afterwards.
    Set(Box<[u8]>, Vec<u8>),
    Delete(Keys),
    Hash(Keys),
}

/// The keys that a change is for.
#[derive(Debug)]
pub(crate) enum Keys {
    One(Box<[u8]>),
    Like(regex::bytes::Regex),
}

impl Keys {
    fn contains(&self, key: &[u8]) -> bool {
        match self {
            Self::One(own) => **own == *key,
            Self::Like(pattern) => pattern.is_match(key),
        }
    }
}

/// How values are hashed.
#[derive(Debug)]
pub(crate) struct Hasher(Option<hmac::Key>);

impl Hasher {
    /// With that key, or with none.
    pub(crate) fn new(key: Option<&[u8]>) -> Self {
        Self(key.map(|key| hmac::Key::new(hmac::HMAC_SHA256, key)))
    }

    /// What stands for this `AnyValue`. Texts are hashed as they are, numbers and truth values as
    /// they are usually written, everything else as it is encoded.
    pub(crate) fn hash(&self, any: &[u8]) -> Result<Vec<u8>, Malformed> {
        let written = match Value::read(any)? {
            Value::Text(text) => Cow::Borrowed(text),
            Value::Bool(truth) => Cow::Owned(truth.to_string().into_bytes()),
            Value::Int(number) => Cow::Owned(number.to_string().into_bytes()),
            Value::Double(number) => Cow::Owned(number.to_string().into_bytes()),
            Value::Other => Cow::Borrowed(any),
        };
        let mut text = String::with_capacity(2 * 32);
        let mut write = |bytes: &[u8]| {
            for byte in &bytes[..HASH_DIGITS / 2] {
                for digit in [byte >> 4, byte & 15] {
                    // Below 16, so there is always one.
                    text.extend(char::from_digit(u32::from(digit), 16));
                }
            }
        };
        match &self.0 {
            Some(key) => write(hmac::sign(key, &written).as_ref()),
            None => write(digest::digest(&digest::SHA256, &written).as_ref()),
        }
        Ok(text_value(text.as_bytes()))
    }
}

/// The `AnyValue` of a text.
pub(crate) fn text_value(text: &[u8]) -> Vec<u8> {
    let mut any = Vec::with_capacity(text.len() + 4);
    put_bytes(&mut any, 1, text);
    any
}

/// The `AnyValue` of a truth value.
pub(crate) fn bool_value(truth: bool) -> Vec<u8> {
    number_value(2, 0, |out| put_varint(out, truth.into()))
}

/// The `AnyValue` of a whole number.
pub(crate) fn int_value(number: i64) -> Vec<u8> {
    // Two's complement, as protobuf has it.
    number_value(3, 0, |out| put_varint(out, number as u64))
}

/// The `AnyValue` of another number.
pub(crate) fn double_value(number: f64) -> Vec<u8> {
    number_value(4, 1, |out| {
        out.extend_from_slice(&number.to_bits().to_le_bytes());
    })
}

fn number_value(field: u32, wire_type: u8, write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut any = Vec::new();
    put_key(&mut any, field, wire_type);
    write(&mut any);
    any
}

/// An attribute under way.
struct Attribute<'a> {
    key: &'a [u8],
    /// What it is now, an `AnyValue`; `None` where it is as it was.
    changed: Option<Cow<'a, [u8]>>,
    was: &'a [u8],
    raw: &'a [u8],
}

/// Appends `message` with its attributes changed. In what it holds besides (the events and links of a
/// span, the examples of a data point) attributes are deleted and hashed, too, so that no value stays
/// that is not to leave; what is set, is set in the message alone.
pub(crate) fn apply(
    message: &[u8],
    holder: &Holder,
    edits: &[&Edit],
    hasher: &Hasher,
    out: &mut Vec<u8>,
) -> Result<(), Malformed> {
    let spreading = if holder.parts.is_empty() {
        Vec::new()
    } else {
        let spreads = |edit: &&Edit| !matches!(edit, Edit::Set(..));
        edits.iter().copied().filter(spreads).collect()
    };
    let mut attributes = Vec::new();
    for field in Fields::new(message) {
        let field = field?;
        let Some(content) = field.content else {
            out.extend_from_slice(field.raw);
            continue;
        };
        if field.number == holder.attributes {
            let (key, value) = key_value(content)?;
            attributes.push(Attribute {
                key,
                changed: None,
                was: value,
                raw: field.raw,
            });
            continue;
        }
        match holder.part(field.number) {
            Some(part) if concerns(content, part, &spreading)? => {
                let mut inner = Vec::with_capacity(content.len());
                // Ends, because parts have no parts.
                apply(content, part, &spreading, hasher, &mut inner)?;
                put_bytes(out, field.number, &inner);
            }
            _ => out.extend_from_slice(field.raw),
        }
    }
    for edit in edits {
        match edit {
            Edit::Delete(keys) => attributes.retain(|one| !keys.contains(one.key)),
            Edit::Hash(keys) => {
                for one in &mut attributes {
                    if keys.contains(one.key) {
                        let value = one.changed.as_deref().unwrap_or(one.was);
                        one.changed = Some(Cow::Owned(hasher.hash(value)?));
                    }
                }
            }
            Edit::Set(key, value) => {
                attributes.retain(|one| *one.key != **key);
                attributes.push(Attribute {
                    key,
                    changed: Some(Cow::Borrowed(value)),
                    was: &[],
                    raw: &[],
                });
            }
        }
    }
    for one in attributes {
        let Some(value) = one.changed else {
            out.extend_from_slice(one.raw);
            continue;
        };
        let mut content = Vec::with_capacity(one.key.len() + value.len() + 8);
        put_bytes(&mut content, 1, one.key);
        put_bytes(&mut content, 2, &value);
        put_bytes(out, holder.attributes, &content);
    }
    Ok(())
}

/// Whether any attribute of a message is deleted or hashed.
fn concerns(message: &[u8], holder: &Holder, edits: &[&Edit]) -> Result<bool, Malformed> {
    for field in Fields::new(message) {
        let field = field?;
        if let Some(content) = field.content
            && field.number == holder.attributes
        {
            let (key, _) = key_value(content)?;
            let is_meant = |edit: &&Edit| match edit {
                Edit::Delete(keys) | Edit::Hash(keys) => keys.contains(key),
                Edit::Set(..) => false,
            };
            if edits.iter().any(is_meant) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests;
