//! What the command line says.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

/// Settings of a run.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How often every contestant runs.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,
    /// Events measured in each run, at most.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) events: u32,
    /// Length of the measured part of each run in seconds, at most.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(crate) seconds: u32,
    /// Events before the measured part, at most; they may take half as long.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) warm_up: u32,
    /// Connections of the load.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) sockets: u32,
    /// Events of each connection that may be unanswered at a time.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) in_flight: u32,
    /// Only these contestants: rust-bare, rust-traced, rust-joined, node-bare, node-traced, python-traced.
    #[arg(long, value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// The program `aether-bench-server`.
    #[arg(long)]
    pub(crate) server: PathBuf,
    /// The folder `bench/node` with its packages installed.
    #[arg(long)]
    pub(crate) node: PathBuf,
    /// The Python of an environment with the packages of `bench/python/requirements.txt`.
    #[arg(long)]
    pub(crate) python: PathBuf,
    /// The program `bench/python/server.py`.
    #[arg(long)]
    pub(crate) python_server: PathBuf,
    /// Folder for the report and for what contestants print on standard error.
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// A Markdown page whose part for this benchmark is replaced by the report.
    #[arg(long)]
    pub(crate) page: Option<PathBuf>,
}

/// The load, as the report tells it.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Load {
    pub(crate) rounds: u32,
    pub(crate) sockets: u32,
    pub(crate) in_flight: u32,
    pub(crate) warm_up_events: u32,
    pub(crate) events: u32,
    pub(crate) seconds: u32,
}

impl Options {
    pub(crate) fn load(&self) -> Load {
        Load {
            rounds: self.rounds,
            sockets: self.sockets,
            in_flight: self.in_flight,
            warm_up_events: self.warm_up,
            events: self.events,
            seconds: self.seconds,
        }
    }
}
