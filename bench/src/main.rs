//! Side-by-side benchmarks against peers: one command, one run, one report.
//!
//! ```text
//! cargo xtask bench socketio
//! ```
//!
//! installs what the peers need and calls this program, which starts every contestant, puts the
//! same load on each and writes the report. `docs/benchmarks.md` says what is measured and holds
//! the last table. Micro-benchmarks of one crate sit in that crate.
//!
//! | module | concern |
//! |---|---|
//! | [`socketio`] | Socket.IO servers under load |
//! | [`relay`] | our relay and the OpenTelemetry Collector |
//! | [`child`] | the programs that take part: started, spoken to in lines, ended |
//! | [`sink`] | an OTLP receiver that counts what arrives |
//! | [`usage`] | processor time and memory of a process |
//! | [`machine`] | where and when it was measured |
//! | [`stats`], [`verdict`] | medians and ranges, and what they are to be |
//! | [`layout`] | how reports look |

mod child;
mod layout;
mod machine;
mod relay;
mod sink;
mod socketio;
mod stats;
mod usage;
mod verdict;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What can go wrong, in a sentence.
type Outcome<T = ()> = Result<T, String>;

#[derive(Debug, Parser)]
#[command(name = "aether-bench", about = "Side-by-side benchmarks against peers")]
struct Arguments {
    #[command(subcommand)]
    benchmark: Benchmark,
}

#[derive(Debug, Subcommand)]
enum Benchmark {
    /// Processor time, latency and memory of Socket.IO servers, with and without tracing.
    Socketio(socketio::Options),
    /// Spans per processor second, latency and memory of relays.
    Relay(relay::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().benchmark {
        Benchmark::Socketio(options) => socketio::run(&options).await,
        Benchmark::Relay(options) => relay::run(&options).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("aether-bench: {reason}");
            ExitCode::FAILURE
        }
    }
}
