//! The real OTLP backends that `tests/backends` exports to: two built from the Go module proxy,
//! one installed from Python's package index.
//!
//! Each is made once into the cache, at a pinned version. Where Go, Python or one of the modules is
//! not to be had, that backend is left out and the reason is returned, to be shown at the end of
//! the run; a build that fails is an error.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::paths;
use crate::process::{Outcome, capture, command, run_quiet, say};

use super::python;

/// The oldest Go that both of them compile with.
const OLDEST_GO: (u32, u32) = (1, 25);
const COLLECTOR: &str = "0.159.0";
/// The commit of this version's tag is also that of Jaeger v2.13.0; Go cannot address the latter,
/// because the module's path does not end in `/v2`.
const JAEGER: &str = "1.76.0";
/// Of the versions near the Collector's, one that Go's module proxy has.
const GENERATOR: &str = "0.157.0";

/// One backend in Go: which tests need it, and how it is made.
struct Recipe {
    name: &'static str,
    version: &'static str,
    /// Name of the test binary in `tests/backends`.
    test: &'static str,
    /// Variable that tells the tests where the program is.
    variable: &'static str,
    /// What it is made from besides its version; it is built again when that changes.
    source: fn() -> Outcome<String>,
    build: fn(&Path) -> Result<PathBuf, Trouble>,
}

const RECIPES: [Recipe; 2] = [
    Recipe {
        name: "otelcol",
        version: COLLECTOR,
        test: "collector",
        variable: "AETHER_BACKEND_OTELCOL",
        source: || read(&collector_list()),
        build: |work| build_collector(work, &collector_list()),
    },
    Recipe {
        name: "jaeger",
        version: JAEGER,
        test: "jaeger",
        variable: "AETHER_BACKEND_JAEGER",
        source: || Ok(String::new()),
        build: jaeger,
    },
];

/// Why there is no program.
enum Trouble {
    /// It cannot be fetched here.
    Unavailable(String),
    /// It was fetched and does not compile.
    Failed(String),
}

/// What `cargo xtask bench relay` needs, which no test does.
const BENCH: [Recipe; 2] = [
    Recipe {
        name: "otelcol-bench",
        version: COLLECTOR,
        test: "",
        variable: "",
        source: || read(&bench_collector_list()),
        build: |work| build_collector(work, &bench_collector_list()),
    },
    Recipe {
        name: "telemetrygen",
        version: GENERATOR,
        test: "",
        variable: "",
        source: || Ok(String::new()),
        build: |work| {
            let repository = "github.com/open-telemetry/opentelemetry-collector-contrib";
            let module = format!("{repository}/cmd/telemetrygen@v{GENERATOR}");
            fetch(
                go(work)
                    .args(["install", "-trimpath", &module])
                    .env("GOBIN", work),
            )?;
            Ok(work.join("telemetrygen"))
        },
    },
];

/// A Collector with batches and queues in files, the Collector project's load generator, and the
/// latter's version.
///
/// # Errors
/// They cannot be had here, or do not compile.
pub(crate) fn for_bench() -> Outcome<(PathBuf, PathBuf, &'static str)> {
    let [collector, generator] = BENCH.map(|recipe| {
        one(&recipe).map_err(|trouble| match trouble {
            Trouble::Unavailable(reason) | Trouble::Failed(reason) => {
                format!("{} {}: {reason}", recipe.name, recipe.version)
            }
        })
    });
    Ok((collector?, generator?, GENERATOR))
}

/// What there is to test against.
#[derive(Default)]
pub(crate) struct Backends {
    pub(crate) found: Vec<Backend>,
    /// One sentence for each that is missing.
    pub(crate) missing: Vec<String>,
}

/// A backend that can be started.
pub(crate) struct Backend {
    pub(crate) test: &'static str,
    pub(crate) variable: &'static str,
    pub(crate) program: PathBuf,
}

impl Backends {
    fn missing(&mut self, sentence: String) {
        say(&format!("NOT TESTED: {sentence}"));
        self.missing.push(sentence);
    }
}

/// Builds or installs what is not in the cache yet.
///
/// # Errors
/// A backend that does not compile.
pub(crate) fn install() -> Outcome<Backends> {
    let mut backends = Backends::default();
    for recipe in &RECIPES {
        match one(recipe) {
            Ok(program) => backends.found.push(Backend {
                test: recipe.test,
                variable: recipe.variable,
                program,
            }),
            Err(Trouble::Unavailable(reason)) => {
                backends.missing(format!("{} {}: {reason}", recipe.name, recipe.version));
            }
            Err(Trouble::Failed(reason)) => {
                return Err(format!(
                    "building {} {}: {reason}",
                    recipe.name, recipe.version
                ));
            }
        }
    }
    // An interpreter that has Phoenix; how it is started is the tests' own.
    match python::environment(&python::PHOENIX)? {
        Ok(program) => backends.found.push(Backend {
            test: "phoenix",
            variable: "AETHER_BACKEND_PHOENIX",
            program,
        }),
        Err(reason) => backends.missing(format!("phoenix: {reason}")),
    }
    Ok(backends)
}

fn one(recipe: &Recipe) -> Result<PathBuf, Trouble> {
    let Recipe { name, version, .. } = recipe;
    let home = paths::cache().join(format!("tools/{name}-{version}"));
    let program = home.join("bin").join(name);
    let source = (recipe.source)().map_err(Trouble::Failed)?;
    let built_from = home.join("built-from");
    let same = fs::read_to_string(&built_from).is_ok_and(|text| text == source);
    if same && program.exists() {
        return Ok(program);
    }
    check_go().map_err(Trouble::Unavailable)?;
    say(&format!(
        "building {name} {version} with Go, to test against (once, a few minutes)"
    ));
    let started = Instant::now();
    // Left behind by a failure for whoever looks into it; made anew each time.
    let work = paths::cache().join(format!("build/{name}-{version}"));
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |error: std::io::Error| Trouble::Failed(format!("{path}: {error}"))
    };
    if work.exists() {
        fs::remove_dir_all(&work).map_err(failed(&work))?;
    }
    fs::create_dir_all(&work).map_err(failed(&work))?;
    let built = (recipe.build)(&work)?;
    // The program appears under its name only when it is complete.
    fs::create_dir_all(home.join("bin")).map_err(failed(&home))?;
    fs::rename(&built, &program).map_err(failed(&program))?;
    fs::write(&built_from, source).map_err(failed(&built_from))?;
    fs::remove_dir_all(&work).map_err(failed(&work))?;
    say(&format!(
        "built {name} in {} s",
        started.elapsed().as_secs()
    ));
    Ok(program)
}

/// The Collector's own builder makes a Go module from our list of components; then it is compiled.
fn build_collector(work: &Path, list: &Path) -> Result<PathBuf, Trouble> {
    let module = format!("go.opentelemetry.io/collector/cmd/builder@v{COLLECTOR}");
    fetch(
        go(work)
            .args(["install", "-trimpath", &module])
            .env("GOBIN", work),
    )?;
    fetch(
        Command::new(work.join("builder"))
            .current_dir(work)
            .arg("--config")
            .arg(list)
            .arg("--skip-compilation"),
    )?;
    compile(&work.join("otelcol"), ".", &work.join("program"))
}

/// The components of our Collector.
fn collector_list() -> PathBuf {
    paths::root().join("tests/backends/collector-build.yaml")
}

/// The components of the one that is measured.
fn bench_collector_list() -> PathBuf {
    paths::root().join("bench/relay/collector-build.yaml")
}

fn read(list: &Path) -> Outcome<String> {
    fs::read_to_string(list).map_err(|error| format!("{}: {error}", list.display()))
}

/// Jaeger's module replaces one of its dependencies, so `go install` refuses it. Compiled where
/// the module cache has it, it is the main module, with its own replacements and checksums.
fn jaeger(work: &Path) -> Result<PathBuf, Trouble> {
    let module = format!("github.com/jaegertracing/jaeger@v{JAEGER}");
    fetch(go(work).args(["mod", "download", &module]))?;
    let answer = capture(go(work).args(["mod", "download", "-json", &module]));
    let source = answer.as_deref().and_then(source_folder).ok_or_else(|| {
        Trouble::Failed(format!("`go mod download -json {module}` names no folder"))
    })?;
    let source = Path::new(source);
    fetch(go(source).args(["mod", "download"]))?;
    compile(source, "./cmd/jaeger", &work.join("program"))
}

/// The value of `"Dir"` in what `go mod download -json` prints.
fn source_folder(answer: &str) -> Option<&str> {
    let line = answer.lines().map(str::trim);
    line.filter_map(|line| line.strip_prefix("\"Dir\": \""))
        .find_map(|rest| rest.split('"').next())
}

fn compile(source: &Path, package: &str, output: &Path) -> Result<PathBuf, Trouble> {
    let mut build = go(source);
    build
        .args(["build", "-trimpath", "-ldflags=-s -w", "-o"])
        .arg(output)
        .arg(package);
    run_quiet(&mut build).map_err(Trouble::Failed)?;
    Ok(output.to_path_buf())
}

/// Runs what needs the module proxy.
fn fetch(command: &mut Command) -> Result<(), Trouble> {
    run_quiet(command).map_err(|error| {
        Trouble::Unavailable(format!("{error}\nIs the Go module proxy within reach?"))
    })
}

/// Pure Go: the programs need no C library, and building them no C compiler.
fn go(dir: &Path) -> Command {
    let mut go = command("go", &[], dir);
    go.env("CGO_ENABLED", "0").env_remove("GOBIN");
    go
}

fn check_go() -> Outcome {
    let wanted = format!("install Go {}.{} or newer", OLDEST_GO.0, OLDEST_GO.1);
    let version = capture(Command::new("go").args(["env", "GOVERSION"]))
        .ok_or_else(|| format!("there is no `go` on PATH: {wanted}"))?;
    match parse(&version) {
        Some(found) if found >= OLDEST_GO => Ok(()),
        _ => Err(format!("`{version}` is too old: {wanted}")),
    }
}

/// `go1.26.8` → `(1, 26)`.
fn parse(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.strip_prefix("go")?.split(['.', 'r', 'b', ' ']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{parse, source_folder};

    #[test]
    fn versions_of_go() {
        for (text, version) in [
            ("go1.26.8", Some((1, 26))),
            ("go1.25", Some((1, 25))),
            ("go1.27rc1", Some((1, 27))),
            ("devel", None),
        ] {
            assert_eq!(parse(text), version, "{text}");
        }
    }

    #[test]
    fn the_folder_of_a_module() {
        let answer =
            "{\n\t\"Path\": \"a\",\n\t\"Dir\": \"/go/pkg/mod/a@v1\",\n\t\"Sum\": \"h1\"\n}";
        assert_eq!(source_folder(answer), Some("/go/pkg/mod/a@v1"));
        assert_eq!(source_folder("{\n\t\"Error\": \"no\"\n}"), None);
    }
}
