//! Builds the browser client, the page and the server, each only when its inputs changed.

use std::path::PathBuf;
use std::process::Command;

use crate::fingerprint;
use crate::paths;
use crate::process::{Outcome, command, run, run_quiet, say};
use crate::setup::{self, Tools, wasm};

/// The server's binary, built with everything that it serves.
pub(crate) fn everything() -> Outcome<PathBuf> {
    let tools = setup::for_build()?;
    client(&tools)?;
    page()?;
    server()
}

/// `web-client` and `pkg` → `pkg/dist`.
pub(crate) fn client(tools: &Tools) -> Outcome {
    let root = paths::root();
    let inputs = inputs(&[
        "Cargo.toml",
        "Cargo.lock",
        "crates/propagation/Cargo.toml",
        "crates/propagation/src",
        "web-client",
        "pkg",
        "package-lock.json",
    ]);
    let salt = format!("{:?}", tools.wasm);
    let done = root.join("pkg/dist/index.js");
    fingerprint::step("client", &inputs, &salt, &[done], || {
        say("building the browser client (Rust → WebAssembly → pkg/dist)");
        let target = wasm::target_dir();
        run(&mut tools.wasm.cargo(&root, &target))?;
        let glue = paths::target().join("bindgen");
        run_quiet(
            Command::new(&tools.bindgen)
                .arg(wasm::Toolchain::module(&target))
                .arg(&glue),
        )?;
        run_quiet(
            command(
                "node",
                &["scripts/build.mjs", "--bindgen"],
                &root.join("pkg"),
            )
            .arg(&glue),
        )
    })?;
    Ok(())
}

/// `www` → `www/dist`.
pub(crate) fn page() -> Outcome {
    let root = paths::root();
    let mut inputs = inputs(&["www", "package-lock.json"]);
    inputs.push(root.join("pkg/dist/index.js"));
    inputs.extend(client_outputs());
    let done = root.join("www/dist/index.html");
    fingerprint::step("page", &inputs, "", &[done], || {
        say("building the page (www/dist)");
        run_quiet(&mut command(
            "npm",
            &["run", "build", "--workspace", "www"],
            &root,
        ))
    })?;
    Ok(())
}

/// The `aetherterm` binary. Cargo itself knows what is fresh.
pub(crate) fn server() -> Outcome<PathBuf> {
    say("building the server (aetherterm)");
    run(&mut command(
        "cargo",
        &[
            "build",
            "--quiet",
            "--release",
            "--locked",
            "--package",
            "aetherterm-backend",
        ],
        &paths::root(),
    ))?;
    Ok(paths::target().join("release/aetherterm"))
}

/// What `pkg/dist` holds, so that the page is built anew when the client is.
fn client_outputs() -> Vec<PathBuf> {
    let dist = paths::root().join("pkg/dist");
    let mut files: Vec<PathBuf> = std::fs::read_dir(dist)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

fn inputs(names: &[&str]) -> Vec<PathBuf> {
    let root = paths::root();
    names.iter().map(|name| root.join(name)).collect()
}
