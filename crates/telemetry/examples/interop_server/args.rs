//! All arguments of an event, whatever they are.

use std::convert::Infallible;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeTuple, Serializer};
use serde_json::{Value as Json, json};
use socketioxide::adapter::Adapter;
use socketioxide::handler::{FromMessageParts, Value};
use socketioxide::socket::Socket;

/// The arguments of an event exactly as its handler gets them.
pub(crate) struct Raw {
    /// The text of the packet: an array that begins with the event's name. Empty with MessagePack.
    text: String,
    /// With MessagePack that array, alone.
    attachments: Vec<Vec<u8>>,
}

impl<A: Adapter> FromMessageParts<A> for Raw {
    type Error = Infallible;

    fn from_message_parts(
        _: &Arc<Socket<A>>,
        value: &mut Value,
        _: &Option<i64>,
    ) -> Result<Self, Infallible> {
        let (text, attachments) = match value {
            Value::Str(text, attachments) => {
                let attachments = attachments.iter().flatten();
                let attachments = attachments.map(|bytes| bytes.to_vec()).collect();
                (text.to_string(), attachments)
            }
            Value::Bytes(packet) => (String::new(), vec![packet.to_vec()]),
        };
        Ok(Self { text, attachments })
    }
}

impl Raw {
    /// The arguments, to be sent back one by one.
    pub(crate) fn arguments(&self) -> Arguments {
        let mut list: Vec<Json> = match self.attachments.first() {
            Some(packet) if self.text.is_empty() => rmp_serde::from_slice(packet).ok(),
            _ => serde_json::from_str(&self.text).ok(),
        }
        .unwrap_or_default();
        if !list.is_empty() {
            list.remove(0);
        }
        Arguments(list)
    }

    /// Everything that the handler saw.
    pub(crate) fn describe(&self) -> String {
        json!({ "text": self.text, "attachments": self.attachments }).to_string()
    }
}

/// Serializes as a tuple, which socketioxide sends as several arguments.
pub(crate) struct Arguments(Vec<Json>);

impl Serialize for Arguments {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        for argument in &self.0 {
            tuple.serialize_element(argument)?;
        }
        tuple.end()
    }
}
