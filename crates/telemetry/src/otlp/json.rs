//! OTLP/JSON to protobuf, in one pass and without an intermediate tree.
//!
//! <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>: names in lowerCamelCase,
//! ids in hexadecimal, enumerations as numbers, 64-bit integers as strings (numbers are accepted),
//! unknown names ignored. `null` counts as absent, and messages may be empty.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};

use super::base64;
use super::schema::{self, Field, Kind, Message};
use super::wire::{put_bytes, put_key, put_varint};
use crate::Signal;

/// Translates a request; the error is a sentence for the sender.
pub(crate) fn to_protobuf(signal: Signal, json: &[u8]) -> Result<Vec<u8>, String> {
    let failed = |error: serde_json::Error| format!("not an OTLP {signal} request: {error}");
    let mut out = Vec::with_capacity(json.len() / 2);
    let mut reader = serde_json::Deserializer::from_slice(json);
    let message = schema::request(signal);
    let visitor = MessageVisitor {
        message,
        out: &mut out,
    };
    reader.deserialize_map(visitor).map_err(failed)?;
    reader.end().map_err(failed)?;
    Ok(out)
}

/// Writes the fields of a JSON object.
struct MessageVisitor<'out> {
    message: &'static Message,
    out: &'out mut Vec<u8>,
}

impl<'de> Visitor<'de> for MessageVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(field) = map.next_key_seed(FieldName(self.message))? {
            match field {
                Some(field) => map.next_value_seed(Value {
                    field,
                    mode: Mode::Field,
                    out: self.out,
                })?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Finds the field of a name without copying the name.
struct FieldName(&'static Message);

impl<'de> DeserializeSeed<'de> for FieldName {
    type Value = Option<&'static Field>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for FieldName {
    type Value = Option<&'static Field>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.fields.iter().find(|field| field.json == name))
    }
}

/// Where a value is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// As the field: an array where it is repeated.
    Field,
    /// As one entry of a repeated field, with its key.
    Entry,
    /// As one entry of a packed field, without key.
    Packed,
}

/// One JSON value for a field.
struct Value<'out> {
    field: &'static Field,
    mode: Mode,
    out: &'out mut Vec<u8>,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Value<'_> {
    fn wrong<E: Error>(&self, found: Unexpected<'_>) -> E {
        E::invalid_type(found, self)
    }

    fn takes_list(&self) -> bool {
        self.mode == Mode::Field && self.field.repeated
    }

    fn key(&mut self, wire_type: u8) {
        if self.mode != Mode::Packed {
            put_key(self.out, self.field.number, wire_type);
        }
    }

    fn varint<E>(&mut self, value: u64) -> Result<(), E> {
        self.key(0);
        put_varint(self.out, value);
        Ok(())
    }

    fn fixed32<E>(&mut self, value: u32) -> Result<(), E> {
        self.key(5);
        self.out.extend_from_slice(&value.to_le_bytes());
        Ok(())
    }

    fn fixed64<E>(&mut self, value: [u8; 8]) -> Result<(), E> {
        self.key(1);
        self.out.extend_from_slice(&value);
        Ok(())
    }

    /// An integer of any kind. `i128` holds every 64-bit number, signed or not.
    fn integer<E: Error>(mut self, value: i128) -> Result<(), E> {
        let out_of_range = |this: &Self| {
            E::custom(format_args!(
                "{value} is out of range for `{}`",
                this.field.json
            ))
        };
        if self.takes_list() {
            return Err(E::custom(format_args!("`{}` is a list", self.field.json)));
        }
        match self.field.kind {
            Kind::Uint32 => match u32::try_from(value) {
                Ok(value) => self.varint(u64::from(value)),
                Err(_) => Err(out_of_range(&self)),
            },
            Kind::Fixed32 => match u32::try_from(value) {
                Ok(value) => self.fixed32(value),
                Err(_) => Err(out_of_range(&self)),
            },
            Kind::Enum => match i32::try_from(value) {
                // Negative numbers are written sign-extended to 64 bits.
                Ok(value) => self.varint(i64::from(value).cast_unsigned()),
                Err(_) => Err(out_of_range(&self)),
            },
            Kind::Sint32 => match i32::try_from(value) {
                // Zigzag: small numbers of either sign stay short.
                Ok(value) => {
                    let zigzag = (value << 1 ^ value >> 31).cast_unsigned();
                    self.varint(u64::from(zigzag))
                }
                Err(_) => Err(out_of_range(&self)),
            },
            Kind::Int64 | Kind::Sfixed64 => match i64::try_from(value) {
                Ok(value) if matches!(self.field.kind, Kind::Int64) => {
                    self.varint(value.cast_unsigned())
                }
                Ok(value) => self.fixed64(value.to_le_bytes()),
                Err(_) => Err(out_of_range(&self)),
            },
            Kind::Uint64 | Kind::Fixed64 => match u64::try_from(value) {
                Ok(value) if matches!(self.field.kind, Kind::Uint64) => self.varint(value),
                Ok(value) => self.fixed64(value.to_le_bytes()),
                Err(_) => Err(out_of_range(&self)),
            },
            // Every number JSON can hold is a double, some of them rounded.
            Kind::Double => self.fixed64((value as f64).to_le_bytes()),
            _ => Err(self.wrong(Unexpected::Other("a number"))),
        }
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.field.kind {
            _ if self.takes_list() => "a list",
            Kind::Text => "a string",
            Kind::Bool => "true or false",
            Kind::Enum => "a number (names of enumerations are not allowed)",
            Kind::Uint32 | Kind::Sint32 | Kind::Fixed32 => "an integer",
            Kind::Int64 | Kind::Uint64 | Kind::Fixed64 | Kind::Sfixed64 => {
                "a 64-bit integer as string or number"
            }
            Kind::Double => "a number, \"NaN\", \"Infinity\" or \"-Infinity\"",
            Kind::Bytes => "a base64 string",
            Kind::Id(16) => "a trace id of 32 hexadecimal digits",
            Kind::Id(_) => "a span id of 16 hexadecimal digits",
            Kind::Message(_) => "an object",
        };
        write!(f, "{kind} for `{}`", self.field.json)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        match self.mode {
            Mode::Field => Ok(()),
            // An entry of a list cannot be absent.
            Mode::Entry | Mode::Packed => Err(self.wrong(Unexpected::Unit)),
        }
    }

    fn visit_bool<E: Error>(mut self, value: bool) -> Result<(), E> {
        match self.field.kind {
            Kind::Bool if !self.takes_list() => self.varint(u64::from(value)),
            _ => Err(self.wrong(Unexpected::Bool(value))),
        }
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.integer(i128::from(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.integer(i128::from(value))
    }

    fn visit_f64<E: Error>(mut self, value: f64) -> Result<(), E> {
        if matches!(self.field.kind, Kind::Double) && !self.takes_list() {
            return self.fixed64(value.to_le_bytes());
        }
        // 1e3 is an integer, too; up to 2^53 it is exact.
        if value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0 {
            return self.integer(value as i128);
        }
        Err(self.wrong(Unexpected::Float(value)))
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<(), E> {
        let number = self.field.number;
        if self.takes_list() {
            return Err(self.wrong(Unexpected::Str(text)));
        }
        match self.field.kind {
            Kind::Text => {
                put_bytes(self.out, number, text.as_bytes());
                Ok(())
            }
            Kind::Bytes => match base64::decode(text) {
                Some(bytes) => {
                    put_bytes(self.out, number, &bytes);
                    Ok(())
                }
                None => Err(E::invalid_value(Unexpected::Str("not base64"), &self)),
            },
            Kind::Id(_) if text.is_empty() => Ok(()),
            Kind::Id(length) => match hex(text, length) {
                Some(bytes) => {
                    put_bytes(self.out, number, &bytes);
                    Ok(())
                }
                None => Err(E::invalid_value(Unexpected::Str(text), &self)),
            },
            Kind::Double => match text {
                "NaN" | "Infinity" | "-Infinity" => {
                    let value = match text {
                        "NaN" => f64::NAN,
                        "Infinity" => f64::INFINITY,
                        _ => f64::NEG_INFINITY,
                    };
                    self.fixed64(value.to_le_bytes())
                }
                _ => match text.parse::<f64>() {
                    Ok(value) if value.is_finite() => self.fixed64(value.to_le_bytes()),
                    _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
                },
            },
            Kind::Enum | Kind::Bool | Kind::Message(_) => Err(self.wrong(Unexpected::Str(text))),
            _ => match text.parse::<i128>() {
                Ok(value) => self.integer(value),
                Err(_) => Err(E::invalid_value(Unexpected::Str(text), &self)),
            },
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        if !self.takes_list() {
            return Err(self.wrong(Unexpected::Seq));
        }
        let field = self.field;
        let delimited = matches!(
            field.kind,
            Kind::Text | Kind::Bytes | Kind::Id(_) | Kind::Message(_)
        );
        if delimited {
            let mode = Mode::Entry;
            let out = self.out;
            while list
                .next_element_seed(Value { field, mode, out })?
                .is_some()
            {}
            return Ok(());
        }
        let mut packed = Vec::new();
        while list
            .next_element_seed(Value {
                field,
                mode: Mode::Packed,
                out: &mut packed,
            })?
            .is_some()
        {}
        if !packed.is_empty() {
            put_bytes(self.out, field.number, &packed);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let Kind::Message(message) = self.field.kind else {
            return Err(self.wrong(Unexpected::Map));
        };
        if self.takes_list() {
            return Err(self.wrong(Unexpected::Map));
        }
        let mut content = Vec::new();
        MessageVisitor {
            message,
            out: &mut content,
        }
        .visit_map(map)?;
        put_bytes(self.out, self.field.number, &content);
        Ok(())
    }
}

fn hex(text: &str, length: usize) -> Option<Vec<u8>> {
    if text.len() != length * 2 || !text.is_ascii() {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    text.as_bytes()
        .chunks(2)
        .map(|pair| {
            let value = digit(pair[0])? << 4 | digit(pair[1])?;
            u8::try_from(value).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests;
