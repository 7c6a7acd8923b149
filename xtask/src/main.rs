//! `cargo xtask …`: the exact commands that people and CI run.
//!
//! It uses the standard library alone, so that it compiles within seconds on a fresh clone.

mod bench;
mod build;
mod check;
mod demo;
mod fingerprint;
mod paths;
mod process;
mod setup;
mod size;
mod test;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <command>

  demo [-- <flags of aetherterm serve>]
                set up, build and start aetherterm; prints one line `ready http://…`
  test [part…]  set up and run every test there is, or only the named parts:
                rust, backends, faults, pkg, www, interop, interop-python,
                e2e, browsers, packaging, size
  build         set up and build everything: browser client, page, server
  check         cargo fmt, clippy -D warnings, eslint, tsc and vue-tsc
  bench <name>  measure side by side with peers and write a report to artifacts/bench:
                socketio, browser, relay
  size          what a page must load for telemetry, in gzip and brotli bytes
  setup         only install what the other commands need

Environment:
  AETHER_CACHE     where set-up keeps what it builds (default ~/.cache/aetherterm)
  AETHER_CHROMIUM  the Chromium to test with (default: the first one found)
  AETHER_FIREFOX, AETHER_WEBKIT, AETHER_WEBKIT_DRIVER
                   the Firefox, MiniBrowser and WebKitWebDriver to test with (likewise)
  AETHER_FAKETIME  libfaketime's library, for clocks that jump (likewise)
  AETHER_FAULTS_OUTAGE, AETHER_FAULTS_KILLS
                   seconds that a backend is down (60), and how often the server is killed (50)
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match args.split_first() {
        Some((first, rest)) => (first.as_str(), rest),
        None => ("--help", &[][..]),
    };
    let outcome = match command {
        "demo" => demo::run(rest),
        "test" => test::run(rest),
        "build" => build::everything().map(|_| ()),
        "check" => check::run(),
        "bench" => bench::run_named(rest),
        "size" => size::run(),
        "setup" => setup::for_tests(),
        "--help" | "-h" | "help" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("no command `{other}`; the commands are:\n\n{HELP}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\nxtask: {message}");
            ExitCode::FAILURE
        }
    }
}
