//! What the command line says.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::load::Load;

/// Settings of a run.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How often every relay runs under every load.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,
    /// Length of the measured part of each run in seconds.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=60))]
    pub(crate) seconds: u32,
    /// Spans sent per second, all senders together; as many as are taken where that is less.
    #[arg(long, default_value_t = 30_000, value_parser = clap::value_parser!(u32).range(100..=10_000_000))]
    pub(crate) rate: u32,
    /// Connections of our own load.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) connections: u32,
    /// Processes of telemetrygen, each of which sends one request after the other.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=16))]
    pub(crate) generators: u32,
    /// The loads: telemetrygen, or blast:N for requests of N spans each.
    #[arg(long, value_delimiter = ',', default_value = "telemetrygen,blast:512")]
    pub(crate) loads: Vec<Load>,
    /// How relays compress what they send: none or gzip.
    #[arg(long, default_value = "none", value_parser = ["none", "gzip"])]
    pub(crate) compression: String,
    /// Only these: ours-disk, collector-disk, ours-memory, collector-memory, and
    /// collector-fsync, which is not among them by default.
    #[arg(long, value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// The program `aether-bench-relay`.
    #[arg(long)]
    pub(crate) relay: PathBuf,
    /// The program `otelcol`.
    #[arg(long)]
    pub(crate) collector: PathBuf,
    /// The program `telemetrygen`.
    #[arg(long)]
    pub(crate) generator: PathBuf,
    /// Its version, which it does not tell by itself.
    #[arg(long, default_value = "of unknown version")]
    pub(crate) generator_version: String,
    /// Folder for the report, for what relays print, and for their queues on disk.
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// A Markdown page whose part for this benchmark is replaced by the report.
    #[arg(long)]
    pub(crate) page: Option<PathBuf>,
}

/// The settings, as the report tells them.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Settings {
    pub(crate) rounds: u32,
    pub(crate) seconds: u32,
    pub(crate) rate: u32,
    pub(crate) connections: u32,
    pub(crate) generators: u32,
    pub(crate) compression: String,
}

impl Options {
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            rounds: self.rounds,
            seconds: self.seconds,
            rate: self.rate,
            connections: self.connections,
            generators: self.generators,
            compression: self.compression.clone(),
        }
    }
}
