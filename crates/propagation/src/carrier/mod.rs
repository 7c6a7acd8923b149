//! The Socket.IO carrier: trace context inside an event's own arguments.
//!
//! A carrier is a JSON object whose keys are lower-case propagation header names, e.g.
//! `{"b3":"4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1"}`, with two keys of its own:
//! `re`, the span ids of the requests that this event answers, and `accept`, in a connection's
//! handshake, the forms its sender can read. It travels in one of three places:
//!
//! | place | written as | functions |
//! |---|---|---|
//! | behind the last argument of an event | `{"_trace":{…}}` | [`cut_trailing`], [`insert_trailing`] |
//! | inside the first argument of an event | field `_trace`, with `_requestId` | [`find_payload`], [`insert_payload`] |
//! | inside the `auth` object of CONNECT | field `_trace` | [`cut_auth`] |
//!
//! Raw text is what a Socket.IO packet holds behind its header, event name included:
//! `["event",arg,…]`.

mod auth;
mod payload;
mod read;
mod reply;
mod trailing;
mod write;

pub use auth::{AuthCut, cut_auth};
pub use payload::{Payload, find_payload, insert_payload};
pub use read::{parse_json, parse_json_in_order};
pub use reply::{MAX_REPLIES, ReplyIds};
pub use trailing::{Cut, cut_trailing, cut_trailing_before_offset, insert_trailing};
pub use write::{write_json, write_json_with, write_payload, write_trailing};

use crate::context::{Sampling, SpanContext};
use crate::reject::Reject;

/// Longest carrier that is read or written: the bytes of the JSON object itself.
pub const MAX_CARRIER_BYTES: usize = 512;

/// The key that holds a carrier, wherever it sits.
pub const CARRIER_KEY: &str = "_trace";

/// [`CARRIER_KEY`] as it stands in JSON.
const QUOTED_KEY: &str = "\"_trace\"";

/// The key beside a payload carrier by which older peers match replies to requests.
pub const REQUEST_ID_KEY: &str = "_requestId";

/// The event by which a server says that it reads trailing carriers.
pub const READY_EVENT: &str = "_trace:ready";

/// What a carrier holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carrier {
    /// The span to continue.
    pub context: Option<SpanContext>,
    /// A decision that came without a span; `None` whenever there is a context.
    pub decision: Option<Sampling>,
    /// The requests that this event answers.
    pub re: ReplyIds,
    /// W3C `tracestate`, unread.
    pub tracestate: Option<String>,
    /// W3C `baggage`, unread.
    pub baggage: Option<String>,
    /// `accept` names `trailing`: the sender can read trailing carriers.
    pub accepts_trailing: bool,
    /// Something was refused although the rest could be used: one of two formats, `tracestate`, `baggage`.
    pub error: Option<Reject>,
}

impl Carrier {
    /// A carrier of this context and nothing else.
    #[must_use]
    pub fn new(context: SpanContext) -> Self {
        Self {
            context: Some(context),
            ..Self::default()
        }
    }

    /// The same, as the answer to `re`.
    #[must_use]
    pub fn answering(mut self, re: ReplyIds) -> Self {
        self.re = re;
        self
    }
}
