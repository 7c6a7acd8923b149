//! Terminals over Socket.IO: shells in pseudo-terminals, and the sockets that watch them.
//!
//! # Events
//! From the page (namespace `/`), with the fields of their payload:
//!
//! | event | fields | answer |
//! |---|---|---|
//! | `terminal:create` | `cols`, `rows`, `flowControl`? | `terminal:created` |
//! | `terminal:input` | `terminalId`, `data` | the next `terminal:output` |
//! | `terminal:resize` | `terminalId`, `cols`, `rows` | – |
//! | `terminal:close` | `terminalId` | `terminal:closed` |
//! | `terminal:attach` | `terminalId`, `flowControl`? | ack: `ok`, `terminalId`, `title`, `cols`, `rows`, `replay`, `seq`; or `ok: false`, `error` |
//! | `terminal:ack` | `terminalId`, `seq` | – |
//! | `session:list` | – | ack: `terminals`, each with `terminalId`, `title`, `cols`, `rows`, `createdAt` (ms since 1970), `attached`, `alive` |
//!
//! To the page: `terminal:output` {`terminalId`, `seq`, `data`}, `terminal:closed` {`terminalId`, `reason`, `exitCode`},
//! `terminal:error` {`terminalId`?, `code`, `message`}. Whatever cannot be done is answered with `terminal:error`.
//!
//! # Order and gaps
//! `seq` counts the outputs of a terminal from 1. Everything up to the `seq` of an attach is in its `replay`; outputs
//! behind it follow after the answer. A page that sees a gap was too slow for the others who watch the same terminal,
//! and gets the missing text by attaching again.
//!
//! # Flow control
//! A page that sets `flowControl` sends `terminal:ack` with the last `seq` that it has drawn, every now and then. At
//! most 512 KiB are then on the way to it. Without it only the connection itself slows a terminal down.
//!
//! # One concern each
//! `payload` what comes · `protocol` what goes, and errors · `handlers` events to calls · `hub` the table · `session`
//! one terminal, `state` what changes in it · `pump` its output on the way out · `farewell` its end · `viewer` one
//! socket watching · `link` sending · `pty` the process · `shell` which one · `decode`, `scrollback`, `pace` pure
//! helpers.

mod decode;
mod farewell;
mod handlers;
mod hub;
mod link;
mod pace;
mod payload;
mod protocol;
mod pty;
mod pump;
mod scrollback;
mod session;
mod shell;
mod state;
mod viewer;

pub(crate) use handlers::register;
pub use hub::{Hub, Limits};
pub use protocol::{CloseReason, ErrorCode, MAX_INPUT_BYTES, MAX_SIDE, Size, TerminalError};
pub use shell::Shell;
