//! The thread that writes: one per folder.
//!
//! Requests that come while the disk is busy are written together and wait for it once. How far
//! destinations are is noted beside: soon after they got on, and with the next requests at the
//! latest.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::Opener;
use super::cursors::{Cursor, Progress};
use super::record::{self, Header};
use super::segment::Record;
use super::status::{Shared, StorageState, is_full};
use super::store::{Entry, Finder, Store};
use crate::delivery::Batch;

/// Requests are written together up to this many bytes.
const GROUP_BYTES: usize = 4 * 1024 * 1024;
/// Progress is noted after this long: what a killed process repeats.
const NOTE_AFTER: Duration = Duration::from_millis(20);
/// Notes are forced to the disk after this long: what a power cut repeats.
const SYNC_AFTER: Duration = Duration::from_secs(1);
/// A folder that cannot be opened is tried again after this long.
const OPEN_AFTER: Duration = Duration::from_secs(1);

/// What the writer is asked to do.
pub(super) enum Command {
    Append(Append),
    /// A destination got on.
    Progress,
    /// Write everything down and end.
    Close,
}

/// A batch for some destinations.
pub(super) struct Append {
    pub(super) batch: Batch,
    pub(super) accepted_ms: u64,
    pub(super) to: Vec<Arc<Cursor>>,
    pub(super) done: Option<Done>,
}

impl Drop for Append {
    /// Nobody answered: the writer has ended.
    fn drop(&mut self) {
        if let Some(done) = self.done.take() {
            done(Err(Refused::Closed));
        }
    }
}

/// Learns what became of a batch, on the writer's thread.
pub(in crate::delivery) type Done = Box<dyn FnOnce(Result<Arc<Record>, Refused>) + Send>;

/// Why a batch was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::delivery) enum Refused {
    /// There is no space.
    Full,
    /// The folder cannot be used.
    Failed,
    /// The disk is so slow that too much is waiting for it.
    Slow,
    /// The journal was closed.
    Closed,
}

impl Refused {
    /// Label for counts.
    pub(in crate::delivery) fn reason(self) -> &'static str {
        match self {
            Refused::Full => "disk_full",
            Refused::Failed => "disk_failed",
            Refused::Slow => "disk_slow",
            Refused::Closed => "shutdown",
        }
    }
}

pub(super) struct Writer {
    pub(super) asked: Receiver<Command>,
    pub(super) shared: Arc<Shared>,
    pub(super) cursors: Arc<std::sync::Mutex<Vec<Arc<Cursor>>>>,
    pub(super) progress: Progress,
    /// Bytes of bodies that wait to be written.
    pub(super) waiting: Arc<AtomicUsize>,
}

impl Writer {
    /// Runs until it is told to end.
    pub(super) fn run(self, mut open: Opener, opened: impl FnOnce(), mut find: Finder) {
        // Whatever is logged here must not become telemetry that waits for this thread.
        let _quiet = opentelemetry::Context::enter_telemetry_suppressed_scope();
        let mut store = loop {
            match open() {
                Ok(store) => break store,
                Err((what, error)) => {
                    self.shared.fails(what, &error);
                    if !self.refuse(&error) {
                        return self.shared.lock().state = StorageState::Closed;
                    }
                }
            }
        };
        opened();
        store.recover(&self.shared, &mut find);
        drop(find);
        self.shared.works();
        self.work(&mut store);
        store.end();
        store.clean();
        store.measure(&self.shared);
        self.shared.lock().state = StorageState::Closed;
    }

    /// Refuses everything until it is time to try again; `false` where it is time to end.
    fn refuse(&self, error: &io::Error) -> bool {
        let until = Instant::now() + OPEN_AFTER;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.asked.recv_timeout(left) {
                Ok(Command::Append(append)) => self.answer(append, Err(refused(error))),
                Ok(Command::Progress) => {}
                Err(RecvTimeoutError::Timeout) => return true,
                Ok(Command::Close) | Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    fn work(&self, store: &mut Store) {
        let mut due: Option<Instant> = None;
        let mut synced = Instant::now();
        let mut unsynced = false;
        loop {
            let next = match due {
                None => self
                    .asked
                    .recv()
                    .map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => {
                    let left = due.saturating_duration_since(Instant::now());
                    self.asked.recv_timeout(left)
                }
            };
            let mut group = Vec::new();
            let mut end = false;
            let mut bytes = 0;
            let mut command = next;
            loop {
                match command {
                    Ok(Command::Append(append)) => {
                        bytes += append.batch.body.len();
                        group.push(append);
                    }
                    Ok(Command::Progress) => {
                        let soon = Instant::now() + NOTE_AFTER;
                        due = Some(due.map_or(soon, |due| due.min(soon)));
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(Command::Close) | Err(RecvTimeoutError::Disconnected) => end = true,
                }
                if end || bytes >= GROUP_BYTES {
                    break;
                }
                let Ok(more) = self.asked.try_recv() else {
                    break;
                };
                command = Ok(more);
            }
            let wrote = !group.is_empty();
            self.commit(store, group);
            let now = Instant::now();
            if end || wrote || due.is_some_and(|due| due <= now) {
                unsynced |= self.note(store);
                due = None;
                if unsynced && (end || now.duration_since(synced) >= SYNC_AFTER) {
                    let _ = store.cursors.sync();
                    synced = now;
                    unsynced = false;
                }
                if unsynced {
                    due = Some(synced + SYNC_AFTER);
                }
            }
            if end {
                return;
            }
        }
    }

    /// Writes a group; answers each of it.
    fn commit(&self, store: &mut Store, group: Vec<Append>) {
        if group.is_empty() {
            return;
        }
        let mut entries: Vec<_> = group.iter().filter_map(entry).collect();
        let written = if entries.len() == group.len() {
            match store.append(&mut entries) {
                Err(error) if is_full(&error) && store.make_room() => store.append(&mut entries),
                written => written,
            }
        } else {
            Err(io::ErrorKind::InvalidInput.into())
        };
        drop(entries);
        match written {
            Ok(records) => {
                self.shared.works();
                self.shared.lock().commits += 1;
                for (append, record) in group.into_iter().zip(records) {
                    self.answer(append, Ok(record));
                }
            }
            Err(error) => {
                self.shared.fails("a batch cannot be written", &error);
                for append in group {
                    self.answer(append, Err(refused(&error)));
                }
            }
        }
        store.measure(&self.shared);
    }

    fn answer(&self, mut append: Append, result: Result<Arc<Record>, Refused>) {
        let length = append.batch.body.len();
        self.waiting.fetch_sub(length, Ordering::AcqRel);
        if let Some(done) = append.done.take() {
            done(result);
        }
    }

    /// Notes how far destinations are and gives space back; says whether anything was noted.
    fn note(&self, store: &mut Store) -> bool {
        self.progress.noted.store(false, Ordering::Release);
        let cursors = self.cursors.lock();
        let cursors = cursors.unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut noted = false;
        for cursor in &*cursors {
            let done = cursor.done.load(Ordering::Acquire);
            // On a full disk this may fail. Then more is repeated after a restart, no more.
            noted |= done > 0 && store.cursors.write(&cursor.name, done).unwrap_or(false);
        }
        store.clean();
        // What cannot be carried now, because the disk is full, is tried again.
        let _ = store.carry(&cursors);
        drop(cursors);
        store.clean();
        store.measure(&self.shared);
        noted
    }
}

fn refused(error: &io::Error) -> Refused {
    if is_full(error) {
        Refused::Full
    } else {
        Refused::Failed
    }
}

fn entry(append: &Append) -> Option<Entry<'_>> {
    let batch = &append.batch;
    Some(Entry {
        header: Header {
            signal: batch.signal,
            source: batch.source,
            number: 0,
            accepted_ms: append.accepted_ms,
            items: batch.items,
            length: u32::try_from(batch.body.len()).ok()?,
            sum: crc32fast::hash(&batch.body),
            note: record::note(append.to.iter().map(|cursor| &*cursor.name))?,
        },
        body: &batch.body,
        destinations: append.to.len() as u32,
    })
}
