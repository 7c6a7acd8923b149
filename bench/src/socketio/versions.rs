//! Which versions took part, as installed.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::options::Options;
use crate::machine::first_line;

/// The workspace's lock file, as this program was built with it.
const LOCK: &str = include_str!("../../../Cargo.lock");

/// What is worth knowing of each.
const CRATES: [&str; 4] = ["axum", "socketioxide", "opentelemetry_sdk", "tokio"];
const NODE: [&str; 4] = [
    "socket.io",
    "socket.io-client",
    "@opentelemetry/instrumentation-socket.io",
    "@opentelemetry/sdk-node",
];
const PYTHON: [&str; 5] = [
    "python-socketio",
    "fastapi",
    "uvicorn",
    "opentelemetry-sdk",
    "opentelemetry-instrumentation-fastapi",
];

/// One line for each language.
pub(crate) fn all(options: &Options) -> Vec<String> {
    let version = |program: &Path| first_line(Command::new(program).arg("--version"));
    let rust = format!(
        "aether-telemetry {}, {}",
        env!("CARGO_PKG_VERSION"),
        version(Path::new("rustc"))
    );
    let node = format!("Node {}", version(Path::new("node")));
    vec![
        line(rust, &CRATES, |name| in_lock(LOCK, name)),
        line(node, &NODE, |name| of_npm(&options.node, name)),
        line(version(&options.python), &PYTHON, |name| {
            of_python(&options.python, name)
        }),
    ]
}

fn line(first: String, names: &[&str], version: impl Fn(&str) -> Option<String>) -> String {
    let rest = names.iter().map(|name| {
        let version = version(name).unwrap_or_else(|| "unknown".to_owned());
        format!("{name} {version}")
    });
    let parts: Vec<String> = std::iter::once(first).chain(rest).collect();
    parts.join(", ")
}

fn in_lock(lock: &str, package: &str) -> Option<String> {
    let mut lines = lock.lines();
    lines.find(|line| line.strip_prefix("name = ") == Some(&format!("\"{package}\"")))?;
    let version = lines.next()?.strip_prefix("version = \"")?;
    Some(version.trim_end_matches('"').to_owned())
}

fn of_npm(folder: &Path, package: &str) -> Option<String> {
    let file = folder
        .join("node_modules")
        .join(package)
        .join("package.json");
    let json: serde_json::Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    Some(json["version"].as_str()?.to_owned())
}

fn of_python(python: &Path, package: &str) -> Option<String> {
    let code = format!("import importlib.metadata as m; print(m.version('{package}'))");
    let version = first_line(Command::new(python).arg("-c").arg(code));
    (version != "unknown").then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_crates_are_in_the_lock_file() {
        for name in CRATES {
            assert!(in_lock(LOCK, name).is_some(), "{name}");
        }
        assert_eq!(in_lock(LOCK, "no-such-crate"), None);
    }
}
