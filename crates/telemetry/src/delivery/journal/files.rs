//! The writing side of a file, behind a seam: tests put a disk there that fills up, breaks or
//! loses its power at any byte.

use std::fmt::Debug;
use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, Write};
use std::path::Path;

/// Makes files.
pub(super) trait Disk: Debug + Send {
    /// A new, empty file whose name will still be there after a power cut.
    fn create(&mut self, path: &Path) -> io::Result<Box<dyn Tail>>;
}

/// A file that grows.
pub(super) trait Tail: Debug + Send {
    /// Writes all of it behind what is there. After an error the end is anywhere.
    fn append(&mut self, parts: &mut [IoSlice<'_>]) -> io::Result<()>;
    /// Returns once everything survives a power cut.
    fn sync(&mut self) -> io::Result<()>;
    /// Cuts the file off; what is appended next begins there.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
}

/// The machine's own file system.
#[derive(Debug)]
pub(super) struct Native;

impl Disk for Native {
    fn create(&mut self, path: &Path) -> io::Result<Box<dyn Tail>> {
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(path)?;
        if let Some(folder) = path.parent() {
            sync_folder(folder)?;
        }
        Ok(Box::new(file))
    }
}

impl Tail for File {
    fn append(&mut self, mut parts: &mut [IoSlice<'_>]) -> io::Result<()> {
        while !parts.is_empty() {
            match self.write_vectored(parts) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => IoSlice::advance_slices(&mut parts, written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}

/// Makes the names in a folder survive a power cut. Windows does so by itself and cannot open
/// folders.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(windows) {
        return Ok(());
    }
    File::open(folder)?.sync_all()
}
