//! The `[[route]]` tables of the file.
//!
//! ```text
//! route     = name, signals, source, when, share, set, delete, hash, resource, to, drop, continue
//! when      = resource.<key>, scope.name, scope.version, scope.attribute.<key>, attribute.<key>,
//!             name, kind, status, duration_ms, severity, body: each with a test
//! test      = value, or [test, …] (one of them), or a table of comparisons (all of them)
//! comparison = equals, glob, regex, exists, above, at_least, below, at_most, not, any
//! ```
//!
//! Keys of attributes stand in quotes, because most have dots: a table that is no test is a
//! mistake, never the beginning of a longer key.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::route::{Action, Change, Edit, Literal, Owner, Route, Subject};
use super::conditions::{literal, test, text};
use crate::Signal;

const KEYS: &[&str] = &[
    "name", "signals", "source", "when", "share", "set", "delete", "hash", "resource", "to",
    "drop", "continue",
];
const EITHER: &str = "a rule has either `to` or `drop`, not both";
const SUBJECTS: &[&str] = &[
    "resource",
    "scope",
    "attribute",
    "name",
    "kind",
    "status",
    "duration_ms",
    "severity",
    "body",
];

/// A rule with the place where it stands, for messages.
pub(in crate::config) struct RouteTable {
    pub(in crate::config) route: Route,
    /// `telemetry.toml:3: route "errors"`.
    pub(in crate::config) place: String,
}

/// What is wrong with a key: where it stands in the file and a sentence.
pub(super) type Wrong = (usize, String);

/// Reads one table. What cannot be read is left out and told.
pub(super) fn read(table: &DeTable<'_>, wrong: &mut Vec<Wrong>) -> Route {
    let mut route = Route::new("");
    for (key, value) in table {
        let at = key.span().start;
        let name = key.get_ref().as_ref();
        let done = one(&mut route, name, value, wrong);
        wrong.extend(done.err().map(|remedy| (at, format!("{name}: {remedy}"))));
    }
    route
}

fn one(
    route: &mut Route,
    key: &str,
    value: &Spanned<DeValue<'_>>,
    wrong: &mut Vec<Wrong>,
) -> Result<(), String> {
    let inner = value.get_ref();
    match key {
        "name" => route.name = text(inner)?,
        "signals" => {
            for name in texts(inner)? {
                let known = Signal::ALL.into_iter().find(|s| s.as_str() == name);
                let known = known.ok_or("expected a list of traces, logs and metrics")?;
                route.signals.insert(known);
            }
        }
        "source" => route.sources = texts(inner)?,
        "when" => when(route, inner, wrong)?,
        "share" => route.share = number(inner)?,
        "set" | "delete" | "hash" => change(route, Owner::Item, key, inner)?,
        "resource" => {
            for (key, value) in entries(inner, "{ set = { … }, delete = [ … ], hash = [ … ] }")?
            {
                change(route, Owner::Resource, key, value.get_ref())?;
            }
        }
        "to" if route.action.is_some() => return Err(EITHER.to_owned()),
        "to" => route.action = Some(Action::Send(texts(inner)?)),
        "drop" => match inner {
            DeValue::Boolean(true) if route.action.is_none() => route.action = Some(Action::Drop),
            DeValue::Boolean(true) => return Err(EITHER.to_owned()),
            DeValue::Boolean(false) => {}
            _ => return Err("expected true".to_owned()),
        },
        "continue" => match inner {
            DeValue::Boolean(truth) => route.and_on = *truth,
            _ => return Err("expected true or false".to_owned()),
        },
        _ => return Err(unknown(key, KEYS)),
    }
    Ok(())
}

fn when(route: &mut Route, value: &DeValue<'_>, wrong: &mut Vec<Wrong>) -> Result<(), String> {
    for (key, value) in entries(value, "{ status = \"error\" }")? {
        let mut add = |subject: Subject, value: &Spanned<DeValue<'_>>| match test(&subject, value) {
            Ok(test) => route.conditions.push((subject, test)),
            Err(remedy) => wrong.push((value.span().start, format!("when: {key}: {remedy}"))),
        };
        match key {
            "resource" | "attribute" => {
                let table = entries(value.get_ref(), "{ \"service.name\" = \"shop\" }")?;
                for (name, value) in table {
                    let subject = match key {
                        "resource" => Subject::Resource(name.to_owned()),
                        _ => Subject::Attribute(name.to_owned()),
                    };
                    add(subject, value);
                }
            }
            "scope" => {
                for (name, value) in entries(value.get_ref(), "{ name = \"express\" }")? {
                    match name {
                        "name" => add(Subject::ScopeName, value),
                        "version" => add(Subject::ScopeVersion, value),
                        "attribute" => {
                            let table = entries(value.get_ref(), "{ \"a.key\" = \"value\" }")?;
                            for (name, value) in table {
                                add(Subject::ScopeAttribute(name.to_owned()), value);
                            }
                        }
                        _ => return Err(unknown(name, &["name", "version", "attribute"])),
                    }
                }
            }
            "name" => add(Subject::Name, value),
            "kind" => add(Subject::Kind, value),
            "status" => add(Subject::Status, value),
            "duration_ms" => add(Subject::DurationMs, value),
            "severity" => add(Subject::Severity, value),
            "body" => add(Subject::Body, value),
            _ => return Err(unknown(key, SUBJECTS)),
        }
    }
    Ok(())
}

fn change(route: &mut Route, of: Owner, key: &str, value: &DeValue<'_>) -> Result<(), String> {
    let edits: Vec<Edit> = match key {
        "set" => {
            let mut edits = Vec::new();
            for (key, value) in entries(value, "{ \"deployment\" = \"blue\" }")? {
                let value: Literal = literal(value.get_ref())
                    .map_err(|_| format!("{key}: expected a text, a number or a truth value"))?;
                edits.push(Edit::Set(key.to_owned(), value));
            }
            edits
        }
        "delete" => texts(value)?.into_iter().map(Edit::Delete).collect(),
        "hash" => texts(value)?.into_iter().map(Edit::Hash).collect(),
        _ => return Err(unknown(key, &["set", "delete", "hash"])),
    };
    let changes = edits.into_iter().map(|edit| Change { of, edit });
    route.changes.extend(changes);
    Ok(())
}

/// The keys of a table with their values.
fn entries<'t, 'v>(
    value: &'t DeValue<'v>,
    example: &str,
) -> Result<impl Iterator<Item = (&'t str, &'t Spanned<DeValue<'v>>)> + use<'t, 'v>, String> {
    let DeValue::Table(table) = value else {
        return Err(format!("expected a table, for example {example}"));
    };
    let entries = table.iter();
    Ok(entries.map(|(key, value)| (key.get_ref().as_ref(), value)))
}

/// One text, or a list of them.
pub(super) fn texts(value: &DeValue<'_>) -> Result<Vec<String>, String> {
    match value {
        DeValue::Array(items) => items.iter().map(|item| text(item.get_ref())).collect(),
        value => Ok(vec![text(value)?]),
    }
}

fn number(value: &DeValue<'_>) -> Result<f64, String> {
    match literal(value) {
        Ok(Literal::Int(number)) => Ok(number as f64),
        Ok(Literal::Float(number)) => Ok(number),
        _ => Err("expected a number".to_owned()),
    }
}

pub(super) fn unknown(key: &str, known: &[&str]) -> String {
    format!("there is no key `{key}`; there are {}", known.join(", "))
}
