//! Batches on disk: what was accepted is there after a crash.
//!
//! A folder holds files that only grow at their end, each a row of records ([`record`]). A batch
//! is written once, however many destinations it is for; how far each destination is stands in a
//! file of its own ([`cursors`]). A file that no destination needs any more is deleted, and one of
//! which little is needed is emptied ([`carry`]). One thread
//! writes ([`writer`]); whoever brings a batch learns from it when the batch survives a power cut.
//!
//! # Why no database
//!
//! fjall 3.1 and redb 4.6 were tried with the same work: batches of 50 kB, four to a commit, every
//! commit synced, a hundred waiting. A log of records took 86 µs of processor time per batch and
//! 6 MB of memory; redb 145 µs and 11 MB; fjall 164 µs and 110 MB, or 206 µs, 25 MB and up to
//! 150 MB of files for 5 MB of batches with its buffers made small. With batches of 20 kB and a
//! commit for each, redb wrote 3.6 times the bytes it was given, the log 1.2 times.
//!
//! What decided was damage. Of 24 single bits flipped in a folder that a killed process left, 4
//! kept redb from opening anything, 6 fjall; in one that was closed well, redb handed out wrong
//! bytes for 9 without a word, and fjall did not open for 7 and opened empty for one. Here a
//! flipped bit costs the batch it is in.

mod active;
mod carry;
mod cursors;
mod damage;
mod files;
mod record;
mod segment;
mod status;
mod store;
mod writer;

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tracing::level_filters::LevelFilter;

use super::Batch;
pub(super) use cursors::Cursor;
use cursors::Progress;
pub(crate) use files::sync_folder;
use files::{Disk, Native};
pub(super) use record::Header;
pub(super) use segment::Record;
use status::Shared;
pub use status::{StorageState, StorageStatus};
use store::Store;
pub(super) use store::{Finder, Found};
use writer::{Append, Command, Writer};
pub(super) use writer::{Done, Refused};

/// Bodies that may wait to be written, in bytes. The queues' own bounds are larger.
const MAX_WAITING: usize = 16 * 1024 * 1024;

/// How long the log is waited for, at most.
const LISTENER: Duration = Duration::from_millis(250);

type Opener = Box<dyn FnMut() -> Result<Store, (&'static str, io::Error)> + Send>;

/// The durable side of all queues of one process.
#[derive(Debug)]
pub(super) struct Journal {
    cursors: Arc<Mutex<Vec<Arc<Cursor>>>>,
    progress: Progress,
    shared: Arc<Shared>,
    waiting: Arc<AtomicUsize>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Journal {
    /// Prepares a journal in a folder, which need not exist. Nothing runs yet, and a folder that
    /// cannot be used is no error: it is tried again and again, and nothing is accepted meanwhile.
    pub(super) fn new(folder: PathBuf) -> (Self, Unopened) {
        Self::on(folder, Box::new(|| Box::new(Native)))
    }

    fn on(folder: PathBuf, disk: Box<dyn Fn() -> Box<dyn Disk> + Send>) -> (Self, Unopened) {
        let (writer, asked) = channel();
        let noted = Arc::new(AtomicBool::new(false));
        let journal = Self {
            cursors: Arc::default(),
            progress: Progress { noted, writer },
            shared: Arc::new(Shared::new(&folder)),
            waiting: Arc::default(),
            thread: Mutex::default(),
        };
        let unopened = Unopened {
            writer: Writer {
                asked,
                shared: Arc::clone(&journal.shared),
                cursors: Arc::clone(&journal.cursors),
                progress: journal.progress.clone(),
                waiting: Arc::clone(&journal.waiting),
            },
            open: Box::new(move || Store::open(&folder, disk())),
        };
        (journal, unopened)
    }

    /// Reads the folder and goes on writing, on a thread. `opened` is called once the folder is
    /// locked, `find` gets what is waiting in there, both on that thread.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub(super) fn start(
        &self,
        unopened: Unopened,
        opened: impl FnOnce() + Send + 'static,
        find: Finder,
    ) -> io::Result<()> {
        let thread = std::thread::Builder::new()
            .name("aether-journal".to_owned())
            .spawn(move || {
                wait_for_listener();
                unopened.writer.run(unopened.open, opened, find);
            })?;
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(())
    }

    /// How far a destination is; the same one for the same name.
    pub(super) fn cursor(&self, name: &str) -> Arc<Cursor> {
        let mut cursors = self.cursors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cursor) = cursors.iter().find(|cursor| &*cursor.name == name) {
            return Arc::clone(cursor);
        }
        let cursor = Arc::new(Cursor::new(name, self.progress.clone()));
        cursors.push(Arc::clone(&cursor));
        cursor
    }

    /// Writes a batch, accepted at that time, for some destinations; `done` learns what became of
    /// it. Does not wait.
    pub(super) fn append(&self, batch: &Batch, accepted_ms: u64, to: Vec<Arc<Cursor>>, done: Done) {
        let length = batch.body.len();
        let before = self.waiting.fetch_add(length, Ordering::AcqRel);
        if before > 0 && before.saturating_add(length) > MAX_WAITING {
            self.waiting.fetch_sub(length, Ordering::AcqRel);
            return done(Err(Refused::Slow));
        }
        let append = Command::Append(Append {
            batch: batch.clone(),
            accepted_ms,
            to,
            done: Some(done),
        });
        // What cannot be sent is dropped, which answers it.
        let _ = self.progress.writer.send(append);
    }

    /// Writes everything down and gives the folder free. Blocks until then.
    pub(super) fn close(&self) {
        // Fails only where the thread has ended.
        let _ = self.progress.writer.send(Command::Close);
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }

    pub(super) fn status(&self) -> StorageStatus {
        self.shared.lock().clone()
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.close();
    }
}

/// Gives the program a moment to say where its log goes: it can do so only once telemetry was
/// started, and what a folder has to tell of damage is told while it is read. Once per process.
fn wait_for_listener() {
    static WAITED: AtomicBool = AtomicBool::new(false);
    let until = Instant::now() + LISTENER;
    let silent = || LevelFilter::current() == LevelFilter::OFF;
    while silent() && !WAITED.load(Ordering::Relaxed) && Instant::now() < until {
        std::thread::sleep(LISTENER / 50);
    }
    WAITED.store(true, Ordering::Relaxed);
}

/// A journal that does not run yet.
pub(super) struct Unopened {
    writer: Writer,
    open: Opener,
}

#[cfg(test)]
pub(super) mod tests;
