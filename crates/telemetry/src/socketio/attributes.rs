//! Names and values of attributes, in one place.

use std::sync::Arc;

use opentelemetry::{KeyValue, StringValue, Value};

/// Longest part of an event name that telemetry shows. Names are chosen by programs and short;
/// what is longer was made up by somebody.
const MAX_NAME: usize = 80;

pub(super) const SYSTEM: &str = "messaging.system";
pub(super) const OPERATION_TYPE: &str = "messaging.operation.type";
pub(super) const OPERATION_NAME: &str = "messaging.operation.name";
pub(super) const DESTINATION: &str = "messaging.destination.name";
pub(super) const BODY_SIZE: &str = "messaging.message.body.size";
pub(super) const NAMESPACE: &str = "socketio.namespace";
pub(super) const ACK: &str = "socketio.ack";
pub(super) const TRANSPORT: &str = "socketio.transport";
pub(super) const REQUEST_ID: &str = "socketio.request_id";
pub(super) const CONTEXT: &str = "socketio.context";
pub(super) const RECIPIENTS: &str = "socketio.recipients";
pub(super) const DISCONNECT_REASON: &str = "socketio.disconnect.reason";
pub(super) const PROPAGATION_ERROR: &str = "aether.propagation.error";
/// Before the name of a field of an argument.
pub(super) const ARGUMENT_PREFIX: &str = "socketio.argument.";
pub(super) const SLOW_THRESHOLD: &str = "socketio.slow_threshold_ms";
/// Failures that were not logged since the last one that was.
pub(super) const UNLOGGED: &str = "aether.socketio.unlogged_failures";
pub(super) const ERROR_TYPE: &str = "error.type";

/// `messaging.system=socketio`.
pub(super) fn system() -> KeyValue {
    KeyValue::new(SYSTEM, "socketio")
}

/// A shared string as a value, without copying it.
pub(super) fn shared(text: &Arc<str>) -> Value {
    Value::String(StringValue::from(Arc::clone(text)))
}

/// The four attributes every span of an event has.
pub(super) fn operation(kind: &'static str, event: &Arc<str>) -> [KeyValue; 4] {
    [
        system(),
        KeyValue::new(OPERATION_TYPE, kind),
        KeyValue::new(OPERATION_NAME, kind),
        KeyValue::new(DESTINATION, shared(event)),
    ]
}

/// `socketio.transport`.
pub(super) fn transport(kind: socketioxide::TransportType) -> KeyValue {
    let name = match kind {
        socketioxide::TransportType::Websocket => "websocket",
        socketioxide::TransportType::Polling => "polling",
    };
    KeyValue::new(TRANSPORT, name)
}

/// `name`, cut to what telemetry shows of it.
pub(super) fn bounded(name: &str) -> &str {
    truncate(name, MAX_NAME)
}

/// The longest prefix of `text` that has at most `max` bytes and does not split a character.
pub(super) fn truncate(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truncation_keeps_characters_whole() {
        assert_eq!(truncate("öl", 1), "");
        assert_eq!(truncate("öl", 2), "ö");
        assert_eq!(truncate("öl", 99), "öl");
        assert_eq!(bounded(&"x".repeat(500)).len(), MAX_NAME);
    }
}
