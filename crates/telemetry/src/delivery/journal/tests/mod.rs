//! The journal on disks that do what disks do at their worst.

mod carrying;
mod faults;
mod lifetime;
mod model;
mod scanning;

use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use super::files::{Disk, Native};
use super::*;
use crate::Signal;
use crate::delivery::Source;

/// A folder that is gone at the end of a test.
#[derive(Debug)]
pub(in crate::delivery) struct Folder(PathBuf);

impl Folder {
    pub(in crate::delivery) fn new() -> Self {
        let name = format!("aether-journal-{:016x}", crate::delivery::retry::random());
        // In memory where there is such a place: there are very many of them.
        let memory = PathBuf::from("/dev/shm");
        let parent = if memory.is_dir() {
            memory
        } else {
            std::env::temp_dir()
        };
        let path = parent.join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(in crate::delivery) fn path(&self) -> &std::path::Path {
        &self.0
    }

    /// The files of batches in it, by name.
    fn segments(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|end| end == "queue"));
        paths.sort();
        paths
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What a start finds: the destination and the first byte of the body, or `None` for damage.
type Findings = Receiver<(String, Option<Arc<Record>>)>;

/// A journal, and what it found; it is open when this returns.
fn open(folder: &Folder, disk: impl Fn() -> Box<dyn Disk> + Send + 'static) -> (Journal, Findings) {
    let (journal, unopened) = Journal::on(folder.0.clone(), Box::new(disk));
    let (found, findings) = mpsc::channel();
    let (opened, open) = mpsc::channel();
    let find = move |name: &str, what: Found| {
        let record = match what {
            Found::Waiting(record) => Some(record),
            Found::Spoilt(_) => None,
        };
        found.send((name.to_owned(), record)).unwrap();
    };
    journal
        .start(unopened, move || opened.send(()).unwrap(), Box::new(find))
        .unwrap();
    open.recv_timeout(PATIENCE).expect("the journal opens");
    (journal, findings)
}

fn native() -> Box<dyn Disk> {
    Box::new(Native)
}

const PATIENCE: Duration = Duration::from_secs(20);

/// A batch that begins with `first`.
fn batch(first: u8, length: usize) -> Batch {
    let mut body = vec![0x55; length];
    body[0] = first;
    Batch {
        signal: Signal::Logs,
        source: Source::Relay,
        items: 3,
        body: body.into(),
    }
}

/// Writes a batch and waits until its fate is known.
fn write(journal: &Journal, batch: &Batch, to: &[&str]) -> Result<Arc<Record>, Refused> {
    let (answer, answered) = mpsc::channel();
    let to = to.iter().map(|name| journal.cursor(name)).collect();
    journal.append(
        batch,
        7,
        to,
        Box::new(move |done| answer.send(done).unwrap()),
    );
    answered.recv_timeout(PATIENCE).expect("an answer")
}

/// What a start finds for a destination: the first bytes of the bodies.
fn waiting(folder: &Folder, destination: &str) -> Vec<u8> {
    let (journal, findings) = open(folder, native);
    journal.close();
    let mut firsts = Vec::new();
    for (name, record) in findings.try_iter().filter(|(name, _)| name == destination) {
        let record = record.unwrap_or_else(|| panic!("{name}: damage"));
        firsts.push(record.read().unwrap()[0]);
    }
    firsts
}
