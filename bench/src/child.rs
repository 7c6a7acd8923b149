//! A program that takes part: it is spoken to in lines and ends when its standard input does.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child as Process, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::Outcome;

/// How long a program may take to end by itself.
const FAREWELL: Duration = Duration::from_secs(10);

/// A running program. Killed when dropped, so that no error leaves one behind.
#[derive(Debug)]
pub(crate) struct Child {
    name: &'static str,
    log: PathBuf,
    process: Process,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Child {
    /// Starts it; what it prints on standard error is added to the file `log`.
    pub(crate) fn start(name: &'static str, mut command: Command, log: &Path) -> Outcome<Self> {
        let errors = File::options()
            .create(true)
            .append(true)
            .open(log)
            .map_err(|error| format!("{}: {error}", log.display()))?;
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{name} could not be started: {error}"))?;
        let input = process.stdin.take();
        let output = process
            .stdout
            .take()
            .ok_or_else(|| format!("{name} has no standard output"))?;
        Ok(Self {
            name,
            log: log.to_path_buf(),
            process,
            input,
            output: BufReader::new(output).lines(),
        })
    }

    /// Its process id.
    pub(crate) fn id(&self) -> Outcome<u32> {
        self.process
            .id()
            .ok_or_else(|| self.failed("has ended already"))
    }

    /// The next line it prints within `patience`.
    pub(crate) async fn line(&mut self, patience: Duration) -> Outcome<String> {
        match timeout(patience, self.output.next_line()).await {
            Ok(Ok(Some(line))) => Ok(line),
            Ok(Ok(None)) => Err(self.failed("ended too early")),
            Ok(Err(error)) => Err(self.failed(&format!("cannot be read: {error}"))),
            Err(_) => Err(self.failed(&format!("said nothing for {} s", patience.as_secs()))),
        }
    }

    /// Gives it a line.
    pub(crate) async fn say(&mut self, line: &str) -> Outcome {
        let written = match &mut self.input {
            Some(input) => input.write_all(format!("{line}\n").as_bytes()).await,
            None => Ok(()),
        };
        written.map_err(|error| self.failed(&format!("does not listen: {error}")))
    }

    /// Ends it, by force if it has to be.
    pub(crate) async fn end(mut self) {
        self.input = None;
        if timeout(FAREWELL, self.process.wait()).await.is_err() {
            // Fails only where it has just ended.
            let _ = self.process.kill().await;
        }
    }

    /// Ends it at once.
    pub(crate) async fn kill(mut self) {
        // Fails only where it has just ended.
        let _ = self.process.kill().await;
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.process.try_wait(), Ok(None))
    }

    fn failed(&self, what: &str) -> String {
        format!("{} {what}; see {}", self.name, self.log.display())
    }
}
