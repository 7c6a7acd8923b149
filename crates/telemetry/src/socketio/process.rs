//! The span of an event's handler: whose child it is, and what it says.

use std::sync::Arc;

use aether_propagation::Sampling;
use opentelemetry::trace::{SpanBuilder, SpanContext, SpanKind, TraceFlags};
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
        let event = Arc::clone(&incoming.event);
        let parent = parent(connection, &mut incoming, &event);
        let settings = &connection.settings;
        let kind = if has_ack || settings.is_request(&event) {
            SpanKind::Server
        } else {
            SpanKind::Consumer
        };
        let operation = Operation::start(settings, &event, Metric::Process, parent, || {
            let mut builder = SpanBuilder::from_name(["process ", &event].concat()).with_kind(kind);
            // `with_attributes` would walk over the list.
            builder.attributes = Some(describe(connection, &incoming, &event, has_ack, transport));
            builder
        });
        settings.describe(
            operation.context(),
            Direction::Received,
            &event,
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
fn parent(connection: &Connection, incoming: &mut Incoming, event: &str) -> Context {
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

fn describe(
    connection: &Connection,
    incoming: &Incoming,
    event: &Arc<str>,
    has_ack: bool,
    transport: TransportType,
) -> Vec<KeyValue> {
    let mut list = Vec::with_capacity(12);
    list.extend(attributes::operation("process", event));
    let size = i64::try_from(incoming.size).unwrap_or(i64::MAX);
    list.push(KeyValue::new(attributes::BODY_SIZE, size));
    let namespace = attributes::shared(&connection.namespace);
    list.push(KeyValue::new(attributes::NAMESPACE, namespace));
    list.push(KeyValue::new(attributes::ACK, has_ack));
    list.push(attributes::transport(transport));
    list.push(KeyValue::new(attributes::CONTEXT, incoming.form.as_str()));
    match &incoming.request_id {
        Some(RequestId::Text(id)) => {
            list.push(KeyValue::new(attributes::REQUEST_ID, id.to_string()));
        }
        Some(RequestId::Number(id)) => {
            list.push(KeyValue::new(attributes::REQUEST_ID, id.to_string()));
        }
        None => {}
    }
    if let Some(reject) = incoming.error {
        list.push(KeyValue::new(
            attributes::PROPAGATION_ERROR,
            reject.as_str(),
        ));
    }
    list
}
