//! A Rust toolchain that can build for `wasm32-unknown-unknown`.
//!
//! Either way the standard library is built with the client, from source: without its messages for
//! panics, which nobody sees in a browser, the module is a third smaller. The source is rustup's
//! component `rust-src` where rustup can fetch it, else that of Debian's own Rust.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::apt;
use crate::paths::{self, which};
use crate::process::{Outcome, capture, run_quiet, say};

const TARGET: &str = "wasm32-unknown-unknown";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Toolchain {
    Rustup,
    Debian,
}

/// Finds or installs one, and says which in one line.
pub(crate) fn toolchain() -> Outcome<Toolchain> {
    if rustup_ready() {
        say("wasm toolchain: rustup's rustc and rust-src");
        return Ok(Toolchain::Rustup);
    }
    if debian_ready() {
        say("wasm toolchain: Debian's rustc (rustup's has no rust-src here)");
        return Ok(Toolchain::Debian);
    }
    if which("rustup").is_some() {
        say("adding the component rust-src with rustup");
        let added = run_quiet(Command::new("rustup").args(["component", "add", "rust-src"]));
        if added.is_ok() && rustup_ready() {
            say("wasm toolchain: rustup's rustc and rust-src");
            return Ok(Toolchain::Rustup);
        }
    }
    if !apt::available() {
        return Err(format!(
            "no source of Rust's standard library to build for {TARGET}: rustup could not fetch it \
             and there is no apt. Run `rustup component add rust-src` where its server can be reached"
        ));
    }
    say("rustup cannot fetch rust-src here: taking Debian's Rust");
    apt::install(&["rustc-web", "cargo-web", "rust-web-src"])?;
    if let Some(lld) = wanted_lld() {
        apt::install(&[&lld])?;
    }
    if debian_ready() {
        say("wasm toolchain: Debian's rustc");
        Ok(Toolchain::Debian)
    } else {
        Err(
            "Debian's rustc-web, cargo-web and rust-web-src are installed, but /usr/bin/rustc \
             or its source or linker is missing; reinstall them with apt-get"
                .into(),
        )
    }
}

impl Toolchain {
    /// The cargo that builds the client. Output goes to `target_dir`.
    pub(crate) fn cargo(self, root: &Path, target_dir: &Path) -> Command {
        let mut command = match self {
            Self::Rustup => Command::new("cargo"),
            Self::Debian => {
                let mut command = Command::new("/usr/bin/cargo");
                // The shims of rustup come first on PATH otherwise.
                let rest = std::env::var_os("PATH").unwrap_or_default();
                let mut dirs = vec![PathBuf::from("/usr/bin")];
                dirs.extend(std::env::split_paths(&rest));
                if let Ok(path) = std::env::join_paths(dirs) {
                    command.env("PATH", path);
                }
                command
                    .env("RUSTC", "/usr/bin/rustc")
                    .env_remove("RUSTUP_TOOLCHAIN");
                command
            }
        };
        command
            .current_dir(root)
            .env("CARGO_TARGET_DIR", target_dir)
            // Building the standard library is an unstable option of cargo.
            .env("RUSTC_BOOTSTRAP", "1")
            .env(
                "RUSTFLAGS",
                "-Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none",
            )
            .args(["build", "--quiet", "--profile", "wasm", "--target", TARGET])
            .args(["--package", "aether-web-client", "--lib"])
            .args([
                "-Zbuild-std=std,panic_abort",
                "-Zbuild-std-features=optimize_for_size",
            ]);
        command
    }

    /// Where the compiled module is, below `target_dir`.
    pub(crate) fn module(target_dir: &Path) -> PathBuf {
        target_dir.join(TARGET).join("wasm/aether_web_client.wasm")
    }
}

/// Where the client is compiled: outside the checkout, because it holds a standard library.
pub(crate) fn target_dir() -> PathBuf {
    paths::cache().join("target-wasm")
}

fn rustup_ready() -> bool {
    has_source("rustc")
}

fn debian_ready() -> bool {
    Path::new("/usr/bin/cargo").exists()
        && has_source("/usr/bin/rustc")
        && linker().is_some_and(|linker| linker.exists())
}

/// Whether that compiler's standard library is there as source.
fn has_source(rustc: &str) -> bool {
    capture(Command::new(rustc).args(["--print", "sysroot"])).is_some_and(|sysroot| {
        Path::new(&sysroot)
            .join("lib/rustlib/src/rust/library/std")
            .is_dir()
    })
}

/// Debian's `rust-lld` is a link into a package of its own.
fn linker() -> Option<PathBuf> {
    ["/usr/bin/rust-lld", "/usr/bin/wasm-ld"]
        .iter()
        .map(PathBuf::from)
        .find(|link| link.is_symlink() || link.exists())
}

/// The package that the link points to, `lld-22` for example.
fn wanted_lld() -> Option<String> {
    let target = std::fs::read_link("/usr/bin/rust-lld").ok()?;
    let name = target.file_name()?.to_str()?;
    name.starts_with("lld-").then(|| name.to_owned())
}
