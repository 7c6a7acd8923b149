//! The file on the disk: written so that it is there as a whole, before or after, whatever happens;
//! what it held before is kept for a while.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Serialize;

/// Earlier versions that are kept.
const VERSIONS: u32 = 5;
/// Settings are short; a larger file is another one.
const MAX_BYTES: u64 = 1024 * 1024;

/// An earlier version of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LiveVersion {
    /// By which it is restored; 1 is the latest.
    pub number: u32,
    /// When another one took its place, milliseconds since 1970.
    pub replaced_ms: u64,
    /// Its length.
    pub bytes: u64,
    /// Names of the destinations in it.
    pub destinations: Vec<String>,
    /// Names of the rules in it.
    pub routes: Vec<String>,
}

/// What stands in the file; nothing where there is none.
pub(super) fn read(path: &Path) -> io::Result<String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    file.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(text)
}

/// Writes the file, and keeps what stood in it as version 1.
pub(super) fn save(path: &Path, before: &str, text: &str) -> io::Result<()> {
    if path.exists() {
        keep(path, before)?;
    } else if let Some(folder) = path.parent() {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(folder)?;
    }
    // A link stays a link.
    write(
        &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()),
        text,
    )
}

/// Keeps a text as version 1; the oldest is gone.
pub(super) fn keep(path: &Path, text: &str) -> io::Result<()> {
    for number in (1..VERSIONS).rev() {
        let (older, newer) = (version(path, number + 1), version(path, number));
        match fs::rename(newer, older) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    write(&version(path, 1), text)
}

/// An earlier version; `None` where there is none of that number.
pub(super) fn earlier(path: &Path, number: u32) -> Option<String> {
    if !(1..=VERSIONS).contains(&number) {
        return None;
    }
    let path = version(path, number);
    path.exists().then(|| read(&path).ok()).flatten()
}

/// All earlier versions, the latest first, with their texts.
pub(super) fn versions(path: &Path) -> Vec<(u32, u64, String)> {
    let numbers = 1..=VERSIONS;
    let found = numbers.filter_map(|number| {
        let text = earlier(path, number)?;
        let about = fs::metadata(version(path, number)).ok()?;
        let since = about
            .modified()
            .ok()?
            .duration_since(SystemTime::UNIX_EPOCH);
        let ms = since.map_or(0, |since| since.as_millis());
        Some((number, u64::try_from(ms).unwrap_or(u64::MAX), text))
    });
    found.collect()
}

/// `telemetry.toml.1`
fn version(path: &Path, number: u32) -> PathBuf {
    beside(path, &number.to_string())
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut name = path.into_os_string();
    name.push(".");
    name.push(suffix);
    name.into()
}

/// Writes a file so that after a crash it holds all of the text, or what it held before.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    let unfinished = beside(path, "new");
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = (|| {
        // Of an earlier run that was killed; its rights may be wider.
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = options.open(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        crate::delivery::sync_folder(folder)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}
