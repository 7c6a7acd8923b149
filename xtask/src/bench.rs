//! `cargo xtask bench`: side-by-side benchmarks against peers.
//!
//! The peers' packages are installed here and by nothing else: who builds or tests needs none of
//! them.

use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use crate::build;
use crate::fingerprint;
use crate::paths;
use crate::process::{Outcome, command, run, run_quiet, say};
use crate::setup;

const HELP: &str = "\
say what: `cargo xtask bench socketio`, `cargo xtask bench browser` or `cargo xtask bench relay`
Flags go on behind it; `--help` lists them.";

pub(crate) fn run_named(args: &[String]) -> Outcome {
    match args.split_first() {
        Some((name, rest)) if name == "socketio" => socketio(rest),
        Some((name, rest)) if name == "browser" => browser(rest),
        Some((name, rest)) if name == "relay" => relay(rest),
        Some((name, _)) => Err(format!("no benchmark `{name}`; {HELP}")),
        None => Err(HELP.to_owned()),
    }
}

fn socketio(flags: &[String]) -> Outcome {
    let root = paths::root();
    let node = node_packages("node")?;
    let python = setup::python::environment(&setup::python::BENCH)??;
    let (mut bench, release) = program("socketio", flags)?;
    let status = bench
        .arg("--server")
        .arg(release.join("aether-bench-server"))
        .arg("--node")
        .arg(node)
        .arg("--python")
        .arg(python)
        .arg("--python-server")
        .arg(root.join("bench/python/server.py"))
        .args(flags)
        .stdin(Stdio::null())
        .status();
    done(status)
}

/// Our relay and the OpenTelemetry Collector.
fn relay(flags: &[String]) -> Outcome {
    let (collector, generator, version) = setup::backends::for_bench()?;
    let (mut bench, release) = program("relay", flags)?;
    let status = bench
        .arg("--relay")
        .arg(release.join("aether-bench-relay"))
        .arg("--collector")
        .arg(collector)
        .arg("--generator")
        .arg(generator)
        .args(["--generator-version", version])
        .args(flags)
        .stdin(Stdio::null())
        .status();
    done(status)
}

/// The program for a benchmark, built, and the folder that it and its servers are in.
fn program(name: &str, flags: &[String]) -> Outcome<(Command, PathBuf)> {
    let root = paths::root();
    say("building the benchmark (release)");
    let build = [
        "build",
        "--quiet",
        "--release",
        "--locked",
        "--package",
        "aether-bench",
    ];
    run(&mut command("cargo", &build, &root))?;
    let release = paths::target().join("release");
    let mut bench = command(release.join("aether-bench"), &[name], &root);
    if !names_folder(flags) {
        bench.arg("--out").arg(root.join("artifacts/bench"));
    }
    Ok((bench, release))
}

/// What became of a benchmark.
fn done(status: io::Result<ExitStatus>) -> Outcome {
    let status = status.map_err(|error| format!("the benchmark could not be started: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("the benchmark failed ({status})"))
    }
}

/// Whether the report's folder is given already: the program takes it once, and makes it.
fn names_folder(flags: &[String]) -> bool {
    flags
        .iter()
        .any(|flag| flag == "--out" || flag.starts_with("--out="))
}

/// The client in Chromium beside other tracing clients.
fn browser(flags: &[String]) -> Outcome {
    let tools = setup::for_build()?;
    let chromium = setup::chromium::find()?;
    build::client(&tools)?;
    let home = node_packages("browser")?;
    // From the root, so that files are named from there.
    let status = command("node", &[], &paths::root())
        .arg(home.join("main.mjs"))
        .args(flags)
        .env("AETHER_CHROMIUM", chromium)
        .stdin(Stdio::null())
        .status();
    done(status)
}

/// The packages of `bench/{room}`, which is no npm workspace, so that they stay out of the product's.
fn node_packages(room: &str) -> Outcome<PathBuf> {
    setup::node::check()?;
    let home = paths::root().join("bench").join(room);
    let inputs = [home.join("package.json"), home.join("package-lock.json")];
    let outputs = [home.join("node_modules")];
    let name = format!("bench-{room}");
    fingerprint::step(&name, &inputs, "", &outputs, || {
        say("installing npm packages for the benchmark (npm ci)");
        let ci = ["ci", "--no-audit", "--no-fund", "--prefer-offline"];
        run_quiet(&mut command("npm", &ci, &home))
            .map_err(|error| format!("{error}\nIs the npm registry within reach?"))
    })?;
    Ok(home)
}

#[cfg(test)]
mod tests {
    use super::names_folder;

    #[test]
    fn a_folder_that_was_given_is_used() {
        let flags = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert!(names_folder(&flags("--rounds 1 --out /tmp/here")));
        assert!(names_folder(&flags("--out=/tmp/here")));
        assert!(!names_folder(&flags("--rounds 1 --outer")));
    }
}
