//! Running other programs, and saying what is being done.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

pub(crate) type Outcome<T = ()> = Result<T, String>;

/// One line on standard error for each step; standard output stays free for results.
pub(crate) fn say(message: &str) {
    eprintln!("xtask: {message}");
}

/// A command that runs in `dir`.
pub(crate) fn command(program: impl AsRef<OsStr>, args: &[&str], dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(dir);
    command
}

/// Runs to the end with inherited output (standard output goes to standard error).
pub(crate) fn run(command: &mut Command) -> Outcome {
    let shown = show(command);
    let status = command
        .stdin(Stdio::null())
        .stdout(std::io::stderr())
        .status()
        .map_err(|error| cannot_start(&shown, &error))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{shown}` failed ({status})"))
    }
}

/// Runs quietly; on failure the error holds the end of what it printed.
pub(crate) fn run_quiet(command: &mut Command) -> Outcome {
    let shown = show(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| cannot_start(&shown, &error))?;
    if output.status.success() {
        return Ok(());
    }
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines[lines.len().saturating_sub(40)..].join("\n");
    Err(format!("`{shown}` failed ({}):\n{tail}", output.status))
}

/// What the program prints on standard output, if it ends well.
pub(crate) fn capture(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// What a program has left behind.
pub(crate) struct Ran {
    /// The lines that were asked for.
    pub(crate) kept: Vec<String>,
    /// The last lines it printed, at most [`TAIL`].
    pub(crate) tail: VecDeque<String>,
    pub(crate) outcome: Outcome,
}

/// As many lines as the report of a few failed tests takes.
const TAIL: usize = 120;

/// Runs, prints each line as it comes and keeps the lines that `keep` accepts, even when it fails.
pub(crate) fn run_keeping(command: &mut Command, keep: impl Fn(&str) -> bool) -> Ran {
    let shown = show(command);
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            return Ran {
                kept: Vec::new(),
                tail: VecDeque::new(),
                outcome: Err(cannot_start(&shown, &error)),
            };
        }
    };
    let mut kept = Vec::new();
    let mut tail = VecDeque::with_capacity(TAIL);
    if let Some(stdout) = child.stdout.take() {
        let mut reader = BufReader::new(stdout);
        let mut line = Vec::new();
        while matches!(reader.read_until(b'\n', &mut line), Ok(read) if read > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            println!("{text}");
            if keep(&text) {
                kept.push(text.clone());
            }
            if tail.len() == TAIL {
                tail.pop_front();
            }
            tail.push_back(text);
            line.clear();
        }
    }
    let outcome = match child.wait() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{shown}` failed ({status})")),
        Err(error) => Err(format!("`{shown}` was lost: {error}")),
    };
    Ran {
        kept,
        tail,
        outcome,
    }
}

fn cannot_start(shown: &str, error: &std::io::Error) -> String {
    format!("`{shown}` could not be started: {error}")
}

fn show(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for arg in command.get_args() {
        text.push(' ');
        text.push_str(&arg.to_string_lossy());
    }
    text
}
