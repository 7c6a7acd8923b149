//! What a destination will never take: kept for a while with the answer that says why.
//!
//! Each is a file `dead/<id>.letter` in the folder of the durable queues, a record like those of
//! the queues with the answer as its note. Without a folder they are in memory, and fewer. The
//! oldest go first.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, IoSlice, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::journal::Header;
use super::{Batch, now_ms, retry, sync_folder};
use crate::Signal;

/// The mark of these files: nobody looks for the next one in them.
const MARK: u64 = u64::from_le_bytes(*b"aetherDL");
const SUFFIX: &str = ".letter";
/// Bound without a folder, in bytes.
const MEMORY_BYTES: usize = 4 * 1024 * 1024;
/// Each counts for at least this: a file takes a block.
const LEAST_BYTES: usize = 4096;

/// A batch that its destination refused for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// By which it is replayed or discarded.
    pub id: String,
    /// Who refused it.
    pub destination: Arc<str>,
    /// The kind of telemetry.
    pub signal: Signal,
    /// Spans, log records or data points.
    pub items: u64,
    /// Length of the request, as protobuf and not compressed.
    pub bytes: u64,
    /// When it was accepted here, milliseconds since 1970.
    pub accepted_ms: u64,
    /// When it was refused, milliseconds since 1970.
    pub refused_ms: u64,
    /// The reason under which it is counted as dropped.
    pub reason: String,
    /// What was answered: `HTTP 400 Bad Request`, `gRPC INVALID_ARGUMENT (3)`.
    pub status: String,
    /// What the destination said, and what can be done about it.
    pub message: String,
}

/// How many dead letters there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct DeadLetterStatus {
    /// Requests.
    pub letters: usize,
    /// Bytes of them.
    pub bytes: usize,
    /// Bytes there may be.
    pub max_bytes: usize,
    /// Requests that had to make room for later ones, or could not be written.
    pub lost: u64,
}

/// The part of a letter that stands in the note of its record.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    destination: Arc<str>,
    refused_ms: u64,
    reason: String,
    status: String,
    message: String,
}

/// Why a batch was refused.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal<'a> {
    pub(super) reason: &'static str,
    pub(super) status: &'a str,
    pub(super) message: &'a str,
}

/// All dead letters.
#[derive(Debug)]
pub(crate) struct DeadLetters {
    folder: Option<PathBuf>,
    limit: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The oldest first, with the batch where there is no folder.
    letters: VecDeque<(DeadLetter, Option<Batch>)>,
    bytes: usize,
    lost: u64,
}

impl DeadLetters {
    /// Inside `folder`, which is not touched yet; without one in memory.
    pub(super) fn new(folder: Option<&Path>, limit: usize) -> Self {
        Self {
            folder: folder.map(|folder| folder.join("dead")),
            limit: if folder.is_some() {
                limit
            } else {
                MEMORY_BYTES
            },
            state: Mutex::default(),
        }
    }

    /// Finds the letters of earlier runs. Blocks.
    pub(super) fn open(&self) {
        let Some(Ok(files)) = self.folder.as_ref().map(fs::read_dir) else {
            return;
        };
        let files = files.flatten().filter_map(|entry| {
            let name = entry.file_name();
            let id = name.to_str()?.strip_suffix(SUFFIX)?.to_owned();
            head(&id, &entry.path())
        });
        let mut letters: Vec<_> = files.collect();
        letters.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        for letter in letters {
            self.insert(letter, None);
        }
    }

    /// Keeps a batch. Blocks where there is a folder.
    pub(super) fn put(
        &self,
        batch: &Batch,
        destination: &Arc<str>,
        accepted_ms: u64,
        refusal: Refusal<'_>,
    ) {
        let refused_ms = now_ms();
        let letter = DeadLetter {
            id: format!("{refused_ms:013}-{:08x}", retry::random() >> 32),
            destination: Arc::clone(destination),
            signal: batch.signal,
            items: batch.items,
            bytes: batch.body.len() as u64,
            accepted_ms,
            refused_ms,
            reason: refusal.reason.to_owned(),
            status: refusal.status.to_owned(),
            message: refusal.message.to_owned(),
        };
        let Some(folder) = &self.folder else {
            return self.insert(letter, Some(batch.clone()));
        };
        if let Err(error) = write(folder, &letter, batch) {
            tracing::warn!(
                destination = %destination,
                "a refused batch could not be kept in {}: {error}",
                folder.display()
            );
            self.lock().lost += 1;
            return;
        }
        self.insert(letter, None);
    }

    /// Adds a letter, and takes the oldest away until all fit.
    fn insert(&self, letter: DeadLetter, batch: Option<Batch>) {
        let mut gone = Vec::new();
        {
            let mut state = self.lock();
            state.bytes += cost(&letter);
            state.letters.push_back((letter, batch));
            while state.bytes > self.limit
                && let Some((oldest, _)) = state.letters.pop_front()
            {
                state.bytes -= cost(&oldest);
                state.lost += 1;
                gone.push(oldest.id);
            }
        }
        for id in gone {
            self.delete(&id);
        }
    }

    fn delete(&self, id: &str) {
        if let Some(path) = self.path(id) {
            // It is found again after the next start, no more.
            let _ = fs::remove_file(path);
        }
    }

    fn path(&self, id: &str) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(format!("{id}{SUFFIX}")))
    }

    /// All letters, the oldest first.
    pub(crate) fn list(&self) -> Vec<DeadLetter> {
        let state = self.lock();
        let letters = state.letters.iter();
        letters.map(|(letter, _)| letter.clone()).collect()
    }

    /// A letter with its batch; `None` where there is none such, or it cannot be read any more.
    pub(crate) async fn read(&self, id: &str) -> Option<(DeadLetter, Batch)> {
        let (letter, batch) = {
            let state = self.lock();
            let mut letters = state.letters.iter();
            letters.find(|(letter, _)| letter.id == id)?.clone()
        };
        if let Some(batch) = batch {
            return Some((letter, batch));
        }
        let path = self.path(id)?;
        let reading = tokio::task::spawn_blocking(move || body(&path));
        let batch = reading.await.ok()??;
        Some((letter, batch))
    }

    /// Forgets a letter; says whether there was one.
    pub(crate) async fn discard(self: &Arc<Self>, id: &str) -> bool {
        {
            let mut state = self.lock();
            let mut letters = state.letters.iter();
            let Some(at) = letters.position(|(letter, _)| letter.id == id) else {
                return false;
            };
            if let Some((letter, _)) = state.letters.remove(at) {
                state.bytes -= cost(&letter);
            }
        }
        let (this, id) = (Arc::clone(self), id.to_owned());
        tokio::task::spawn_blocking(move || this.delete(&id))
            .await
            .is_ok()
    }

    pub(crate) fn status(&self) -> DeadLetterStatus {
        let state = self.lock();
        DeadLetterStatus {
            letters: state.letters.len(),
            bytes: state.bytes,
            max_bytes: self.limit,
            lost: state.lost,
        }
    }

    /// No code panics while it holds the lock, so a poisoned state is still consistent.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cost(letter: &DeadLetter) -> usize {
    usize::try_from(letter.bytes).map_or(usize::MAX, |bytes| bytes.max(LEAST_BYTES))
}

/// Writes a letter so that it is there completely, or not at all.
fn write(folder: &Path, letter: &DeadLetter, batch: &Batch) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let note = Note {
        destination: Arc::clone(&letter.destination),
        refused_ms: letter.refused_ms,
        reason: letter.reason.clone(),
        status: letter.status.clone(),
        message: letter.message.clone(),
    };
    let header = Header {
        signal: batch.signal,
        source: batch.source,
        number: 0,
        accepted_ms: letter.accepted_ms,
        items: batch.items,
        length: u32::try_from(batch.body.len()).map_err(io::Error::other)?,
        sum: crc32fast::hash(&batch.body),
        note: serde_json::to_vec(&note)?,
    };
    let head = header.encode(MARK).ok_or(io::ErrorKind::InvalidInput)?;
    let unfinished = folder.join(format!("{}.unfinished", letter.id));
    let finished = folder.join(format!("{}{SUFFIX}", letter.id));
    let written = (|| {
        let mut file = File::create(&unfinished)?;
        let mut parts = &mut [IoSlice::new(&head), IoSlice::new(&batch.body)][..];
        while !parts.is_empty() {
            match file.write_vectored(parts)? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                written => IoSlice::advance_slices(&mut parts, written),
            }
        }
        file.sync_data()?;
        fs::rename(&unfinished, &finished)?;
        sync_folder(folder)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}

/// What stands in front of the body.
fn head(id: &str, path: &Path) -> Option<DeadLetter> {
    let mut bytes = Vec::new();
    // A note is bounded by this as well.
    let mut begin = File::open(path).ok()?.take(128 * 1024);
    begin.read_to_end(&mut bytes).ok()?;
    let header = Header::decode(MARK, &bytes)?;
    let note: Note = serde_json::from_slice(&header.note).ok()?;
    Some(DeadLetter {
        id: id.to_owned(),
        destination: note.destination,
        signal: header.signal,
        items: header.items,
        bytes: header.length.into(),
        accepted_ms: header.accepted_ms,
        refused_ms: note.refused_ms,
        reason: note.reason,
        status: note.status,
        message: note.message,
    })
}

fn body(path: &Path) -> Option<Batch> {
    let bytes = Bytes::from(fs::read(path).ok()?);
    let header = Header::decode(MARK, &bytes)?;
    let body = bytes.get(header.size()..header.total())?;
    if crc32fast::hash(body) != header.sum {
        return None;
    }
    Some(Batch {
        signal: header.signal,
        source: header.source,
        items: header.items,
        body: bytes.slice(header.size()..header.total()),
    })
}
