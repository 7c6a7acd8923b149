//! The span of an event's handler: whose child it is, and what it says.

use std::sync::Arc;
use std::time::SystemTime;

use aether_propagation::Sampling;
use opentelemetry::trace::{Span, SpanBuilder, SpanContext, SpanKind, TraceContextExt, TraceFlags};
use opentelemetry::{Context, KeyValue};
use socketioxide::TransportType;
use socketioxide::handler::Value;

use super::attributes;
use super::connection::Connection;
use super::context;
use super::custom::Direction;
use super::incoming::{Form, Incoming};
use super::operation::{Metric, Operation};
use super::outgoing::RequestId;
use super::request::RequestContext;
use crate::pipeline::{Recorded, Recorder};

/// A handler's run, from the event's arrival on.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) operation: Operation,
    /// The context the handler runs in: its span and its [`RequestContext`].
    pub(super) context: Context,
}

impl Process {
    pub(super) fn start(
        connection: &Arc<Connection>,
        mut incoming: Incoming,
        arguments: &Value,
        has_ack: bool,
        transport: TransportType,
    ) -> Self {
        let parent = parent(connection, &mut incoming);
        let event = &incoming.event;
        let settings = &connection.settings;
        let kind = if has_ack || settings.is_request(&event.name) {
            SpanKind::Server
        } else {
            SpanKind::Consumer
        };
        let arrived = Arrived {
            connection,
            incoming: &incoming,
            has_ack,
            transport,
        };
        let start = |parent: &Context, began| arrived.span(parent, kind, began);
        let metric = Metric::Process(incoming.form);
        let operation = Operation::start_with(settings, event, metric, parent, start);
        settings.describe(
            operation.context(),
            Direction::Received,
            &event.name,
            &connection.namespace,
            arguments,
        );
        let asked_by = incoming
            .carrier
            .as_ref()
            .and_then(|carrier| carrier.context)
            .map(|context| context.span_id);
        let payload = (incoming.form == Form::Payload).then_some(incoming.request_id);
        let span = operation.context();
        let request = RequestContext::new(span.clone(), Arc::clone(connection), asked_by, payload);
        let context = span.with_value(request);
        Self { operation, context }
    }
}

/// The parent: the event's own context, else the connection's, else none. Where the decision to
/// record is ours, the rate limit takes part in it.
fn parent(connection: &Connection, incoming: &mut Incoming) -> Context {
    let event = &*incoming.event.name;
    let carrier = incoming.carrier.as_ref();
    if let Some(context) = carrier.and_then(|carrier| carrier.context) {
        let decided = context.sampling != Sampling::Defer;
        let sampled = decided || connection.admits(event);
        let tracestate = carrier.and_then(|carrier| carrier.tracestate.as_deref());
        let baggage = carrier
            .filter(|_| connection.settings.formats().reads_baggage)
            .and_then(|carrier| carrier.baggage.as_deref());
        let remote = context::remote(&context, sampled, tracestate);
        return context::with_baggage(context::parent_context(remote), baggage);
    }
    if carrier.and_then(|carrier| carrier.decision) == Some(Sampling::Deny) {
        return unsampled(connection);
    }
    let refused = carrier.is_none() && incoming.error.is_some();
    if let Some(parent) = connection.parent().filter(|_| !refused) {
        incoming.form = Form::Connection;
        let sampled = parent.is_sampled() && connection.admits(event);
        return context::parent_context(remote_copy(parent, sampled));
    }
    if !connection.admits(event) {
        return unsampled(connection);
    }
    Context::new()
}

/// A trace nobody records. Where nothing is recorded anyway it needs no ids either.
fn unsampled(connection: &Connection) -> Context {
    if connection.settings.enabled() {
        context::parent_context(context::unsampled_root())
    } else {
        Context::new()
    }
}

/// `parent` with this decision.
fn remote_copy(parent: &SpanContext, sampled: bool) -> SpanContext {
    let flags = if sampled {
        TraceFlags::SAMPLED
    } else {
        TraceFlags::NOT_SAMPLED
    };
    let state = parent.trace_state().clone();
    SpanContext::new(parent.trace_id(), parent.span_id(), flags, true, state)
}

/// What its span says of an event.
struct Arrived<'a> {
    connection: &'a Connection,
    incoming: &'a Incoming,
    has_ack: bool,
    transport: TransportType,
}

impl Arrived<'_> {
    /// The span, in its context.
    fn span(&self, parent: &Context, kind: SpanKind, began: SystemTime) -> Context {
        let settings = &self.connection.settings;
        let name = &self.incoming.event.process;
        let recorded = settings.recorder().and_then(|(recorder, scope)| {
            recorder.start(scope, parent, name, kind.clone(), began, |span| {
                self.record(recorder, span);
            })
        });
        recorded.unwrap_or_else(|| {
            let mut builder = SpanBuilder::from_name(name.to_string())
                .with_kind(kind)
                .with_start_time(began);
            // `with_attributes` would walk over the list.
            builder.attributes = Some(self.attributes());
            parent.with_span(settings.start(builder, parent))
        })
    }

    /// The [`attributes`](Self::attributes), most of them encoded long ago.
    fn record(&self, recorder: &Recorder, span: &mut Recorded) {
        let (event, form) = (&self.incoming.event, self.incoming.form);
        span.begin_with(event.described(recorder, self.has_ack, self.transport, form));
        span.begin_with(self.connection.described(recorder));
        span.set_attribute(self.size());
        span.set_attributes(self.seldom());
    }

    fn attributes(&self) -> Vec<KeyValue> {
        let mut list = Vec::with_capacity(12);
        list.extend(attributes::operation("process", &self.incoming.event.name));
        list.push(self.size());
        let namespace = attributes::shared(&self.connection.namespace);
        list.push(KeyValue::new(attributes::NAMESPACE, namespace));
        list.push(KeyValue::new(attributes::ACK, self.has_ack));
        list.push(attributes::transport(self.transport));
        let form = self.incoming.form.as_str();
        list.push(KeyValue::new(attributes::CONTEXT, form));
        list.extend(self.seldom());
        list
    }

    fn size(&self) -> KeyValue {
        let size = i64::try_from(self.incoming.size).unwrap_or(i64::MAX);
        KeyValue::new(attributes::BODY_SIZE, size)
    }

    /// What few events have.
    fn seldom(&self) -> impl Iterator<Item = KeyValue> {
        let id = self.incoming.request_id.as_ref().map(|id| match id {
            RequestId::Text(id) => id.to_string(),
            RequestId::Number(id) => id.to_string(),
        });
        let id = id.map(|id| KeyValue::new(attributes::REQUEST_ID, id));
        let error = self.incoming.error.map(|reject| reject.as_str());
        let error = error.map(|error| KeyValue::new(attributes::PROPAGATION_ERROR, error));
        id.into_iter().chain(error)
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::trace::v1::Span as ProtoSpan;
    use opentelemetry_sdk::trace::SpanLimits;

    use super::super::incoming::EventName;
    use super::super::settings::SocketTelemetry;
    use super::*;
    use crate::pipeline::testing::{Recording, share};

    const CARRIER: &str = r#"{"b3":"4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1"}"#;

    /// The span of an event, without its ids and times.
    fn span(settings: &SocketTelemetry, recording: &Recording, way: &str) -> ProtoSpan {
        let (raw, has_ack, transport) = match way {
            "plain" => (r#"["say"]"#.to_owned(), true, TransportType::Websocket),
            "trailing" => {
                let raw = format!(r#"["say",{{"_trace":{CARRIER}}}]"#);
                (raw, false, TransportType::Polling)
            }
            "broken" => {
                let raw = r#"["say",{"_trace":{"b3":"x"}}]"#.to_owned();
                (raw, true, TransportType::Websocket)
            }
            _ => {
                let raw = format!(r#"["say",{{"_trace":{CARRIER},"_requestId":"r"}}]"#);
                (raw, false, TransportType::Websocket)
            }
        };
        let connection = Arc::new(Connection::new(settings.clone(), "/room"));
        let mut value = Value::Str(raw.into(), None);
        let incoming = Incoming::take(&mut value, &EventName::default(), settings);
        let process = Process::start(&connection, incoming, &value, has_ack, transport);
        process.operation.finish(Ok(()));
        drop(process.context);
        let [mut span] = <[ProtoSpan; 1]>::try_from(recording.take()).unwrap();
        span.span_id.clear();
        if span.parent_span_id.is_empty() {
            span.trace_id.clear();
        }
        (span.start_time_unix_nano, span.end_time_unix_nano) = (0, 0);
        span
    }

    #[test]
    fn a_span_says_the_same_however_it_is_made() {
        let recording = Recording::new(share(1.0), SpanLimits::default(), None);
        let settings = SocketTelemetry::new();
        let quick = settings.clone().with_tracer_provider(&recording.provider);
        let slow = settings.with_tracer_provider(&recording.sdk);
        assert!(quick.recorder().is_some() && slow.recorder().is_none());
        for way in ["plain", "trailing", "broken", "payload"] {
            let (one, other) = (span(&quick, &recording, way), span(&slow, &recording, way));
            assert_eq!(one, other, "{way}");
            assert!(one.attributes.len() >= 9, "{way}");
        }
    }
}
