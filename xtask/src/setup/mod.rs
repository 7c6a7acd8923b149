//! Installs what builds and tests need: each step says what it does, is skipped when done, and
//! fails with what to do about it.

pub(crate) mod apt;
pub(crate) mod backends;
pub(crate) mod bindgen;
pub(crate) mod browsers;
pub(crate) mod chromium;
pub(crate) mod faketime;
pub(crate) mod node;
pub(crate) mod python;
pub(crate) mod wasm;

use std::path::PathBuf;

use crate::process::Outcome;

/// Everything that set-up found or installed.
pub(crate) struct Tools {
    pub(crate) wasm: wasm::Toolchain,
    pub(crate) bindgen: PathBuf,
}

/// What building needs.
pub(crate) fn for_build() -> Outcome<Tools> {
    let tools = Tools {
        wasm: wasm::toolchain()?,
        bindgen: bindgen::install()?,
    };
    node::packages()?;
    Ok(tools)
}

/// What every command needs, peers to test against included. Says what is not to be had here.
pub(crate) fn for_tests() -> Outcome {
    everything()?;
    backends::install()?;
    browsers::install();
    // It has said what is missing.
    let _ = faketime::find();
    if let Err(reason) = python::environment(&python::INTEROP)? {
        crate::process::say(&format!("NOT TESTED: interop-python: {reason}"));
    }
    Ok(())
}

/// What building and testing need.
pub(crate) fn everything() -> Outcome<Tools> {
    let tools = for_build()?;
    chromium::find()?;
    Ok(tools)
}
