//! Cutting the carrier out of an event's array and out of `auth`.

use aether_propagation::Reject;
use aether_propagation::carrier::{CARRIER_KEY, MAX_CARRIER_BYTES};
use bytes::{Bytes, BytesMut};

use super::read::{Head, Reader};

/// The bytes of a carrier's map, or why it cannot be used. It is cut in both cases.
pub(in crate::socketio) type CarrierBytes<'a> = Result<&'a [u8], Reject>;

/// A carrier behind the arguments of an event.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::socketio) struct Cut<'a> {
    /// Where the data ends without it.
    pub(super) end: usize,
    /// How many elements are left.
    pub(super) count: u32,
    pub(in crate::socketio) carrier: CarrierBytes<'a>,
}

/// Finds a carrier as the last argument of an event. Several are cut together, as
/// [`Reject::Duplicate`]; what is not exactly one array is left alone.
pub(in crate::socketio) fn cut_trailing(data: &[u8]) -> Option<Cut<'_>> {
    let mut reader = Reader::new(data);
    // The name and an argument at least.
    let Head::Array(count @ 2..) = reader.head()? else {
        return None;
    };
    let Head::Text(_) = reader.head()? else {
        return None;
    };
    let mut cut: Option<Cut<'_>> = None;
    for index in 1..count {
        let end = reader.position();
        reader.skip()?;
        cut = match (carrier(reader.since(end)), cut) {
            (None, _) => None,
            (Some(carrier), None) => Some(Cut {
                end,
                count: index,
                carrier,
            }),
            (Some(_), Some(first)) => Some(Cut {
                carrier: Err(Reject::Duplicate),
                ..first
            }),
        };
    }
    cut.filter(|_| reader.is_at_end())
}

impl Cut<'_> {
    /// Where the rest ends and how many elements it has: what [`without`] needs.
    pub(in crate::socketio) const fn rest(&self) -> (usize, u32) {
        (self.end, self.count)
    }
}

/// `data` up to `end`, with a head that says `count`. Nothing is copied where nobody else holds
/// the packet.
pub(in crate::socketio) fn without(data: Bytes, (end, count): (usize, u32)) -> Bytes {
    let mut data = data
        .try_into_mut()
        .unwrap_or_else(|shared| BytesMut::from(shared.get(..end).unwrap_or(&shared)));
    data.truncate(end);
    set_count(&mut data, count);
    data.freeze()
}

/// Writes `count`, which is smaller than what is there, into the head of an array or a map. The
/// head keeps its width.
fn set_count(data: &mut [u8], count: u32) {
    let [_, _, high, low] = count.to_be_bytes();
    match data {
        [0xdc | 0xde, a, b, ..] => (*a, *b) = (high, low),
        [0xdd | 0xdf, rest @ ..] => {
            if let Some(place) = rest.first_chunk_mut() {
                *place = count.to_be_bytes();
            }
        }
        [head, ..] => *head = *head & 0xf0 | low & 0x0f,
        [] => {}
    }
}

/// The carrier in a map that has no other key.
fn carrier(value: &[u8]) -> Option<CarrierBytes<'_>> {
    let mut reader = Reader::new(value);
    let Head::Map(count @ 1..) = reader.head()? else {
        return None;
    };
    let mut found = None;
    for _ in 0..count {
        if reader.head()? != Head::Text(CARRIER_KEY.as_bytes()) {
            return None;
        }
        let start = reader.position();
        reader.skip()?;
        found = Some(checked(reader.since(start), found.is_some()));
    }
    found
}

fn checked(value: &[u8], again: bool) -> CarrierBytes<'_> {
    if again {
        Err(Reject::Duplicate)
    } else if !matches!(Reader::new(value).head(), Some(Head::Map(_))) {
        Err(Reject::Malformed)
    } else if value.len() > MAX_CARRIER_BYTES {
        Err(Reject::TooLong)
    } else {
        Ok(value)
    }
}

/// An `auth` map that had a carrier.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::socketio) struct AuthCut<'a> {
    /// The map without the carrier.
    pub(in crate::socketio) rest: Vec<u8>,
    pub(in crate::socketio) carrier: CarrierBytes<'a>,
}

/// Takes the key `_trace` out of `auth`; `None` when it is not there.
pub(in crate::socketio) fn cut_auth(auth: &[u8]) -> Option<AuthCut<'_>> {
    let mut reader = Reader::new(auth);
    let Head::Map(count) = reader.head()? else {
        return None;
    };
    let mut rest = reader.since(0).to_vec();
    let mut left = 0;
    let mut carrier = None;
    for _ in 0..count {
        let start = reader.position();
        let mut key = reader;
        reader.skip()?;
        let value = reader.position();
        reader.skip()?;
        if key.head()? == Head::Text(CARRIER_KEY.as_bytes()) {
            carrier = Some(checked(reader.since(value), carrier.is_some()));
        } else {
            rest.extend_from_slice(reader.since(start));
            left += 1;
        }
    }
    if !reader.is_at_end() {
        return None;
    }
    set_count(&mut rest, left);
    Some(AuthCut {
        rest,
        carrier: carrier?,
    })
}
