//! AetherTerm's server: a terminal in the browser, with its traces.
//!
//! Here belong the settings, start and stop, the terminals, the guard before them and the delivery of the page.
//! Everything about telemetry that another server could use as well is in the crate `aether-telemetry`.
//!
//! [`app`] builds the whole application without a port; [`serve`] runs it on one.

mod api;
mod app;
mod check;
mod connections;
mod guard;
mod operate;
mod serve;
mod sessions;
mod settings;
mod terminal;
mod web;

pub use app::{App, app};
pub use check::{Check, exit_code};
pub use guard::{BadToken, MAX_TOKEN_LEN, MIN_TOKEN_LEN, Origin, Token};
pub use operate::{Done, Operation, Replay, Server};
pub use serve::{ServeError, serve};
pub use settings::{Cli, OtelSettings, Settings, Task};
pub use terminal::{
    CloseReason, ErrorCode, Hub, Limits, MAX_INPUT_BYTES, MAX_SIDE, Shell, Size, TerminalError,
};
