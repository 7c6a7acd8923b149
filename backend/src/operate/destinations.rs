//! `aetherterm telemetry destinations`: one destination of a server that runs.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Map, Value};

use super::config::discarding;
use super::input::{self, wrong};
use super::remote::{Failure, Remote, Sent};
use super::{Server, Told, show, text};

/// What is done with a destination.
#[derive(Debug, Subcommand)]
pub enum Destinations {
    /// Adds a destination.
    #[command(
        after_help = "Examples:\n  aetherterm telemetry destinations add archive endpoint=https://otlp.example.org compression=gzip\n  aetherterm telemetry destinations add shop endpoint=https://otlp.nr-data.net --header 'api-key={\"env\": \"NEW_RELIC_KEY\"}'"
    )]
    Add(Set),
    /// Changes keys of a destination; the others stay.
    #[command(
        after_help = "Examples:\n  aetherterm telemetry destinations set archive timeout_ms=5000 retry.max_ms=60000\n  aetherterm telemetry destinations set archive --unset compression"
    )]
    Set(Set),
    /// Sends nothing to a destination until it is resumed; what comes for it waits.
    Pause(One),
    /// Takes and sends again.
    Resume(One),
    /// Takes nothing new, sends what waits, then the destination is gone.
    Drain(One),
    /// Deletes a destination. Refused while anything waits, unless that is to be dropped.
    Delete {
        /// Which one.
        #[command(flatten)]
        one: One,
        /// Drop what waits, and count it.
        #[arg(long)]
        discard: bool,
    },
    /// Sends one item of each signal to a destination, and says what it answered.
    Test(One),
}

/// A destination.
#[derive(Debug, Args)]
pub struct One {
    /// Its name.
    name: String,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
    /// The server.
    #[command(flatten)]
    server: Server,
}

/// A destination with its keys.
#[derive(Debug, Args)]
pub struct Set {
    /// Which one.
    #[command(flatten)]
    one: One,
    /// Keys of a [[destination]] with their values: JSON, or a text. retry.max_ms is a key of a table.
    #[arg(value_name = "KEY=VALUE")]
    keys: Vec<String>,
    /// A header. Other users of this machine can read flags: prefer NAME={"env": "VARIABLE"}.
    #[arg(long = "header", value_name = "NAME=VALUE")]
    headers: Vec<String>,
    /// Takes a key away.
    #[arg(long = "unset", value_name = "KEY")]
    unset: Vec<String>,
    /// A JSON file with keys, `-` for standard input.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Destinations {
    pub(super) async fn ask(&self) -> Told {
        match self {
            Self::Add(set) => set.ask(true).await,
            Self::Set(set) => set.ask(false).await,
            Self::Pause(one) => one.tell("pause").await,
            Self::Resume(one) => one.tell("resume").await,
            Self::Drain(one) => one.tell("drain").await,
            Self::Delete { one, discard } => {
                let sent = Sent {
                    query: discarding(*discard),
                    if_match: Some("*"),
                    ..Sent::default()
                };
                let remote = one.server.connect()?;
                let answer = remote
                    .send(Method::DELETE, &path(&one.name, ""), sent)
                    .await?;
                Ok((text(one.json, &answer, show::changed), Vec::new()))
            }
            Self::Test(one) => {
                let remote = one.server.connect()?;
                let answer = remote.post(&path(&one.name, "/test"), &[]).await?;
                let (told, failures) = show::tested(&answer);
                let told = if one.json {
                    text(true, &answer, show::changed)
                } else {
                    told
                };
                Ok((told, failures))
            }
        }
    }
}

impl One {
    async fn tell(&self, what: &str) -> Told {
        let remote = self.server.connect()?;
        let path = path(&self.name, &format!("/{what}"));
        let answer = remote.post(&path, &[]).await?;
        Ok((text(self.json, &answer, show::changed), Vec::new()))
    }
}

impl Set {
    async fn ask(&self, add: bool) -> Told {
        let remote = self.one.server.connect()?;
        let name = &self.one.name;
        let (known, etag) = known(&remote, name).await?;
        let mut settings = match (known, add) {
            (Some(_), true) => {
                return Err(wrong(format!(
                    "there is a destination {name} already; change it with `set`"
                )));
            }
            (None, false) => {
                return Err(wrong(format!(
                    "there is no destination {name} in the file; add it with `add`"
                )));
            }
            (known, _) => known.unwrap_or_default(),
        };
        if let Some(file) = &self.file {
            let Value::Object(keys) = input::json(file)? else {
                return Err(wrong(format!("{} holds no object", file.display())));
            };
            settings.extend(keys);
        }
        for assignment in &self.keys {
            input::put(&mut settings, assignment)?;
        }
        for header in &self.headers {
            let mut headers = Map::new();
            // Names of headers have no dots, so none is a table.
            input::put(&mut headers, header)?;
            let all = settings.entry("headers");
            let all = all.or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(all) = all {
                all.extend(headers);
            } else {
                *all = Value::Object(headers);
            }
        }
        for key in &self.unset {
            let secret = key == "headers";
            settings.insert(key.clone(), Value::Null);
            if !secret {
                settings.remove(key);
            }
        }
        let body = Value::Object(settings).to_string();
        let sent = Sent {
            if_match: Some(etag.as_deref().unwrap_or("*")),
            body: Some(("application/json", body)),
            ..Sent::default()
        };
        let answer = remote.send(Method::PUT, &path(name, ""), sent).await?;
        Ok((text(self.one.json, &answer, show::changed), Vec::new()))
    }
}

/// A destination as it is in the file, and what state that was read from.
async fn known(
    remote: &Remote<'_>,
    name: &str,
) -> Result<(Option<Map<String, Value>>, Option<String>), Failure> {
    let raw = remote.raw(Method::GET, "config", Sent::default()).await?;
    let config: Value = serde_json::from_slice(&raw.body).unwrap_or_default();
    let all = config["destinations"].as_array().into_iter().flatten();
    let mut all = all.filter_map(Value::as_object);
    let known = all.find(|destination| {
        let known = destination.get("name").and_then(Value::as_str);
        known == Some(name)
    });
    Ok((known.cloned(), raw.etag))
}

/// The path of a destination, whatever is in its name.
fn path(name: &str, rest: &str) -> String {
    use std::fmt::Write;
    let mut path = "destinations/".to_owned();
    for byte in name.bytes() {
        // A dot alone would be the folder.
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
            path.push(char::from(byte));
        } else {
            let _ = write!(path, "%{byte:02X}");
        }
    }
    path + rest
}
