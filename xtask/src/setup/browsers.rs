//! The browsers besides Chromium that `tests/browsers` drives: Firefox and WebKit, as Debian has them.
//!
//! Each is found, or installed where there is apt. Where that is not possible the reason is returned,
//! to be shown at the end of the run.

use std::fs;
use std::path::{Path, PathBuf};

use super::apt;
use crate::paths::which;
use crate::process::say;

/// What there is to test in, as variables that `tests/browsers/support/installed.ts` reads.
#[derive(Default)]
pub(crate) struct Browsers {
    pub(crate) variables: Vec<(&'static str, PathBuf)>,
    /// One sentence for each that is missing.
    pub(crate) missing: Vec<String>,
}

type Variables = Vec<(&'static str, PathBuf)>;

/// Finds both, or installs what is missing, which is said.
pub(crate) fn install() -> Browsers {
    let mut browsers = Browsers::default();
    for (name, found) in [("firefox", firefox()), ("webkit", webkit())] {
        match found {
            Ok(variables) => browsers.variables.extend(variables),
            Err(reason) => {
                let sentence = format!("{name}: {reason}");
                say(&format!("NOT TESTED: {sentence}"));
                browsers.missing.push(sentence);
            }
        }
    }
    browsers
}

/// Firefox speaks WebDriver BiDi by itself.
fn firefox() -> Result<Variables, String> {
    const VARIABLE: &str = "AETHER_FIREFOX";
    let find = || {
        ["firefox-esr", "firefox"]
            .iter()
            .find_map(|name| which(name))
    };
    let program = match std::env::var_os(VARIABLE) {
        Some(path) => existing(VARIABLE, path.into())?,
        None => found_or_installed(find, &["firefox-esr"])
            .map_err(|error| format!("{error}; or name one in {VARIABLE}"))?,
    };
    Ok(vec![(VARIABLE, program)])
}

/// WebKitGTK's smallest browser, what drives it, and a display for its window.
fn webkit() -> Result<Variables, String> {
    const BROWSER: &str = "AETHER_WEBKIT";
    const DRIVER: &str = "AETHER_WEBKIT_DRIVER";
    let find = || {
        which("Xvfb")?;
        Some((mini_browser()?, which("WebKitWebDriver")?))
    };
    let named = (std::env::var_os(BROWSER), std::env::var_os(DRIVER));
    let (browser, driver) = if let (Some(browser), Some(driver)) = named {
        let browser = existing(BROWSER, browser.into())?;
        (browser, existing(DRIVER, driver.into())?)
    } else {
        found_or_installed(find, &["webkit2gtk-driver", "xvfb"]).map_err(|error| {
            format!("{error}; or name MiniBrowser in {BROWSER} and WebKitWebDriver in {DRIVER}")
        })?
    };
    Ok(vec![(BROWSER, browser), (DRIVER, driver)])
}

fn existing(variable: &str, path: PathBuf) -> Result<PathBuf, String> {
    if path.exists() {
        Ok(path)
    } else {
        Err(format!(
            "{variable} names {}, which does not exist",
            path.display()
        ))
    }
}

fn found_or_installed<T>(find: impl Fn() -> Option<T>, packages: &[&str]) -> Result<T, String> {
    if let Some(found) = find() {
        return Ok(found);
    }
    let list = packages.join(" ");
    if !apt::available() {
        return Err(format!("there is no apt here to install {list}"));
    }
    apt::install(packages)?;
    find().ok_or_else(|| format!("Debian's {list} lacks a program that its name promises"))
}

/// It lies outside `PATH`, in a folder that is named by the version of WebKitGTK's interface.
fn mini_browser() -> Option<PathBuf> {
    let lib = Path::new("/usr/lib");
    let mut places = folders(lib);
    places.extend([lib.to_owned(), PathBuf::from("/usr/libexec")]);
    let mut found: Vec<PathBuf> = places
        .iter()
        .flat_map(|place| folders(place))
        .filter(|folder| {
            folder
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("webkit"))
        })
        .map(|folder| folder.join("MiniBrowser"))
        .filter(|program| program.is_file())
        .collect();
    found.sort();
    found.pop()
}

fn folders(place: &Path) -> Vec<PathBuf> {
    fs::read_dir(place)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect()
}
