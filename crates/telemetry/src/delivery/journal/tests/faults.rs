//! A disk that fills up, breaks, or loses power at any byte.

use std::io::{self, IoSlice};
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::super::files::Tail;
use super::*;

/// What the disk still does.
#[derive(Debug, Clone, Copy, Default)]
struct Budget {
    /// Bytes that it takes; `None`: any number.
    bytes: Option<usize>,
    /// Whether what is over the budget is a power cut, after which nothing works any more.
    cut: bool,
    /// The number of syncs that fail.
    bad_syncs: u32,
    dead: bool,
}

type Shared = Arc<Mutex<Budget>>;

#[derive(Debug)]
struct Faulty(Shared, Native);

#[derive(Debug)]
struct FaultyTail(Shared, Box<dyn Tail>);

fn broken() -> io::Error {
    io::Error::other("no power")
}

impl Disk for Faulty {
    fn create(&mut self, path: &Path) -> io::Result<Box<dyn Tail>> {
        if self.0.lock().unwrap().dead {
            return Err(broken());
        }
        let tail = self.1.create(path)?;
        Ok(Box::new(FaultyTail(Arc::clone(&self.0), tail)))
    }
}

impl Tail for FaultyTail {
    fn append(&mut self, parts: &mut [IoSlice<'_>]) -> io::Result<()> {
        let mut budget = self.0.lock().unwrap();
        if budget.dead {
            return Err(broken());
        }
        let all: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        let fits = budget.bytes.map_or(all.len(), |bytes| bytes.min(all.len()));
        if let Some(bytes) = &mut budget.bytes {
            *bytes -= fits;
        }
        self.1.append(&mut [IoSlice::new(&all[..fits])])?;
        if fits == all.len() {
            return Ok(());
        }
        budget.dead = budget.cut;
        Err(if budget.cut {
            broken()
        } else {
            io::ErrorKind::StorageFull.into()
        })
    }

    fn reserve(&mut self, length: u64, zeros: u64) -> io::Result<()> {
        let budget = *self.0.lock().unwrap();
        if budget.dead {
            return Err(broken());
        }
        if budget.bytes.is_some_and(|bytes| (bytes as u64) < zeros) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.1.reserve(length, zeros)
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut budget = self.0.lock().unwrap();
        if budget.dead {
            return Err(broken());
        }
        if budget.bad_syncs > 0 {
            budget.bad_syncs -= 1;
            return Err(io::Error::other("the disk does not answer"));
        }
        self.1.sync()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let mut budget = self.0.lock().unwrap();
        if budget.dead {
            return Err(broken());
        }
        // What is cut off is free again.
        if let Some(bytes) = &mut budget.bytes {
            *bytes += 1;
        }
        self.1.truncate(length)
    }
}

fn faulty(budget: Budget) -> (Shared, impl Fn() -> Box<dyn Disk> + Send + 'static) {
    let shared = Arc::new(Mutex::new(budget));
    let disk = Arc::clone(&shared);
    let make = move || Box::new(Faulty(Arc::clone(&disk), Native)) as Box<dyn Disk>;
    (shared, make)
}

#[test]
fn a_power_cut_at_any_byte_loses_nothing_that_was_accepted() {
    // Three records of some 70 bytes.
    for bytes in 0..=230 {
        let folder = Folder::new();
        let budget = Budget {
            bytes: Some(bytes),
            cut: true,
            ..Budget::default()
        };
        let (_, disk) = faulty(budget);
        let (journal, _findings) = open(&folder, disk);
        let mut accepted = Vec::new();
        for first in 1..=3 {
            if write(&journal, &batch(first, 10), &["a"]).is_ok() {
                accepted.push(first);
            }
        }
        drop(journal);
        let found = waiting(&folder, "a");
        assert_eq!(found, accepted, "power was cut after {bytes} bytes");
    }
}

#[test]
fn a_full_disk_refuses_and_recovers() {
    let folder = Folder::new();
    let (budget, disk) = faulty(Budget {
        bytes: Some(150),
        ..Budget::default()
    });
    let (journal, _findings) = open(&folder, disk);
    write(&journal, &batch(1, 10), &["a"]).unwrap();
    write(&journal, &batch(2, 10), &["a"]).unwrap();
    for _ in 0..3 {
        assert_eq!(
            write(&journal, &batch(9, 50), &["a"]).err(),
            Some(Refused::Full)
        );
        assert_eq!(journal.status().state, StorageState::Full);
        assert!(journal.status().problem.unwrap().contains("space"));
    }
    budget.lock().unwrap().bytes = None;
    write(&journal, &batch(3, 50), &["a"]).unwrap();
    let status = journal.status();
    assert_eq!((status.state, status.problem), (StorageState::Ready, None));
    journal.close();
    assert_eq!(
        waiting(&folder, "a"),
        [1, 2, 3],
        "nothing of the refused ones is left"
    );
}

#[test]
fn a_sync_that_fails_accepts_nothing_and_gets_a_new_file() {
    let folder = Folder::new();
    let (budget, disk) = faulty(Budget::default());
    let (journal, _findings) = open(&folder, disk);
    write(&journal, &batch(1, 10), &["a"]).unwrap();
    budget.lock().unwrap().bad_syncs = 1;
    assert_eq!(
        write(&journal, &batch(2, 10), &["a"]).err(),
        Some(Refused::Failed)
    );
    write(&journal, &batch(3, 10), &["a"]).unwrap();
    assert_eq!(folder.segments().len(), 2);
    journal.close();
    assert_eq!(waiting(&folder, "a"), [1, 3]);
}

#[test]
fn many_requests_wait_for_the_disk_together() {
    let folder = Folder::new();
    let (budget, disk) = faulty(Budget::default());
    let (journal, _findings) = open(&folder, disk);
    let (answer, answers) = mpsc::channel();
    {
        // The disk stands still while they come.
        let _still = budget.lock().unwrap();
        for first in 0..50 {
            let answer = answer.clone();
            let done = Box::new(move |done: Result<_, Refused>| answer.send(done.is_ok()).unwrap());
            journal.append(&batch(first, 10), 7, vec![journal.cursor("a")], done);
        }
    }
    for _ in 0..50 {
        assert!(answers.recv_timeout(PATIENCE).unwrap());
    }
    let commits = journal.status().commits;
    assert!(commits <= 3, "{commits} commits");
    journal.close();
    assert_eq!(waiting(&folder, "a"), (0..50).collect::<Vec<_>>());
}
