//! Attributes that the application chooses: a hook for every event, and fields of arguments by name.
//!
//! Asked only for spans that are recorded, and arguments are parsed only when somebody looks.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use opentelemetry::trace::TraceContextExt;
use opentelemetry::{Context, Key, KeyValue};
use serde_json::Value;

use super::attributes;
use super::fields::Fields;

/// Longest text of an argument's field in an attribute, in bytes.
pub(super) const MAX_FIELD: usize = 128;

/// What a hook of [`SocketTelemetry::attributes`](super::SocketTelemetry::attributes) sees.
///
/// ```
/// use aether_telemetry::socketio::{Direction, EventInfo};
/// use opentelemetry::KeyValue;
///
/// fn attributes(event: &EventInfo<'_>) -> Vec<KeyValue> {
///     match (event.direction(), event.name()) {
///         (Direction::Received, "upload") => {
///             let count = event.arguments().len() as i64;
///             vec![KeyValue::new("upload.files", count)]
///         }
///         _ => Vec::new(),
///     }
/// }
/// ```
pub struct EventInfo<'a> {
    pub(super) direction: Direction,
    pub(super) name: &'a str,
    pub(super) namespace: &'a str,
    pub(super) source: &'a dyn Arguments,
    pub(super) parsed: OnceCell<Vec<Value>>,
}

/// Which way an event goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// To a handler of this server.
    Received,
    /// From this server to one client or several.
    Sent,
}

impl EventInfo<'_> {
    /// Whether the event was received or is being sent.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        self.direction
    }

    /// The event's name, as the span has it: at most 80 bytes.
    #[must_use]
    pub const fn name(&self) -> &str {
        self.name
    }

    /// The namespace, or its [template](super::SocketTelemetry::namespace_template).
    #[must_use]
    pub const fn namespace(&self) -> &str {
        self.namespace
    }

    /// The arguments as the handler gets them or as the receiver will, without any carrier. Parsed
    /// at the first call, so a hook that does not look costs nothing. Empty when they cannot be
    /// parsed.
    ///
    /// Binary data is its placeholder `{"_placeholder":true,"num":…}` in what the default parser
    /// receives, `null` in what the MessagePack parser receives, and an array of numbers in what is
    /// sent.
    #[must_use]
    pub fn arguments(&self) -> &[Value] {
        self.parsed.get_or_init(|| self.source.parse())
    }
}

impl fmt::Debug for EventInfo<'_> {
    /// Without the arguments, which are nobody's business.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventInfo")
            .field("direction", &self.direction)
            .field("name", &self.name)
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

/// Arguments that nobody has looked at yet.
pub(super) trait Arguments {
    /// All of them.
    fn parse(&self) -> Vec<Value>;

    /// Their bytes, if that is cheap to know.
    fn size(&self) -> Option<usize>;

    /// Attributes made of the wanted fields of the first argument that is an object.
    fn pick(&self, fields: &Fields) -> Vec<KeyValue>;
}

type Hook = dyn Fn(&EventInfo<'_>) -> Vec<KeyValue> + Send + Sync;

/// What the application wants to see of events.
#[derive(Clone, Default)]
pub(super) struct Custom {
    hook: Option<Arc<Hook>>,
    fields: Fields,
}

impl Custom {
    pub(super) fn set_hook(
        &mut self,
        hook: impl Fn(&EventInfo<'_>) -> Vec<KeyValue> + Send + Sync + 'static,
    ) {
        self.hook = Some(Arc::new(hook));
    }

    pub(super) fn add_fields(&mut self, names: impl IntoIterator<Item = Cow<'static, str>>) {
        for name in names {
            let key = Key::from(format!("{}{name}", attributes::ARGUMENT_PREFIX));
            self.fields.add(name, key);
        }
    }

    pub(super) const fn wants_nothing(&self) -> bool {
        self.hook.is_none() && self.fields.is_empty()
    }

    /// Adds the attributes to the span of `context`, if it is recorded. Says whether the hook
    /// survived.
    pub(super) fn describe(
        &self,
        context: &Context,
        event: &EventInfo<'_>,
    ) -> Result<(), Panicked> {
        let span = context.span();
        if !span.is_recording() {
            return Ok(());
        }
        if !self.fields.is_empty() {
            span.set_attributes(event.source.pick(&self.fields));
        }
        if let Some(hook) = &self.hook {
            // What it leaves half done is its own; nothing of ours is.
            let list = catch_unwind(AssertUnwindSafe(|| hook(event))).map_err(|_| Panicked)?;
            span.set_attributes(list);
        }
        Ok(())
    }
}

/// The hook panicked. The panic hook has the message.
#[derive(Debug)]
pub(super) struct Panicked;

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Custom")
            .field("hook", &self.hook.is_some())
            .field("fields", &self.fields)
            .finish()
    }
}
