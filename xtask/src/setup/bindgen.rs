//! The bindings generator, at exactly the version of the crate in `Cargo.lock`.

use std::path::PathBuf;
use std::process::Command;

use crate::paths;
use crate::process::{Outcome, run_quiet, say};

/// Installs `wasm-bindgen` into the cache and returns its path.
pub(crate) fn install() -> Outcome<PathBuf> {
    let version = locked_version()?;
    let home = paths::cache().join(format!("tools/wasm-bindgen-{version}"));
    let program = home.join("bin/wasm-bindgen");
    if program.exists() {
        return Ok(program);
    }
    say(&format!(
        "building wasm-bindgen {version} (once, about two minutes)"
    ));
    run_quiet(
        Command::new("cargo")
            .args(["install", "wasm-bindgen-cli", "--locked", "--version"])
            .arg(format!("={version}"))
            .arg("--root")
            .arg(&home)
            .env_remove("CARGO_TARGET_DIR"),
    )
    .map_err(|error| format!("{error}\nIs crates.io within reach? Then run this again"))?;
    Ok(program)
}

fn locked_version() -> Outcome<String> {
    let lock = paths::root().join("Cargo.lock");
    let text =
        std::fs::read_to_string(&lock).map_err(|error| format!("{}: {error}", lock.display()))?;
    version_in(&text).ok_or_else(|| format!("{} does not list wasm-bindgen", lock.display()))
}

fn version_in(lock: &str) -> Option<String> {
    let mut lines = lock.lines();
    lines.find(|line| *line == "name = \"wasm-bindgen\"")?;
    let version = lines.next()?.strip_prefix("version = \"")?;
    Some(version.trim_end_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::version_in;

    #[test]
    fn reads_the_version_next_to_the_name() {
        let lock = "[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.1\"\n";
        assert_eq!(version_in(lock).as_deref(), Some("0.2.1"));
        assert_eq!(version_in("name = \"wasm-bindgen-shared\"\n"), None);
    }
}
