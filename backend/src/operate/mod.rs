//! `aetherterm telemetry status|dead-letters|replay|discard|config|destinations|routes`: asks a server that runs, over
//! its API.

mod config;
mod destinations;
mod input;
mod remote;
mod routes;
mod show;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::Value;

pub use remote::Server;

use remote::Failure;

/// What is asked of a server that runs.
#[derive(Debug, Subcommand)]
pub enum Operation {
    /// Shows what telemetry does right now: destinations, queues, counts.
    Status {
        /// Print the answer as JSON.
        #[arg(long)]
        json: bool,
        /// The server.
        #[command(flatten)]
        server: Server,
    },
    /// Lists what destinations refused for good, with their answers.
    DeadLetters {
        /// Print the answer as JSON.
        #[arg(long)]
        json: bool,
        /// Those of one destination alone.
        #[arg(long, value_name = "NAME")]
        destination: Option<String>,
        /// The server.
        #[command(flatten)]
        server: Server,
    },
    /// Queues dead letters for their destinations again.
    Replay(Replay),
    /// Forgets dead letters.
    Discard {
        /// Which ones.
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        /// The server.
        #[command(flatten)]
        server: Server,
    },
    /// Shows and changes the file of settings that is in force.
    #[command(subcommand)]
    Config(config::Config),
    /// Adds, changes, pauses, drains, deletes and tests destinations.
    #[command(subcommand)]
    Destinations(destinations::Destinations),
    /// Tries rules on samples.
    #[command(subcommand)]
    Routes(routes::Routes),
}

/// Which dead letters are queued again.
#[derive(Debug, Args)]
pub struct Replay {
    /// Which ones [default: all].
    #[arg(value_name = "ID", conflicts_with = "destination")]
    ids: Vec<String>,
    /// All of one destination.
    #[arg(long, value_name = "NAME")]
    destination: Option<String>,
    /// The server.
    #[command(flatten)]
    server: Server,
}

/// What an operation came to.
#[derive(Debug)]
pub struct Done {
    /// For standard output.
    pub text: String,
    /// For standard error; each is one thing that could not be done.
    pub failures: Vec<String>,
    /// 0: all done; 1: the server did not do all of it; 2: no server answered, or not to this token.
    pub code: ExitCode,
}

impl Operation {
    /// Asks the server.
    pub async fn run(&self) -> Done {
        match self.ask().await {
            Ok((text, failures)) => Done {
                text,
                code: ExitCode::from(u8::from(!failures.is_empty())),
                failures,
            },
            Err(failure) => Done {
                text: String::new(),
                code: ExitCode::from(if failure.answered { 1 } else { 2 }),
                failures: vec![failure.message],
            },
        }
    }

    /// The text to print, and what was not done.
    async fn ask(&self) -> Told {
        match self {
            Self::Status { json, server } => {
                let status = server.connect()?.get("status", &[]).await?;
                Ok((text(*json, &status, show::status), Vec::new()))
            }
            Self::DeadLetters {
                json,
                destination,
                server,
            } => {
                let query = filter(destination.as_deref());
                let letters = server.connect()?.get("dead-letters", &query).await?;
                Ok((text(*json, &letters, show::letters), Vec::new()))
            }
            Self::Replay(replay) if replay.ids.is_empty() => {
                let query = filter(replay.destination.as_deref());
                let remote = replay.server.connect()?;
                let replayed = remote.post("dead-letters/replay", &query).await?;
                Ok(show::replayed(&replayed))
            }
            Self::Replay(replay) => {
                let remote = replay.server.connect()?;
                each(&replay.ids, "queued again", async |id| {
                    remote.post(&letter(id, "/replay"), &[]).await
                })
                .await
            }
            Self::Discard { ids, server } => {
                let remote = server.connect()?;
                each(ids, "discarded", async |id| {
                    remote.delete(&letter(id, "")).await
                })
                .await
            }
            Self::Config(config) => config.ask().await,
            Self::Destinations(destinations) => destinations.ask().await,
            Self::Routes(routes) => routes.ask().await,
        }
    }
}

/// The text to print, and what was not done.
type Told = Result<(String, Vec<String>), Failure>;

fn filter(destination: Option<&str>) -> Vec<(&'static str, &str)> {
    destination
        .map(|name| ("destination", name))
        .into_iter()
        .collect()
}

/// The path of a dead letter. An id with other characters is none, and must not become another path.
fn letter(id: &str, rest: &str) -> String {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let id: String = id.chars().map(|c| if good(c) { c } else { '_' }).collect();
    format!("dead-letters/{id}{rest}")
}

fn text(json: bool, answer: &Value, show: fn(&Value) -> String) -> String {
    if json {
        // It was JSON before.
        serde_json::to_string_pretty(answer).unwrap_or_default()
    } else {
        show(answer)
    }
}

/// Does something with every letter; one that fails does not keep the others from it.
async fn each(
    ids: &[String],
    done: &str,
    act: impl AsyncFn(&str) -> Result<Value, Failure>,
) -> Told {
    let mut lines = Vec::new();
    let mut failures = Vec::new();
    for id in ids {
        match act(id).await {
            Ok(_) => lines.push(format!("{id} {done}")),
            Err(failure) if failure.answered => failures.push(failure.message),
            Err(failure) => return Err(failure),
        }
    }
    Ok((lines.join("\n"), failures))
}
