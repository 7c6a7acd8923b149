//! Real processes that tests start.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::SystemTime;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::PATIENCE;

/// The examples that consist of one file.
const EXAMPLES: [&str; 4] = ["server", "chat_before", "chat_after", "job"];

/// A running program. Killed when it is dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    out: Lines<BufReader<ChildStdout>>,
    error: JoinHandle<String>,
}

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    /// What was left of its standard output.
    pub out: String,
    /// All of its standard error.
    pub error: String,
}

impl Program {
    /// Starts a program that sends all telemetry to `endpoint`, with these further variables and
    /// nothing else of this process's settings.
    pub fn start(program: impl AsRef<OsStr>, endpoint: &str, variables: &[(&str, &str)]) -> Self {
        Self::spawn(Command::new(program), endpoint, variables)
    }

    /// The same for a command that is described already.
    pub fn spawn(mut command: Command, endpoint: &str, variables: &[(&str, &str)]) -> Self {
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("OTEL_") {
                command.env_remove(name);
            }
        }
        let mut child = command
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let out = child.stdout.take().expect("a pipe");
        let error = child.stderr.take().expect("a pipe");
        Self {
            child,
            out: BufReader::new(out).lines(),
            error: tokio::spawn(all(error)),
        }
    }

    /// The next line of standard output; `None` at its end.
    pub async fn line(&mut self) -> Option<String> {
        let line = timeout(PATIENCE, self.out.next_line()).await;
        line.expect("a line in time").expect("readable output")
    }

    /// The port in the line that servers print when they are ready.
    pub async fn port(&mut self) -> u16 {
        let line = self.line().await.expect("a ready line");
        let address = line.strip_prefix("listening on http://127.0.0.1:");
        let port = address.and_then(|port| port.parse().ok());
        port.unwrap_or_else(|| panic!("no address: {line}"))
    }

    /// Asks it to end, as a container's runtime does.
    #[cfg(unix)]
    pub async fn terminate(&self) {
        let id = self.child.id().expect("it still runs").to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(sent.expect("kill is there").success());
    }

    /// Waits until it has ended.
    pub async fn ended(mut self) -> Ended {
        let status = timeout(PATIENCE, self.child.wait()).await;
        let status = status.expect("it ends in time").expect("it can be awaited");
        let out = all(self.out.into_inner()).await;
        let error = self.error.await.expect("the reader ends");
        Ended { status, out, error }
    }
}

async fn all(mut from: impl AsyncRead + Unpin) -> String {
    let mut bytes = Vec::new();
    // A pipe that breaks has said all it had to say.
    let _ = from.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An example of this package. `cargo test` has built it; `cargo test --test …` leaves examples
/// alone, so it is built here where it is missing or older than its sources.
pub fn example(name: &str) -> PathBuf {
    static CURRENT: OnceLock<()> = OnceLock::new();
    let this = std::env::current_exe().expect("a path");
    let profile = this.ancestors().nth(2).expect("target/<profile>/deps");
    let folder = profile.join("examples");
    CURRENT.get_or_init(|| {
        if !EXAMPLES.into_iter().all(|name| is_current(&folder, name)) {
            build(profile.ends_with("release"));
        }
    });
    assert!(EXAMPLES.contains(&name), "{name} is no example");
    folder.join(name)
}

/// Whether a program is newer than what it was made from.
fn is_current(folder: &Path, name: &str) -> bool {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = modified(&package.join("examples").join(name).with_extension("rs"));
    modified(&folder.join(name)) > own.max(newest(&package.join("src")))
}

fn build(release: bool) {
    let mut build = std::process::Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--examples", "--manifest-path"]);
    build.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    if release {
        build.arg("--release");
    }
    let built = build.status().expect("cargo runs");
    assert!(built.success(), "the examples can be built");
}

fn modified(file: &Path) -> Option<SystemTime> {
    file.metadata().ok()?.modified().ok()
}

/// When the newest file below a folder was changed.
fn newest(folder: &Path) -> Option<SystemTime> {
    let entries = folder.read_dir().ok()?.flatten();
    let times = entries.map(|entry| {
        let path = entry.path();
        if path.is_dir() {
            newest(&path)
        } else {
            modified(&path)
        }
    });
    times.max().flatten()
}
