//! What cannot be used any more is set aside: in the folder `damaged`, for whoever wants to look.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The folder never holds more than this; what comes later is only counted.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Damage {
    folder: PathBuf,
}

impl Damage {
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.join("damaged"),
        }
    }

    /// Copies bytes of a file; says where to. Bytes that were copied before are not copied again.
    pub(super) fn copy(&self, file: &Path, offset: usize, bytes: &[u8]) -> io::Result<PathBuf> {
        let path = self.path(file, &format!("-at-{offset}"))?;
        if path.try_exists()? {
            return Ok(path);
        }
        self.room(bytes.len() as u64)?;
        fs::write(&path, bytes)?;
        Ok(path)
    }

    /// Moves a whole file; says where to.
    pub(super) fn take(&self, file: &Path) -> io::Result<PathBuf> {
        let path = self.path(file, "")?;
        fs::rename(file, &path)?;
        Ok(path)
    }

    fn path(&self, file: &Path, place: &str) -> io::Result<PathBuf> {
        fs::create_dir_all(&self.folder)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        Ok(self.folder.join(format!("{name}{place}")))
    }

    fn room(&self, more: u64) -> io::Result<()> {
        let mut used = more;
        for entry in fs::read_dir(&self.folder)? {
            used = used.saturating_add(entry?.metadata()?.len());
        }
        if used > MAX_BYTES {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}
