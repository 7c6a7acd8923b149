//! A Chromium for the end-to-end tests.

use std::path::PathBuf;

use super::apt;
use crate::paths::which;
use crate::process::{Outcome, say};

const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
];

/// Finds one, or installs Debian's.
pub(crate) fn find() -> Outcome<PathBuf> {
    if let Some(named) = std::env::var_os("AETHER_CHROMIUM") {
        let path = PathBuf::from(named);
        return if path.exists() {
            Ok(path)
        } else {
            Err(format!(
                "AETHER_CHROMIUM names {}, which does not exist",
                path.display()
            ))
        };
    }
    if let Some(found) = NAMES.iter().find_map(|name| which(name)) {
        return Ok(found);
    }
    if apt::available() {
        apt::install(&["chromium"])?;
        if let Some(found) = which("chromium") {
            return Ok(found);
        }
    }
    say("no Chromium found");
    Err("the tests need Chromium: install it, or name one in AETHER_CHROMIUM".into())
}
