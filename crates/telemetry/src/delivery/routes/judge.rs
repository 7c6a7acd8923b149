//! Goes through a request and finds out what is done with each of its items.
//!
//! The answer is a [`Tree`] of the request's shape that goes only as deep as answers differ. A rule
//! that asks about resources alone never looks at a span.

use super::Rules;
use super::program::{Level, Program, Slot};
use super::share;
use crate::Signal;
use crate::otlp::count::path;
use crate::otlp::view::{Item, Value, key_value};
use crate::otlp::wire::{Fields, Malformed};

/// What is done with the items of a message, or of each message in it, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tree {
    /// The same with all of them; a place among the [`Fate`]s.
    All(u32),
    Each(Vec<Tree>),
}

/// What is done with an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fate {
    /// Rules that were followed.
    pub(super) rules: u64,
    /// Destinations, with the rules whose changes they see.
    pub(super) sends: Vec<(u32, u64)>,
    /// The rule that dropped it.
    pub(super) dropped_by: Option<usize>,
}

impl Fate {
    /// The rules whose changes a destination sees; `None` where it does not get the item.
    pub(super) fn of(&self, destination: u32) -> Option<u64> {
        let mut sends = self.sends.iter();
        let found = sends.find(|(to, _)| to & destination != 0);
        found.map(|(_, changes)| *changes)
    }
}

/// One going through.
#[derive(Debug)]
pub(super) struct Judge<'r, 'a> {
    rules: &'r Rules,
    program: &'r Program,
    signal: Signal,
    /// Everything is looked at down to the items, whatever can be known before.
    thorough: bool,
    /// What each set of rules leads to.
    known: Vec<(u64, u32)>,
    pub(super) fates: Vec<Fate>,
    /// Values of the keys of a level, kept to be used again.
    values: Vec<Option<&'a [u8]>>,
}

/// A metric's name is asked at this level, where its path is longer than others.
const METRIC: usize = 3;

impl<'r, 'a> Judge<'r, 'a> {
    pub(super) fn new(rules: &'r Rules, signal: Signal, thorough: bool) -> Self {
        Self {
            rules,
            program: rules.program(signal),
            signal,
            thorough,
            known: Vec::new(),
            fates: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Goes through a whole request.
    pub(super) fn request(&mut self, request: &'a [u8]) -> Result<Tree, Malformed> {
        let all = self.program.rules;
        match self.decided(all, 0) {
            Some(fate) => Ok(Tree::All(fate)),
            None => self.messages(0, 0, request, all),
        }
    }

    /// Goes through the messages at `path[level]`. `left` are the rules that still may be followed.
    fn messages(
        &mut self,
        level: usize,
        data: u32,
        message: &'a [u8],
        left: u64,
    ) -> Result<Tree, Malformed> {
        let step = path(self.signal)[level];
        let mut trees = Vec::new();
        for field in Fields::new(message) {
            let field = field?;
            if let Some(content) = field.content
                && step.contains(&field.number)
            {
                // The kind of data of a metric says where its points have their attributes.
                let data = if level == METRIC { field.number } else { data };
                trees.push(self.message(level + 1, data, content, left)?);
            }
        }
        Ok(match trees.first() {
            Some(Tree::All(first))
                if !self.thorough && trees.iter().all(|tree| *tree == Tree::All(*first)) =>
            {
                Tree::All(*first)
            }
            _ => Tree::Each(trees),
        })
    }

    fn message(
        &mut self,
        level: usize,
        data: u32,
        message: &'a [u8],
        mut left: u64,
    ) -> Result<Tree, Malformed> {
        if level == path(self.signal).len() {
            left &= self.item(data, message, left)?;
            return Ok(Tree::All(self.fate(self.reached(left))));
        }
        match level {
            1 => left &= self.resource(message, left)?,
            2 => left &= self.scope(message, left)?,
            METRIC => left &= self.metric(message, left)?,
            _ => {}
        }
        if !self.thorough
            && let Some(fate) = self.decided(left, level)
        {
            return Ok(Tree::All(fate));
        }
        self.messages(level, data, message, left)
    }

    /// The fate that `left` leads to, where nothing below `level` can change it.
    fn decided(&mut self, left: u64, level: usize) -> Option<u32> {
        let reached = self.reached(left);
        if self.thorough || reached & self.program.below(level) != 0 {
            return None;
        }
        Some(self.fate(reached))
    }

    /// Of rules that match, those up to the first that ends the way.
    fn reached(&self, left: u64) -> u64 {
        let ends = left & self.rules.ends;
        if ends == 0 {
            return left;
        }
        let first = ends & ends.wrapping_neg();
        left & (first | (first - 1))
    }

    fn fate(&mut self, rules: u64) -> u32 {
        let known = self.known.iter().find(|(known, _)| *known == rules);
        if let Some((_, fate)) = known {
            return *fate;
        }
        let fate = self.rules.follow(rules, self.signal);
        // Never more than there are items in a request, of which each has two bytes at least.
        let at = self.fates.len() as u32;
        self.fates.push(fate);
        self.known.push((rules, at));
        at
    }

    /// Of `left`, the rules that a resource's attributes and its source allow.
    fn resource(&mut self, message: &'a [u8], left: u64) -> Result<u64, Malformed> {
        let program = self.program;
        if left & program.resource.rules == 0 {
            return Ok(left);
        }
        self.clear(&program.resource);
        for field in Fields::new(message) {
            let field = field?;
            if let (1, Some(resource)) = (field.number, field.content) {
                self.collect(&program.resource, 1, resource)?;
            }
        }
        let mut left = self.allowed(&program.resource, left, |_| None)?;
        if let Some((source, client)) = program.marks {
            let text = |at: usize| match self.values[at].map(Value::read).transpose()? {
                Some(Value::Text(text)) => Ok(Some(text)),
                _ => Ok(None),
            };
            let (source, client) = (text(source)?, text(client)?);
            for sources in &program.sources {
                if !sources.contain(source, client) {
                    left &= !sources.rule;
                }
            }
        }
        Ok(left)
    }

    fn scope(&mut self, message: &'a [u8], left: u64) -> Result<u64, Malformed> {
        let level = &self.program.scope;
        if left & level.rules == 0 {
            return Ok(left);
        }
        self.clear(level);
        let (mut name, mut version) = (&b""[..], &b""[..]);
        for field in Fields::new(message) {
            let field = field?;
            let (1, Some(scope)) = (field.number, field.content) else {
                continue;
            };
            for field in Fields::new(scope) {
                let field = field?;
                match (field.number, field.content) {
                    (1, Some(text)) => name = text,
                    (2, Some(text)) => version = text,
                    _ => {}
                }
            }
            self.collect(level, 3, scope)?;
        }
        self.allowed(level, left, |slot| match slot {
            Slot::Name => text(name),
            Slot::Version => text(version),
            _ => None,
        })
    }

    fn metric(&mut self, message: &'a [u8], left: u64) -> Result<u64, Malformed> {
        let level = &self.program.metric;
        if left & level.rules == 0 {
            return Ok(left);
        }
        let mut name = &b""[..];
        for field in Fields::new(message) {
            let field = field?;
            if let (1, Some(text)) = (field.number, field.content) {
                name = text;
            }
        }
        self.allowed(level, left, |_| text(name))
    }

    fn item(&mut self, data: u32, message: &'a [u8], left: u64) -> Result<u64, Malformed> {
        let program = self.program;
        let level = &program.item;
        if left & level.rules == 0 {
            return Ok(left);
        }
        self.clear(level);
        let values = &mut self.values;
        let item = Item::read(self.signal, data, message, |attribute| {
            note(level, values, attribute)
        })?;
        let body = item.body.map(Value::read).transpose()?;
        let mut left = self.allowed(level, left, |slot| match slot {
            Slot::Name => text(item.name),
            Slot::Kind => Some(Value::Text(kind(item.kind))),
            Slot::Status => Some(Value::Text(status(item.status))),
            Slot::Duration => Some(Value::Double(item.duration_ms())),
            // Below 2^63 in everything that is valid.
            Slot::Severity if item.severity > 0 => Some(Value::Int(item.severity as i64)),
            Slot::Body => body,
            _ => None,
        })?;
        if program.shares.iter().any(|(rule, _)| left & rule != 0) {
            let whose = if item.trace.is_empty() {
                message
            } else {
                item.trace
            };
            let place = share::place(whose);
            for (rule, bound) in &program.shares {
                if place >= *bound {
                    left &= !rule;
                }
            }
        }
        Ok(left)
    }

    fn clear(&mut self, level: &Level) {
        self.values.clear();
        self.values.resize(level.keys.len(), None);
    }

    /// Notes the attributes of a message, its field `number`.
    fn collect(&mut self, level: &Level, number: u32, message: &'a [u8]) -> Result<(), Malformed> {
        for field in Fields::new(message) {
            let field = field?;
            if let Some(content) = field.content
                && field.number == number
            {
                note(level, &mut self.values, content)?;
            }
        }
        Ok(())
    }

    /// Of `left`, the rules whose conditions at this level hold.
    fn allowed(
        &self,
        level: &Level,
        mut left: u64,
        other: impl Fn(Slot) -> Option<Value<'a>>,
    ) -> Result<u64, Malformed> {
        for condition in &level.conditions {
            if left & condition.rule == 0 {
                continue;
            }
            let value = match condition.slot {
                Slot::Attribute(at) => self.values[at].map(Value::read).transpose()?,
                slot => other(slot),
            };
            if !condition.matcher.passes(value) {
                left &= !condition.rule;
            }
        }
        Ok(left)
    }
}

fn note<'a>(
    level: &Level,
    values: &mut [Option<&'a [u8]>],
    attribute: &'a [u8],
) -> Result<(), Malformed> {
    if level.keys.is_empty() {
        return Ok(());
    }
    let (key, value) = key_value(attribute)?;
    if let Some(at) = level.keys.iter().position(|wanted| **wanted == *key) {
        values[at] = Some(value);
    }
    Ok(())
}

/// A name that is empty is none.
fn text(name: &[u8]) -> Option<Value<'_>> {
    (!name.is_empty()).then_some(Value::Text(name))
}

/// What is not said is internal, as the protocol allows to assume.
fn kind(number: u64) -> &'static [u8] {
    match number {
        2 => b"server",
        3 => b"client",
        4 => b"producer",
        5 => b"consumer",
        _ => b"internal",
    }
}

fn status(code: u64) -> &'static [u8] {
    match code {
        1 => b"ok",
        2 => b"error",
        _ => b"unset",
    }
}
