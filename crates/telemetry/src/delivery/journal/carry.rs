//! Carries the few batches of a file that are still needed to the file that grows, so that the old
//! one can be deleted.
//!
//! Files are shared by all destinations. One that is dead and wants only a little of what comes
//! would keep all the rest on the disk; so files hold at most twice what is needed, and some more.

use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::cursors::Cursor;
use super::record::{self, Header};
use super::segment::{Moved, Segment, scan};
use super::store::{Entry, SEGMENT_BYTES, Store};

/// Files may hold this much that nobody needs before anything is carried.
const SPARE_BYTES: u64 = 4 * SEGMENT_BYTES;

impl Store {
    /// Carries one file where too much of all files is not needed.
    ///
    /// # Errors
    /// The disk does not take it; then everything is as before.
    pub(super) fn carry(&mut self, cursors: &[Arc<Cursor>]) -> io::Result<()> {
        let needed = || {
            self.segments
                .iter()
                .filter(|segment| !segment.is_finished())
        };
        let all: u64 = needed().map(|segment| length(segment)).sum();
        let used: u64 = needed().map(|segment| live(segment)).sum();
        if all <= used.saturating_mul(2).saturating_add(SPARE_BYTES) {
            return Ok(());
        }
        let share = |segment: &&Arc<Segment>| live(segment) * 1000 / length(segment).max(1);
        let whole = needed().filter(|segment| !self.grows(segment));
        let sparsest = whole.min_by_key(share).cloned();
        sparsest.map_or(Ok(()), |sparsest| self.empty(&sparsest, cursors))
    }

    fn empty(&mut self, old: &Arc<Segment>, cursors: &[Arc<Cursor>]) -> io::Result<()> {
        let bytes = Bytes::from(fs::read(&old.path)?);
        let needs = |name: &str, number: u64| {
            let cursor = cursors.iter().find(|cursor| &*cursor.name == name);
            cursor.is_some_and(|cursor| cursor.done.load(Ordering::Acquire) < number)
        };
        let mut carried = Vec::new();
        for (offset, header) in scan(old.mark, &bytes).records {
            let names = record::names(&header.note).unwrap_or_default().into_iter();
            let note = record::note(names.filter(|name| needs(name, header.number)));
            let body = offset as usize + header.size()..offset as usize + header.total();
            if let Some(note) = note.filter(|note| !note.is_empty()) {
                carried.push((Header { note, ..header }, bytes.slice(body)));
            }
        }
        let mut moved = Moved::new();
        if !carried.is_empty() {
            let entry = |(header, body)| Entry {
                header: Header::clone(header),
                body,
                // Counted below, when nothing can be settled in between.
                destinations: 0,
            };
            let pairs = carried.iter().map(|(header, body)| (header, body));
            let records = self.append(&mut pairs.map(entry).collect::<Vec<_>>())?;
            let places = records.iter().map(|record| (record.number, record.place()));
            moved.extend(places);
        }
        let mut now = old.moved();
        for (header, _) in &carried {
            let names = record::names(&header.note).unwrap_or_default();
            if names.into_iter().any(|name| needs(name, header.number))
                && let Some((segment, _)) = moved.get(&header.number)
            {
                let size = Segment::share(header.length);
                segment.live.fetch_add(size, Ordering::AcqRel);
            }
        }
        *now = Some(moved);
        old.live.store(0, Ordering::Release);
        Ok(())
    }
}

fn live(segment: &Segment) -> u64 {
    segment.live.load(Ordering::Acquire)
}

fn length(segment: &Segment) -> u64 {
    segment.bytes.load(Ordering::Acquire)
}
