//! One child process in a pseudo-terminal: start it, read it, write to it, end it.
//!
//! Two threads serve each terminal, because reading and writing a pseudo-terminal block. The reader hands its pieces to
//! a short channel and stops reading while that is full, which is what stops a program that prints without end. The
//! writer is fed from a queue that is bounded in bytes.

use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc as std_mpsc};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::sync::{mpsc, oneshot};

use super::protocol::{ErrorCode, Size, TerminalError};
use super::shell::Shell;

/// Bytes read from the pseudo-terminal at once.
const READ_BYTES: usize = 16 * 1024;

/// Pieces that wait for the pump. With [`READ_BYTES`]: at most 128 KiB per terminal.
const READ_AHEAD: usize = 8;

/// Bytes of typed text that wait for the program to read them.
const MAX_QUEUED_INPUT: usize = 1024 * 1024;

/// Events of typed text that wait for the program to read them.
const MAX_QUEUED_EVENTS: usize = 4096;

/// How long a child may live on after it has closed its terminal, before it is hung up on, then killed.
const LINGER: Duration = Duration::from_secs(1);

/// How often a child that has closed its terminal is looked at.
const LINGER_STEP: Duration = Duration::from_millis(5);

/// A running child in its pseudo-terminal.
pub(crate) struct Pty {
    master: Mutex<Box<dyn MasterPty + Send>>,
    /// The process group of the child; `None` from the moment it has been waited for, when its number may be reused.
    group: Arc<Mutex<Option<Pid>>>,
    input: std_mpsc::SyncSender<Box<[u8]>>,
    queued: Arc<AtomicUsize>,
}

/// What a started child gives: its handle, its output, and at the end its exit code.
pub(crate) struct Started {
    pub(crate) pty: Pty,
    /// Ends when the terminal has been closed by everybody who had it open.
    pub(crate) output: mpsc::Receiver<Vec<u8>>,
    /// Comes after the end of `output`. 128 and the signal's number when a signal ended the child.
    pub(crate) exit: oneshot::Receiver<i32>,
}

impl Pty {
    /// Starts `shell` in a new pseudo-terminal. Blocks for as long as starting a process takes.
    ///
    /// # Errors
    /// [`ErrorCode::ShellFailed`] when the program cannot be run, [`ErrorCode::System`] when the system has no
    /// pseudo-terminal or thread to give.
    pub(crate) fn start(shell: &Shell, size: Size) -> Result<Started, TerminalError> {
        let pair = native_pty_system()
            .openpty(pty_size(size))
            .map_err(|error| {
                TerminalError::new(
                    ErrorCode::System,
                    format!("the system gives no pseudo-terminal: {error}"),
                )
            })?;
        let (reader, writer) = (pair.master.try_clone_reader(), pair.master.take_writer());
        let (reader, writer) =
            reader
                .and_then(|reader| Ok((reader, writer?)))
                .map_err(|error| {
                    TerminalError::new(
                        ErrorCode::System,
                        format!("the pseudo-terminal cannot be used: {error}"),
                    )
                })?;
        let child = pair.slave.spawn_command(shell.command()).map_err(|error| {
            TerminalError::new(
                ErrorCode::ShellFailed,
                format!(
                    "the shell {} cannot be started: {error:#}; set AETHERTERM_SHELL to one that can",
                    shell.program().display()
                ),
            )
        })?;
        drop(pair.slave);

        let group = child
            .process_id()
            .and_then(|pid| Pid::from_raw(pid.try_into().ok()?));
        let group = Arc::new(Mutex::new(group));
        let (output_tx, output) = mpsc::channel(READ_AHEAD);
        let (exit_tx, exit) = oneshot::channel();
        let (input, input_rx) = std_mpsc::sync_channel(MAX_QUEUED_EVENTS);
        let queued = Arc::new(AtomicUsize::new(0));

        let pty = Self {
            master: Mutex::new(pair.master),
            group,
            input,
            queued,
        };
        let no_thread = |error: io::Error| {
            pty.signal(Signal::KILL);
            TerminalError::new(
                ErrorCode::System,
                format!("the system gives no thread: {error}"),
            )
        };
        let reaper = Arc::clone(&pty.group);
        thread::Builder::new()
            .name("terminal-read".into())
            .spawn(move || {
                read(reader, &output_tx);
                drop(output_tx);
                // Nobody may be left to hear it; the child is waited for all the same.
                let _ = exit_tx.send(reap(child, &reaper));
            })
            .map_err(no_thread)?;
        let written = Arc::clone(&pty.queued);
        thread::Builder::new()
            .name("terminal-write".into())
            .spawn(move || write(writer, &input_rx, &written))
            .map_err(no_thread)?;
        Ok(Started { pty, output, exit })
    }

    /// Queues typed text for the program.
    ///
    /// # Errors
    /// [`ErrorCode::InputFull`] when the program does not read and 1 MiB already waits for it.
    pub(crate) fn type_in(&self, text: &str) -> Result<(), TerminalError> {
        let bytes: Box<[u8]> = text.as_bytes().into();
        let len = bytes.len();
        let full = || {
            TerminalError::new(
                ErrorCode::InputFull,
                format!(
                    "the program in this terminal is not reading: {MAX_QUEUED_INPUT} bytes wait for it; try again later"
                ),
            )
        };
        if self.queued.fetch_add(len, Ordering::AcqRel) + len > MAX_QUEUED_INPUT {
            self.queued.fetch_sub(len, Ordering::AcqRel);
            return Err(full());
        }
        self.input.try_send(bytes).map_err(|error| {
            self.queued.fetch_sub(len, Ordering::AcqRel);
            match error {
                std_mpsc::TrySendError::Full(_) => full(),
                std_mpsc::TrySendError::Disconnected(_) => TerminalError::new(
                    ErrorCode::UnknownTerminal,
                    "the program in this terminal has ended",
                ),
            }
        })
    }

    /// Tells the kernel, and through it the program, the new size.
    pub(crate) fn resize(&self, size: Size) -> Result<(), TerminalError> {
        lock(&self.master).resize(pty_size(size)).map_err(|error| {
            TerminalError::new(
                ErrorCode::System,
                format!("the terminal cannot be resized: {error}"),
            )
        })
    }

    /// Asks the shell and the program in the foreground to end, as a closed window does.
    pub(crate) fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    /// Ends the shell and the program in the foreground without asking.
    pub(crate) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        let foreground = lock(&self.master)
            .process_group_leader()
            .and_then(Pid::from_raw);
        // Held while signalling, so that the number cannot be reused in between.
        let group = lock(&self.group);
        let Some(shell) = *group else { return };
        for group in [foreground.filter(|&group| group != shell), Some(shell)]
            .into_iter()
            .flatten()
        {
            if let Err(error) = kill_process_group(group, signal) {
                // Usually: it is already gone.
                tracing::debug!(%error, ?signal, "a process group could not be signalled");
            }
        }
    }
}

impl Drop for Pty {
    /// Nobody can reach the child any more, so it must not outlive its handle.
    fn drop(&mut self) {
        self.kill();
    }
}

impl std::fmt::Debug for Pty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pty")
            .field("queued", &self.queued)
            .finish_non_exhaustive()
    }
}

fn pty_size(size: Size) -> PtySize {
    PtySize {
        rows: size.rows,
        cols: size.cols,
        pixel_width: 0,
        pixel_height: 0,
    }
}

/// Reads until the terminal is closed or nobody listens any more.
fn read(mut reader: Box<dyn Read + Send>, output: &mpsc::Sender<Vec<u8>>) {
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return,
            Ok(len) => {
                if output.blocking_send(buffer[..len].to_vec()).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // On Linux a closed terminal reads as EIO.
            Err(_) => return,
        }
    }
}

/// Writes what is queued until the terminal is closed.
fn write(
    mut writer: Box<dyn Write + Send>,
    input: &std_mpsc::Receiver<Box<[u8]>>,
    queued: &AtomicUsize,
) {
    while let Ok(bytes) = input.recv() {
        let done = writer.write_all(&bytes).and_then(|()| writer.flush());
        queued.fetch_sub(bytes.len(), Ordering::AcqRel);
        if done.is_err() {
            return;
        }
    }
}

/// Waits for a child whose terminal is closed and gives its exit code; one that lingers is hung up on, then killed.
fn reap(mut child: Box<dyn Child + Send + Sync>, group: &Mutex<Option<Pid>>) -> i32 {
    let closed = Instant::now();
    let mut next = Some(Signal::HUP);
    loop {
        {
            let mut group = lock(group);
            match child.try_wait() {
                Ok(None) => {}
                Ok(Some(status)) => {
                    *group = None;
                    drop(group);
                    return exit_code(child, &status);
                }
                Err(error) => {
                    *group = None;
                    tracing::warn!(%error, "a shell could not be waited for; its exit code is unknown");
                    return -1;
                }
            }
            let patience = if next == Some(Signal::HUP) {
                LINGER
            } else {
                LINGER * 2
            };
            if let (Some(signal), Some(group), true) = (next, *group, closed.elapsed() > patience) {
                // A failure means that it is gone, which the next round sees.
                let _ = kill_process_group(group, signal);
                next = (signal == Signal::HUP).then_some(Signal::KILL);
            }
        }
        thread::sleep(LINGER_STEP);
    }
}

/// The exit code as a shell would tell it: 128 and the signal's number after a signal.
fn exit_code(child: Box<dyn Child + Send + Sync>, status: &portable_pty::ExitStatus) -> i32 {
    // The crate's own status knows a signal by name only; the standard one keeps its number and can be asked again.
    let child: Box<dyn Child> = child;
    if let Ok(mut child) = child.downcast::<std::process::Child>()
        && let Ok(Some(status)) = child.try_wait()
    {
        return status
            .code()
            .or(status.signal().map(|signal| 128 + signal))
            .unwrap_or(-1);
    }
    i32::try_from(status.exit_code()).unwrap_or(-1)
}

/// Locks, and goes on with what is there if another thread panicked: no invariant spans two fields here.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
