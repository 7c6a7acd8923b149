//! Real processes that tests start.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::OnceLock;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::PATIENCE;

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
        let mut command = Command::new(program);
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

/// An example of this package, built if it has to be: `cargo test --test …` leaves examples alone.
pub fn example(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let this = std::env::current_exe().expect("a path");
        let profile = this.ancestors().nth(2).expect("target/<profile>/deps");
        let mut build = std::process::Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--examples", "--manifest-path"]);
        build.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        if profile.ends_with("release") {
            build.arg("--release");
        }
        let built = build.status().expect("cargo runs");
        assert!(built.success(), "the examples can be built");
        profile.join("examples")
    });
    folder.join(name)
}
