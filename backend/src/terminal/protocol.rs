//! The terminal's Socket.IO messages to the page, its errors and its limits. No sockets and no processes here; what the
//! page sends is read in `payload`.

use std::fmt;

use serde::Serialize;

/// Largest number of columns or rows a terminal may have.
pub const MAX_SIDE: u16 = 1000;

/// Most bytes of text in one `terminal:input`.
pub const MAX_INPUT_BYTES: usize = 256 * 1024;

/// Columns and rows of a terminal, both 1 to [`MAX_SIDE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Size {
    /// Columns.
    pub cols: u16,
    /// Rows.
    pub rows: u16,
}

/// Why a request about a terminal could not be met; sent as `terminal:error` or in an acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TerminalError {
    /// The terminal it is about, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terminal_id: Option<String>,
    /// What branches can be made on.
    pub code: ErrorCode,
    /// What happened and what to do about it, for people.
    pub message: String,
}

/// The kinds of [`TerminalError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// A field of the payload is missing, has the wrong type or is out of bounds.
    BadPayload,
    /// The event has no meaning here.
    UnknownEvent,
    /// No terminal has this id; it may have ended.
    UnknownTerminal,
    /// As many terminals are open as are allowed.
    TableFull,
    /// As many sockets watch this terminal as are allowed.
    TooManyViewers,
    /// The shell could not be started.
    ShellFailed,
    /// The shell ended right after its start, before anything was typed.
    ShellDied,
    /// The program in the terminal does not read what was typed, and the queue before it is full.
    InputFull,
    /// The operating system refused the operation.
    System,
    /// The server is going down.
    ShuttingDown,
}

impl TerminalError {
    /// An error that is not about a certain terminal.
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            terminal_id: None,
            code,
            message: message.into(),
        }
    }

    /// The same error about terminal `id`.
    pub(crate) fn about(mut self, id: &str) -> Self {
        self.terminal_id = Some(id.to_owned());
        self
    }

    /// No terminal has the id `id`.
    pub(crate) fn unknown_terminal(id: &str) -> Self {
        Self::new(
            ErrorCode::UnknownTerminal,
            "no such terminal: it has ended or was never opened; open one with terminal:create",
        )
        .about(id)
    }

    pub(super) fn bad_payload(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::BadPayload, message)
    }
}

impl fmt::Display for TerminalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TerminalError {}

/// `terminal:created`, and the part of `terminal:attach`'s answer that describes the terminal.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Described {
    pub(crate) terminal_id: String,
    pub(crate) title: String,
    #[serde(flatten)]
    pub(crate) size: Size,
}

/// The good answer to `terminal:attach`.
#[derive(Debug, Serialize)]
pub(crate) struct Attached {
    pub(crate) ok: bool,
    #[serde(flatten)]
    pub(crate) terminal: Described,
    pub(crate) replay: String,
    pub(crate) seq: u64,
}

/// The bad answer to a request with an acknowledgement.
#[derive(Debug, Serialize)]
pub(crate) struct Refused<'a> {
    pub(crate) ok: bool,
    pub(crate) error: &'a TerminalError,
}

/// One entry of `session:list`'s answer. `created_at` is in milliseconds since 1970; `attached` counts sockets.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listed {
    #[serde(flatten)]
    pub(crate) terminal: Described,
    pub(crate) created_at: u64,
    pub(crate) attached: usize,
    pub(crate) alive: bool,
}

/// `terminal:output`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output<'a> {
    pub(crate) terminal_id: &'a str,
    pub(crate) seq: u64,
    pub(crate) data: &'a str,
}

/// `terminal:closed`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Closed<'a> {
    pub(crate) terminal_id: &'a str,
    pub(crate) reason: CloseReason,
    pub(crate) exit_code: i32,
}

/// Why a terminal is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CloseReason {
    /// The shell ended by itself.
    Exit,
    /// Somebody asked for it, or nobody came back to it in time.
    Closed,
    /// The server goes down.
    Shutdown,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_goes_over_the_wire() {
        let error = TerminalError::unknown_terminal("t9");
        let sent = serde_json::to_value(Refused {
            ok: false,
            error: &error,
        })
        .unwrap();
        assert_eq!(sent["error"]["code"], "unknown_terminal");
        assert_eq!(sent["error"]["terminalId"], "t9");
        let terminal = Described {
            terminal_id: "t".into(),
            title: "bash".into(),
            size: Size { cols: 2, rows: 1 },
        };
        let listed = Listed {
            terminal,
            created_at: 5,
            attached: 1,
            alive: true,
        };
        assert_eq!(
            serde_json::to_value(listed).unwrap(),
            json!({"terminalId": "t", "title": "bash", "cols": 2, "rows": 1, "createdAt": 5, "attached": 1, "alive": true})
        );
        let closed = Closed {
            terminal_id: "t",
            reason: CloseReason::Shutdown,
            exit_code: 129,
        };
        assert_eq!(
            serde_json::to_value(closed).unwrap(),
            json!({"terminalId": "t", "reason": "shutdown", "exitCode": 129})
        );
    }
}
