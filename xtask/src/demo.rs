//! `cargo xtask demo`: from a clean clone to a terminal in the browser.

use std::os::unix::process::CommandExt;
use std::process::Stdio;

use crate::build;
use crate::paths;
use crate::process::{Outcome, command, say};

/// Builds everything and becomes the server; its `ready` line is the only standard output.
pub(crate) fn run(args: &[String]) -> Outcome {
    let flags = match args.split_first() {
        Some((first, rest)) if first == "--" => rest,
        _ => args,
    };
    let program = build::everything()?;
    say("starting aetherterm; stop it with Ctrl-C");
    // The server takes this process's place, so that signals reach it and nothing is left behind.
    let error = command(&program, &["serve"], &paths::root())
        .args(flags)
        .stdin(Stdio::null())
        .exec();
    Err(format!(
        "{} could not be started: {error}",
        program.display()
    ))
}
