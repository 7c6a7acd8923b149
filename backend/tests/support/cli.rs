//! The command line of `aetherterm telemetry`, as a process of its own.

use serde_json::Value;
use tokio::process::Command;

/// What a command has left behind.
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// What it printed, as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{}{}", self.out, self.err))
    }
}

/// Runs `aetherterm telemetry` with these arguments against a server.
pub async fn run(server: &str, token: &str, arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aetherterm"));
    command.env_clear().env("AETHERTERM_TOKEN", token);
    command.args(["telemetry"]).args(arguments);
    command.args(["--server", server]);
    let output = command.output().await.unwrap();
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
