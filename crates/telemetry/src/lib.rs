//! OpenTelemetry for axum and socketioxide servers: one trace per user action, from the click in
//! the page to the answer of the server, exported to any OTLP backend.
//!
//! [`Telemetry`] is the way in. Built from the `OTEL_*` environment, it runs the OpenTelemetry
//! SDK, takes the telemetry of browsers through [`Telemetry::relay_router`], and sends both to
//! every configured destination with retries, bounded queues and counts of everything lost. With
//! no endpoint configured, traces are kept in a bounded store in memory that
//! [`Telemetry::query_router`] serves in Jaeger's format.
//!
//! Nothing in here makes its host fail: once started, telemetry never panics, never waits for a
//! network in a request, and drops (and counts) rather than grows.

#![deny(missing_docs)]

mod admin;
mod check;
mod config;
mod current_trace;
mod delivery;
mod ending;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
pub mod http;
mod linger;
mod live;
mod otlp;
mod page;
mod pipeline;
mod prometheus;
mod provided;
mod query;
mod relay;
mod signal;
pub mod socketio;
mod status;
mod store;
mod telemetry;

pub use check::{CheckReport, Checked};
pub use config::{
    Action, Batch, Change, ClientAddress, Compression, Config, ConfigError,
    DEFAULT_DISK_QUEUE_BYTES, DEFAULT_MAX_REQUEST_BYTES, DEFAULT_QUEUE_BYTES, DEFAULT_STORE_BYTES,
    Destination, Durable, Edit, Endpoint, Flow, HashKey, Limits, Literal, Network, OriginPattern,
    Owner, PageConfig, PageRule, PageSubject, Problem, Propagator, Propagators, Protocol, Quota,
    RelayClient, RelayLimits, RelaySettings, Retry, Route, Sampler, Scrub, Setting, Subject, Tail,
    Temporality, Test, Tls, ValueRule,
};
pub use current_trace::{InCurrentTrace, in_current_trace};
pub use delivery::{
    Circuit, CircuitState, Columns, Count, DeadLetter, DeadLetterStatus, DestinationState, DryRun,
    DryRunItem, DryRunPart, Health, History, Latency, Outcome, Rates, StorageState, StorageStatus,
    TailColumns, TailStatus, Undelivered,
};
pub use ending::{PANIC_TIMEOUT, SHUTDOWN_TIMEOUT};
pub use live::{
    Live, LiveChange, LiveConfig, LiveElsewhere, LiveError, LiveFile, LiveProblem, LiveTerms,
    LiveVersion,
};
pub use relay::Vouched;
pub use signal::Signal;
pub use status::{DestinationStatus, QueueStatus, Status};
pub use store::StoreStatus;
pub use telemetry::{BuildError, Replay, ShutdownReport, Telemetry, TelemetryBuilder};
