//! Batches come, destinations take them, processes end in between.

use std::fs;

use super::super::cursors::Cursors;
use super::super::store::SEGMENT_BYTES;
use super::*;

#[test]
fn what_was_not_delivered_is_there_after_a_restart() {
    let folder = Folder::new();
    let (journal, findings) = open(&folder, native);
    assert_eq!(findings.try_iter().count(), 0);
    let first = write(&journal, &batch(1, 100), &["a", "b"]).unwrap();
    let second = write(&journal, &batch(2, 100), &["a"]).unwrap();
    write(&journal, &batch(3, 100), &["b"]).unwrap();
    assert_eq!(second.read().unwrap(), batch(2, 100).body);
    journal.cursor("a").settle(&first);
    journal.close();
    assert_eq!(journal.status().state, StorageState::Closed);
    assert_eq!(waiting(&folder, "a"), [2]);
    assert_eq!(waiting(&folder, "b"), [1, 3]);

    // The same numbers are never used again, so a cursor stays right.
    let (journal, findings) = open(&folder, native);
    for (name, record) in findings.iter().take(3) {
        journal.cursor(&name).settle(&record.unwrap());
    }
    write(&journal, &batch(4, 100), &["a"]).unwrap();
    journal.close();
    assert_eq!(waiting(&folder, "a"), [4]);
    assert!(waiting(&folder, "b").is_empty());
    assert_eq!(folder.segments().len(), 1, "what all have got is deleted");
}

#[test]
fn a_process_that_is_killed_leaves_everything() {
    let folder = Folder::new();
    let (journal, _findings) = open(&folder, native);
    for first in 1..=3 {
        write(&journal, &batch(first, 10), &["a"]).unwrap();
    }
    // The folder as it would be found after a kill at this moment.
    let killed = Folder::new();
    for file in folder.segments() {
        fs::copy(&file, killed.path().join(file.file_name().unwrap())).unwrap();
    }
    let (again, findings) = open(&killed, native);
    again.close();
    assert_eq!(findings.try_iter().count(), 3);
    let (before, after) = (journal.status(), again.status());
    assert_eq!((after.torn_bytes, after.damaged), (0, 0));
    assert_eq!(after.bytes, before.bytes, "zeros are not counted");
    assert_eq!(waiting(&killed, "a"), [1, 2, 3]);

    journal.close();
    let length = |path: &PathBuf| fs::metadata(path).unwrap().len();
    assert!(killed.segments().iter().map(length).sum::<u64>() > before.bytes);
    assert_eq!(
        folder.segments().iter().map(length).sum::<u64>(),
        before.bytes
    );
}

#[test]
fn space_is_given_back() {
    let folder = Folder::new();
    let (journal, _findings) = open(&folder, native);
    let half = SEGMENT_BYTES as usize / 2 + 1;
    for first in 0..6 {
        let record = write(&journal, &batch(first, half), &["a"]).unwrap();
        journal.cursor("a").settle(&record);
    }
    write(&journal, &batch(6, 10), &["a"]).unwrap();
    assert!(folder.segments().len() <= 2, "{:?}", folder.segments());
    assert!(journal.status().bytes < 3 * SEGMENT_BYTES);
    journal.close();
}

#[test]
fn two_processes_do_not_share_a_folder() {
    let folder = Folder::new();
    let (first, _findings) = open(&folder, native);
    let (second, unopened) = Journal::new(folder.path().to_owned());
    let (opened, open) = mpsc::channel();
    let found = Box::new(|_: &str, _: Found| {});
    second
        .start(unopened, move || opened.send(()).unwrap(), found)
        .unwrap();
    // What is asked meanwhile is refused, not kept waiting.
    assert_eq!(
        write(&second, &batch(1, 10), &["a"]).err(),
        Some(Refused::Failed)
    );
    let status = second.status();
    assert_eq!(status.state, StorageState::Failed);
    let problem = status.problem.unwrap();
    assert!(problem.contains("another process"), "{problem}");
    write(&first, &batch(2, 10), &["a"]).unwrap();
    first.close();
    open.recv_timeout(PATIENCE).expect("the second takes over");
    assert!(write(&second, &batch(3, 10), &["a"]).is_ok());
    assert_eq!(second.status().state, StorageState::Ready);
    second.close();
    assert_eq!(waiting(&folder, "a"), [2, 3]);
}

#[test]
fn a_folder_that_cannot_be_used_is_named_and_tried_again() {
    let folder = Folder::new();
    let inside = folder.path().join("telemetry");
    // A file stands where the folder should be.
    fs::write(&inside, "").unwrap();
    let (journal, unopened) = Journal::new(inside.clone());
    let (opened, open) = mpsc::channel();
    let found = Box::new(|_: &str, _: Found| {});
    journal
        .start(unopened, move || opened.send(()).unwrap(), found)
        .unwrap();
    assert_eq!(
        write(&journal, &batch(1, 10), &["a"]).err(),
        Some(Refused::Failed)
    );
    let problem = journal.status().problem.unwrap();
    assert!(
        problem.contains("telemetry") && problem.contains("AETHER_TELEMETRY_QUEUE"),
        "{problem}"
    );
    fs::remove_file(&inside).unwrap();
    open.recv_timeout(PATIENCE).expect("it recovers");
    assert!(write(&journal, &batch(2, 10), &["a"]).is_ok());
}

#[test]
fn a_closed_journal_refuses() {
    let folder = Folder::new();
    let (journal, _findings) = open(&folder, native);
    journal.close();
    assert_eq!(
        write(&journal, &batch(1, 10), &["a"]).err(),
        Some(Refused::Closed)
    );
}

/// The folder of two batches for `a`, closed.
fn two_batches() -> Folder {
    let folder = Folder::new();
    let (journal, _findings) = open(&folder, native);
    for first in 1..=2 {
        write(&journal, &batch(first, 100), &["a"]).unwrap();
    }
    journal.close();
    folder
}

#[test]
fn damage_is_set_aside_and_the_rest_is_used() {
    let folder = two_batches();
    let file = folder.segments().remove(0);
    let mut bytes = fs::read(&file).unwrap();
    // In the body of the first.
    bytes[100] ^= 4;
    fs::write(&file, &bytes).unwrap();
    let (journal, findings) = open(&folder, native);
    let (third, _) = (write(&journal, &batch(3, 10), &["a"]).unwrap(), ());
    let status = journal.status();
    journal.close();
    let found: Vec<_> = findings.try_iter().collect();
    assert_eq!(found.len(), 2);
    let intact: Vec<_> = found
        .iter()
        .filter_map(|(_, record)| record.as_ref())
        .collect();
    assert_eq!(intact.len(), 1);
    assert_eq!(intact[0].read().unwrap()[0], 2);
    assert!(third.number > intact[0].number);
    assert_eq!((status.damaged, status.recovered), (1, 1));
    let aside = folder.path().join("damaged");
    let aside: Vec<_> = fs::read_dir(aside)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    assert_eq!(aside.len(), 1);
    assert_eq!(
        fs::read(&aside[0]).unwrap().len() as u64,
        status.damaged_bytes
    );
}

#[test]
fn a_file_without_anything_in_it_is_moved_away() {
    let folder = two_batches();
    let file = folder.segments().remove(0);
    fs::write(&file, [7; 5000]).unwrap();
    assert!(waiting(&folder, "a").is_empty());
    assert!(folder.segments().is_empty());
    let moved = folder
        .path()
        .join("damaged")
        .join(file.file_name().unwrap());
    assert_eq!(fs::read(moved).unwrap(), [7; 5000]);
}

#[test]
fn what_rots_while_it_waits_is_noticed() {
    let folder = two_batches();
    let (_journal, findings) = open(&folder, native);
    let (_, record) = findings.recv_timeout(PATIENCE).unwrap();
    let file = folder.segments().remove(0);
    let mut bytes = fs::read(&file).unwrap();
    bytes[100] ^= 4;
    fs::write(&file, &bytes).unwrap();
    let error = record.unwrap().read().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
}

#[test]
fn a_cursor_that_was_torn_is_the_one_before() {
    let folder = Folder::new();
    let path = folder.path().join("cursors");
    let mut cursors = Cursors::open(&path).unwrap();
    for done in 1..=5 {
        assert!(cursors.write("a", done).unwrap());
        assert!(cursors.write("b", 10 * done).unwrap());
    }
    assert!(!cursors.write("a", 4).unwrap(), "never backwards");
    let bytes = fs::read(&path).unwrap();
    assert_eq!(bytes.len(), 4 * 512);
    for position in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[position] ^= 0x10;
        fs::write(&path, &changed).unwrap();
        let mut cursors = Cursors::open(&path).unwrap();
        let (a, b) = (cursors.done("a"), cursors.done("b"));
        assert!(
            (4..=5).contains(&a) && [40, 50].contains(&b),
            "{position}: {a} {b}"
        );
        // The next write does not spoil what is left.
        cursors.write("a", 6).unwrap();
        let cursors = Cursors::open(&path).unwrap();
        assert_eq!((cursors.done("a"), cursors.done("b")), (6, b), "{position}");
    }
    for length in 0..bytes.len() {
        fs::write(&path, &bytes[..length]).unwrap();
        let cursors = Cursors::open(&path).unwrap();
        assert!(cursors.done("a") <= 5 && cursors.highest() <= 50);
    }
}
