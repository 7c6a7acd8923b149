//! Rules: which destinations an item goes to, and with which changes.
//!
//! [`program`] sorts the rules' conditions by where in a request they can be answered, [`judge`]
//! goes through a request and says what becomes of each item, [`write`] cuts out what a
//! destination gets. A request of which everything goes on unchanged is not copied.

mod dry_run;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod judge;
mod matcher;
mod program;
pub(super) mod share;
mod write;

#[cfg(test)]
mod tests;

use bytes::Bytes;

use crate::Signal;
use crate::config::{Action, Config, EMBEDDED, Edit as Wanted, Literal, Owner, Route};
use crate::otlp::edit::{self, Edit, Hasher, Keys};
use crate::otlp::wire::Malformed;

pub use dry_run::{DryRun, DryRunItem, DryRunPart};
use judge::{Fate, Judge, Tree};
use program::Program;
use write::{Changes, Writing};

/// The bit of the store in memory among destinations; the others have that of their place.
pub(super) const STORE: u32 = 1 << 31;

/// All rules, ready.
#[derive(Debug)]
pub(super) struct Rules {
    routes: Vec<Route>,
    /// Where each rule sends, by its place; `None` for rules that do not.
    sends: Vec<Option<u32>>,
    /// Rules after which no other is looked at.
    ends: u64,
    /// By the place of the signal.
    programs: [Program; 3],
    /// Destinations that take a signal, by its place.
    all: [u32; 3],
    changes: Changes,
    /// Names of destinations, by their place.
    names: Vec<String>,
}

/// What becomes of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) parts: Vec<Part>,
    /// Items that rules dropped, by the place of the rule.
    pub(super) dropped: Vec<(usize, u64)>,
    /// Items that were sent to destinations of which none takes the signal.
    pub(super) nowhere: u64,
}

/// What some destinations get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) to: u32,
    pub(super) items: u64,
    pub(super) body: Bytes,
}

impl Rules {
    /// Makes rules ready that have been checked. `names` are the destinations' in their places;
    /// `all` says which of them take a signal, in the order of [`Signal::ALL`].
    ///
    /// # Errors
    /// A sentence that names the rule, for those that were not checked.
    pub(super) fn new(config: &Config, names: Vec<String>, all: [u32; 3]) -> Result<Self, String> {
        let routes = &config.routes;
        if routes.len() > crate::config::MAX_ROUTES {
            return Err(format!("there are {} routes, too many", routes.len()));
        }
        let failed = |error: regex::Error| format!("a route cannot be used: {error}");
        let program = |signal| Program::new(signal, routes).map_err(failed);
        let [traces, logs, metrics] = Signal::ALL;
        let mut rules = Self {
            sends: Vec::new(),
            ends: 0,
            programs: [program(traces)?, program(logs)?, program(metrics)?],
            all,
            changes: Changes {
                item: Vec::new(),
                resource: Vec::new(),
                items: 0,
                resources: 0,
                hasher: Hasher::new(config.hash_key.as_ref().map(|key| key.bytes())),
            },
            routes: routes.clone(),
            names,
        };
        for (at, route) in routes.iter().enumerate() {
            let rule = 1 << at;
            let to = match &route.action {
                Some(Action::Send(to)) => Some(rules.places(route, to)?),
                _ => None,
            };
            rules.sends.push(to);
            if route.action.is_some() && !route.and_on {
                rules.ends |= rule;
            }
            let edits = |owner| {
                let changes = route
                    .changes
                    .iter()
                    .filter(move |change| change.of == owner);
                let edits = changes.map(|change| ready(&change.edit).map_err(failed));
                edits.collect::<Result<Vec<_>, _>>()
            };
            let (item, resource) = (edits(Owner::Item)?, edits(Owner::Resource)?);
            rules.changes.items |= if item.is_empty() { 0 } else { rule };
            rules.changes.resources |= if resource.is_empty() { 0 } else { rule };
            rules.changes.item.push(item);
            rules.changes.resource.push(resource);
        }
        Ok(rules)
    }

    /// The bits of destinations by their names.
    fn places(&self, route: &Route, to: &[String]) -> Result<u32, String> {
        let mut places = 0;
        for name in to {
            let place = self.names.iter().position(|known| known == name);
            places |= match place {
                Some(place) => 1 << place,
                None if name == EMBEDDED => STORE,
                None => {
                    return Err(format!(
                        "the route \"{}\" sends to `{name}`, and there is no such destination",
                        route.name
                    ));
                }
            };
        }
        Ok(places)
    }

    /// Whether there are none for a signal.
    pub(super) fn is_empty(&self, signal: Signal) -> bool {
        self.program(signal).rules == 0
    }

    /// The name of a rule.
    pub(super) fn name(&self, rule: usize) -> &str {
        &self.routes[rule].name
    }

    fn program(&self, signal: Signal) -> &Program {
        &self.programs[signal.index()]
    }

    /// What rules that match come to.
    fn follow(&self, rules: u64, signal: Signal) -> Fate {
        let mut fate = Fate {
            rules,
            sends: Vec::new(),
            dropped_by: None,
        };
        let all = self.all[signal.index()];
        let changing = self.changes.items | self.changes.resources;
        let (mut changes, mut taken, mut sent) = (0, 0, false);
        for (at, route) in self.routes.iter().enumerate() {
            let rule = 1 << at;
            if rules & rule == 0 {
                continue;
            }
            changes |= rule & changing;
            if let Some(to) = self.sends[at] {
                sent = true;
                let to = to & all & !taken;
                taken |= to;
                if to != 0 {
                    fate.sends.push((to, changes));
                }
            } else if route.action == Some(Action::Drop) {
                fate.dropped_by = (!sent).then_some(at);
                sent = true;
            }
        }
        if !sent {
            fate.sends.push((all, changes));
        }
        fate
    }

    /// What becomes of a request with so many items.
    pub(super) fn plan(&self, signal: Signal, body: &Bytes, items: u64) -> Result<Plan, Malformed> {
        let mut judge = Judge::new(self, signal, false);
        let tree = judge.request(body)?;
        let counts = match tree {
            Tree::All(_) => vec![items],
            Tree::Each(_) => write::counts(signal, body, &tree, judge.fates.len())?,
        };
        self.cut(signal, body, &tree, &judge.fates, &counts)
    }

    fn cut(
        &self,
        signal: Signal,
        body: &Bytes,
        tree: &Tree,
        fates: &[Fate],
        counts: &[u64],
    ) -> Result<Plan, Malformed> {
        let mut plan = Plan {
            parts: Vec::new(),
            dropped: Vec::new(),
            nowhere: 0,
        };
        for (fate, count) in fates.iter().zip(counts).filter(|(_, count)| **count > 0) {
            match fate.dropped_by {
                Some(rule) => plan.dropped.push((rule, *count)),
                None if fate.sends.is_empty() => plan.nowhere += count,
                None => {}
            }
        }
        // Destinations that get the same share a part.
        let mut chosen = Vec::<(Vec<Option<u64>>, u32)>::new();
        for place in 0..32 {
            let destination = self.all[signal.index()] & 1 << place;
            if destination == 0 {
                continue;
            }
            let seen: Vec<_> = fates.iter().map(|fate| fate.of(destination)).collect();
            match chosen.iter_mut().find(|(known, _)| *known == seen) {
                Some((_, to)) => *to |= destination,
                None => chosen.push((seen, destination)),
            }
        }
        for (chosen, to) in chosen {
            let mut items = 0;
            let mut whole = true;
            for (rules, count) in chosen.iter().zip(counts) {
                items += if rules.is_some() { *count } else { 0 };
                whole &= *rules == Some(0) || *count == 0;
            }
            if items == 0 {
                continue;
            }
            let body = if whole {
                body.clone()
            } else {
                let (changes, chosen) = (&self.changes, &*chosen);
                let writing = Writing {
                    signal,
                    chosen,
                    changes,
                };
                writing.request(body, tree)?.into()
            };
            plan.parts.push(Part { to, items, body });
        }
        Ok(plan)
    }
}

fn ready(edit: &Wanted) -> Result<Edit, regex::Error> {
    let keys = |pattern: &str| {
        Ok(if pattern.contains(['*', '?']) {
            Keys::Like(matcher::glob(pattern)?)
        } else {
            Keys::One(pattern.as_bytes().into())
        })
    };
    Ok(match edit {
        Wanted::Set(key, value) => {
            let value = match value {
                Literal::Text(text) => edit::text_value(text.as_bytes()),
                Literal::Int(number) => edit::int_value(*number),
                Literal::Float(number) => edit::double_value(*number),
                Literal::Bool(truth) => edit::bool_value(*truth),
            };
            Edit::Set(key.as_bytes().into(), value)
        }
        Wanted::Delete(pattern) => Edit::Delete(keys(pattern)?),
        Wanted::Hash(pattern) => Edit::Hash(keys(pattern)?),
    })
}
