//! Who takes part, and how each is started.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::net::TcpStream;
use tokio::process::Command;

use super::options::Options;
use crate::Outcome;
use crate::child::Child;

/// How long a relay may take to listen.
const START: Duration = Duration::from_secs(30);
/// How often a free port may be taken by somebody else before it is used.
const ATTEMPTS: u32 = 3;
/// How often a port is tried.
const GLANCE: Duration = Duration::from_millis(20);

/// Where accepted telemetry waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Mode {
    Disk,
    Memory,
}

/// One relay, and how it is measured.
#[derive(Debug)]
pub(crate) struct Contestant {
    /// What the command line and the report's data call it.
    pub(crate) key: &'static str,
    /// What the table calls it.
    pub(crate) name: &'static str,
    pub(crate) mode: Mode,
    program: Program,
}

#[derive(Debug, PartialEq, Eq)]
enum Program {
    Ours,
    Collector {
        /// Whether it waits for the disk after each write, which it does not by default.
        sync: bool,
    },
}

/// All relays. The order is that of the table.
static ALL: [Contestant; 5] = [
    Contestant {
        key: "ours-disk",
        name: "ours, queue on disk",
        mode: Mode::Disk,
        program: Program::Ours,
    },
    Contestant {
        key: "collector-disk",
        name: "Collector, queue in files",
        mode: Mode::Disk,
        program: Program::Collector { sync: false },
    },
    Contestant {
        key: "ours-memory",
        name: "ours, queue in memory",
        mode: Mode::Memory,
        program: Program::Ours,
    },
    Contestant {
        key: "collector-memory",
        name: "Collector, queue in memory",
        mode: Mode::Memory,
        program: Program::Collector { sync: false },
    },
    Contestant {
        key: "collector-fsync",
        name: "Collector, queue in files, fsync",
        mode: Mode::Disk,
        program: Program::Collector { sync: true },
    },
];

/// How many of them take part by themselves.
const USUAL: usize = 4;

/// A relay that listens.
#[derive(Debug)]
pub(crate) struct Relay {
    child: Child,
    pub(crate) port: u16,
    ours: bool,
}

impl Contestant {
    /// Those with the given keys, or the usual ones.
    pub(crate) fn chosen(keys: &[String]) -> Outcome<Vec<&'static Self>> {
        if keys.is_empty() {
            return Ok(ALL[..USUAL].iter().collect());
        }
        let find = |key: &String| {
            let found = ALL.iter().find(|contestant| contestant.key == key);
            found.ok_or_else(|| {
                let known: Vec<_> = ALL.iter().map(|contestant| contestant.key).collect();
                format!("no relay `{key}`; there are {}", known.join(", "))
            })
        };
        keys.iter().map(find).collect()
    }

    pub(crate) fn is_ours(&self) -> bool {
        self.program == Program::Ours
    }

    /// Starts it in front of the sink at `endpoint`, with its files in `work`.
    pub(crate) async fn start(
        &self,
        options: &Options,
        endpoint: &str,
        work: &Path,
    ) -> Outcome<Relay> {
        let log = options.out.join(format!("{}.log", self.key));
        match self.program {
            Program::Ours => self.start_ours(options, endpoint, work, &log).await,
            Program::Collector { sync } => {
                let mut attempt = 1;
                loop {
                    let file = work.join("collector.yaml");
                    let port = free_port()?;
                    let text = self.collector(options, endpoint, work, port, sync);
                    fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))?;
                    match self.start_collector(options, &file, port, &log).await {
                        Err(_) if attempt < ATTEMPTS => attempt += 1,
                        done => return done,
                    }
                }
            }
        }
    }

    async fn start_ours(
        &self,
        options: &Options,
        endpoint: &str,
        work: &Path,
        log: &Path,
    ) -> Outcome<Relay> {
        let mut command = clean(Command::new(&options.relay));
        command
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
            .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
            .env("OTEL_EXPORTER_OTLP_COMPRESSION", &options.compression);
        if self.mode == Mode::Disk {
            command.env("AETHER_TELEMETRY_QUEUE_FOLDER", work.join("queue"));
        }
        let mut child = Child::start(self.name, command, log)?;
        let line = child.line(START).await?;
        let port = line
            .strip_prefix("listening ")
            .and_then(|port| port.parse().ok())
            .ok_or_else(|| format!("{} said `{line}`, not its port", self.name))?;
        Ok(Relay {
            child,
            port,
            ours: true,
        })
    }

    async fn start_collector(
        &self,
        options: &Options,
        file: &Path,
        port: u16,
        log: &Path,
    ) -> Outcome<Relay> {
        let mut command = clean(Command::new(&options.collector));
        command.arg("--config").arg(file);
        let mut child = Child::start(self.name, command, log)?;
        let begin = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .is_err()
        {
            if child.has_ended() || begin.elapsed() > START {
                return Err(format!(
                    "{} does not start; see {}",
                    self.name,
                    log.display()
                ));
            }
            tokio::time::sleep(GLANCE).await;
        }
        Ok(Relay {
            child,
            port,
            ours: false,
        })
    }

    /// The Collector's configuration: everything at its default but what has to be said. It measures
    /// nothing about itself.
    fn collector(
        &self,
        options: &Options,
        endpoint: &str,
        work: &Path,
        port: u16,
        sync: bool,
    ) -> String {
        let (storage, queue, extensions) = match self.mode {
            Mode::Memory => (String::new(), "", ""),
            Mode::Disk => (
                format!(
                    "extensions:\n  file_storage:\n    directory: {}\n    create_directory: true\n    fsync: {sync}\n",
                    work.join("storage").display()
                ),
                "\n    sending_queue:\n      storage: file_storage",
                "\n  extensions: [file_storage]",
            ),
        };
        let compression = &options.compression;
        format!(
            "{storage}receivers:
  otlp:
    protocols:
      http:
        endpoint: 127.0.0.1:{port}
processors:
  batch:
exporters:
  otlp_http:
    endpoint: {endpoint}
    compression: {compression}{queue}
service:{extensions}
  telemetry:
    metrics:
      level: none
    logs:
      level: warn
  pipelines:
    traces:
      receivers: [otlp]
      processors: [batch]
      exporters: [otlp_http]
"
        )
    }
}

impl Relay {
    pub(crate) fn id(&self) -> Outcome<u32> {
        self.child.id()
    }

    pub(crate) async fn end(self) {
        match self.ours {
            true => self.child.end().await,
            // It does not listen to its standard input, and has nothing left to do.
            false => self.child.kill().await,
        }
    }
}

/// Without settings of whoever started the benchmark.
fn clean(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        let name_bytes = name.as_encoded_bytes();
        if name_bytes.starts_with(b"OTEL_") || name_bytes.starts_with(b"AETHER_") {
            command.env_remove(name);
        }
    }
    command
}

/// A port that nobody has right now.
fn free_port() -> Outcome<u16> {
    let failed = |error: std::io::Error| format!("no free port: {error}");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
    Ok(listener.local_addr().map_err(failed)?.port())
}

/// An empty folder for the files of one run.
pub(crate) fn work(options: &Options) -> Outcome<PathBuf> {
    let work = options.out.join("relay-work");
    let failed = |error: std::io::Error| format!("{}: {error}", work.display());
    if work.exists() {
        fs::remove_dir_all(&work).map_err(failed)?;
    }
    fs::create_dir_all(&work).map_err(failed)?;
    work.canonicalize().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relays_are_found_by_key() {
        assert_eq!(Contestant::chosen(&[]).unwrap().len(), USUAL);
        let chosen = Contestant::chosen(&["collector-fsync".into(), "ours-disk".into()]).unwrap();
        assert!(!chosen[0].is_ours() && chosen[1].is_ours());
        let error = Contestant::chosen(&["rotel".into()]).unwrap_err();
        assert!(error.contains("`rotel`") && error.contains("ours-memory"));
    }
}
