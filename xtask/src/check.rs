//! `cargo xtask check`: what must hold of the source before it is committed.

use crate::build;
use crate::paths;
use crate::process::{self, Outcome, command, say};
use crate::setup;

pub(crate) fn run() -> Outcome {
    let root = paths::root();
    say("cargo fmt --check");
    process::run(&mut command("cargo", &["fmt", "--all", "--check"], &root))?;
    say("cargo clippy");
    process::run(&mut command(
        "cargo",
        &[
            "clippy",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
        &root,
    ))?;
    // The page's types come from the built package.
    let tools = setup::for_build()?;
    build::client(&tools)?;
    say("eslint");
    process::run(&mut command(
        "npx",
        &["--no-install", "eslint", ".", "--max-warnings", "0"],
        &root,
    ))?;
    for room in ["pkg", "www"] {
        say(&format!("types of {room}"));
        process::run(&mut command(
            "npm",
            &["run", "--silent", "typecheck", "--workspace", room],
            &root,
        ))?;
    }
    say("all checks passed");
    Ok(())
}
