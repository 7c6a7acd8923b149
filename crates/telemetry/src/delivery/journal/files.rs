//! The writing side of a file, behind a seam: tests put a disk there that fills up, breaks or
//! loses its power at any byte.

use std::fmt::Debug;
use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice, Seek, SeekFrom, Write};
use std::path::Path;

/// What is reserved comes in pages of so many bytes.
pub(super) const PAGE: usize = 4096;

static ZEROS: [u8; PAGE] = [0; PAGE];

/// Makes files.
pub(super) trait Disk: Debug + Send {
    /// A new, empty file whose name will still be there after a power cut.
    fn create(&mut self, path: &Path) -> io::Result<Box<dyn Tail>>;
}

/// A file that grows.
pub(super) trait Tail: Debug + Send {
    /// Writes all of it behind what was appended before. After an error the end is anywhere.
    fn append(&mut self, parts: &mut [IoSlice<'_>]) -> io::Result<()>;
    /// Writes zeros, a multiple of [`PAGE`], behind what was appended, which is `length` bytes; what is
    /// appended next goes over them. After an error the end is anywhere.
    fn reserve(&mut self, length: u64, zeros: u64) -> io::Result<()>;
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
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
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

    fn reserve(&mut self, length: u64, zeros: u64) -> io::Result<()> {
        let pages = usize::try_from(zeros).unwrap_or(usize::MAX) / ZEROS.len();
        Tail::append(self, &mut vec![IoSlice::new(&ZEROS); pages])?;
        self.seek(SeekFrom::Start(length))?;
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)?;
        self.seek(SeekFrom::Start(length))?;
        Ok(())
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
