//! Marks every resource of a request with where it came from.
//!
//! The request is spliced, not re-encoded: fields this library does not know survive. A sender
//! cannot forge the mark, because attributes of that key are removed first.

use super::wire::{Fields, Malformed, put_bytes};

/// Returns `request` with the string attribute `key` set to `value` in each of its resources.
///
/// All three kinds of request share the numbers this needs: resource spans/logs/metrics are
/// field 1 of the request, the resource is field 1 of those, its attributes are field 1 of the
/// resource, the key is field 1 of an attribute.
pub(crate) fn mark(request: &[u8], key: &str, value: &str) -> Result<Vec<u8>, Malformed> {
    let mut out = Vec::with_capacity(request.len() + 64);
    for field in Fields::new(request) {
        let field = field?;
        match (field.number, field.content) {
            (1, Some(content)) => put_bytes(&mut out, 1, &mark_one(content, key, value)?),
            _ => out.extend_from_slice(field.raw),
        }
    }
    Ok(out)
}

fn mark_one(message: &[u8], key: &str, value: &str) -> Result<Vec<u8>, Malformed> {
    // A message may be written in several pieces; their concatenation is the merged message.
    let mut resource = Vec::new();
    let mut rest = Vec::with_capacity(message.len());
    for field in Fields::new(message) {
        let field = field?;
        match (field.number, field.content) {
            (1, Some(content)) => {
                for inner in Fields::new(content) {
                    let inner = inner?;
                    if !is_attribute(inner.number, inner.content, key)? {
                        resource.extend_from_slice(inner.raw);
                    }
                }
            }
            _ => rest.extend_from_slice(field.raw),
        }
    }
    put_bytes(&mut resource, 1, &attribute(key, value));
    let mut out = Vec::with_capacity(resource.len() + rest.len() + 8);
    put_bytes(&mut out, 1, &resource);
    out.extend_from_slice(&rest);
    Ok(out)
}

fn is_attribute(number: u32, content: Option<&[u8]>, key: &str) -> Result<bool, Malformed> {
    let (1, Some(content)) = (number, content) else {
        return Ok(false);
    };
    let mut found = false;
    for field in Fields::new(content) {
        let field = field?;
        // The last key counts, as in every protobuf reader.
        if field.number == 1 {
            found = field.content == Some(key.as_bytes());
        }
    }
    Ok(found)
}

/// `KeyValue { key: 1, value: 2 { string_value: 1 } }`
fn attribute(key: &str, value: &str) -> Vec<u8> {
    let mut any = Vec::new();
    put_bytes(&mut any, 1, value.as_bytes());
    let mut out = Vec::new();
    put_bytes(&mut out, 1, key.as_bytes());
    put_bytes(&mut out, 2, &any);
    out
}

#[cfg(test)]
mod tests;
