//! Node and the npm packages of the committed lock file.

use std::path::PathBuf;
use std::process::Command;

use crate::fingerprint;
use crate::paths;
use crate::process::{Outcome, capture, command, run_quiet, say};

const OLDEST: (u32, u32) = (20, 19);

/// Checks Node's version, which it returns.
pub(crate) fn check() -> Outcome<String> {
    let version = capture(Command::new("node").arg("--version"))
        .ok_or("there is no `node` on PATH: install Node.js 20.19 or newer with npm")?;
    if parse(&version).is_none_or(|found| found < OLDEST) {
        return Err(format!(
            "Node.js {version} is too old: install 20.19 or newer"
        ));
    }
    Ok(version)
}

/// Checks Node's version and runs `npm ci` when the lock file changed.
pub(crate) fn packages() -> Outcome {
    let version = check()?;
    let root = paths::root();
    let inputs: Vec<PathBuf> = [
        "package-lock.json",
        "package.json",
        "pkg/package.json",
        "www/package.json",
        "tests/browsers/package.json",
        "tests/e2e/package.json",
        "tests/interop/package.json",
        "tests/packaging/package.json",
    ]
    .iter()
    .map(|file| root.join(file))
    .collect();
    fingerprint::step(
        "npm",
        &inputs,
        &version,
        &[root.join("node_modules")],
        || {
            say("installing npm packages (npm ci)");
            run_quiet(&mut command(
                "npm",
                &["ci", "--no-audit", "--no-fund", "--prefer-offline"],
                &root,
            ))
            .map_err(|error| format!("{error}\nIs the npm registry within reach?"))
        },
    )?;
    Ok(())
}

/// `v20.19.1` → `(20, 19)`.
fn parse(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.trim_start_matches('v').split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn versions() {
        assert_eq!(parse("v20.19.1"), Some((20, 19)));
        assert_eq!(parse("v22.0.0"), Some((22, 0)));
        assert_eq!(parse("none"), None);
    }
}
