//! One file of records: its name, and what can be found in it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::record::{FIXED, Header, NOTE, four};
use crate::Signal;
use crate::delivery::Source;

const SUFFIX: &str = ".queue";
/// What a disk writes completely or not at all.
const BLOCK: usize = 512;
/// No header has so many zeros in a row.
const LONGEST_ZERO: usize = 16;

/// A file of records, `<number of the first>-<mark>.queue`.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) path: PathBuf,
    pub(super) mark: u64,
    /// Bytes of records that destinations still need.
    pub(super) live: AtomicU64,
    /// Its length.
    pub(super) bytes: AtomicU64,
    /// Where its records are now, once they were carried to other files.
    moved: Mutex<Option<Moved>>,
}

/// By the number of a record, the file it is in and where its body begins.
pub(super) type Moved = BTreeMap<u64, (Arc<Segment>, u64)>;

impl Segment {
    pub(super) fn new(folder: &Path, first: u64, mark: u64, bytes: u64) -> Self {
        Self {
            path: folder.join(format!("{first:020}-{mark:016x}{SUFFIX}")),
            mark,
            live: AtomicU64::new(0),
            bytes: AtomicU64::new(bytes),
            moved: Mutex::new(None),
        }
    }

    /// While it is held, no record of this file is settled.
    ///
    /// No code panics while it holds the lock, so a poisoned state is still consistent.
    pub(super) fn moved(&self) -> MutexGuard<'_, Option<Moved>> {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a record with a body of this length has part in a file; the same in every file.
    pub(super) fn share(length: u32) -> u64 {
        u64::from(length) + FIXED as u64
    }

    /// Whether no destination needs it any more.
    pub(super) fn is_finished(&self) -> bool {
        self.live.load(Ordering::Acquire) == 0
    }

    /// The first number and the mark that a file name holds; `None` for files of other kinds.
    pub(super) fn parse(name: &str) -> Option<(u64, u64)> {
        let (first, mark) = name.strip_suffix(SUFFIX)?.split_once('-')?;
        if first.len() != 20 || mark.len() != 16 {
            return None;
        }
        // Nothing could follow the last number there is.
        let first = first.parse().ok().filter(|first| *first < u64::MAX)?;
        Some((first, u64::from_str_radix(mark, 16).ok()?))
    }
}

/// A batch on disk.
#[derive(Debug)]
pub(in crate::delivery) struct Record {
    pub(in crate::delivery) signal: Signal,
    pub(in crate::delivery) source: Source,
    pub(in crate::delivery) items: u64,
    pub(in crate::delivery) accepted_ms: u64,
    pub(in crate::delivery) length: u32,
    pub(super) number: u64,
    sum: u32,
    /// Destinations that still need it.
    pending: AtomicU32,
    /// Where the body begins.
    offset: u64,
    segment: Arc<Segment>,
}

impl Record {
    /// `offset` is where the header begins; so many destinations need the record.
    pub(super) fn new(header: &Header, offset: u64, segment: &Arc<Segment>, pending: u32) -> Self {
        if pending > 0 {
            let share = Segment::share(header.length);
            segment.live.fetch_add(share, Ordering::AcqRel);
        }
        Self {
            signal: header.signal,
            source: header.source,
            items: header.items,
            accepted_ms: header.accepted_ms,
            length: header.length,
            number: header.number,
            sum: header.sum,
            pending: AtomicU32::new(pending),
            offset: offset + header.size() as u64,
            segment: Arc::clone(segment),
        }
    }

    /// One destination needs it no more; `note` is called while the record cannot be carried.
    pub(super) fn settle(&self, note: impl FnOnce()) {
        let mut segment = Arc::clone(&self.segment);
        loop {
            let next = {
                let moved = segment.moved();
                let place = moved.as_ref().and_then(|moved| moved.get(&self.number));
                let Some((next, _)) = place else {
                    note();
                    if self.pending.fetch_sub(1, Ordering::AcqRel) == 1 {
                        let share = Segment::share(self.length);
                        segment.live.fetch_sub(share, Ordering::AcqRel);
                    }
                    return;
                };
                Arc::clone(next)
            };
            segment = next;
        }
    }

    /// Where it is now.
    pub(super) fn place(&self) -> (Arc<Segment>, u64) {
        let mut place = (Arc::clone(&self.segment), self.offset);
        loop {
            let next = {
                let moved = place.0.moved();
                let next = moved.as_ref().and_then(|moved| moved.get(&self.number));
                next.cloned()
            };
            match next {
                Some(next) => place = next,
                None => return place,
            }
        }
    }

    /// Reads the body. Blocks.
    ///
    /// # Errors
    /// The file cannot be read, or holds something else than was written.
    pub(in crate::delivery) fn read(&self) -> io::Result<Bytes> {
        loop {
            let (segment, offset) = self.place();
            let read = self.read_at(&segment.path, offset);
            // It may have been carried away just now.
            let carried = !Arc::ptr_eq(&segment, &self.place().0);
            if read.is_ok() || !carried {
                return read;
            }
        }
    }

    fn read_at(&self, path: &Path, offset: u64) -> io::Result<Bytes> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut body = Vec::with_capacity(self.length as usize);
        file.take(self.length.into()).read_to_end(&mut body)?;
        if body.len() != self.length as usize || crc32fast::hash(&body) != self.sum {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(body.into())
    }

    /// The file it is in, for messages.
    pub(in crate::delivery) fn path(&self) -> PathBuf {
        self.place().0.path.clone()
    }
}

/// What is in a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// What was written completely, with the offset of the header.
    pub(super) records: Vec<(u64, Header)>,
    /// Records whose header is right and whose body is not.
    pub(super) spoilt: Vec<(u64, Header)>,
    /// Bytes that are no record any more, the spoilt ones included.
    pub(super) damage: Vec<Range<usize>>,
    /// Bytes at the end that were never completely written, which is what a crash leaves.
    pub(super) torn: usize,
    /// Zeros behind all that, which were written ahead.
    pub(super) ahead: usize,
}

/// Finds everything that is intact, whatever lies between.
pub(super) fn scan(mark: u64, bytes: &[u8]) -> Scan {
    let mut scan = Scan::default();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let Some(header) = Header::decode(mark, rest) else {
            let next = resume(mark, bytes, at + 1);
            match next {
                Some(next) => scan.damage.push(at..next),
                None => scan.last(mark, bytes, at),
            }
            at = next.unwrap_or(bytes.len());
            continue;
        };
        let Some(body) = rest.get(header.size()..header.total()) else {
            // The end of the file is inside: torn, unless something else follows after all.
            let next = resume(mark, bytes, at + 1);
            if let Some(next) = next {
                scan.damage.push(at..next);
                scan.spoilt.push((at as u64, header));
            } else {
                scan.torn += rest.len();
            }
            at = next.unwrap_or(bytes.len());
            continue;
        };
        let end = at + header.total();
        if crc32fast::hash(body) == header.sum {
            scan.records.push((at as u64, header));
        } else if has_hole(bytes, at..end) && resume(mark, bytes, end).is_none() {
            scan.torn += end - at;
        } else {
            scan.damage.push(at..end);
            scan.spoilt.push((at as u64, header));
        }
        at = end;
    }
    scan
}

impl Scan {
    /// No record begins at `at` or behind it. What was never completely written is torn: a header
    /// that breaks off, or blocks that are as they were before. Zeros behind it are as they ought
    /// to be.
    fn last(&mut self, mark: u64, bytes: &[u8], at: usize) {
        let rest = &bytes[at..];
        let written = rest.iter().rposition(|byte| *byte != 0);
        let Some(written) = written.map(|last| last + 1) else {
            self.ahead = rest.len();
            return;
        };
        let note = four(rest, NOTE).filter(|_| rest.starts_with(&mark.to_le_bytes()));
        let note = note.map_or(0, |length| length as usize);
        // Where the header would go on: behind the file, or in a block that is missing.
        let end = [bytes.len(), (at + written).next_multiple_of(BLOCK)];
        let breaks_off = end.iter().any(|end| {
            let zeros = end.saturating_sub(at + written);
            zeros < LONGEST_ZERO && *end < at + FIXED + note
        });
        if breaks_off || has_hole(bytes, at..at + written) {
            self.torn += written;
        } else {
            self.damage.push(at..at + written);
        }
        self.ahead = rest.len() - written;
    }
}

/// Whether a block of the disk, or as much of one as lies in `range`, holds nothing but zeros, which
/// were written ahead: a power cut may leave any of several blocks as it was.
fn has_hole(bytes: &[u8], range: Range<usize>) -> bool {
    let first = range.start / BLOCK;
    (first..range.end.div_ceil(BLOCK)).any(|block| {
        let from = (block * BLOCK).max(range.start);
        let to = ((block + 1) * BLOCK).min(range.end);
        bytes[from..to].iter().all(|byte| *byte == 0)
    })
}

/// Where the next record begins.
fn resume(mark: u64, bytes: &[u8], from: usize) -> Option<usize> {
    let mark_bytes = mark.to_le_bytes();
    let mut at = from;
    loop {
        let rest = bytes.get(at..)?;
        at += rest.windows(8).position(|eight| eight == mark_bytes)?;
        if Header::decode(mark, &bytes[at..]).is_some() {
            return Some(at);
        }
        at += 1;
    }
}
