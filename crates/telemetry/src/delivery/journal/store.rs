//! The folder: its lock, its files, what was found in them, and the file that grows.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File, TryLockError};
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::active::Active;
use super::cursors::Cursors;
use super::damage::Damage;
use super::files::{Disk, sync_folder};
use super::record::{self, Header};
use super::segment::{Record, Scan, Segment, scan};
use super::status::Shared;
use crate::delivery::retry;

/// A file that has reached this length gets a successor. Space is given back by the file. Unit
/// tests have short ones, so that little telemetry makes many.
pub(super) const SEGMENT_BYTES: u64 = if cfg!(test) { 256 } else { 8 * 1024 } * 1024;
/// No file of ours is longer: a segment and one group of requests.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// Something found in the folder at the start.
#[derive(Debug)]
pub(in crate::delivery) enum Found {
    /// A batch that this destination has not got.
    Waiting(Arc<Record>),
    /// A batch that cannot be read any more.
    Spoilt(Header),
}

/// Takes what is found: the destination and the batch, the oldest first.
pub(in crate::delivery) type Finder = Box<dyn FnMut(&str, Found) + Send>;

/// An open folder.
#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
    disk: Box<dyn Disk>,
    pub(super) cursors: Cursors,
    pub(super) segments: VecDeque<Arc<Segment>>,
    active: Option<Active>,
    /// The number of the next batch.
    next: u64,
    /// Files that were there: the first number, the mark and the length.
    old: Vec<(u64, u64, u64)>,
    /// Held until the end.
    _lock: File,
}

/// One batch to be written.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) header: Header,
    pub(super) body: &'a Bytes,
    /// How many destinations it is for.
    pub(super) destinations: u32,
}

impl Store {
    /// Locks the folder and looks which files there are. Nothing is read yet.
    pub(super) fn open(
        folder: &Path,
        disk: Box<dyn Disk>,
    ) -> Result<Self, (&'static str, io::Error)> {
        let at = |what| move |error| (what, error);
        make(folder).map_err(at("the folder cannot be made"))?;
        // Its own name must survive a power cut, too. Not everybody may open the one above.
        let _ = folder.parent().map(sync_folder);
        let lock = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(folder.join("lock"))
            .map_err(at("the folder cannot be written to"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => (
                "another process uses the folder",
                io::ErrorKind::ResourceBusy.into(),
            ),
            TryLockError::Error(error) => ("the folder cannot be locked", error),
        })?;
        let cursors = folder.join("cursors");
        let cursors = Cursors::open(&cursors).map_err(at("the file `cursors` cannot be opened"))?;
        let old = list(folder).map_err(at("the folder cannot be read"))?;
        Ok(Self {
            folder: folder.to_owned(),
            disk,
            next: cursors.highest().saturating_add(1),
            old,
            cursors,
            segments: VecDeque::new(),
            active: None,
            _lock: lock,
        })
    }

    /// Reads all files, sets damage aside, and hands over what is waiting.
    pub(super) fn recover(&mut self, shared: &Shared, find: &mut Finder) {
        let damage = Damage::new(&self.folder);
        let mut waiting = BTreeMap::new();
        for (first, mark, length) in std::mem::take(&mut self.old) {
            self.next = self.next.max(first.saturating_add(1));
            let segment = Arc::new(Segment::new(&self.folder, first, mark, length));
            let bytes = if length > MAX_FILE_BYTES {
                Err(io::ErrorKind::FileTooLarge.into())
            } else {
                fs::read(&segment.path)
            };
            match bytes {
                Ok(bytes) => {
                    let scan = scan(segment.mark, &bytes);
                    segment.bytes.fetch_sub(scan.ahead as u64, Ordering::AcqRel);
                    self.collect(&segment, &scan, &mut waiting, find);
                    self.keep(shared, &damage, segment, &bytes, &scan);
                }
                Err(error) => {
                    let moved = damage.take(&segment.path);
                    report(shared, &segment.path, 0, length, moved, &error.to_string());
                }
            }
        }
        // Batches that were carried lie in younger files than their numbers tell.
        for (record, names) in waiting.into_values() {
            shared.lock().recovered += names.len() as u64;
            for name in names {
                find(&name, Found::Waiting(Arc::clone(&record)));
            }
        }
        self.clean();
        self.measure(shared);
    }

    /// Adds what destinations have not got to `waiting`, by its number.
    fn collect(
        &mut self,
        segment: &Arc<Segment>,
        scan: &Scan,
        waiting: &mut BTreeMap<u64, (Arc<Record>, Vec<String>)>,
        find: &mut Finder,
    ) {
        for (offset, header) in &scan.records {
            self.next = self.next.max(header.number.saturating_add(1));
            let names = self.open_for(header);
            // A crash may have left a batch here that had been carried to another file already.
            if !names.is_empty() && !waiting.contains_key(&header.number) {
                let record = Record::new(header, *offset, segment, names.len() as u32);
                waiting.insert(header.number, (Arc::new(record), names));
            }
        }
        for (_, header) in &scan.spoilt {
            self.next = self.next.max(header.number.saturating_add(1));
            for name in self.open_for(header) {
                find(&name, Found::Spoilt(header.clone()));
            }
        }
    }

    /// The destinations that have not got a batch.
    fn open_for(&self, header: &Header) -> Vec<String> {
        let names = record::names(&header.note).unwrap_or_default().into_iter();
        let open = names.filter(|name| header.number > self.cursors.done(name));
        open.map(str::to_owned).collect()
    }

    /// Sets damage aside; what is left of the file is used.
    fn keep(
        &mut self,
        shared: &Shared,
        damage: &Damage,
        segment: Arc<Segment>,
        bytes: &[u8],
        scan: &Scan,
    ) {
        let what = "it does not hold what was written";
        // A file in which nothing is right is moved; otherwise the places are copied.
        let whole = scan.records.is_empty() && !scan.damage.is_empty();
        if whole {
            let moved = damage.take(&segment.path);
            report(shared, &segment.path, 0, bytes.len() as u64, moved, what);
            return;
        }
        for range in &scan.damage {
            let lost = &bytes[range.clone()];
            let copied = damage.copy(&segment.path, range.start, lost);
            let length = range.len() as u64;
            report(shared, &segment.path, range.start, length, copied, what);
        }
        if scan.torn > 0 {
            shared.lock().torn_bytes += scan.torn as u64;
            tracing::warn!(
                file = %segment.path.display(),
                "a crash left the last {} bytes unfinished; nobody was told that they were accepted",
                scan.torn
            );
        }
        self.segments.push_back(segment);
    }

    /// Writes batches behind each other and waits until they survive a power cut. Where that does
    /// not succeed, none of them is there.
    pub(super) fn append(&mut self, entries: &mut [Entry<'_>]) -> io::Result<Vec<Arc<Record>>> {
        if self
            .active
            .as_ref()
            .is_none_or(|active| active.length >= SEGMENT_BYTES)
        {
            self.end();
            self.active = Some(self.create()?);
        }
        let Some(active) = &mut self.active else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let mut heads = Vec::with_capacity(entries.len());
        for entry in &mut *entries {
            // Numbers are never used again, whatever becomes of the write. What is carried has one.
            if entry.header.number == 0 {
                entry.header.number = self.next;
                self.next = self.next.saturating_add(1);
            }
            let head = entry.header.encode(active.segment.mark);
            heads.push(head.ok_or(io::ErrorKind::InvalidInput)?);
        }
        let mut parts = Vec::with_capacity(2 * heads.len());
        for (head, entry) in heads.iter().zip(&*entries) {
            parts.push(IoSlice::new(head));
            parts.push(IoSlice::new(entry.body));
        }
        active.reserve(parts.iter().map(|part| part.len() as u64).sum());
        if let Err(error) = active.file.append(&mut parts) {
            // What was written of it must not be found after a restart. A file that cannot even
            // be cut is left as it is: then it may be, and its sender sends it twice.
            if active.cut().is_err() {
                self.active = None;
            }
            return Err(error);
        }
        if let Err(error) = active.file.sync() {
            // After this the system may have forgotten what it did not write, so the file is done.
            let _ = active.cut();
            self.active = None;
            return Err(error);
        }
        let mut records = Vec::with_capacity(entries.len());
        for entry in entries {
            let (at, pending) = (active.length, entry.destinations);
            let record = Record::new(&entry.header, at, &active.segment, pending);
            active.length += entry.header.total() as u64;
            records.push(Arc::new(record));
        }
        active.segment.bytes.store(active.length, Ordering::Release);
        Ok(records)
    }

    /// On a full disk: ends the file that grows, which could not be deleted before it is long, and
    /// deletes what no destination needs; says whether there was anything.
    pub(super) fn make_room(&mut self) -> bool {
        if self.active.as_ref().is_some_and(|active| active.length > 0) {
            self.end();
        }
        let before = self.segments.len();
        self.clean();
        self.segments.len() < before
    }

    fn create(&mut self) -> io::Result<Active> {
        let segment = Arc::new(Segment::new(&self.folder, self.next, retry::random(), 0));
        let file = self.disk.create(&segment.path)?;
        self.segments.push_back(Arc::clone(&segment));
        Ok(Active::new(segment, file))
    }

    /// Ends the file that grows.
    pub(super) fn end(&mut self) {
        if let Some(active) = self.active.take() {
            active.end();
        }
    }

    /// Deletes files that no destination needs. The one that grows is spared.
    pub(super) fn clean(&mut self) {
        let mut segments = std::mem::take(&mut self.segments);
        segments.retain(|segment| {
            let needed = !segment.is_finished() || self.grows(segment);
            // A file that cannot be deleted is tried again the next time.
            needed || fs::remove_file(&segment.path).is_err()
        });
        self.segments = segments;
    }

    /// Whether a file is the one that grows.
    pub(super) fn grows(&self, segment: &Arc<Segment>) -> bool {
        let active = self.active.as_ref();
        active.is_some_and(|active| Arc::ptr_eq(&active.segment, segment))
    }

    /// Notes how much there is.
    pub(super) fn measure(&self, shared: &Shared) {
        let bytes = |segment: &Arc<Segment>| segment.bytes.load(Ordering::Acquire);
        let mut status = shared.lock();
        status.files = self.segments.len() as u64;
        status.bytes = self.segments.iter().map(bytes).sum();
    }
}

/// Makes a folder that only this user may look into: telemetry says much about its users.
fn make(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// The files of batches in a folder, the oldest first.
fn list(folder: &Path) -> io::Result<Vec<(u64, u64, u64)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if let Some((first, mark)) = name.to_str().and_then(Segment::parse) {
            files.push((first, mark, entry.metadata()?.len()));
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// One sentence in the log for every place that is damaged.
fn report(
    shared: &Shared,
    file: &Path,
    offset: usize,
    length: u64,
    aside: io::Result<PathBuf>,
    why: &str,
) {
    let mut status = shared.lock();
    status.damaged += 1;
    status.damaged_bytes += length;
    let aside = match aside {
        Ok(path) => format!("set aside as {}", path.display()),
        Err(error) => format!("not set aside ({error})"),
    };
    tracing::error!(
        "{} is damaged, {length} bytes at {offset} are {aside}, the rest is used: {why}",
        file.display()
    );
}
