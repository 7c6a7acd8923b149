//! A backend's process: started, known to be ready by what it logs, and killed on drop.

use std::collections::VecDeque;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A start includes loading a program of some 100 MB from a cold disk, while others use the machine.
const START_LIMIT: Duration = Duration::from_secs(300);
/// Lines of the log that are kept for error messages.
const KEPT_LINES: usize = 60;

/// Why a program did not start. Holds the end of its log.
#[derive(Debug)]
pub enum StartError {
    /// Another program has a port that it was told to use.
    PortTaken(String),
    /// Anything else.
    Failed(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PortTaken(log) => write!(f, "a port was taken\n{log}"),
            Self::Failed(log) => f.write_str(log),
        }
    }
}

/// A running program. Dropping it kills it and waits for its end.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: Arc<Log>,
}

impl Process {
    /// Starts `program` and waits for a line in its log (standard error) that holds `ready`.
    ///
    /// # Errors
    /// Where it ends or is silent instead; it is killed then.
    pub fn start(program: &Path, args: &[&str], ready: &str) -> Result<Self, StartError> {
        Self::run(Command::new(program).args(args), ready)
    }

    /// Starts a program with its arguments and environment, otherwise as [`Process::start`].
    ///
    /// # Errors
    /// Where it ends or is silent instead of logging `ready`; it is killed then.
    pub fn run(command: &mut Command, ready: &str) -> Result<Self, StartError> {
        let name = Path::new(command.get_program()).to_owned();
        let name = name.display();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| StartError::Failed(format!("{name} could not be started: {error}")))?;
        let log = Arc::new(Log::default());
        if let Some(stderr) = child.stderr.take() {
            let (log, ready) = (Arc::clone(&log), ready.to_owned());
            std::thread::spawn(move || log.read(stderr, &ready));
        }
        let process = Self { child, log };
        match process.log.outcome(START_LIMIT) {
            State::Ready => Ok(process),
            state => {
                let end = match state {
                    State::Ended => "ended instead of being ready",
                    _ => "was not ready in time",
                };
                let log = process.log();
                let message = format!("{name} {end}; its log:\n{log}");
                if log.contains("address already in use") {
                    return Err(StartError::PortTaken(message));
                }
                Err(StartError::Failed(message))
            }
        }
    }

    /// The end of what it logged.
    #[must_use]
    pub fn log(&self) -> String {
        let inner = self.log.lock();
        inner.lines.iter().cloned().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails only for a process that has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Starting,
    Ready,
    Ended,
}

#[derive(Debug, Default)]
struct Log {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    lines: VecDeque<String>,
    state: State,
}

impl Log {
    /// Reads to the end, so that the program never waits for us to take its output.
    fn read(&self, source: impl Read, ready: &str) {
        for line in BufReader::new(source).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            let mut inner = self.lock();
            if inner.state == State::Starting && line.contains(ready) {
                inner.state = State::Ready;
                self.changed.notify_all();
            }
            if inner.lines.len() == KEPT_LINES {
                inner.lines.pop_front();
            }
            inner.lines.push_back(line);
        }
        let mut inner = self.lock();
        if inner.state == State::Starting {
            inner.state = State::Ended;
        }
        self.changed.notify_all();
    }

    /// Waits until the program is ready or has ended.
    fn outcome(&self, limit: Duration) -> State {
        let end = Instant::now() + limit;
        let mut inner = self.lock();
        while inner.state == State::Starting {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.changed.wait_timeout(inner, left);
            inner = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        inner.state
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Result<Process, StartError> {
        Process::start(Path::new("/bin/sh"), &["-c", script], "it is ready")
    }

    #[test]
    fn ready_when_it_says_so_and_gone_when_dropped() {
        let process = shell("echo 'now it is ready' >&2; exec sleep 600").unwrap();
        let id = process.child.id();
        assert!(process.log().contains("now it is ready"));
        drop(process);
        assert!(!Path::new(&format!("/proc/{id}")).exists());
    }

    #[test]
    fn one_that_ends_is_told_apart_by_its_log() {
        let failed = shell("echo 'no such setting' >&2").unwrap_err();
        assert!(matches!(&failed, StartError::Failed(log) if log.contains("no such setting")));
        let taken = shell("echo 'bind: address already in use' >&2").unwrap_err();
        assert!(matches!(taken, StartError::PortTaken(_)));
        let missing = Process::start(Path::new("/no/such/program"), &[], "ready").unwrap_err();
        assert!(missing.to_string().contains("/no/such/program"));
    }
}
