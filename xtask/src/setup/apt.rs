//! Debian packages, where there is apt.

use std::process::Command;

use crate::paths::which;
use crate::process::{Outcome, capture, run_quiet, say};

/// Whether this machine installs packages with apt.
pub(crate) fn available() -> bool {
    which("apt-get").is_some()
}

/// Installs the packages, refreshing the lists first.
pub(crate) fn install(packages: &[&str]) -> Outcome {
    say(&format!("installing {} with apt", packages.join(", ")));
    run_quiet(apt()?.arg("update"))?;
    run_quiet(
        apt()?
            .args(["install", "-y", "--no-install-recommends"])
            .args(packages),
    )
    .map_err(|error| {
        format!(
            "{error}\nInstall by hand, then run this again: apt-get install {}",
            packages.join(" ")
        )
    })
}

/// `apt-get`, through sudo when we are not root.
fn apt() -> Outcome<Command> {
    let root = capture(Command::new("id").arg("-u")).is_some_and(|id| id == "0");
    let mut command = if root {
        Command::new("apt-get")
    } else if which("sudo").is_some() {
        let mut sudo = Command::new("sudo");
        sudo.args(["--non-interactive", "apt-get"]);
        sudo
    } else {
        return Err("apt-get needs root, and there is no sudo: run this as root".into());
    };
    command.env("DEBIAN_FRONTEND", "noninteractive");
    Ok(command)
}
