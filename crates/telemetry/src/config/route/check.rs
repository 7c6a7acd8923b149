//! Whether a rule can be used. Every mistake is one sentence with what would be right.

use std::collections::BTreeSet;

use super::{Action, Edit, Literal, Route, Subject, Test};
use crate::Signal;
use crate::config::catalogue::nearest;

/// The longest name: it stands in metrics.
const MAX_NAME: usize = 64;
/// Deeper tests are refused.
const MAX_DEPTH: usize = 8;
/// What one expression may take once it is compiled, in bytes.
pub(crate) const MAX_REGEX: usize = 1 << 20;
const KINDS: [&str; 5] = ["internal", "server", "client", "producer", "consumer"];
const STATUSES: [&str; 3] = ["unset", "ok", "error"];

/// The names that rules may send to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names<'a>(pub(crate) &'a [&'a str]);

/// What is wrong with a rule; nothing where it can be used.
pub(crate) fn check(route: &Route, names: Names<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let length = route.name.chars().count();
    if length == 0 || length > MAX_NAME || route.name.chars().any(char::is_control) {
        wrong.push(format!(
            "a rule needs a name of up to {MAX_NAME} characters, by which it is counted"
        ));
    }
    if !(0.0..=1.0).contains(&route.share) {
        wrong.push(format!(
            "its share is {}; expected a number from 0 to 1, for example 0.1",
            route.share
        ));
    }
    let signals = applies(route);
    if signals.is_empty() {
        wrong.push("no signal has everything that it asks for: kind, status and duration_ms are of traces, severity and body of logs".to_owned());
    } else if route.share < 1.0 && signals.contains(&Signal::Metrics) {
        wrong.push("a share is chosen by trace id, which metrics do not have; add signals = [\"traces\", \"logs\"]".to_owned());
    }
    for (subject, test) in &route.conditions {
        wrong.extend(condition(subject, test).err());
    }
    match &route.action {
        Some(Action::Send(to)) => wrong.extend(send(to, names)),
        Some(Action::Drop) if !route.changes.is_empty() => {
            wrong.push(
                "it drops what it changes; take either `drop` or the changes away".to_owned(),
            );
        }
        Some(Action::Drop) => {}
        None if route.changes.is_empty() => wrong
            .push("it does nothing; add `to`, `drop = true`, `set`, `delete` or `hash`".to_owned()),
        None => {}
    }
    if route.and_on && !matches!(route.action, Some(Action::Send(_))) {
        wrong.push("`continue` is for rules with `to`; a rule that only changes something goes on anyway, and one that drops cannot".to_owned());
    }
    for change in &route.changes {
        let (Edit::Set(key, _) | Edit::Delete(key) | Edit::Hash(key)) = &change.edit;
        if key.is_empty() {
            wrong.push("it changes an attribute with an empty key; write its key".to_owned());
        }
        if let Edit::Set(key, _) = &change.edit
            && key.contains('*')
        {
            wrong.push(format!(
                "it sets `{key}`; patterns can be deleted and hashed, not set"
            ));
        }
    }
    wrong
}

/// The signals that a rule is for.
pub(crate) fn applies(route: &Route) -> BTreeSet<Signal> {
    let mut signals = if route.signals.is_empty() {
        BTreeSet::from(Signal::ALL)
    } else {
        route.signals.clone()
    };
    for (subject, _) in &route.conditions {
        signals = &signals & &subject.signals();
    }
    signals
}

fn send(to: &[String], names: Names<'_>) -> Vec<String> {
    if to.is_empty() {
        return vec!["it sends to no destination; write `drop = true` to drop".to_owned()];
    }
    let unknown = to.iter().filter(|name| !names.0.contains(&name.as_str()));
    let told = unknown.map(|name| match nearest(name, names.0.iter().copied()) {
        Some(meant) => format!(
            "there is no destination `{name}`; did you mean `{meant}`? There are: {}",
            names.0.join(", ")
        ),
        None => format!("there is no destination `{name}`, nor any other; add one"),
    });
    told.collect()
}

fn condition(subject: &Subject, test: &Test) -> Result<(), String> {
    if let Subject::Resource(key) | Subject::ScopeAttribute(key) | Subject::Attribute(key) = subject
        && key.is_empty()
    {
        return Err("a condition names an attribute with an empty key; write its key".to_owned());
    }
    one(subject, test, MAX_DEPTH)
}

fn one(subject: &Subject, test: &Test, depth: usize) -> Result<(), String> {
    let depth = depth
        .checked_sub(1)
        .ok_or_else(|| format!("its conditions are nested more than {MAX_DEPTH} deep"))?;
    let numeric = matches!(subject, Subject::DurationMs | Subject::Severity);
    match test {
        Test::Equals(value) => literal(subject, value),
        Test::Glob(pattern) if numeric => Err(format!(
            "`{pattern}` is compared with a number; use at_least, above, at_most or below"
        )),
        Test::Glob(_) => Ok(()),
        Test::Regex(expression) => regex::bytes::RegexBuilder::new(expression)
            .size_limit(MAX_REGEX)
            .build()
            .map(drop)
            .map_err(|error| {
                // The last line says what is wrong; those before draw the place.
                let error = error.to_string();
                let said = error.lines().last().unwrap_or_default();
                let said = said.trim_start_matches("error: ");
                format!(
                    "the expression `{expression}` cannot be used: {said}; see https://docs.rs/regex/latest/regex/#syntax"
                )
            }),
        Test::Exists(_) => Ok(()),
        Test::Above(number) | Test::AtLeast(number) | Test::Below(number) | Test::AtMost(number) => {
            match subject {
                Subject::Kind | Subject::Status | Subject::Name | Subject::ScopeName | Subject::ScopeVersion => {
                    Err(format!("a text is compared with the number {number}; use equals, glob or regex"))
                }
                _ if number.is_nan() => Err("nothing is above or below NaN".to_owned()),
                _ => Ok(()),
            }
        }
        Test::Not(test) => one(subject, test, depth),
        Test::Any(tests) | Test::All(tests) => {
            if tests.is_empty() {
                return Err("a condition has an empty list; leave it out or fill it".to_owned());
            }
            tests.iter().try_for_each(|test| one(subject, test, depth))
        }
    }
}

/// Values that the subject can never have.
fn literal(subject: &Subject, value: &Literal) -> Result<(), String> {
    let text = match value {
        Literal::Text(text) => Some(text.as_str()),
        _ => None,
    };
    let allowed: &[&str] = match subject {
        Subject::Kind => &KINDS,
        Subject::Status => &STATUSES,
        Subject::DurationMs | Subject::Severity => {
            return match text {
                Some(text) => Err(format!(
                    "`{text}` is compared with a number; write a number"
                )),
                None => Ok(()),
            };
        }
        Subject::Name | Subject::ScopeName | Subject::ScopeVersion if text.is_none() => {
            return Err("a name is a text; write it in quotes".to_owned());
        }
        _ => return Ok(()),
    };
    match text {
        Some(text) if allowed.contains(&text) => Ok(()),
        _ => Err(format!("expected one of {}", allowed.join(", "))),
    }
}
