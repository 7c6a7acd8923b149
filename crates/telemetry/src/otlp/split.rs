//! Cuts a request in two, for destinations that find it too large.
//!
//! The request is spliced, not re-encoded: whatever surrounds the items (resource, scope, name of a
//! metric, fields this library does not know) goes into both halves, and each item into one.

use super::count::{self, path};
use super::wire::{Fields, Malformed, put_bytes};
use crate::Signal;

/// Both halves of a request with how many items each holds; `None` where there are fewer than two
/// items, which leaves nothing to cut.
pub(crate) fn halve(signal: Signal, request: &[u8]) -> Result<Option<[Half; 2]>, Malformed> {
    let items = count::items(signal, request)?;
    if items < 2 {
        return Ok(None);
    }
    let mut first = items / 2;
    let second = items - first;
    let items = first;
    let mut halves = [Vec::new(), Vec::new()];
    cut(path(signal), request, &mut first, &mut halves)?;
    let [left, right] = halves;
    Ok(Some([
        Half { items, body: left },
        Half {
            items: second,
            body: right,
        },
    ]))
}

/// A part of a request, a request itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Half {
    /// Spans, log records or data points in it.
    pub(crate) items: u64,
    pub(crate) body: Vec<u8>,
}

/// Writes what belongs to the first `left` items into one half and everything behind into the
/// other.
fn cut(
    path: &[&[u32]],
    message: &[u8],
    left: &mut u64,
    halves: &mut [Vec<u8>; 2],
) -> Result<(), Malformed> {
    for field in Fields::new(message) {
        let field = field?;
        let Some((step, deeper)) = path.split_first() else {
            return Err(Malformed);
        };
        let content = field.content.filter(|_| step.contains(&field.number));
        let Some(content) = content else {
            for half in halves.iter_mut() {
                half.extend_from_slice(field.raw);
            }
            continue;
        };
        let items = count::walk(deeper, content)?;
        if *left == 0 {
            halves[1].extend_from_slice(field.raw);
        } else if items <= *left {
            halves[0].extend_from_slice(field.raw);
            *left -= items;
        } else {
            let mut inner = [Vec::new(), Vec::new()];
            cut(deeper, content, left, &mut inner)?;
            for (half, inner) in halves.iter_mut().zip(inner) {
                put_bytes(half, field.number, &inner);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
