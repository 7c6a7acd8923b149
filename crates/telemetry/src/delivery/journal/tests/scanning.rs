//! Files that were cut off or changed anywhere.

use proptest::prelude::*;

use super::super::record::{Header, names, note};
use super::super::segment::{Scan, Segment, scan};
use super::*;

const MARK: u64 = 0x0123_4567_89ab_cdef;

/// A file of records, and where each begins.
fn file(bodies: &[&[u8]]) -> (Vec<u8>, Vec<usize>) {
    let mut bytes = Vec::new();
    let mut begins = Vec::new();
    for (number, body) in bodies.iter().enumerate() {
        begins.push(bytes.len());
        let header = Header {
            signal: Signal::ALL[number % 3],
            source: Source::Own,
            number: number as u64,
            accepted_ms: 7,
            items: 1,
            length: body.len() as u32,
            sum: crc32fast::hash(body),
            note: note(["a:1", "b"].into_iter()).unwrap(),
        };
        bytes.extend(header.encode(MARK).unwrap());
        bytes.extend(*body);
    }
    (bytes, begins)
}

fn numbers(scan: &Scan) -> Vec<u64> {
    scan.records
        .iter()
        .map(|(_, header)| header.number)
        .collect()
}

#[test]
fn what_was_written_is_found() {
    let bodies: [&[u8]; 4] = [b"one", b"", &[0; 100], &MARK.to_le_bytes()];
    let (bytes, begins) = file(&bodies);
    let scan = scan(MARK, &bytes);
    assert_eq!(numbers(&scan), [0, 1, 2, 3]);
    assert!(scan.damage.is_empty() && scan.spoilt.is_empty());
    assert_eq!((scan.torn, scan.ahead), (0, 0));
    for ((offset, header), (begin, body)) in scan.records.iter().zip(begins.iter().zip(bodies)) {
        assert_eq!(*offset, *begin as u64);
        let at = begin + header.size();
        assert_eq!(&bytes[at..at + header.length as usize], body);
        assert_eq!(names(&header.note).unwrap(), ["a:1", "b"]);
    }
}

#[test]
fn a_file_cut_off_anywhere_keeps_all_that_is_complete() {
    let (bytes, begins) = file(&[b"first", b"second", b"third"]);
    for length in 0..bytes.len() {
        let scan = scan(MARK, &bytes[..length]);
        let complete = begins.iter().filter(|begin| **begin <= length).count();
        let complete = complete.saturating_sub(1) as u64;
        assert_eq!(
            numbers(&scan),
            (0..complete).collect::<Vec<_>>(),
            "{length}"
        );
        assert!(scan.damage.is_empty(), "{length}: torn, not damaged");
        // A header that breaks off may end with zeros.
        let torn = length - begins[complete as usize];
        assert_eq!(scan.torn + scan.ahead, torn, "{length}");
    }
}

#[test]
fn zeros_at_the_end_are_there_for_what_comes_next() {
    let (mut bytes, _) = file(&[b"first"]);
    bytes.extend([0; 4096]);
    let scan = scan(MARK, &bytes);
    assert_eq!(numbers(&scan), [0]);
    assert_eq!((scan.torn, scan.ahead), (0, 4096));
    assert!(scan.damage.is_empty());
}

/// A power cut may leave any blocks of the last write as they were, which is zeros.
#[test]
fn a_last_record_of_which_blocks_are_missing_is_torn() {
    const BLOCK: usize = 512;
    let last = vec![0x55; 2000];
    // It begins at every place within a block.
    for length in 400..400 + BLOCK {
        let first = vec![0x33; length];
        let (whole, begins) = file(&[&first, &last]);
        let begin = begins[1];
        let blocks: Vec<_> = (begin / BLOCK..whole.len().div_ceil(BLOCK)).collect();
        for missing in 1..1u32 << blocks.len() {
            let mut bytes = whole.clone();
            for (bit, block) in blocks.iter().enumerate() {
                if missing >> bit & 1 == 1 {
                    let end = ((block + 1) * BLOCK).min(bytes.len());
                    bytes[(block * BLOCK).max(begin)..end].fill(0);
                }
            }
            bytes.extend([0; 3 * BLOCK]);
            let scan = scan(MARK, &bytes);
            assert_eq!(numbers(&scan), [0], "{length} {missing:b}");
            assert!(scan.damage.is_empty() && scan.spoilt.is_empty());
            assert_eq!(begin + scan.torn + scan.ahead, bytes.len());
            let nothing = bytes[begin..].iter().all(|byte| *byte == 0);
            assert_eq!(scan.torn == 0, nothing, "{length} {missing:b}");
        }
    }
}

#[test]
fn missing_blocks_in_front_of_other_records_are_damage() {
    let (mut bytes, begins) = file(&[b"first", &[0x55; 2000], b"third"]);
    bytes[begins[1] + 600..begins[1] + 1700].fill(0);
    let scan = scan(MARK, &bytes);
    assert_eq!(numbers(&scan), [0, 2]);
    assert_eq!(scan.damage.first(), Some(&(begins[1]..begins[2])));
    assert_eq!(scan.damage.len(), 1);
    assert_eq!((scan.spoilt.len(), scan.torn), (1, 0));
}

#[test]
fn a_flipped_bit_costs_its_record_and_no_other() {
    let (bytes, mut begins) = file(&[b"first body", b"second", b"third, the last"]);
    begins.push(bytes.len());
    for (position, zeros) in (0..bytes.len()).flat_map(|at| [(at, 0), (at, 4096)]) {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[position] ^= 1 << bit;
            changed.resize(bytes.len() + zeros, 0);
            let scan = scan(MARK, &changed);
            let hit = begins.iter().rposition(|begin| *begin <= position).unwrap() as u64;
            let others: Vec<_> = (0..3).filter(|number| *number != hit).collect();
            assert_eq!(numbers(&scan), others, "bit {bit} of byte {position}");
            // Without zeros behind it, the last may look as if it had been longer.
            assert!(!scan.damage.is_empty() || (zeros == 0 && scan.torn > 0));
            assert_eq!(scan.ahead, zeros);
        }
    }
}

#[test]
fn telemetry_cannot_pretend_to_be_a_record() {
    let (forged, _) = file(&[b"forged"]);
    let (mut bytes, begins) = file(&[b"first", &forged, b"third"]);
    // Whoever sends it does not know the mark of the file it will be in.
    let other = MARK ^ 1;
    for begin in begins {
        let sent = bytes[begin..].starts_with(&MARK.to_le_bytes());
        assert!(sent);
        let header = Header::decode(MARK, &bytes[begin..]).unwrap();
        let head = header.encode(other).unwrap();
        bytes[begin..begin + head.len()].copy_from_slice(&head);
    }
    // The record in front of the forged one is damaged, so it is searched.
    bytes[20] ^= 1;
    assert_eq!(numbers(&scan(other, &bytes)), [1, 2]);
}

#[test]
fn file_names_hold_the_first_number_and_the_mark() {
    let segment = Segment::new(std::path::Path::new("folder"), 42, MARK, 0);
    let name = segment.path.file_name().unwrap().to_str().unwrap();
    assert_eq!(name, "00000000000000000042-0123456789abcdef.queue");
    assert_eq!(Segment::parse(name), Some((42, MARK)));
    let last = "18446744073709551615-0123456789abcdef.queue";
    for other in ["cursors", "lock", "1-2.queue", "x.queue", ".queue", last] {
        assert_eq!(Segment::parse(other), None, "{other}");
    }
}

proptest! {
    /// Whatever is in a file, it is read without a panic, and the places do not overlap.
    #[test]
    fn anything_can_be_read(
        noise in prop::collection::vec(any::<u8>(), 0..300),
        at in 0usize..200,
        kept in 0usize..300,
    ) {
        let (mut bytes, _) = file(&[b"first", b"second"]);
        let at = at.min(bytes.len());
        let _ = bytes.splice(at..(at + kept).min(bytes.len()), noise);
        let scan = scan(MARK, &bytes);
        let found = scan.records.iter().map(|(_, header)| header.total()).sum::<usize>();
        let lost = scan.damage.iter().map(std::iter::ExactSizeIterator::len).sum::<usize>();
        prop_assert_eq!(found + lost + scan.torn + scan.ahead, bytes.len());
    }

    #[test]
    fn any_header_comes_back(
        number: u64, accepted_ms: u64, items: u64, length: u32, sum: u32, mark: u64,
        note in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let header = Header {
            signal: Signal::Metrics, source: Source::Relay,
            number, accepted_ms, items, length, sum, note,
        };
        let bytes = header.encode(mark).unwrap();
        prop_assert_eq!(bytes.len(), header.size());
        prop_assert_eq!(Header::decode(mark, &bytes), Some(header));
    }
}
