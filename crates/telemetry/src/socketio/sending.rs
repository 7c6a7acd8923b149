//! The span of an emit: whose child it is, what it says, and what it adds to the arguments.

use std::sync::Arc;

use aether_propagation::carrier::{MAX_REPLIES, ReplyIds};
use opentelemetry::trace::{Link, SpanBuilder, SpanKind, TraceContextExt};
use opentelemetry::{Context, KeyValue};
use serde::Serialize;
use serde::de::DeserializeSeed;
use socketioxide::TransportType;
use socketioxide_core::parser::is_ser_tuple;

use super::attributes;
use super::connection::Connection;
use super::context;
use super::custom::{Arguments, Direction};
use super::failure::Failure;
use super::fields::{Fields, Picker};
use super::incoming::Form;
use super::operation::{Metric, Operation};
use super::outgoing::{Addition, PayloadCarrier, PayloadFields, TrailingCarrier};
use super::request::RequestContext;
use super::settings::SocketTelemetry;
use super::size;

/// Who gets the event.
#[derive(Debug)]
pub(super) enum Target<'a> {
    Socket {
        connection: &'a Arc<Connection>,
        transport: TransportType,
    },
    Several {
        namespace: Arc<str>,
        recipients: usize,
        traced: &'a [Arc<Connection>],
    },
}

impl Target<'_> {
    /// Whether the request came from a socket that gets the event, and that reads carriers.
    fn reaches(&self, request: &RequestContext) -> bool {
        match self {
            Self::Socket { connection, .. } => request.is_from(connection),
            Self::Several { traced, .. } => traced.iter().any(|one| request.is_from(one)),
        }
    }

    fn namespace(&self) -> &str {
        match self {
            Self::Socket { connection, .. } => &connection.namespace,
            Self::Several { namespace, .. } => namespace,
        }
    }

    /// Whether somebody among them said that it reads trailing carriers.
    fn reads_trailing(&self) -> bool {
        match self {
            Self::Socket { connection, .. } => connection.accepts,
            Self::Several { traced, .. } => !traced.is_empty(),
        }
    }

    fn admits(&self, settings: &SocketTelemetry, event: &str) -> bool {
        match self {
            Self::Socket { connection, .. } => connection.admits(event),
            Self::Several { .. } => settings.admits(event),
        }
    }
}

/// An emit that has started and was not handed over yet.
#[derive(Debug)]
pub(super) struct Sending {
    operation: Operation,
    addition: Addition,
    /// The requests whose only answer this is.
    claimed: Vec<RequestContext>,
}

impl Sending {
    pub(super) fn start(
        settings: &SocketTelemetry,
        event: &str,
        has_ack: bool,
        answering: &[RequestContext],
        target: &Target<'_>,
        arguments: &dyn Arguments,
    ) -> Self {
        let known = settings.event(event);
        let event = &known.name;
        let current;
        let (requests, explicit) = if answering.is_empty() {
            current = RequestContext::current();
            (current.as_slice(), false)
        } else {
            (answering, true)
        };
        let (parent, links) = parent(settings, event, answering, target);
        let answer = Answer::new(requests, explicit, target);
        let form = answer.form(target);
        let operation = Operation::start(settings, &known, Metric::Send, parent, || {
            let kind = if has_ack {
                SpanKind::Client
            } else {
                SpanKind::Producer
            };
            SpanBuilder::from_name(format!("send {event}"))
                .with_kind(kind)
                .with_links(links)
                .with_attributes(describe(event, has_ack, form, target))
        });
        let span = operation.context().span();
        if span.is_recording()
            && let Some(size) = arguments.size().and_then(|size| i64::try_from(size).ok())
        {
            span.set_attribute(KeyValue::new(attributes::BODY_SIZE, size));
        }
        settings.describe(
            operation.context(),
            Direction::Sent,
            event,
            target.namespace(),
            arguments,
        );
        let formats = settings.formats();
        let addition = match form {
            Form::Trailing => TrailingCarrier::new(operation.context(), formats, &answer.re)
                .map_or(Addition::Nothing, Addition::Trailing),
            Form::Payload => Addition::Payload(PayloadFields {
                carrier: PayloadCarrier(if formats.write.is_empty() {
                    None
                } else {
                    context::to_wire(operation.context().span().span_context())
                }),
                request_id: answer
                    .payload
                    .and_then(|request| request.payload()?.clone()),
            }),
            Form::Connection | Form::None => Addition::Nothing,
        };
        Self {
            operation,
            addition,
            claimed: answer.claimed,
        }
    }

    pub(super) fn addition(&self) -> &Addition {
        &self.addition
    }

    /// Ends the emit, which was handed to the transport.
    pub(super) fn succeeded(self) {
        self.operation.finish(Ok(()));
    }

    /// Ends the emit, which never left: what it would have answered can still be answered.
    pub(super) fn failed(self, failure: Failure) {
        for request in &self.claimed {
            request.release();
        }
        self.operation.finish(Err(failure));
    }

    /// The emit was handed over and its acknowledgement is awaited.
    pub(super) fn awaited(self) -> Operation {
        let mut operation = self.operation;
        operation.may_be_dropped();
        operation
    }
}

/// The requests an emit answers.
struct Answer<'a> {
    re: ReplyIds,
    payload: Option<&'a RequestContext>,
    claimed: Vec<RequestContext>,
}

impl<'a> Answer<'a> {
    /// Of `requests`, those this emit answers. A handler may emit as often as it likes; a request
    /// that was named (`explicit`) is answered once.
    fn new(requests: &'a [RequestContext], explicit: bool, target: &Target<'_>) -> Self {
        let mut answer = Self {
            re: ReplyIds::none(),
            payload: None,
            claimed: Vec::new(),
        };
        for request in requests.iter().filter(|request| target.reaches(request)) {
            let asked_by = request.asked_by().filter(|_| answer.re.len() < MAX_REPLIES);
            let answers = if target.reads_trailing() {
                asked_by.is_some()
            } else {
                request.payload().is_some() && answer.payload.is_none()
            };
            if !answers || (explicit && !request.claim()) {
                continue;
            }
            if explicit {
                answer.claimed.push(request.clone());
            }
            match asked_by.filter(|_| target.reads_trailing()) {
                Some(span_id) => drop(answer.re.push(span_id)),
                None => answer.payload = Some(request),
            }
        }
        answer
    }

    /// The form in which `target` gets the carrier.
    fn form(&self, target: &Target<'_>) -> Form {
        if target.reads_trailing() {
            Form::Trailing
        } else if self.payload.is_some() {
            Form::Payload
        } else {
            Form::None
        }
    }
}

/// The parent of an emit: the first request it answers that is recorded, else the first; without
/// any the current span; and where there is none, the rate limit decides whether the new trace is
/// recorded.
fn parent(
    settings: &SocketTelemetry,
    event: &str,
    answering: &[RequestContext],
    target: &Target<'_>,
) -> (Context, Vec<Link>) {
    // An unrecorded request must not hide the answer from the traces of the recorded ones.
    let recorded = answering
        .iter()
        .find(|request| request.span_context().is_sampled());
    if let Some(first) = recorded.or(answering.first()) {
        let own = first.span_context();
        let here = Context::map_current(|context| context.span().span_context().clone());
        let links = answering
            .iter()
            .map(RequestContext::span_context)
            .chain([here])
            .filter(|link| link.is_valid() && link.span_id() != own.span_id())
            .map(Link::with_context)
            .collect();
        return (first.context().clone(), links);
    }
    let current = Context::current();
    let begins = !current.span().span_context().is_valid();
    if begins && !target.admits(settings, event) {
        return (
            context::parent_context(context::unsampled_root()),
            Vec::new(),
        );
    }
    (current, Vec::new())
}

fn describe(event: &Arc<str>, has_ack: bool, form: Form, target: &Target<'_>) -> Vec<KeyValue> {
    let mut list = Vec::with_capacity(10);
    list.extend(attributes::operation("send", event));
    list.push(KeyValue::new(attributes::ACK, has_ack));
    list.push(KeyValue::new(attributes::CONTEXT, form.as_str()));
    let namespace = match target {
        Target::Socket {
            connection,
            transport,
        } => {
            list.push(attributes::transport(*transport));
            &connection.namespace
        }
        Target::Several {
            namespace,
            recipients,
            ..
        } => {
            let recipients = i64::try_from(*recipients).unwrap_or(i64::MAX);
            list.push(KeyValue::new(attributes::RECIPIENTS, recipients));
            namespace
        }
    };
    list.push(KeyValue::new(
        attributes::NAMESPACE,
        attributes::shared(namespace),
    ));
    list
}

/// What an emit is given.
pub(super) struct Data<'a, T: ?Sized>(pub(super) &'a T);

impl<T: ?Sized + Serialize> Arguments for Data<'_, T> {
    fn parse(&self) -> Vec<serde_json::Value> {
        match serde_json::to_value(self.0) {
            Ok(serde_json::Value::Array(list)) if is_ser_tuple(self.0) => list,
            Ok(value) => vec![value],
            // It cannot be sent either, and the emit will say so.
            Err(_) => Vec::new(),
        }
    }

    fn size(&self) -> Option<usize> {
        size::of(self.0)
    }

    fn pick(&self, fields: &Fields) -> Vec<KeyValue> {
        let picker = Picker { fields, skip: 0 };
        let list = serde_json::Value::Array(self.parse());
        picker.deserialize(list).unwrap_or_default()
    }
}
