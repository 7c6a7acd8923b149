//! The browser's telemetry core.
//!
//! A page hands in what it has measured (spans, log records, metrics) as *frames*: one piece of text
//! and a short list of numbers ([`frame`]). Everything after that happens here: the OTLP bytes are written
//! once, when the span ends ([`schema`], on top of [`protobuf`]); batches are cut, bounded and
//! counted ([`queue`]); what an answer means is decided by a pure function ([`retry`]). [`client`] ties these
//! together. Ids and the sampling decision are TypeScript's: they are needed before the module is there, and
//! made there they are no slower than handed over the border.
//!
//! Belongs here: whatever can be decided without a browser. Does not: `fetch`, compression, timers and the
//! patching of JavaScript libraries, which are thin TypeScript in the npm package. `bindings` (compiled for
//! wasm32 only) is the one module that faces JavaScript; all others are tested natively against the
//! generated `opentelemetry-proto` types.
//!
//! The code avoids `format!`, serde and panicking paths: each would pull formatting machinery into a
//! download that every visitor of a page pays for.

pub mod attributes;
pub mod client;
pub mod counts;
pub mod frame;
pub mod protobuf;
pub mod queue;
pub mod response;
pub mod retry;
pub mod schema;

#[cfg(target_arch = "wasm32")]
pub mod bindings;
#[cfg(target_arch = "wasm32")]
mod heap;

/// The three kinds of telemetry; the numbers are also the ones used in frames and batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Spans, posted to `/v1/traces`.
    Traces = 0,
    /// Log records, posted to `/v1/logs`.
    Logs = 1,
    /// Counters and histograms, posted to `/v1/metrics`.
    Metrics = 2,
}

impl Signal {
    /// All signals in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Logs, Self::Metrics];
}
