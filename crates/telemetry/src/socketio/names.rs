//! The names of events, as telemetry has them: short, shared, and not too many. With each what every
//! span of a handler says of it.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use opentelemetry::KeyValue;
use socketioxide::TransportType;

use super::attributes;
use super::incoming::Form;
use crate::pipeline::{Piece, Recorder};

/// Different names that spans and metrics show. Programs have some dozens; with a fallback handler
/// a client can make up as many as it likes, and every one would be a time series of its own.
const MAX_NAMES: usize = 1000;

/// What all further events are called.
const OTHER: &str = "_OTHER";

/// Names seen so far.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: RwLock<HashMap<Arc<str>, Arc<Event>>>,
    other: OnceLock<Arc<Event>>,
}

/// An event, as telemetry calls it.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) name: Arc<str>,
    /// What the span of a handler is called.
    pub(super) process: Arc<str>,
    /// Attributes of the duration of its handlers, by where its context came from.
    processed: [OnceLock<[KeyValue; 4]>; 4],
    /// Attributes of the duration of an emit.
    sent: OnceLock<[KeyValue; 3]>,
    /// The attributes of such a span, by what else they depend on.
    described: [OnceLock<Piece>; FORMS],
}

/// With and without acknowledgement, by two transports and four forms of context.
const FORMS: usize = 16;

impl Event {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            process: ["process ", name].concat().into(),
            processed: Default::default(),
            sent: OnceLock::new(),
            described: Default::default(),
        }
    }

    /// The attributes of the duration of a handler that did not fail.
    pub(super) fn processed(&self, form: Form) -> &[KeyValue] {
        self.processed[form as usize].get_or_init(|| {
            let [system, _, name, destination] = attributes::operation("process", &self.name);
            let form = KeyValue::new(attributes::CONTEXT, form.as_str());
            [system, name, destination, form]
        })
    }

    /// The attributes of the duration of an emit that did not fail.
    pub(super) fn sent(&self) -> &[KeyValue] {
        self.sent.get_or_init(|| {
            let [system, _, name, destination] = attributes::operation("send", &self.name);
            [system, name, destination]
        })
    }

    /// The attributes that all handlers' spans of this event have which were asked for in this way.
    pub(super) fn described(
        &self,
        recorder: &Recorder,
        has_ack: bool,
        transport: TransportType,
        form: Form,
    ) -> &Piece {
        let polling = matches!(transport, TransportType::Polling);
        let index = usize::from(has_ack) * 8 + usize::from(polling) * 4 + form as usize;
        self.described[index].get_or_init(|| {
            let [system, kind, name, destination] = attributes::operation("process", &self.name);
            recorder.piece(&[
                system,
                kind,
                name,
                destination,
                KeyValue::new(attributes::ACK, has_ack),
                attributes::transport(transport),
                KeyValue::new(attributes::CONTEXT, form.as_str()),
            ])
        })
    }
}

impl Names {
    /// `name` as telemetry shows it. Nothing is allocated for a name that was seen before.
    pub(super) fn get(&self, name: &str) -> Arc<Event> {
        let name = attributes::bounded(name);
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(name) {
            return Arc::clone(known);
        }
        drop(known);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(name) {
            return Arc::clone(known);
        }
        if known.len() >= MAX_NAMES {
            return Arc::clone(self.other.get_or_init(|| Arc::new(Event::new(OTHER))));
        }
        let event = Arc::new(Event::new(name));
        known.insert(Arc::clone(&event.name), Arc::clone(&event));
        event
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shared_short_and_limited() {
        let names = Names::default();
        assert!(Arc::ptr_eq(&names.get("say"), &names.get("say")));
        assert_eq!(names.get(&"é".repeat(100)).name.len(), 80);
        for index in 2..MAX_NAMES {
            assert_eq!(&*names.get(&index.to_string()).name, index.to_string());
        }
        assert_eq!(&*names.get("one more").name, OTHER);
        assert_eq!(&*names.get("say").name, "say");
    }
}
