//! How one batch lies in a file.
//!
//! ```text
//! offset  bytes
//!      0      8  mark: a random number that is the same for the whole file
//!      8      4  CRC-32 of everything from here to the end of the note
//!     12      1  version, 1
//!     13      1  signal: 0 traces, 1 logs, 2 metrics
//!     14      1  source: 0 own, 1 relay
//!     15      1  0
//!     16      8  number, rising
//!     24      8  when it was accepted, milliseconds since 1970
//!     32      8  items in it
//!     40      4  length of the body
//!     44      4  CRC-32 of the body
//!     48      4  length of the note
//!     52      …  note: in a queue the destinations, each as its length (2) and its name
//!      …      …  body: OTLP protobuf
//! ```
//!
//! Numbers are little endian. The mark is where reading goes on behind damage. It is random and
//! known to the file's name only, so nobody can send telemetry that looks like a record.

use crate::Signal;
use crate::delivery::Source;

/// Bytes in front of the note.
pub(super) const FIXED: usize = 52;
/// Where the length of the note stands.
pub(super) const NOTE: usize = 48;
const VERSION: u8 = 1;
/// Where the sum begins.
const SUMMED: usize = 12;
/// No note is longer.
const MAX_NOTE: usize = 1 << 16;

/// What is known of a batch without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::delivery) struct Header {
    pub(in crate::delivery) signal: Signal,
    pub(in crate::delivery) source: Source,
    pub(in crate::delivery) number: u64,
    pub(in crate::delivery) accepted_ms: u64,
    pub(in crate::delivery) items: u64,
    pub(in crate::delivery) length: u32,
    pub(in crate::delivery) sum: u32,
    pub(in crate::delivery) note: Vec<u8>,
}

impl Header {
    /// Bytes in front of the body.
    pub(in crate::delivery) fn size(&self) -> usize {
        FIXED + self.note.len()
    }

    /// Bytes with the body.
    pub(in crate::delivery) fn total(&self) -> usize {
        self.size() + self.length as usize
    }

    /// Everything in front of the body. `None` where the note is too long.
    pub(in crate::delivery) fn encode(&self, mark: u64) -> Option<Vec<u8>> {
        if self.note.len() > MAX_NOTE {
            return None;
        }
        let mut bytes = Vec::with_capacity(self.size());
        bytes.extend_from_slice(&mark.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        let source = match self.source {
            Source::Own => 0,
            Source::Relay => 1,
        };
        bytes.extend_from_slice(&[VERSION, self.signal.index() as u8, source, 0]);
        for number in [self.number, self.accepted_ms, self.items] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        for number in [self.length, self.sum, self.note.len() as u32] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&self.note);
        let sum = crc32fast::hash(&bytes[SUMMED..]).to_le_bytes();
        bytes[8..SUMMED].copy_from_slice(&sum);
        Some(bytes)
    }

    /// Reads what [`Header::encode`] wrote at the beginning of `bytes`; `None` where anything is
    /// not as it was written.
    pub(in crate::delivery) fn decode(mark: u64, bytes: &[u8]) -> Option<Self> {
        if !bytes.starts_with(&mark.to_le_bytes()) {
            return None;
        }
        let note = four(bytes, NOTE)? as usize;
        if note > MAX_NOTE {
            return None;
        }
        let summed = bytes.get(SUMMED..FIXED + note)?;
        if crc32fast::hash(summed) != four(bytes, 8)? || bytes[12] != VERSION {
            return None;
        }
        Some(Self {
            signal: *Signal::ALL.get(usize::from(bytes[13]))?,
            source: match bytes[14] {
                0 => Source::Own,
                1 => Source::Relay,
                _ => return None,
            },
            number: eight(bytes, 16)?,
            accepted_ms: eight(bytes, 24)?,
            items: eight(bytes, 32)?,
            length: four(bytes, 40)?,
            sum: four(bytes, 44)?,
            note: bytes.get(FIXED..FIXED + note)?.to_vec(),
        })
    }
}

/// A note that names destinations. `None` where a name is longer than any name is.
pub(super) fn note<'a>(names: impl Iterator<Item = &'a str>) -> Option<Vec<u8>> {
    let mut note = Vec::new();
    for name in names {
        let length = u16::try_from(name.len()).ok()?;
        note.extend_from_slice(&length.to_le_bytes());
        note.extend_from_slice(name.as_bytes());
    }
    Some(note)
}

/// The destinations that a note names.
pub(super) fn names(mut note: &[u8]) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    while !note.is_empty() {
        let (length, rest) = note.split_first_chunk::<2>()?;
        let (name, rest) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
        names.push(std::str::from_utf8(name).ok()?);
        note = rest;
    }
    Some(names)
}

pub(super) fn four(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

pub(super) fn eight(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + 8)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}
