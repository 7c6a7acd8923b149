//! The file that grows, and the zeros that are written ahead of what it gets.
//!
//! To make a file longer is more work for a file system than to write into it, and it comes on top of
//! every request that waits for the disk: half of the processor time of small ones.

use std::io;
use std::sync::Arc;

use super::files::{PAGE, Tail};
use super::segment::Segment;

/// So many zeros are written ahead of small requests. Going over them, a request changes neither the
/// length of the file nor where it lies, and all that waits for the disk is the request itself; each
/// byte is written twice for that. Larger ones are spared it: there it is what costs.
const AHEAD_BYTES: u64 = if cfg!(test) { 2 } else { 64 } * PAGE as u64;
/// What is written at a time is small up to this many bytes.
const SMALL_BYTES: u64 = AHEAD_BYTES / 4;

/// An open file and its end.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) segment: Arc<Segment>,
    pub(super) file: Box<dyn Tail>,
    /// Bytes of records in it.
    pub(super) length: u64,
    /// Zeros are there up to this place, or it is behind.
    reserved: u64,
}

impl Active {
    pub(super) fn new(segment: Arc<Segment>, file: Box<dyn Tail>) -> Self {
        Self {
            segment,
            file,
            length: 0,
            reserved: 0,
        }
    }

    /// Makes room for so many bytes, where it is worth it.
    pub(super) fn reserve(&mut self, bytes: u64) {
        if bytes > SMALL_BYTES || self.length + bytes <= self.reserved {
            return;
        }
        self.reserved = match self.file.reserve(self.length, AHEAD_BYTES) {
            Ok(()) => self.length + AHEAD_BYTES,
            // There may be space for the request itself. The error comes again where it matters.
            Err(_) => {
                let _ = self.cut();
                0
            }
        };
    }

    /// Takes back everything that is not a record.
    pub(super) fn cut(&mut self) -> io::Result<()> {
        self.reserved = 0;
        self.file.truncate(self.length)
    }

    /// Leaves the file as long as its records are.
    pub(super) fn end(mut self) {
        if self.reserved > self.length {
            // Zeros at the end mean nothing.
            let _ = self.cut();
        }
    }
}
