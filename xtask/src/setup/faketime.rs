//! libfaketime, with which `tests/faults` makes the clock of a program jump.

use std::fs;
use std::path::{Path, PathBuf};

use super::apt;
use crate::process::say;

const VARIABLE: &str = "AETHER_FAKETIME";
/// For programs with threads.
const FILE: &str = "faketime/libfaketimeMT.so.1";

/// The library: named, found, or installed where there is apt.
///
/// # Errors
/// A sentence saying what is not tested, which is said aloud, too.
pub(crate) fn find() -> Result<PathBuf, String> {
    let found = named_or_installed().map_err(|reason| format!("clocks that jump: {reason}"));
    if let Err(sentence) = &found {
        say(&format!("NOT TESTED: {sentence}"));
    }
    found
}

fn named_or_installed() -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os(VARIABLE).map(PathBuf::from) {
        let missing = || format!("{VARIABLE} names {}, which does not exist", path.display());
        return path.is_file().then(|| path.clone()).ok_or_else(missing);
    }
    if let Some(library) = installed() {
        return Ok(library);
    }
    if !apt::available() {
        return Err(format!(
            "there is no apt here to install libfaketime; name its library in {VARIABLE}"
        ));
    }
    apt::install(&["libfaketime"])?;
    installed().ok_or_else(|| format!("Debian's libfaketime lacks {FILE}"))
}

/// It lies in a folder that is named by the machine, or beside.
fn installed() -> Option<PathBuf> {
    let lib = Path::new("/usr/lib");
    let machines = fs::read_dir(lib).into_iter().flatten().flatten();
    let mut places: Vec<_> = machines.map(|entry| entry.path()).collect();
    places.push(lib.to_owned());
    let mut libraries = places.into_iter().map(|place| place.join(FILE));
    libraries.find(|library| library.is_file())
}
