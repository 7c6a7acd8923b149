//! `aetherterm telemetry routes`: rules tried on samples, by a server that runs.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::remote::Sent;
use super::{Server, Told, input, show, text};

/// What is done with rules.
#[derive(Debug, Subcommand)]
pub enum Routes {
    /// Says where samples would go. Nothing is sent or changed.
    #[command(
        after_help = "Examples:\n  aetherterm telemetry routes dry-run\n  aetherterm telemetry routes dry-run --sample spans.json --rules proposed.toml"
    )]
    DryRun(DryRun),
}

/// Rules and samples.
#[derive(Debug, Args)]
pub struct DryRun {
    /// An OTLP/JSON request, `-` for standard input [default: the last small ones that the server saw].
    #[arg(long, value_name = "FILE")]
    sample: Vec<PathBuf>,
    /// Rules to try: TOML with [[route]] tables, or JSON with `routes` where its name ends in .json [default: those in
    /// force].
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
    /// The server.
    #[command(flatten)]
    server: Server,
}

impl Routes {
    pub(super) async fn ask(&self) -> Told {
        let Self::DryRun(run) = self;
        let mut body = json!({});
        if let Some(rules) = &run.rules {
            let (kind, text) = input::settings(rules)?;
            body["routes"] = if kind == "application/json" {
                let mut json = input::json(rules)?;
                match json.get_mut("routes") {
                    Some(routes) => routes.take(),
                    None => json,
                }
            } else {
                text.into()
            };
        }
        if !run.sample.is_empty() {
            let samples: Result<Vec<Value>, _> =
                run.sample.iter().map(|path| input::json(path)).collect();
            body["samples"] = samples?.into();
        }
        let sent = Sent {
            body: Some(("application/json", body.to_string())),
            ..Sent::default()
        };
        let remote = run.server.connect()?;
        let answer = remote.send(Method::POST, "routes/dry-run", sent).await?;
        Ok((text(run.json, &answer, show::runs), Vec::new()))
    }
}
