//! How much memory a request takes once it is decoded, told from its bytes.
//!
//! An empty span is two bytes on the wire and some three hundred in memory, and the wire form
//! compresses to nothing: a bound on bytes alone lets a request of 4 kB take a gigabyte. So what
//! is decoded is weighed first.

use super::schema::{self, Kind, Message};
use super::wire::{Fields, Malformed};
use crate::Signal;

/// Deeper messages are refused by the decoder itself.
const MAX_DEPTH: usize = 100;

/// A `String`, `Vec` or pointer with its bookkeeping.
const HANDLE: usize = 24;

/// Whether a request takes at most `limit` bytes when decoded, contents of texts not counted.
///
/// # Errors
/// [`Malformed`] where it is no protobuf.
pub(crate) fn fits(signal: Signal, request: &[u8], limit: usize) -> Result<bool, Malformed> {
    let mut left = limit;
    weigh(schema::request(signal), request, MAX_DEPTH, &mut left)
}

/// Takes what the parts of `message` weigh from `left`; `false` once that is not enough.
fn weigh(
    kind: &'static Message,
    message: &[u8],
    depth: usize,
    left: &mut usize,
) -> Result<bool, Malformed> {
    let Some(depth) = depth.checked_sub(1) else {
        return Ok(true);
    };
    for field in Fields::new(message) {
        let field = field?;
        let Some(content) = field.content else {
            continue;
        };
        let Some(known) = kind.0.iter().find(|known| known.number == field.number) else {
            continue;
        };
        // What is not repeated is part of the message around it, which has been weighed.
        let own = match known.kind {
            _ if !known.repeated => 0,
            Kind::Message(inner) => size(inner),
            Kind::Text | Kind::Bytes | Kind::Id(_) => HANDLE,
            // Packed numbers, of at least one byte each.
            _ => content.len().saturating_mul(8),
        };
        match left.checked_sub(own) {
            Some(rest) => *left = rest,
            None => return Ok(false),
        }
        if let Kind::Message(inner) = known.kind
            && !weigh(inner, content, depth, left)?
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Roughly the bytes of one decoded message without what it points to.
fn size(message: &'static Message) -> usize {
    let fields = message.0.iter().map(|field| match field.kind {
        _ if field.repeated => HANDLE,
        Kind::Text | Kind::Bytes | Kind::Id(_) | Kind::Message(_) => HANDLE,
        _ => 8,
    });
    fields.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otlp::wire::put_bytes;

    fn wrap(path: &[u32], mut inner: Vec<u8>) -> Vec<u8> {
        for number in path.iter().rev() {
            let mut outer = Vec::new();
            put_bytes(&mut outer, *number, &inner);
            inner = outer;
        }
        inner
    }

    fn empties(number: u32, count: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for _ in 0..count {
            put_bytes(&mut out, number, &[]);
        }
        out
    }

    #[test]
    fn many_small_parts_weigh_more_than_their_bytes() {
        // Where empty messages can be repeated: resource spans, attributes, spans, events, links.
        for (path, number) in [
            (&[][..], 1),
            (&[1, 1], 1),
            (&[1, 2], 2),
            (&[1, 2, 2], 11),
            (&[1, 2, 2], 13),
        ] {
            let request = wrap(path, empties(number, 1000));
            let what = format!("{path:?} {number}");
            assert_eq!(fits(Signal::Traces, &request, 40_000), Ok(false), "{what}");
            assert_eq!(fits(Signal::Traces, &request, 500_000), Ok(true), "{what}");
        }
    }

    #[test]
    fn long_texts_and_unknown_fields_weigh_nothing_extra() {
        let request = wrap(&[1, 2, 2, 5], vec![b'n'; 10_000]);
        assert_eq!(fits(Signal::Traces, &request, 1000), Ok(true));
        let request = wrap(&[99], empties(1, 10_000));
        assert_eq!(fits(Signal::Traces, &request, 0), Ok(true));
    }

    #[test]
    fn depth_and_rubbish_end_it() {
        // Values within values: array 5, its values 1.
        let mut value = Vec::new();
        for _ in 0..300 {
            value = wrap(&[5, 1], value);
        }
        let request = wrap(&[1, 1, 1, 2], value);
        assert_eq!(fits(Signal::Traces, &request, 100_000), Ok(true));
        assert_eq!(fits(Signal::Logs, b"\x0a\xff", 1000), Err(Malformed));
    }
}
