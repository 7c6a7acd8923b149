//! `aetherterm telemetry config`: the file of settings of a server that runs.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use reqwest::Method;

use super::remote::{Failure, Sent};
use super::{Server, Told, input, show, text};

const TOML: &str = "application/toml";

/// What is done with the file of settings.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Prints the file in force, secrets masked; as JSON: destinations and rules.
    #[command(after_help = "Example:\n  aetherterm telemetry config get > telemetry.toml")]
    Get {
        /// Print destinations and rules as JSON.
        #[arg(long)]
        json: bool,
        /// The server.
        #[command(flatten)]
        server: Server,
    },
    /// Says whether a file could be put into force, and everything that is wrong with it.
    #[command(after_help = "Example:\n  aetherterm telemetry config check telemetry.toml")]
    Check {
        /// TOML, or JSON where its name ends in .json; `-` is standard input.
        file: PathBuf,
        /// Print what would be in force as JSON.
        #[arg(long)]
        json: bool,
        /// The server.
        #[command(flatten)]
        server: Server,
    },
    /// Puts a file into force: checked, written, applied without a restart. `****` stands for a secret that is known.
    #[command(
        after_help = "Example:\n  aetherterm telemetry config get > t.toml && $EDITOR t.toml && aetherterm telemetry config apply t.toml"
    )]
    Apply(Apply),
    /// Puts the server's own file into force after it was changed by hand.
    Reload {
        /// Print what is in force as JSON.
        #[arg(long)]
        json: bool,
        /// The server.
        #[command(flatten)]
        server: Server,
    },
    /// Lists earlier versions of the file, the latest first.
    Versions {
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
        /// The server.
        #[command(flatten)]
        server: Server,
    },
    /// Puts an earlier version into force. 0 is what is in force, for a file that was changed by hand.
    #[command(after_help = "Example:\n  aetherterm telemetry config restore 1")]
    Restore {
        /// Its number.
        number: u32,
        /// Drop what waits for destinations that are not in it.
        #[arg(long)]
        discard: bool,
        /// Print what is in force as JSON.
        #[arg(long)]
        json: bool,
        /// The server.
        #[command(flatten)]
        server: Server,
    },
}

/// A file that is put into force.
#[derive(Debug, Args)]
pub struct Apply {
    /// TOML, or JSON where its name ends in .json; `-` is standard input.
    file: PathBuf,
    /// Refuse where somebody changed the settings since this state (the ETag of `config get --json`) [default: any].
    #[arg(long, value_name = "ETAG")]
    if_match: Option<String>,
    /// Drop what waits for destinations that are not in it.
    #[arg(long)]
    discard: bool,
    /// Print what is in force as JSON.
    #[arg(long)]
    json: bool,
    /// The server.
    #[command(flatten)]
    server: Server,
}

impl Config {
    pub(super) async fn ask(&self) -> Told {
        match self {
            Self::Get { json, server } => get(*json, server).await,
            Self::Check { file, json, server } => {
                let sent = Sent {
                    body: Some(input::settings(file)?),
                    ..Sent::default()
                };
                let remote = server.connect()?;
                let answer = remote.send(Method::POST, "config/check", sent).await?;
                Ok((text(*json, &answer, show::checked), Vec::new()))
            }
            Self::Apply(apply) => {
                let sent = Sent {
                    query: discarding(apply.discard),
                    if_match: Some(apply.if_match.as_deref().unwrap_or("*")),
                    body: Some(input::settings(&apply.file)?),
                    ..Sent::default()
                };
                let remote = apply.server.connect()?;
                let answer = remote.send(Method::PUT, "config", sent).await?;
                Ok((text(apply.json, &answer, show::changed), Vec::new()))
            }
            Self::Reload { json, server } => {
                let answer = server.connect()?.post("config/reload", &[]).await?;
                Ok((text(*json, &answer, show::changed), Vec::new()))
            }
            Self::Versions { json, server } => {
                let versions = server.connect()?.get("config/versions", &[]).await?;
                Ok((text(*json, &versions, show::versions), Vec::new()))
            }
            Self::Restore {
                number,
                discard,
                json,
                server,
            } => {
                let sent = Sent {
                    query: discarding(*discard),
                    if_match: Some("*"),
                    ..Sent::default()
                };
                let path = format!("config/versions/{number}/restore");
                let answer = server.connect()?.send(Method::POST, &path, sent).await?;
                Ok((text(*json, &answer, show::changed), Vec::new()))
            }
        }
    }
}

async fn get(json: bool, server: &Server) -> Told {
    let remote = server.connect()?;
    if json {
        let config = remote.get("config", &[]).await?;
        return Ok((text(true, &config, show::changed), Vec::new()));
    }
    let sent = Sent {
        accept: Some(TOML),
        ..Sent::default()
    };
    let raw = remote.raw(Method::GET, "config", sent).await?;
    let file = String::from_utf8(raw.body);
    let file = file.map_err(|_| Failure {
        message: "the server's file is not UTF-8".to_owned(),
        answered: true,
    })?;
    Ok((file.trim_end().to_owned(), Vec::new()))
}

pub(super) fn discarding(discard: bool) -> &'static [(&'static str, &'static str)] {
    if discard { &[("discard", "true")] } else { &[] }
}
