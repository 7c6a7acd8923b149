//! Reading an event as it arrived: its name, its size and the carrier, which is taken away.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use aether_propagation::carrier::{Carrier, cut_trailing, find_payload, parse_json_in_order};
use aether_propagation::{Format, Reject};
use opentelemetry::KeyValue;
use serde::de::DeserializeSeed;
use socketioxide::handler::Value;

use super::custom::Arguments;
use super::fields::{Fields, Picker};
use super::msgpack;
use super::names::Event;
use super::outgoing::RequestId;
use super::settings::SocketTelemetry;
use super::usual;

/// Where an event's context came from: the attribute `socketio.context`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Trailing,
    Payload,
    Connection,
    None,
}

impl Form {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Trailing => "trailing",
            Self::Payload => "payload",
            Self::Connection => "connection",
            Self::None => "none",
        }
    }
}

/// What a handler's events are called.
#[derive(Clone, Debug, Default)]
pub(super) struct EventName {
    /// Whatever the packets say.
    pub(super) fixed: Option<&'static str>,
    /// The name of its first event. All handlers but fallback ones have only that.
    first: OnceLock<Arc<Event>>,
}

impl EventName {
    fn of(&self, value: &Value, settings: &SocketTelemetry) -> Arc<Event> {
        let first = self.first.get();
        if let Some(first) = first.filter(|first| self.fixed.is_some() || is_of(value, &first.name))
        {
            return Arc::clone(first);
        }
        let name = self.fixed.unwrap_or_else(|| event_name(value));
        match first {
            Some(_) => settings.event(name),
            None => Arc::clone(self.first.get_or_init(|| settings.event(name))),
        }
    }
}

/// What was read from an event's packet.
#[derive(Debug)]
pub(super) struct Incoming {
    /// The event, as telemetry calls it.
    pub(super) event: Arc<Event>,
    /// Bytes of the arguments as the handler gets them, attachments included.
    pub(super) size: usize,
    /// Which form the carrier had, sound or not.
    pub(super) form: Form,
    pub(super) carrier: Option<Carrier>,
    /// Why a carrier, or a part of it, was refused.
    pub(super) error: Option<Reject>,
    /// The id by which an older peer matches the reply.
    pub(super) request_id: Option<RequestId>,
}

impl Incoming {
    /// Reads `value` and leaves in it what the sender's application sent. Context in other formats
    /// than those it reads is cut too, and not looked at. The event is
    /// called what `name` says.
    pub(super) fn take(value: &mut Value, name: &EventName, settings: &SocketTelemetry) -> Self {
        let order = &settings.formats().read;
        let mut incoming = Self {
            event: name.of(value, settings),
            size: 0,
            form: Form::None,
            carrier: None,
            error: None,
            request_id: None,
        };
        match value {
            Value::Str(text, attachments) => {
                if let Some(rest) = incoming.read(text, order) {
                    *value = Value::Str(rest.into(), attachments.take());
                }
            }
            Value::Bytes(data) => {
                if let Some(rest) = incoming.read_msgpack(data, order) {
                    *data = msgpack::without(std::mem::take(data), rest);
                }
            }
        }
        incoming.size = size(value);
        incoming
    }

    /// Reads the carrier; the arguments without it when they have changed.
    fn read(&mut self, raw: &str, order: &[Format]) -> Option<String> {
        if let Some((carrier, event)) = usual::cut(raw, order) {
            self.form = Form::Trailing;
            self.carrier = Some(carrier);
            return Some([event, "]"].concat());
        }
        // Without the key there is no carrier; looking for it costs less than reading an object.
        if !raw.contains(usual::KEY) {
            return None;
        }
        if let Some(cut) = cut_trailing(raw) {
            self.form = Form::Trailing;
            self.keep(cut.carrier, order);
            return Some(cut.rest(raw));
        }
        let payload = find_payload(raw)?;
        if let Some(carrier) = payload.carrier {
            self.form = Form::Payload;
            self.request_id = payload.request_id_json.map(RequestId::from_json);
            self.keep(carrier, order);
        }
        None
    }

    /// The same in a packet of the other parser, whose carriers are trailing ones only: older peers
    /// do not have it.
    fn read_msgpack(&mut self, data: &[u8], order: &[Format]) -> Option<(usize, u32)> {
        let cut = msgpack::cut_trailing(data)?;
        self.form = Form::Trailing;
        match msgpack::text(cut.carrier) {
            Ok(text) => self.keep(Ok(&text), order),
            Err(reject) => self.error = Some(reject),
        }
        Some(cut.rest())
    }

    fn keep(&mut self, json: Result<&str, Reject>, order: &[Format]) {
        match json.and_then(|json| parse_json_in_order(json, order)) {
            Ok(carrier) => {
                self.error = carrier.error;
                self.carrier = Some(carrier);
            }
            Err(reject) => self.error = Some(reject),
        }
    }
}

/// An event's arguments, without carrier.
impl Arguments for Value {
    fn parse(&self) -> Vec<serde_json::Value> {
        let mut list: Vec<_> = json(self)
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        if !list.is_empty() {
            // The name.
            list.remove(0);
        }
        list
    }

    fn size(&self) -> Option<usize> {
        Some(size(self))
    }

    fn pick(&self, fields: &Fields) -> Vec<KeyValue> {
        let picker = Picker { fields, skip: 1 };
        json(self)
            .and_then(|text| {
                let mut json = serde_json::Deserializer::from_str(&text);
                picker.deserialize(&mut json).ok()
            })
            .unwrap_or_default()
    }
}

fn json(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Str(text, _) => Some(Cow::Borrowed(text)),
        Value::Bytes(data) => msgpack::to_json(data).map(Cow::Owned),
    }
}

/// Whether it is plain to see that the event is called `name`.
fn is_of(value: &Value, name: &str) -> bool {
    match value {
        Value::Str(text, _) => text
            .strip_prefix("[\"")
            .and_then(|text| text.strip_prefix(name))
            .is_some_and(|text| text.starts_with('"')),
        Value::Bytes(_) => event_name(value) == name,
    }
}

/// The first element of the packet's array. The server has already read it once to find the
/// handler, so it is there, and without escapes.
fn event_name(value: &Value) -> &str {
    let name = match value {
        Value::Str(text, _) => text
            .trim_ascii_start()
            .strip_prefix('[')
            .and_then(|text| text.trim_ascii_start().strip_prefix('"'))
            .and_then(|text| text.split_once('"'))
            .map(|(name, _)| name),
        Value::Bytes(data) => msgpack::event_name(data),
    };
    name.unwrap_or("event")
}

fn size(value: &Value) -> usize {
    let attachments = match value {
        Value::Str(_, Some(attachments)) => attachments.iter().map(bytes::Bytes::len).sum(),
        _ => 0,
    };
    value.len() + attachments
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    const B3: &str = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1";

    fn take(text: &str) -> (Incoming, String) {
        let mut value = Value::Str(text.to_owned().into(), None);
        let incoming = Incoming::take(&mut value, &EventName::default(), &SocketTelemetry::new());
        (incoming, value.as_str().unwrap().to_string())
    }

    #[test]
    fn a_trailing_carrier_is_cut() {
        let (incoming, rest) = take(&format!(
            r#"["say",{{"a":1}},{{"_trace":{{"b3":"{B3}"}}}}]"#
        ));
        assert_eq!(rest, r#"["say",{"a":1}]"#);
        assert_eq!(&*incoming.event.name, "say");
        assert_eq!(incoming.form, Form::Trailing);
        assert!(incoming.carrier.unwrap().context.is_some());
        assert_eq!(incoming.size, rest.len());
    }

    #[test]
    fn attachments_stay_with_the_rest() {
        let raw = r#"["up",{"_placeholder":true,"num":0},{"_trace":{"b3":"0"}}]"#;
        let attachments = VecDeque::from([bytes::Bytes::from_static(&[1, 2, 3])]);
        let mut value = Value::Str(raw.into(), Some(attachments.clone()));
        let incoming = Incoming::take(&mut value, &EventName::default(), &SocketTelemetry::new());
        let rest = r#"["up",{"_placeholder":true,"num":0}]"#;
        assert_eq!(value, Value::Str(rest.into(), Some(attachments)));
        assert_eq!(incoming.size, rest.len() + 3);
    }

    #[test]
    fn a_payload_carrier_is_read_and_left() {
        let raw = r#"["say",{"_trace":{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7","sampled":true},"_requestId":"r1"}]"#;
        let (incoming, rest) = take(raw);
        assert_eq!(rest, raw);
        assert_eq!(incoming.form, Form::Payload);
        assert_eq!(incoming.request_id, Some(RequestId::Text("r1".into())));
        assert!(incoming.carrier.unwrap().context.is_some());
    }

    #[test]
    fn a_request_id_without_carrier_is_the_applications_own() {
        let (incoming, _) = take(r#"["say",{"_requestId":"r1","text":"\"_trace\""}]"#);
        assert_eq!(incoming.form, Form::None);
        assert_eq!(incoming.request_id, None);
    }

    #[test]
    fn a_bad_carrier_is_cut_and_named() {
        let (incoming, rest) = take(r#"["say",1,{"_trace":{"b3":"nonsense"}}]"#);
        assert_eq!(rest, r#"["say",1]"#);
        assert!(incoming.carrier.is_none());
        assert!(incoming.error.is_some());
    }

    #[test]
    fn a_plain_event_is_left_alone() {
        let (incoming, rest) = take(r#" [ "say" ]"#);
        assert_eq!(rest, r#" [ "say" ]"#);
        assert_eq!(&*incoming.event.name, "say");
        assert_eq!(incoming.form, Form::None);
        assert_eq!(
            Incoming::take(
                &mut Value::Bytes(bytes::Bytes::new()),
                &EventName::default(),
                &SocketTelemetry::new()
            )
            .event
            .name
            .as_ref(),
            "event"
        );
    }
}
