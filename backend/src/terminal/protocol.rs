//! The terminal's Socket.IO messages: names, payloads, limits and errors. No sockets and no processes here.
//!
//! Payloads are checked field by field, so that an error can name the field that is wrong. Unknown fields are ignored.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// Largest number of columns or rows a terminal may have.
pub const MAX_SIDE: u16 = 1000;

/// Most bytes of text in one `terminal:input`.
pub const MAX_INPUT_BYTES: usize = 256 * 1024;

/// Longest terminal id that is looked at, in bytes; real ones have 32.
const MAX_ID_BYTES: usize = 64;

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

    fn bad_payload(message: impl Into<String>) -> Self {
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

/// A payload whose fields can be read with errors that name them.
#[derive(Debug)]
pub(crate) struct Payload<'a> {
    event: &'a str,
    fields: &'a serde_json::Map<String, Value>,
}

impl<'a> Payload<'a> {
    /// The payload of `event`, which must be an object.
    pub(crate) fn of(event: &'a str, value: &'a Value) -> Result<Self, TerminalError> {
        match value {
            Value::Object(fields) => Ok(Self { event, fields }),
            other => Err(TerminalError::bad_payload(format!(
                "{event}: the payload must be an object, not {}",
                kind(other)
            ))),
        }
    }

    /// The field `terminalId`.
    pub(crate) fn terminal_id(&self) -> Result<&'a str, TerminalError> {
        let id = self.text("terminalId")?;
        if id.is_empty() || id.len() > MAX_ID_BYTES {
            return Err(TerminalError::bad_payload(format!(
                "{}: field terminalId must have 1 to {MAX_ID_BYTES} bytes, not {}",
                self.event,
                id.len()
            )));
        }
        Ok(id)
    }

    /// The fields `cols` and `rows`.
    pub(crate) fn size(&self) -> Result<Size, TerminalError> {
        Ok(Size {
            cols: self.side("cols")?,
            rows: self.side("rows")?,
        })
    }

    /// The field `data`: what was typed, at most [`MAX_INPUT_BYTES`].
    pub(crate) fn input(&self) -> Result<&'a str, TerminalError> {
        let data = self.text("data")?;
        if data.len() > MAX_INPUT_BYTES {
            return Err(TerminalError::bad_payload(format!(
                "{}: field data has {} bytes, the most is {MAX_INPUT_BYTES}; send it in pieces",
                self.event,
                data.len()
            )));
        }
        Ok(data)
    }

    /// The field `seq`: the number of an output event.
    pub(crate) fn seq(&self) -> Result<u64, TerminalError> {
        let value = self.field("seq")?;
        value
            .as_u64()
            .ok_or_else(|| self.wrong("seq", "a whole number", value))
    }

    /// The optional field `flowControl`: whether the page sends `terminal:ack`. Default: it does not.
    pub(crate) fn acknowledges(&self) -> Result<bool, TerminalError> {
        match self.fields.get("flowControl") {
            None => Ok(false),
            Some(value) => value
                .as_bool()
                .ok_or_else(|| self.wrong("flowControl", "a boolean", value)),
        }
    }

    fn text(&self, name: &str) -> Result<&'a str, TerminalError> {
        let value = self.field(name)?;
        value
            .as_str()
            .ok_or_else(|| self.wrong(name, "a string", value))
    }

    fn side(&self, name: &str) -> Result<u16, TerminalError> {
        let value = self.field(name)?;
        let expected = || format!("a whole number from 1 to {MAX_SIDE}");
        match value.as_u64() {
            Some(side) if (1..=u64::from(MAX_SIDE)).contains(&side) => {
                u16::try_from(side).map_err(|_| self.wrong(name, &expected(), value))
            }
            _ => Err(self.wrong(name, &expected(), value)),
        }
    }

    fn field(&self, name: &str) -> Result<&'a Value, TerminalError> {
        self.fields.get(name).ok_or_else(|| {
            TerminalError::bad_payload(format!("{}: field {name} is missing", self.event))
        })
    }

    fn wrong(&self, name: &str, expected: &str, found: &Value) -> TerminalError {
        let found = match found {
            Value::Number(number) => number.to_string(),
            other => kind(other).to_owned(),
        };
        TerminalError::bad_payload(format!(
            "{}: field {name} must be {expected}, not {found}",
            self.event
        ))
    }
}

/// The name of a value's type. The value itself may be terminal content and is never repeated.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn good_payloads_are_read() {
        let value = json!({"terminalId": "t1", "cols": 80, "rows": 24, "data": "ls\r", "seq": 7, "more": true});
        let payload = Payload::of("terminal:input", &value).unwrap();
        assert_eq!(payload.terminal_id(), Ok("t1"));
        assert_eq!(payload.size(), Ok(Size { cols: 80, rows: 24 }));
        assert_eq!(payload.input(), Ok("ls\r"));
        assert_eq!(payload.seq(), Ok(7));
    }

    #[test]
    fn every_wrong_field_is_named() {
        let long = "x".repeat(MAX_INPUT_BYTES + 1);
        let cases = [
            (json!([1]), "the payload must be an object, not an array"),
            (json!(null), "the payload must be an object, not null"),
            (
                json!({"terminalId": "t", "rows": 1, "data": ""}),
                "field cols is missing",
            ),
            (
                json!({"terminalId": "t", "cols": "80", "rows": 1, "data": ""}),
                "field cols must be a whole number",
            ),
            (
                json!({"terminalId": "t", "cols": 80, "rows": 0, "data": ""}),
                "field rows must be a whole number from 1 to 1000, not 0",
            ),
            (
                json!({"terminalId": "t", "cols": 1.5, "rows": 1, "data": ""}),
                "field cols must be a whole number from 1 to 1000, not 1.5",
            ),
            (
                json!({"terminalId": "t", "cols": 80, "rows": 70_000, "data": ""}),
                "not 70000",
            ),
            (
                json!({"terminalId": 5, "cols": 80, "rows": 24, "data": ""}),
                "field terminalId must be a string, not 5",
            ),
            (
                json!({"terminalId": "", "cols": 80, "rows": 24, "data": ""}),
                "field terminalId must have 1 to 64 bytes",
            ),
            (
                json!({"terminalId": "t", "cols": 80, "rows": 24, "data": {"secret": 1}}),
                "field data must be a string, not an object",
            ),
            (
                json!({"terminalId": "t", "cols": 80, "rows": 24, "data": long}),
                "field data has 262145 bytes, the most is 262144",
            ),
        ];
        for (value, expected) in cases {
            let result = Payload::of("some:event", &value).and_then(|payload| {
                payload
                    .terminal_id()
                    .and(payload.size())
                    .and(payload.input().map(|_| ()))
            });
            let error = result.expect_err(expected);
            assert_eq!(error.code, ErrorCode::BadPayload);
            assert!(
                error.message.starts_with("some:event: "),
                "{}",
                error.message
            );
            assert!(
                error.message.contains(expected),
                "{:?} should contain {expected:?}",
                error.message
            );
        }
    }

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
