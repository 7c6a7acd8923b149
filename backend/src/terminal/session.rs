//! One terminal: its process, its scrollback and the sockets that watch it.

use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aether_telemetry::socketio::RequestContext;
use socketioxide::extract::SocketRef;
use socketioxide::socket::Sid;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

use super::farewell::Farewell;
use super::protocol::{
    Attached, CloseReason, Closed, Described, ErrorCode, Listed, Output, Size, TerminalError,
};
use super::pty::{Pty, lock};
use super::scrollback::Scrollback;
use super::state::{Delivery, State};
use super::viewer::Viewer;

/// Most sockets that may watch one terminal.
const MAX_VIEWERS: usize = 16;

/// How long a shell that was hung up on may take before it is killed.
const HANG_UP_GRACE: Duration = Duration::from_millis(300);

/// A shell that fails within this time, before anything was typed, counts as dead on arrival.
const DEAD_ON_ARRIVAL: Duration = Duration::from_secs(1);

/// One terminal.
#[derive(Debug)]
pub(crate) struct Session {
    id: String,
    title: String,
    created_at: u64,
    started: Instant,
    pty: Pty,
    state: Mutex<State>,
    wake: Notify,
    finished: watch::Sender<bool>,
}

impl Session {
    /// A terminal around a started process.
    pub(crate) fn new(id: String, title: String, pty: Pty, size: Size, scrollback: usize) -> Self {
        let created_at = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_millis();
        Self {
            id,
            title,
            created_at: u64::try_from(created_at).unwrap_or(u64::MAX),
            started: Instant::now(),
            pty,
            state: Mutex::new(State {
                size,
                seq: 0,
                scrollback: Scrollback::new(scrollback),
                viewers: Vec::new(),
                closers: Vec::new(),
                orphaned: Some(Instant::now()),
                closing: None,
                ended: None,
                typed: 0,
                printed: 0,
            }),
            wake: Notify::new(),
            finished: watch::Sender::new(false),
        }
    }

    /// The terminal's id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// What `terminal:created` says.
    pub(crate) fn describe(&self) -> Described {
        self.described(&lock(&self.state))
    }

    fn described(&self, state: &State) -> Described {
        Described {
            terminal_id: self.id.clone(),
            title: self.title.clone(),
            size: state.size,
        }
    }

    /// What `session:list` says.
    pub(crate) fn listed(&self) -> Listed {
        let state = lock(&self.state);
        Listed {
            terminal: self.described(&state),
            created_at: self.created_at,
            attached: state.viewers.len(),
            alive: state.ended.is_none(),
        }
    }

    /// Lets `socket` watch from here on. `tell` runs before any later output is sent, so that the answer to the request
    /// comes first.
    ///
    /// Attaching twice starts anew. A terminal that has ended says so right after the answer.
    ///
    /// # Errors
    /// [`ErrorCode::TooManyViewers`].
    pub(crate) fn attach(
        &self,
        socket: SocketRef,
        acknowledges: bool,
        tell: impl FnOnce(Attached),
    ) -> Result<(), TerminalError> {
        let mut state = lock(&self.state);
        state.viewers.retain(|viewer| viewer.sid() != socket.id);
        if state.viewers.len() >= MAX_VIEWERS {
            return Err(TerminalError::new(
                ErrorCode::TooManyViewers,
                format!("{MAX_VIEWERS} connections already watch this terminal; close one of them"),
            )
            .about(&self.id));
        }
        let viewer = Viewer::new(socket, state.seq, acknowledges);
        tell(Attached {
            ok: true,
            terminal: self.described(&state),
            replay: state.scrollback.replay(),
            seq: state.seq,
        });
        if let Some(exit_code) = state.ended {
            let reason = state.closing.unwrap_or(CloseReason::Exit);
            viewer.send(
                "terminal:closed",
                &Closed {
                    terminal_id: &self.id,
                    reason,
                    exit_code,
                },
                None,
            );
            return Ok(());
        }
        state.viewers.push(viewer);
        state.orphaned = None;
        drop(state);
        self.wake.notify_one();
        Ok(())
    }

    /// Forgets `socket`.
    pub(crate) fn detach(&self, socket: Sid) {
        lock(&self.state).remove(|viewer| viewer.sid() == socket);
        self.wake.notify_one();
    }

    /// Types `text` for `socket`; the next output answers `request`.
    pub(crate) fn type_in(
        &self,
        socket: Sid,
        text: &str,
        request: Option<RequestContext>,
    ) -> Result<(), TerminalError> {
        let mut state = lock(&self.state);
        if state.ended.is_some() {
            return Err(TerminalError::unknown_terminal(&self.id));
        }
        if text.is_empty() {
            // Nothing is typed, so no output can be its answer.
            return Ok(());
        }
        // Noted before it is written: the echo may be faster than this function.
        let noted = match (
            state
                .viewers
                .iter_mut()
                .find(|viewer| viewer.sid() == socket),
            request,
        ) {
            (Some(viewer), Some(request)) => {
                viewer.typed(request);
                Some(viewer)
            }
            _ => None,
        };
        if let Err(error) = self.pty.type_in(text) {
            if let Some(viewer) = noted {
                viewer.untype();
            }
            return Err(error.about(&self.id));
        }
        state.typed += text.len() as u64;
        drop(state);
        self.wake.notify_one();
        Ok(())
    }

    /// Changes the size.
    pub(crate) fn resize(&self, size: Size) -> Result<(), TerminalError> {
        let mut state = lock(&self.state);
        if state.ended.is_some() {
            return Err(TerminalError::unknown_terminal(&self.id));
        }
        self.pty
            .resize(size)
            .map_err(|error| error.about(&self.id))?;
        state.size = size;
        Ok(())
    }

    /// Notes that `socket` has drawn everything up to `seq`.
    pub(crate) fn acknowledged(&self, socket: Sid, seq: u64) {
        if let Some(viewer) = lock(&self.state)
            .viewers
            .iter_mut()
            .find(|viewer| viewer.sid() == socket)
        {
            viewer.acknowledged(seq);
        }
        self.wake.notify_one();
    }

    /// Notes who asked to close this terminal and wants to be told.
    pub(crate) fn tell_when_closed(&self, socket: SocketRef, request: Option<RequestContext>) {
        let mut state = lock(&self.state);
        if let Some(viewer) = state
            .viewers
            .iter_mut()
            .find(|viewer| viewer.sid() == socket.id)
        {
            viewer.closing = request.or(viewer.closing.take());
        } else if state.closers.len() < MAX_VIEWERS {
            state.closers.push((socket, request));
        }
    }

    /// Ends the process, first by asking, then by force, and waits until everybody has been told.
    pub(crate) async fn close(&self, reason: CloseReason) {
        {
            let mut state = lock(&self.state);
            if state.ended.is_none() {
                state.closing.get_or_insert(reason);
            }
        }
        self.wake.notify_one();
        self.pty.hang_up();
        if timeout(HANG_UP_GRACE, self.has_finished()).await.is_err() {
            self.pty.kill();
            self.has_finished().await;
        }
    }

    /// Ends the process by force, without waiting.
    pub(crate) fn kill(&self) {
        self.pty.kill();
    }

    async fn has_finished(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self
            .finished
            .subscribe()
            .wait_for(|finished| *finished)
            .await;
    }

    /// Notes that everybody has been told of the end.
    pub(crate) fn finished(&self) {
        self.finished.send_replace(true);
    }

    /// Whether nobody has watched since before `limit` ago.
    pub(crate) fn orphaned_for(&self, limit: Duration) -> bool {
        lock(&self.state)
            .orphaned
            .is_some_and(|since| since.elapsed() >= limit)
    }

    /// Whether the process has ended.
    pub(crate) fn has_exited(&self) -> bool {
        lock(&self.state).ended.is_some()
    }

    /// Resolves when something has changed that the pump should look at.
    pub(crate) async fn changed(&self) {
        self.wake.notified().await;
    }

    /// Whether somebody waits for an echo.
    pub(crate) fn is_awaited(&self) -> bool {
        lock(&self.state).viewers.iter().any(Viewer::waits)
    }

    /// Whether the terminal is being closed, so that nobody should be waited for any more.
    pub(crate) fn is_closing(&self) -> bool {
        lock(&self.state).closing.is_some()
    }

    /// Records an output and gives it its number.
    pub(crate) fn record(&self, data: &str) -> u64 {
        let mut state = lock(&self.state);
        state.seq += 1;
        state.printed += data.len() as u64;
        state.scrollback.push(data);
        state.seq
    }

    /// Sends an output to every viewer that lacks it and has room for it.
    pub(crate) fn offer(&self, seq: u64, data: &str) -> Delivery {
        let output = Output {
            terminal_id: &self.id,
            seq,
            data,
        };
        lock(&self.state).offer(&output)
    }

    /// Leaves the viewers that still lack `seq` behind.
    pub(crate) fn skip(&self, seq: u64) {
        lock(&self.state).skip(seq);
    }

    /// Notes that the process has ended, and gives what is left to say to whom.
    pub(crate) fn end(&self, exit_code: i32) -> Farewell {
        let mut state = lock(&self.state);
        state.ended = Some(exit_code);
        let reason = state.closing.unwrap_or(CloseReason::Exit);
        let died = reason == CloseReason::Exit
            && exit_code != 0
            && state.typed == 0
            && self.started.elapsed() < DEAD_ON_ARRIVAL;
        tracing::info!(
            ?reason,
            exit_code,
            typed_bytes = state.typed,
            printed_bytes = state.printed,
            "terminal ended"
        );
        state.orphaned.get_or_insert_with(Instant::now);
        Farewell {
            terminal_id: self.id.clone(),
            reason,
            exit_code,
            died: died.then(|| self.title.clone()),
            viewers: std::mem::take(&mut state.viewers),
            closers: std::mem::take(&mut state.closers),
        }
    }
}
