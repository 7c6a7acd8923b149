//! How far each destination is.
//!
//! Destinations take batches in the order of their numbers, so one number says everything: all up
//! to it are done. The file has two places of 512 bytes for each destination that are written in
//! turn, so a write that is torn leaves the other one. What was not written before a crash is sent
//! again, no more.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;

use super::record::{eight, four};
use super::segment::Record;
use super::writer::Command;

const PLACE: usize = 512;
const FIXED: usize = 24;
const VERSION: u8 = 1;

/// How far one destination is.
#[derive(Debug)]
pub(in crate::delivery) struct Cursor {
    pub(super) name: Arc<str>,
    pub(super) done: AtomicU64,
    progress: Progress,
}

/// Tells the writer that there is something to note down.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    pub(super) noted: Arc<AtomicBool>,
    pub(super) writer: Sender<Command>,
}

impl Cursor {
    pub(super) fn new(name: &str, progress: Progress) -> Self {
        Self {
            name: Arc::from(name),
            done: AtomicU64::new(0),
            progress,
        }
    }

    /// This destination does not need a batch any more, nor any before it.
    pub(in crate::delivery) fn settle(&self, record: &Record) {
        record.settle(|| {
            self.done.fetch_max(record.number, Ordering::AcqRel);
        });
        if !self.progress.noted.swap(true, Ordering::AcqRel) {
            // A writer that has ended notes nothing any more, which costs a repetition.
            let _ = self.progress.writer.send(Command::Progress);
        }
    }
}

/// The file.
#[derive(Debug)]
pub(super) struct Cursors {
    file: File,
    places: BTreeMap<String, Place>,
    free: usize,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    pair: usize,
    turn: u64,
    done: u64,
}

impl Cursors {
    /// Opens the file, or makes one. Places that are damaged count as never written.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let mut places = BTreeMap::<String, Place>::new();
        for (index, place) in bytes.chunks(PLACE).enumerate() {
            let Some((name, turn, done)) = decode(place) else {
                continue;
            };
            let pair = index / 2;
            let known = places.entry(name).or_insert(Place { pair, turn, done });
            if turn >= known.turn {
                *known = Place { pair, turn, done };
            }
        }
        let free = bytes.len().div_ceil(2 * PLACE);
        Ok(Self { file, places, free })
    }

    /// How far a destination was.
    pub(super) fn done(&self, name: &str) -> u64 {
        self.places.get(name).map_or(0, |place| place.done)
    }

    /// The highest number of all.
    pub(super) fn highest(&self) -> u64 {
        self.places
            .values()
            .map(|place| place.done)
            .max()
            .unwrap_or(0)
    }

    /// Notes down how far a destination is; says whether anything was written.
    pub(super) fn write(&mut self, name: &str, done: u64) -> io::Result<bool> {
        let known = self.places.get(name);
        if known.is_some_and(|place| place.done >= done) {
            return Ok(false);
        }
        let place = known.map_or(
            Place {
                pair: self.free,
                turn: 0,
                done,
            },
            |place| Place {
                turn: place.turn + 1,
                done,
                ..*place
            },
        );
        let Some(bytes) = encode(name, place.turn, done) else {
            // A name as long as that: the destination begins anew after a restart.
            return Ok(false);
        };
        let index = 2 * place.pair as u64 + place.turn % 2;
        self.file.seek(SeekFrom::Start(index * PLACE as u64))?;
        self.file.write_all(&bytes)?;
        self.free = self.free.max(place.pair + 1);
        self.places.insert(name.to_owned(), place);
        Ok(true)
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// `[sum 4][version 1][0 1][length of the name 2][turn 8][done 8][name]`, filled up with zeros.
fn encode(name: &str, turn: u64, done: u64) -> Option<[u8; PLACE]> {
    let mut bytes = [0; PLACE];
    bytes
        .get_mut(FIXED..FIXED + name.len())?
        .copy_from_slice(name.as_bytes());
    bytes[4] = VERSION;
    bytes[6..8].copy_from_slice(&u16::try_from(name.len()).ok()?.to_le_bytes());
    bytes[8..16].copy_from_slice(&turn.to_le_bytes());
    bytes[16..24].copy_from_slice(&done.to_le_bytes());
    let sum = crc32fast::hash(&bytes[4..]);
    bytes[..4].copy_from_slice(&sum.to_le_bytes());
    Some(bytes)
}

fn decode(bytes: &[u8]) -> Option<(String, u64, u64)> {
    if bytes.len() != PLACE || crc32fast::hash(&bytes[4..]) != four(bytes, 0)? {
        return None;
    }
    if bytes[4] != VERSION {
        return None;
    }
    let length = usize::from(u16::from_le_bytes([bytes[6], bytes[7]]));
    let name = bytes.get(FIXED..FIXED + length)?;
    let name = std::str::from_utf8(name).ok()?.to_owned();
    Some((name, eight(bytes, 8)?, eight(bytes, 16)?))
}
