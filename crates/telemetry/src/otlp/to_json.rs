//! Protobuf to OTLP/JSON, in one pass over the tables of [`super::schema`].
//!
//! The counterpart of [`super::json`]: names in lowerCamelCase, ids in hexadecimal, enumerations
//! as numbers, 64-bit integers as strings. Fields that the tables do not know have no JSON name and
//! are left out. <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>

use std::borrow::Cow;
use std::fmt::Write;

use super::base64;
use super::schema::{self, Field, Kind, Message};
use super::wire::{Fields, Malformed, Scalar, packed};
use crate::Signal;

/// Messages nest this deep at most; values of attributes may hold values.
const MAX_DEPTH: usize = 64;

/// Translates a request. It holds no line break.
pub(crate) fn to_json(signal: Signal, protobuf: &[u8]) -> Result<String, Malformed> {
    let mut out = String::with_capacity(protobuf.len() * 2);
    message(schema::request(signal), protobuf, MAX_DEPTH, &mut out)?;
    Ok(out)
}

fn message(
    table: &Message,
    content: &[u8],
    depth: usize,
    out: &mut String,
) -> Result<(), Malformed> {
    let depth = depth.checked_sub(1).ok_or(Malformed)?;
    out.push('{');
    let mut first = true;
    // In the order of the table, so that repeated fields come together wherever they were.
    for field in table.fields {
        let mut values = String::new();
        let mut count = 0usize;
        let mut whole = None::<Cow<'_, [u8]>>;
        for found in Fields::new(content) {
            let found = found?;
            if found.number != field.number {
                continue;
            }
            match (field.kind, found.content) {
                // In pieces it is the same message as in one.
                (Kind::Message(_), Some(bytes)) if !field.repeated => match &mut whole {
                    Some(before) => before.to_mut().extend_from_slice(bytes),
                    None => whole = Some(Cow::Borrowed(bytes)),
                },
                (Kind::Message(inner), Some(bytes)) => {
                    next(field, &mut values, &mut count);
                    message(inner, bytes, depth, &mut values)?;
                }
                (Kind::Text | Kind::Bytes | Kind::Id(_), Some(bytes)) => {
                    next(field, &mut values, &mut count);
                    content_value(field.kind, bytes, &mut values)?;
                }
                // Numbers of a repeated field may stand in one block.
                (kind, Some(block)) if field.repeated => {
                    for scalar in packed(block, wire_type(kind).ok_or(Malformed)?) {
                        next(field, &mut values, &mut count);
                        number(kind, scalar?, &mut values);
                    }
                }
                (kind, None) => {
                    let scalar = found.scalar.ok_or(Malformed)?;
                    if wire_type(kind) != Some(scalar.wire_type()) {
                        return Err(Malformed);
                    }
                    next(field, &mut values, &mut count);
                    number(kind, scalar, &mut values);
                }
                _ => return Err(Malformed),
            }
        }
        if let (Kind::Message(inner), Some(whole)) = (field.kind, whole) {
            message(inner, &whole, depth, &mut values)?;
            count = 1;
        }
        if count == 0 {
            continue;
        }
        if !first {
            out.push(',');
        }
        first = false;
        out.push('"');
        out.push_str(field.json);
        out.push_str(if field.repeated { "\":[" } else { "\":" });
        out.push_str(&values);
        if field.repeated {
            out.push(']');
        }
    }
    out.push('}');
    Ok(())
}

/// Makes room for one more value: behind a comma in a list, instead of the last one elsewhere.
fn next(field: &Field, values: &mut String, count: &mut usize) {
    if field.repeated {
        if *count > 0 {
            values.push(',');
        }
    } else {
        values.clear();
    }
    *count += 1;
}

fn content_value(kind: Kind, bytes: &[u8], out: &mut String) -> Result<(), Malformed> {
    match kind {
        Kind::Text => {
            let text = std::str::from_utf8(bytes).map_err(|_| Malformed)?;
            // A text always has a JSON form.
            out.push_str(&serde_json::to_string(text).map_err(|_| Malformed)?);
        }
        Kind::Bytes => {
            out.push('"');
            out.push_str(&base64::encode(bytes));
            out.push('"');
        }
        _ => {
            out.push('"');
            for byte in bytes {
                // Writing to a string does not fail.
                let _ = write!(out, "{byte:02x}");
            }
            out.push('"');
        }
    }
    Ok(())
}

/// How a kind of number is written; `None` for what is no number.
fn wire_type(kind: Kind) -> Option<u8> {
    match kind {
        Kind::Bool | Kind::Enum | Kind::Uint32 | Kind::Sint32 | Kind::Int64 | Kind::Uint64 => {
            Some(0)
        }
        Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => Some(1),
        Kind::Fixed32 => Some(5),
        Kind::Text | Kind::Bytes | Kind::Id(_) | Kind::Message(_) => None,
    }
}

fn number(kind: Kind, scalar: Scalar, out: &mut String) {
    let bits = scalar.bits();
    // Signed numbers are the same bits read with a sign; narrow ones keep their low half, as
    // every reader of protobuf does. Writing to a string does not fail.
    let _ = match kind {
        Kind::Bool => write!(out, "{}", bits != 0),
        Kind::Enum => write!(out, "{}", bits as i32),
        Kind::Uint32 | Kind::Fixed32 => write!(out, "{}", bits as u32),
        Kind::Sint32 => {
            let bits = bits as u32;
            write!(out, "{}", (bits >> 1) as i32 ^ -((bits & 1) as i32))
        }
        Kind::Int64 | Kind::Sfixed64 => write!(out, "\"{}\"", bits as i64),
        Kind::Double => double(f64::from_bits(bits), out),
        _ => write!(out, "\"{bits}\""),
    };
}

fn double(value: f64, out: &mut String) -> std::fmt::Result {
    if value.is_finite() {
        // The shortest text that reads back as the same number; it is valid JSON.
        write!(out, "{value:?}")
    } else if value.is_nan() {
        out.write_str("\"NaN\"")
    } else if value > 0.0 {
        out.write_str("\"Infinity\"")
    } else {
        out.write_str("\"-Infinity\"")
    }
}

#[cfg(test)]
mod tests;
