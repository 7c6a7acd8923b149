//! Rules that say where telemetry goes, what is dropped, and which attributes are changed.
//!
//! A [`Route`] is plain data; whether it can be used is found out by [`check`](check::check), with
//! the same words whether it came from the file or from the program.

mod check;
mod test;

use std::collections::BTreeSet;

use crate::Signal;

pub(crate) use check::{MAX_REGEX, Names, applies, check};
pub use test::{Literal, Subject, Test};

/// More rules than this are refused: each is looked at for each item.
pub(crate) const MAX_ROUTES: usize = 64;

/// One rule: what it is for, and what is done with it.
///
/// Rules are gone through in their order, for each span, log record and data point:
///
/// - a rule that sends or drops ends the way, unless it says [`and_on`](Route::and_on);
/// - a rule that only changes attributes never does;
/// - what no rule sent or dropped goes to every destination.
///
/// ```
/// use aether_telemetry::{Route, Signal, Subject, Test};
///
/// let rules = [
///     Route::new("health checks")
///         .when(Subject::Name, Test::glob("GET /health*"))
///         .drop_it(),
///     Route::new("no addresses")
///         .hash("user.email")
///         .delete("http.request.header.*"),
///     Route::new("a tenth of what is well")
///         .signals([Signal::Traces])
///         .when(Subject::Status, Test::not(Test::equals("error")))
///         .share(0.1)
///         .to(["archive"]),
/// ];
/// let telemetry = rules
///     .into_iter()
///     .fold(aether_telemetry::Telemetry::builder(), |b, rule| b.route(rule));
/// # drop(telemetry);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Its name, by which it is counted and told about.
    pub name: String,
    /// The signals it is for. Default: all that its conditions can be asked of.
    pub signals: BTreeSet<Signal>,
    /// Who made it: `server` for this process, `browser` for what the relay took, or the name of a
    /// client of the relay (resource attribute `aether.client`). Default: anybody.
    pub sources: Vec<String>,
    /// What must be true, all of it. Default: nothing.
    pub conditions: Vec<(Subject, Test)>,
    /// Share of the traces it is for, 0 to 1, told by the trace id, so that whole traces go
    /// together, here and on every other server. Log records without a trace are chosen one by
    /// one. Default: 1.
    pub share: f64,
    /// Changes of attributes, in their order. Default: none.
    pub changes: Vec<Change>,
    /// What is done with it in the end. Default: nothing, later rules decide.
    pub action: Option<Action>,
    /// Whether later rules are looked at after this one has sent something. Default: `false`.
    pub and_on: bool,
}

/// What a rule does in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It goes to the destinations of these names; `embedded` is the store in memory, `console`
    /// the standard output.
    Send(Vec<String>),
    /// It goes nowhere, and is counted as dropped with the reason `route: ` and the rule's name.
    Drop,
}

/// A change of attributes.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Whose attributes.
    pub of: Owner,
    /// What is done to them.
    pub edit: Edit,
}

/// Whose attributes are changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Of the span, log record or data point itself. What is deleted or hashed there, is so in a span's
    /// events and links and in the examples of a data point as well; what is set is not.
    Item,
    /// Of its resource. Where a rule is for a part of a resource's items only, these get a resource
    /// of their own.
    Resource,
}

/// What is done to attributes.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// The attribute of this key has this value afterwards, whether it was there or not.
    Set(String, Literal),
    /// Attributes whose keys match (`*` any text, `?` one character) are taken away.
    Delete(String),
    /// The values of attributes whose keys match are replaced by 32 hexadecimal digits that are the
    /// same for the same value: SHA-256, or HMAC-SHA-256 where there is a key
    /// (`AETHER_TELEMETRY_HASH_KEY`).
    Hash(String),
}

impl Route {
    /// A rule that matches everything and does nothing yet.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            signals: BTreeSet::new(),
            sources: Vec::new(),
            conditions: Vec::new(),
            share: 1.0,
            changes: Vec::new(),
            action: None,
            and_on: false,
        }
    }

    /// Only for these signals.
    #[must_use]
    pub fn signals(mut self, signals: impl IntoIterator<Item = Signal>) -> Self {
        self.signals.extend(signals);
        self
    }

    /// Only for what that source made; see [`Route::sources`](#structfield.sources).
    #[must_use]
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.sources.push(source.into());
        self
    }

    /// One more condition; all must hold.
    #[must_use]
    pub fn when(mut self, subject: Subject, test: Test) -> Self {
        self.conditions.push((subject, test));
        self
    }

    /// Only for this share of the traces, 0 to 1.
    #[must_use]
    pub fn share(mut self, share: f64) -> Self {
        self.share = share;
        self
    }

    /// Sends to the destinations of these names.
    #[must_use]
    pub fn to<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.action = Some(Action::Send(names.into_iter().map(Into::into).collect()));
        self
    }

    /// Drops and counts.
    #[must_use]
    pub fn drop_it(mut self) -> Self {
        self.action = Some(Action::Drop);
        self
    }

    /// Later rules are looked at, too.
    #[must_use]
    pub fn and_on(mut self) -> Self {
        self.and_on = true;
        self
    }

    /// Sets an attribute of the item.
    #[must_use]
    pub fn set(self, key: impl Into<String>, value: impl Into<Literal>) -> Self {
        self.change(Owner::Item, Edit::Set(key.into(), value.into()))
    }

    /// Takes attributes of the item away.
    #[must_use]
    pub fn delete(self, keys: impl Into<String>) -> Self {
        self.change(Owner::Item, Edit::Delete(keys.into()))
    }

    /// Hashes attributes of the item.
    #[must_use]
    pub fn hash(self, keys: impl Into<String>) -> Self {
        self.change(Owner::Item, Edit::Hash(keys.into()))
    }

    /// Any change.
    #[must_use]
    pub fn change(mut self, of: Owner, edit: Edit) -> Self {
        self.changes.push(Change { of, edit });
        self
    }
}
