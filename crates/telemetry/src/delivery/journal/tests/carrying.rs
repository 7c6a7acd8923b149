//! A destination that wants little of what comes, and does not take it.

use std::fs;

use super::super::store::SEGMENT_BYTES;
use super::*;

/// Eight of them fill a file.
const LARGE: usize = SEGMENT_BYTES as usize / 8;

/// Many large batches that are taken at once, and between them small ones that are not.
fn sparse(journal: &Journal) -> Vec<Arc<Record>> {
    let mut small = Vec::new();
    for number in 0..120 {
        let large = write(journal, &batch(0, LARGE), &["quick"]).unwrap();
        journal.cursor("quick").settle(&large);
        if number % 3 == 0 {
            small.push(write(journal, &batch(number, 100), &["dead", "slow"]).unwrap());
        }
    }
    small
}

#[test]
fn a_dead_destination_does_not_keep_what_others_have_got() {
    let folder = Folder::new();
    let (journal, _findings) = open(&folder, native);
    let small = sparse(&journal);
    let bytes = journal.status().bytes;
    assert!(
        bytes < 7 * SEGMENT_BYTES,
        "{bytes} of {} are kept",
        120 << 20
    );
    // Where they are now is known.
    for (number, record) in small.iter().enumerate() {
        assert_eq!(record.read().unwrap()[0], 3 * number as u8);
        journal.cursor("slow").settle(record);
    }
    journal.close();
    let expected: Vec<_> = (0..120).step_by(3).collect();
    assert_eq!(
        waiting(&folder, "dead"),
        expected,
        "in order, and after a restart"
    );
    assert!(waiting(&folder, "slow").is_empty() && waiting(&folder, "quick").is_empty());
}

#[test]
fn what_was_carried_is_given_back_when_it_is_taken() {
    let folder = Folder::new();
    let (journal, _findings) = open(&folder, native);
    for record in sparse(&journal) {
        journal.cursor("dead").settle(&record);
        journal.cursor("slow").settle(&record);
    }
    journal.close();
    assert!(folder.segments().is_empty(), "{:?}", folder.segments());
}

#[test]
fn a_crash_while_carrying_sends_nothing_twice() {
    let folder = Folder::new();
    let (journal, _findings) = open(&folder, native);
    for first in 1..=3 {
        write(&journal, &batch(first, 10), &["a"]).unwrap();
    }
    journal.close();
    // The same records in a younger file, and the old one still there.
    let old = folder.segments().remove(0);
    let name = old.file_name().unwrap().to_str().unwrap();
    let younger = name.replacen("00000000000000000001", "00000000000000000004", 1);
    assert_ne!(name, younger);
    fs::copy(&old, folder.path().join(younger)).unwrap();
    assert_eq!(waiting(&folder, "a"), [1, 2, 3]);
}
