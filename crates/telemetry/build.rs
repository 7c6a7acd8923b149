//! Tells the library which compiler it is built with, for `process.runtime.version`.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC");
    // Without an answer the attribute is left out.
    let Some(rustc) = std::env::var_os("RUSTC") else {
        return;
    };
    let Ok(output) = Command::new(rustc).arg("--version").output() else {
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout);
    if let Some(version) = text.split_whitespace().nth(1) {
        println!("cargo::rustc-env=AETHER_RUSTC_VERSION={version}");
    }
}
