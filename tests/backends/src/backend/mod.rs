//! The backends: how each is configured and started, and how it is asked what it has.

pub mod collector;
pub mod jaeger;
pub mod phoenix;

use std::path::PathBuf;

/// What programs built on the Collector say once every port is open.
const READY: &str = "Everything is ready. Begin running and processing data.";

/// The program that a variable names.
///
/// # Panics
/// Where the variable is not set: these tests only run where their backends were made.
fn program(variable: &str) -> PathBuf {
    match std::env::var_os(variable) {
        Some(path) => PathBuf::from(path),
        None => panic!(
            "{variable} names no program: run these tests with `cargo xtask test backends`, which makes the backends and sets it"
        ),
    }
}
