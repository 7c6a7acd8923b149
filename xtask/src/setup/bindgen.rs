//! The bindings generator of `xtask/bindgen`, at exactly the version of the crate in `Cargo.lock`.

use std::path::PathBuf;

use crate::paths;
use crate::process::{Outcome, command, run_quiet, say};

/// Builds the generator into the cache and returns its path.
pub(crate) fn install() -> Outcome<PathBuf> {
    let source = paths::root().join("xtask/bindgen");
    let lock = source.join("Cargo.lock");
    let text =
        std::fs::read_to_string(&lock).map_err(|error| format!("{}: {error}", lock.display()))?;
    let version = version_in(&text, "wasm-bindgen-cli-support")
        .ok_or_else(|| format!("{} does not list wasm-bindgen-cli-support", lock.display()))?;
    let home = paths::cache().join(format!("tools/bindgen-{version}"));
    let program = home.join("release/xtask-bindgen");
    if program.exists() {
        return Ok(program);
    }
    say(&format!(
        "building the bindings generator, wasm-bindgen {version} (once, about a minute)"
    ));
    run_quiet(
        command("cargo", &["build", "--release", "--locked"], &source)
            .env("CARGO_TARGET_DIR", &home),
    )
    .map_err(|error| format!("{error}\nIs crates.io within reach? Then run this again"))?;
    Ok(program)
}

/// The version of a package in a lock file.
fn version_in<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let mut lines = lock.lines();
    lines.find(|line| line.strip_prefix("name = ") == Some(&format!("\"{package}\"")))?;
    let version = lines.next()?.strip_prefix("version = \"")?;
    Some(version.trim_end_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::version_in;

    #[test]
    fn the_generator_is_of_the_crates_version() {
        let workspace = include_str!("../../../Cargo.lock");
        let generator = include_str!("../../bindgen/Cargo.lock");
        let version = version_in(workspace, "wasm-bindgen");
        assert!(version.is_some());
        assert_eq!(
            version_in(generator, "wasm-bindgen-cli-support"),
            version,
            "change the version in xtask/bindgen/Cargo.toml too"
        );
    }

    #[test]
    fn names_are_matched_whole() {
        let lock = "[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.1\"\n";
        assert_eq!(version_in(lock, "wasm-bindgen"), Some("0.2.1"));
        assert_eq!(version_in(lock, "wasm"), None);
    }
}
