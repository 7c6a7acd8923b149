//! Pythons with the packages of a committed list, each in an environment of its own.
//!
//! One is made once into the cache, and anew when the list or the interpreter changes. Where Python
//! or the package index is not to be had, the reason is returned, to be shown at the end of the run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::paths;
use crate::process::{Outcome, capture, run_quiet, say};

use super::apt;

/// What needs an environment.
pub(crate) struct Room {
    /// A folder with a `requirements.txt`.
    folder: &'static str,
    /// The oldest Python that all of its packages run on.
    oldest: (u32, u32),
}

/// The tests of Python's clients.
pub(crate) const INTEROP: Room = Room {
    folder: "tests/interop-python",
    oldest: (3, 10),
};

/// Phoenix, a backend written in Python.
pub(crate) const PHOENIX: Room = Room {
    folder: "tests/backends/phoenix",
    oldest: (3, 11),
};

/// The server in Python that is measured beside others.
pub(crate) const BENCH: Room = Room {
    folder: "bench/python",
    oldest: (3, 10),
};

/// The interpreter of the environment for `room`, or why there is none.
///
/// # Errors
/// The cache cannot be written, or the list cannot be read.
pub(crate) fn environment(room: &Room) -> Outcome<Result<PathBuf, String>> {
    let Room { folder, oldest } = room;
    let list = paths::root().join(folder).join("requirements.txt");
    let wanted =
        fs::read_to_string(&list).map_err(|error| format!("{}: {error}", list.display()))?;
    let version = match interpreter(*oldest) {
        Ok(version) => version,
        Err(reason) => return Ok(Err(reason)),
    };
    let name = folder.replace('/', "-");
    let home = paths::cache().join("tools").join(format!("python-{name}"));
    let python = home.join("bin/python");
    let made_from = home.join("made-from");
    let source = format!("{version}\n{wanted}");
    let same = fs::read_to_string(&made_from).is_ok_and(|text| text == source);
    if same && python.exists() {
        return Ok(Ok(python));
    }
    say(&format!("making a Python environment for {folder} (once)"));
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |error: std::io::Error| format!("{path}: {error}")
    };
    if home.exists() {
        fs::remove_dir_all(&home).map_err(failed(&home))?;
    }
    if let Err(reason) = make(&home, &python, &list) {
        return Ok(Err(reason));
    }
    // Written last: without it the environment is not complete.
    fs::write(&made_from, source).map_err(failed(&made_from))?;
    Ok(Ok(python))
}

/// The version of the `python3` on `PATH`.
fn interpreter(oldest: (u32, u32)) -> Result<String, String> {
    let wanted = format!(
        "install Python {}.{} or newer with venv",
        oldest.0, oldest.1
    );
    let version = capture(Command::new("python3").arg("--version"))
        .ok_or_else(|| format!("there is no `python3` on PATH: {wanted}"))?;
    match parse(&version) {
        Some(found) if found >= oldest => Ok(version),
        _ => Err(format!("`{version}` is too old: {wanted}")),
    }
}

fn make(home: &Path, python: &Path, list: &Path) -> Result<(), String> {
    let has_venv = capture(Command::new("python3").args(["-c", "import ensurepip, venv"]));
    // Debian keeps it in a package of its own.
    if has_venv.is_none() && apt::available() {
        apt::install(&["python3-venv"])?;
    }
    run_quiet(Command::new("python3").args(["-m", "venv"]).arg(home))?;
    let quiet = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ];
    run_quiet(Command::new(python).args(quiet).arg(list))
        .map_err(|error| format!("{error}\nIs the Python package index within reach?"))
}

/// `Python 3.11.7` → `(3, 11)`.
fn parse(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.strip_prefix("Python ")?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn versions_of_python() {
        assert_eq!(parse("Python 3.11.7"), Some((3, 11)));
        assert_eq!(parse("Python 3.14.0rc2"), Some((3, 14)));
        assert_eq!(parse("Python 2"), None);
        assert_eq!(parse("pyenv: python3: command not found"), None);
    }
}
