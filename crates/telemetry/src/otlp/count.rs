//! How many spans, log records or data points a request holds, without decoding it.

use super::wire::{Fields, Malformed};
use crate::Signal;

/// Field numbers that lead from the request to one item.
///
/// Request → Resource{Spans,Logs,Metrics} (1) → Scope{…} (2) → item (2); a metric goes on to its
/// kind of data (gauge 5, sum 7, histogram 9, exponential histogram 10, summary 11) and to the
/// data points (1).
pub(crate) fn path(signal: Signal) -> &'static [&'static [u32]] {
    match signal {
        Signal::Traces | Signal::Logs => &[&[1], &[2], &[2]],
        Signal::Metrics => &[&[1], &[2], &[2], &[5, 7, 9, 10, 11], &[1]],
    }
}

/// The number of items in an encoded export request.
pub(crate) fn items(signal: Signal, request: &[u8]) -> Result<u64, Malformed> {
    walk(path(signal), request)
}

/// The number of items in a message that is as deep as `path` says.
pub(crate) fn walk(path: &[&[u32]], message: &[u8]) -> Result<u64, Malformed> {
    let Some((step, deeper)) = path.split_first() else {
        return Ok(1);
    };
    let mut sum = 0u64;
    for field in Fields::new(message) {
        let field = field?;
        if let Some(content) = field.content
            && step.contains(&field.number)
        {
            sum += walk(deeper, content)?;
        }
    }
    Ok(sum)
}
