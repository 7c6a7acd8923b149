//! The load: `bench/node/load.mjs`, driven in phases.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::process::Command;

use super::options::Options;
use crate::Outcome;
use crate::child::Child;

/// How long connecting, or the end of a phase, may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Connected clients.
#[derive(Debug)]
pub(crate) struct Load {
    child: Child,
}

/// What the clients saw in a phase.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub(crate) struct Seen {
    /// Acknowledged events.
    pub(crate) events: u64,
    pub(crate) seconds: f64,
    /// Time from the call of `emit` to its acknowledgement: the median.
    pub(crate) p50_ms: f64,
    /// The same: 99 of 100 were faster.
    pub(crate) p99_ms: f64,
}

impl Load {
    /// Connects every socket.
    pub(crate) async fn start(
        port: u16,
        carriers: bool,
        options: &Options,
        log: &Path,
    ) -> Outcome<Self> {
        let mut command = Command::new("node");
        let settings = json!({
            "sockets": options.sockets,
            "inFlight": options.in_flight,
            "carriers": carriers,
        });
        command
            .arg(options.node.join("load.mjs"))
            .arg(format!("http://127.0.0.1:{port}"))
            .arg(settings.to_string());
        let mut child = Child::start("the load", command, log)?;
        child.line(PATIENCE).await?;
        Ok(Self { child })
    }

    /// Sends events until there were so many, or the time is over, and waits for every answer.
    pub(crate) async fn phase(&mut self, events: u32, seconds: u32) -> Outcome<Seen> {
        let order = json!({ "events": events, "seconds": seconds });
        self.child.say(&order.to_string()).await?;
        let patience = PATIENCE + Duration::from_secs(seconds.into());
        let line = self.child.line(patience).await?;
        serde_json::from_str(&line).map_err(|error| format!("the load said `{line}`: {error}"))
    }

    /// Disconnects every socket.
    pub(crate) async fn end(self) {
        self.child.end().await;
    }
}
