//! What the relay knows about a sender and says in the resource of what it sent.

use std::sync::Arc;

use super::value::{attribute, key};
use super::{CLIENT, CLOCK_CORRECTED, CLOCK_OFFSET, SOURCE};
use crate::Signal;
use crate::otlp::edit::{bool_value, int_value, text_value};
use crate::otlp::splice::Splice;
use crate::otlp::wire::{Fields, Malformed, put_bytes};

const ADDRESS: &str = "client.address";
const USER_AGENT: &str = "user_agent.original";

/// Longest `User-Agent` that is taken over, in bytes.
pub(in crate::relay) const MAX_USER_AGENT: usize = 512;

/// About one request.
#[derive(Debug, Default)]
pub(in crate::relay) struct Stamp {
    /// Whose key it came with.
    pub(in crate::relay) client: Option<Arc<str>>,
    /// The sender's address, as far as the settings want it to be known.
    pub(in crate::relay) address: Option<String>,
    /// The sender's `User-Agent`, where the settings want it.
    pub(in crate::relay) user_agent: Option<String>,
    /// When it says that it sent the request, in milliseconds since 1970.
    pub(in crate::relay) sent_at: Option<u64>,
    /// When the request came, in nanoseconds since 1970.
    pub(in crate::relay) received: u64,
}

impl Stamp {
    /// The attributes of a resource without those that the relay knows better; `None` where there
    /// are none such.
    pub(super) fn without_own(&self, resource: &[u8]) -> Result<Option<Vec<u8>>, Malformed> {
        if self.address.is_none() {
            return Ok(None);
        }
        let mut splice = Splice::new(resource);
        for field in Fields::new(resource) {
            let field = field?;
            match (field.number, field.content) {
                (1, Some(content)) if key(content)? == ADDRESS => splice.skip(&field),
                _ => splice.keep(&field),
            }
        }
        Ok(splice.finish())
    }

    /// Appends attributes to a resource.
    ///
    /// Each series of a metric is its own for each resource. So what differs between two senders,
    /// or two requests of one, does not go into the resources of metrics, unless it was asked for.
    pub(super) fn write(
        &self,
        resource: &mut Vec<u8>,
        signal: Signal,
        offset: Option<i64>,
    ) -> Result<(), Malformed> {
        let many = signal != Signal::Metrics;
        let user_agent = match &self.user_agent {
            Some(user_agent) if many && !has(resource, USER_AGENT)? => Some(user_agent),
            _ => None,
        };
        let mut put =
            |key: &str, any: Vec<u8>| put_bytes(resource, 1, &attribute(key.as_bytes(), &any));
        put(SOURCE, text_value(b"browser"));
        for (key, text) in [
            (CLIENT, self.client.as_deref()),
            (ADDRESS, self.address.as_deref()),
            (USER_AGENT, user_agent.map(String::as_str)),
        ] {
            if let Some(text) = text {
                put(key, text_value(text.as_bytes()));
            }
        }
        if let Some(offset) = offset {
            put(CLOCK_CORRECTED, bool_value(true));
            if many {
                put(CLOCK_OFFSET, int_value(offset));
            }
        }
        Ok(())
    }
}

fn has(resource: &[u8], wanted: &str) -> Result<bool, Malformed> {
    for field in Fields::new(resource) {
        let field = field?;
        if let (1, Some(content)) = (field.number, field.content)
            && key(content)? == wanted
        {
            return Ok(true);
        }
    }
    Ok(false)
}
