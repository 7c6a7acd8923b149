//! Real OTLP backends, started by the tests themselves, and what they say they have received.
//!
//! A test makes one user action with a [`scenario::Server`] (spans, logs and metrics of a page,
//! relayed, and of a server, recorded), exports it to a [`backend`], and asks that backend with
//! its own means. What comes back is read into [`span::Span`]s, whose tree is compared as text.
//!
//! Run them with `cargo xtask test backends`, which builds the backends once and says where they
//! are. Processes and their folders are gone when the value that holds them is dropped, so a test
//! that panics leaves nothing behind.

pub mod backend;
pub mod expected;
pub mod otlp_json;
pub mod payload;
pub mod ports;
pub mod process;
pub mod scenario;
pub mod span;
pub mod traces_only;
pub mod wait;
pub mod ways;
