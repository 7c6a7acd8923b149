//! MessagePack as JSON text: for carriers, which are small, and for those who ask for arguments.

use aether_propagation::Reject;

use super::cut::CarrierBytes;
use super::read::{Head, Reader};

/// Deepest nesting that is written.
const MAX_DEPTH: u8 = 64;

/// The JSON of one value that is all of `bytes`; `None` for anything else. Binary data and
/// extensions are `null`, as are numbers JSON does not have; keys that are numbers become text.
pub(in crate::socketio) fn to_json(bytes: &[u8]) -> Option<String> {
    let mut reader = Reader::new(bytes);
    // Most values are a little longer as text.
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 2);
    write(&mut reader, MAX_DEPTH, &mut out)?;
    let text = String::from_utf8(out).ok()?;
    reader.is_at_end().then_some(text)
}

/// A carrier as the text that is read everywhere else.
pub(in crate::socketio) fn text(carrier: CarrierBytes<'_>) -> Result<String, Reject> {
    to_json(carrier?).ok_or(Reject::Malformed)
}

fn write(reader: &mut Reader<'_>, depth: u8, out: &mut Vec<u8>) -> Option<()> {
    match reader.head()? {
        Head::Nil | Head::Opaque => out.extend_from_slice(b"null"),
        Head::Bool(value) => scalar(&value, out)?,
        Head::Signed(value) => scalar(&value, out)?,
        Head::Unsigned(value) => scalar(&value, out)?,
        Head::Float(value) => scalar(&value, out)?,
        Head::Text(text) => scalar(std::str::from_utf8(text).ok()?, out)?,
        Head::Array(count) => {
            let depth = depth.checked_sub(1)?;
            out.push(b'[');
            for index in 0..count {
                if index > 0 {
                    out.push(b',');
                }
                write(reader, depth, out)?;
            }
            out.push(b']');
        }
        Head::Map(count) => {
            let depth = depth.checked_sub(1)?;
            out.push(b'{');
            for index in 0..count {
                if index > 0 {
                    out.push(b',');
                }
                key(reader.head()?, out)?;
                out.push(b':');
                write(reader, depth, out)?;
            }
            out.push(b'}');
        }
    }
    Some(())
}

fn key(head: Head<'_>, out: &mut Vec<u8>) -> Option<()> {
    match head {
        Head::Text(text) => scalar(std::str::from_utf8(text).ok()?, out),
        Head::Signed(value) => scalar(&value.to_string(), out),
        Head::Unsigned(value) => scalar(&value.to_string(), out),
        _ => None,
    }
}

fn scalar<T: serde::Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Option<()> {
    serde_json::to_writer(out, value).ok()
}
