//! The end of a terminal, told to everybody who watched it or asked for it.

use aether_telemetry::socketio::RequestContext;
use socketioxide::extract::SocketRef;

use super::link::{self, Sent};
use super::protocol::{CloseReason, Closed, ErrorCode, TerminalError};
use super::viewer::Viewer;

/// The last words of a terminal.
#[derive(Debug)]
pub(crate) struct Farewell {
    pub(super) terminal_id: String,
    pub(crate) reason: CloseReason,
    pub(super) exit_code: i32,
    /// The shell's name, when it was dead on arrival.
    pub(super) died: Option<String>,
    pub(super) viewers: Vec<Viewer>,
    /// Sockets that asked for the end without watching.
    pub(super) closers: Vec<(SocketRef, Option<RequestContext>)>,
}

impl Farewell {
    /// Whether somebody is there to hear it.
    pub(crate) fn has_listeners(&self) -> bool {
        !self.viewers.is_empty() || !self.closers.is_empty()
    }

    /// Says it to everybody who has room to hear it. Returns whether all are done.
    pub(crate) fn say(&mut self) -> bool {
        let closed = Closed {
            terminal_id: &self.terminal_id,
            reason: self.reason,
            exit_code: self.exit_code,
        };
        let error = self.died.as_ref().map(|shell| {
            TerminalError::new(
                ErrorCode::ShellDied,
                format!(
                    "the shell {shell} ended at once with exit code {}; set AETHERTERM_SHELL to a shell that stays",
                    self.exit_code
                ),
            )
            .about(&self.terminal_id)
        });
        self.viewers.retain(|viewer| {
            if let Some(error) = &error
                && viewer.send("terminal:error", error, None) == Sent::Full
            {
                return true;
            }
            viewer.send("terminal:closed", &closed, viewer.closing.as_ref()) == Sent::Full
        });
        self.closers.retain(|(socket, request)| {
            let answered = request.as_ref().map_or(&[][..], std::slice::from_ref);
            link::emit(socket, "terminal:closed", &closed, answered) == Sent::Full
        });
        !self.has_listeners()
    }
}
