//! Trace context on the wire: B3 (single and multiple headers), W3C trace context, and the carrier
//! that takes context across Socket.IO, where events have no headers.
//!
//! Pure functions over text, used by browser and server alike: no dependencies, no I/O, no clock,
//! no randomness. Nothing panics and every reader is linear in its input, whatever a peer sends;
//! what is refused is named by a [`Reject`], and the receiver starts a new trace.
//!
//! | module | concern |
//! |---|---|
//! | root | ids, [`SpanContext`], [`extract`] and [`inject`] over any header map |
//! | [`b3`] | `b3`, `x-b3-*` |
//! | [`w3c`] | `traceparent`, `tracestate`, `baggage` |
//! | [`carrier`] | the Socket.IO carrier, in raw packets |
//!
//! # Example
//!
//! A server reads a request's headers and hands the context on inside a Socket.IO event:
//!
//! ```
//! use aether_propagation::carrier::{Carrier, cut_trailing, insert_trailing};
//! use aether_propagation::extract;
//!
//! let header = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1";
//! let found = extract(|name| (name == "b3").then_some(header));
//! let context = found.context.expect("the header is sound");
//!
//! let mut event = String::from(r#"["saved",{"id":7}]"#);
//! insert_trailing(&mut event, &Carrier::new(context));
//!
//! let cut = cut_trailing(&event).expect("the carrier is there");
//! assert_eq!(cut.rest(&event), r#"["saved",{"id":7}]"#);
//! assert_eq!(cut.parse()?.context, Some(context));
//! # Ok::<(), aether_propagation::Reject>(())
//! ```

pub mod b3;
pub mod carrier;
mod context;
mod extract;
mod hex;
mod ids;
mod inject;
mod json;
mod reject;
pub mod w3c;

pub use context::{Sampling, SpanContext};
pub use extract::{DEFAULT_ORDER, Extracted, Format, extract, extract_in_order};
pub use ids::{SpanId, TraceId};
pub use inject::{DEFAULT_FORMATS, inject, inject_state};
pub use reject::Reject;
