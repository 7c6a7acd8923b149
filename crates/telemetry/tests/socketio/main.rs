//! A real server on a free port, spoken to packet by packet, with its spans collected.

// Helpers are no `#[test]` functions, where the lint knows better; handlers take what they are given.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

mod broadcast;
mod client;
mod connect;
mod current_trace;
mod custom;
mod disabled;
mod emit;
mod handlers;
mod joining;
mod limits;
mod logs;
mod metrics;
mod msgpack;
mod older;
mod operators;
mod propagators;
#[path = "../common/providers.rs"]
mod providers;
mod requests;
mod server;
mod slow;
#[path = "../common/spans.rs"]
mod spans;
