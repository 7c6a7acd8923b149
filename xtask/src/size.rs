//! `cargo xtask size`: what a page must load for telemetry.

use crate::build;
use crate::paths;
use crate::process::{Outcome, command, run_keeping};
use crate::setup;

pub(crate) fn run() -> Outcome {
    let tools = setup::for_build()?;
    build::client(&tools)?;
    measure()
}

/// Prints the table and fails over the cap, which the script names.
pub(crate) fn measure() -> Outcome {
    let pkg = paths::root().join("pkg");
    run_keeping(&mut command("node", &["scripts/size.mjs"], &pkg), |_| false).outcome
}
