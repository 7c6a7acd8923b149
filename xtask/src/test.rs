//! `cargo xtask test`: every test there is, then the runners' own summary lines once more.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::build;
use crate::paths;
use crate::process::{Outcome, command, run_keeping, say};
use crate::setup;
use crate::size;

const PARTS: [&str; 11] = [
    "rust",
    "backends",
    "faults",
    "pkg",
    "www",
    "interop",
    "interop-python",
    "e2e",
    "browsers",
    "packaging",
    "size",
];

pub(crate) fn run(only: &[String]) -> Outcome {
    if let Some(unknown) = only.iter().find(|part| !PARTS.contains(&part.as_str())) {
        return Err(format!(
            "no part `{unknown}`; the parts are {}",
            PARTS.join(", ")
        ));
    }
    let wanted = |part: &str| only.is_empty() || only.iter().any(|name| name == part);
    let tools = setup::everything()?;
    let chromium = setup::chromium::find()?;
    let root = paths::root();
    let mut report = Report::default();

    let native = ["rust", "backends", "faults", "interop-python"];
    if PARTS.iter().any(|p| !native.contains(p) && wanted(p)) {
        build::client(&tools)?;
    }
    if wanted("rust") {
        let args = ["test", "--workspace", "--locked", "--no-fail-fast"];
        report.part("rust", &mut command("cargo", &args, &root));
    }
    if wanted("backends") {
        let backends = setup::backends::install()?;
        report.skipped("backends", &backends.missing);
        if !backends.found.is_empty() {
            report.part("backends", &mut backend_tests(&backends.found));
        }
    }
    if wanted("faults") {
        let clock = setup::faketime::find();
        let missing: Vec<_> = clock.as_ref().err().cloned().into_iter().collect();
        report.skipped("faults", &missing);
        report.part("faults", &mut fault_tests(clock.ok())?);
    }
    if wanted("size") {
        say("size of the browser client");
        report.note("size", size::measure());
    }
    for room in ["pkg", "www"] {
        if wanted(room) {
            report.part(room, &mut npm_test(room));
        }
    }
    if wanted("interop") {
        let server = example("interop_server")?;
        report.part(
            "interop",
            npm_test("tests/interop")
                .env("AETHER_INTEROP_SERVER", server)
                .env("AETHER_README_SERVER", example("server")?),
        );
    }
    if wanted("interop-python") {
        match setup::python::environment(&setup::python::INTEROP)? {
            Ok(python) => report.part("interop-python", &mut python_tests(&python)?),
            Err(reason) => report.skipped("interop-python", &[reason]),
        }
    }
    if wanted("e2e") {
        build::page()?;
        let server = build::server()?;
        report.part(
            "e2e",
            npm_test("tests/e2e")
                .env("AETHER_CHROMIUM", &chromium)
                .env("AETHER_SERVER", server)
                .env("AETHER_README_SERVER", example("server")?),
        );
    }
    if wanted("browsers") {
        let browsers = setup::browsers::install();
        report.skipped("browsers", &browsers.missing);
        build::page()?;
        let server = build::server()?;
        report.part(
            "browsers",
            npm_test("tests/browsers")
                .env("AETHER_CHROMIUM", &chromium)
                .envs(browsers.variables)
                .env("AETHER_SERVER", server)
                .env("AETHER_README_SERVER", example("server")?),
        );
    }
    if wanted("packaging") {
        report.part(
            "packaging",
            npm_test("tests/packaging")
                .env("AETHER_CHROMIUM", &chromium)
                .env("AETHER_README_SERVER", example("server")?),
        );
    }
    report.close()
}

/// Only the tests whose backend is there, each told where to find it.
fn backend_tests(found: &[setup::backends::Backend]) -> Command {
    let args = ["test", "--locked", "--no-fail-fast"];
    let mut test = command("cargo", &args, &paths::root());
    test.args(["--package", "aether-backends-tests"]);
    for backend in found {
        test.args(["--test", backend.test])
            .env(backend.variable, &backend.program);
    }
    test
}

/// The tests that break things, with the program that they break.
fn fault_tests(clock: Option<PathBuf>) -> Outcome<Command> {
    let server = build::server()?;
    let args = ["test", "--locked", "--package", "aether-faults-tests"];
    let mut test = command("cargo", &args, &paths::root());
    // Figures are printed; more at a time would only wait for each other.
    test.args(["--test", "faults", "--", "--nocapture"]);
    test.args(["--test-threads", "2"]);
    test.env("AETHER_SERVER", server);
    match clock {
        Some(library) => test.env("AETHER_FAKETIME", library),
        None => test.args(["--skip", "clock::"]),
    };
    Ok(test)
}

/// The tests of Python clients, against servers that are built first.
fn python_tests(python: &Path) -> Outcome<Command> {
    let folder = paths::root().join("tests/interop-python");
    let mut test = command(python, &["-m", "pytest"], &folder);
    test.env("PYTHONDONTWRITEBYTECODE", "1")
        .env("AETHER_INTEROP_SERVER", example("interop_server")?)
        .env("AETHER_README_SERVER", example("server")?);
    Ok(test)
}

/// Builds an example of `aether-telemetry` and returns its path.
fn example(name: &str) -> Outcome<PathBuf> {
    let args = [
        "build",
        "--quiet",
        "--locked",
        "--package",
        "aether-telemetry",
        "--example",
        name,
    ];
    crate::process::run(&mut command("cargo", &args, &paths::root()))?;
    Ok(paths::target().join("debug/examples").join(name))
}

fn npm_test(workspace: &str) -> Command {
    command(
        "npm",
        &["test", "--silent", "--workspace", workspace],
        &paths::root(),
    )
}

/// What each runner said at its end.
#[derive(Default)]
struct Report {
    summaries: Vec<String>,
    failed: Vec<String>,
    /// How the parts that failed have ended, once more where it is looked for: at the end.
    ends: Vec<String>,
    passed_tests: u64,
    failed_tests: u64,
    skipped: usize,
}

impl Report {
    fn part(&mut self, name: &str, run: &mut Command) {
        say(&format!("tests: {name}"));
        let started = Instant::now();
        let ran = run_keeping(run.env("NO_COLOR", "1"), |line| {
            counts(line).is_some() || is_failed_test(line)
        });
        for line in ran.kept {
            if let Some((passed, failed)) = counts(&line) {
                self.passed_tests += passed;
                self.failed_tests += failed;
            }
            self.summaries
                .push(format!("{name:14} {}", line.trim_matches([' ', '='])));
        }
        if ran.outcome.is_err() {
            self.ends.push(format!("how {name} has ended:"));
            self.ends.extend(ran.tail);
        }
        say(&format!("{name}: {} s", started.elapsed().as_secs()));
        self.note(name, ran.outcome);
    }

    /// What could not be tested here, to be seen at the end as well.
    fn skipped(&mut self, name: &str, reasons: &[String]) {
        self.skipped += reasons.len();
        let lines = reasons
            .iter()
            .map(|reason| format!("{name:14} NOT TESTED: {reason}"));
        self.summaries.extend(lines);
    }

    fn note(&mut self, name: &str, outcome: Outcome) {
        if let Err(error) = outcome {
            eprintln!("xtask: {error}");
            self.failed.push(name.to_owned());
        }
    }

    fn close(self) -> Outcome {
        println!();
        for line in &self.ends {
            println!("{line}");
        }
        for line in &self.summaries {
            println!("{line}");
        }
        let skipped = match self.skipped {
            0 => String::new(),
            count => format!(", {count} skipped"),
        };
        println!(
            "{} passed, {} failed{skipped}",
            self.passed_tests, self.failed_tests
        );
        if self.failed.is_empty() {
            Ok(())
        } else {
            Err(format!("failed: {}", self.failed.join(", ")))
        }
    }
}

/// Whether a line names one test of `cargo test`'s that failed; the other runners name theirs last.
fn is_failed_test(line: &str) -> bool {
    line.starts_with("test ") && line.ends_with("... FAILED")
}

/// Passed and failed tests in a runner's summary line: cargo's `test result: …`, Vitest's
/// `Tests  3 passed | 1 failed (4)`, Playwright's `3 passed (2.1s)` and pytest's
/// `1 failed, 2 passed, 1 error in 2.10s`.
fn counts(line: &str) -> Option<(u64, u64)> {
    let line = line.trim_matches([' ', '=']);
    let body = if let Some(rest) = line.strip_prefix("test result:") {
        rest
    } else if let Some(rest) = line.strip_prefix("Tests ") {
        rest
    } else if let Some(rest) = pytest_counts(line) {
        rest
    } else if line.starts_with(|first: char| first.is_ascii_digit()) && line.split(' ').count() <= 3
    {
        line
    } else {
        return None;
    };
    let number = |word: &str| {
        let before = body
            .split(word)
            .next()
            .filter(|part| part.len() < body.len())?;
        let digits = before.rsplit(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok()
    };
    let failed = match (number(" failed"), number(" error")) {
        (None, None) => None,
        (failed, errors) => Some(failed.unwrap_or(0) + errors.unwrap_or(0)),
    };
    match (number(" passed"), failed) {
        (None, None) => None,
        (passed, failed) => Some((passed.unwrap_or(0), failed.unwrap_or(0))),
    }
}

/// `1 failed, 2 passed` of `1 failed, 2 passed in 2.10s`.
fn pytest_counts(line: &str) -> Option<&str> {
    let (list, time) = line.rsplit_once(" in ")?;
    let counted = |part: &str| {
        part.split_once(' ')
            .is_some_and(|(count, _)| count.parse::<u64>().is_ok())
    };
    let timed = time.starts_with(|first: char| first.is_ascii_digit());
    (timed && list.split(", ").all(counted)).then_some(list)
}

#[cfg(test)]
mod tests {
    use super::counts;

    #[test]
    fn summaries_of_the_runners() {
        let cases = [
            (
                "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out",
                Some((12, 0)),
            ),
            ("      Tests  3 passed | 1 failed (4)", Some((3, 1))),
            ("      Tests  7 passed (7)", Some((7, 0))),
            ("  3 passed (2.1s)", Some((3, 0))),
            ("  1 failed", Some((0, 1))),
            ("126 passed in 6.07s", Some((126, 0))),
            (
                "=== 1 failed, 2 passed, 3 skipped, 4 errors in 61.10s (0:01:01) ===",
                Some((2, 5)),
            ),
            ("no tests ran in 0.01s", None),
            ("3 passed in the morning", None),
            (" Test Files  2 passed (2)", None),
            ("the 3 passed by", None),
            ("running 3 tests", None),
        ];
        for (line, expected) in cases {
            assert_eq!(counts(line), expected, "{line}");
        }
    }
}
