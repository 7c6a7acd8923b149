//! All rules of one signal, sorted by the level of a request at which their conditions can be
//! answered, so that nothing deeper is looked at than has to be.
//!
//! A set of rules is a number with a bit for each of them.

use crate::Signal;
use crate::config::{Route, Subject, applies};

use super::matcher::Matcher;

/// The rule marks that rules look at; the relay sets both and lets nobody else.
const SOURCE: &[u8] = b"aether.source";
const CLIENT: &[u8] = b"aether.client";
const BROWSER: &[u8] = b"browser";

/// What a condition looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// One of the level's keys.
    Attribute(usize),
    Name,
    Version,
    Kind,
    Status,
    Duration,
    Severity,
    Body,
}

/// A condition of one rule.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) rule: u64,
    pub(super) slot: Slot,
    pub(super) matcher: Matcher,
}

/// What is asked at one level.
#[derive(Debug, Default)]
pub(super) struct Level {
    /// Keys of the attributes that conditions look at.
    pub(super) keys: Vec<Box<[u8]>>,
    pub(super) conditions: Vec<Condition>,
    /// Rules that are not decided before this level has been asked.
    pub(super) rules: u64,
}

impl Level {
    fn key(&mut self, key: &[u8]) -> Slot {
        let known = self.keys.iter().position(|known| **known == *key);
        Slot::Attribute(known.unwrap_or_else(|| {
            self.keys.push(key.into());
            self.keys.len() - 1
        }))
    }

    fn add(&mut self, rule: u64, slot: Slot, matcher: Matcher) {
        self.rules |= rule;
        self.conditions.push(Condition {
            rule,
            slot,
            matcher,
        });
    }
}

/// The sources that one rule is for.
#[derive(Debug)]
pub(super) struct Sources {
    pub(super) rule: u64,
    names: Vec<Box<[u8]>>,
}

impl Sources {
    /// Whether one of them made what has these marks.
    pub(super) fn contain(&self, source: Option<&[u8]>, client: Option<&[u8]>) -> bool {
        let browser = source == Some(BROWSER);
        self.names.iter().any(|name| match &**name {
            b"browser" => browser,
            b"server" => !browser && client.is_none(),
            name => client == Some(name),
        })
    }
}

/// The rules of one signal.
#[derive(Debug, Default)]
pub(super) struct Program {
    /// Rules that are for this signal.
    pub(super) rules: u64,
    pub(super) resource: Level,
    pub(super) scope: Level,
    /// A metric, by its name.
    pub(super) metric: Level,
    /// A span, log record or data point.
    pub(super) item: Level,
    pub(super) sources: Vec<Sources>,
    /// Where the marks are among the keys of the resource; read only where a rule has sources.
    pub(super) marks: Option<(usize, usize)>,
    /// Rules for a share, with the number that a trace must stay below.
    pub(super) shares: Vec<(u64, u64)>,
}

impl Program {
    /// # Errors
    /// As [`Matcher::new`].
    pub(super) fn new(signal: Signal, routes: &[Route]) -> Result<Self, regex::Error> {
        let mut program = Self::default();
        for (index, route) in routes.iter().enumerate() {
            if !applies(route).contains(&signal) {
                continue;
            }
            let rule = 1 << index;
            program.rules |= rule;
            for (subject, test) in &route.conditions {
                program.add(signal, rule, subject, Matcher::new(test)?);
            }
            if !route.sources.is_empty() {
                let names = route.sources.iter().map(|name| name.as_bytes().into());
                let names = names.collect();
                program.sources.push(Sources { rule, names });
                program.resource.rules |= rule;
                if let (Slot::Attribute(source), Slot::Attribute(client)) =
                    (program.resource.key(SOURCE), program.resource.key(CLIENT))
                {
                    program.marks = Some((source, client));
                }
            }
            if route.share < 1.0 {
                program
                    .shares
                    .push((rule, super::share::bound(route.share)));
                program.item.rules |= rule;
            }
        }
        Ok(program)
    }

    fn add(&mut self, signal: Signal, rule: u64, subject: &Subject, matcher: Matcher) {
        let (level, slot) = match subject {
            Subject::Resource(key) => {
                let slot = self.resource.key(key.as_bytes());
                (&mut self.resource, slot)
            }
            Subject::ScopeName => (&mut self.scope, Slot::Name),
            Subject::ScopeVersion => (&mut self.scope, Slot::Version),
            Subject::ScopeAttribute(key) => {
                let slot = self.scope.key(key.as_bytes());
                (&mut self.scope, slot)
            }
            Subject::Name if signal == Signal::Metrics => (&mut self.metric, Slot::Name),
            Subject::Name => (&mut self.item, Slot::Name),
            Subject::Attribute(key) => {
                let slot = self.item.key(key.as_bytes());
                (&mut self.item, slot)
            }
            Subject::Kind => (&mut self.item, Slot::Kind),
            Subject::Status => (&mut self.item, Slot::Status),
            Subject::DurationMs => (&mut self.item, Slot::Duration),
            Subject::Severity => (&mut self.item, Slot::Severity),
            Subject::Body => (&mut self.item, Slot::Body),
        };
        level.add(rule, slot, matcher);
    }

    /// Rules that are not decided before a level below `depth` has been asked: 0 is the request, 1
    /// a resource, 2 a scope, 3 a metric.
    pub(super) fn below(&self, depth: usize) -> u64 {
        let levels = [
            self.resource.rules,
            self.scope.rules,
            self.metric.rules,
            self.item.rules,
        ];
        levels.iter().skip(depth).fold(0, |all, rules| all | rules)
    }
}
