//! Where a request would go, without sending it.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;

use super::judge::{Fate, Judge, Tree};
use super::{Rules, STORE, write};
use crate::Signal;
use crate::config::EMBEDDED;
use crate::otlp::count::{self, path};
use crate::otlp::view::Item;
use crate::otlp::wire::{Fields, Malformed};

/// Items that are told about one by one.
const MAX_ITEMS: usize = 1000;
/// Characters of a name.
const MAX_NAME: usize = 200;

/// What the rules would do with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct DryRun {
    /// The first 1000 items, in their order.
    pub items: Vec<DryRunItem>,
    /// How many there are more.
    pub omitted: u64,
    /// What each destination would get.
    pub parts: Vec<DryRunPart>,
    /// Items that rules would drop, by the rule's name.
    pub dropped: BTreeMap<String, u64>,
}

/// What the rules would do with a span, log record or data point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct DryRunItem {
    /// Name of the span, of the metric, or of the event that a log record is.
    pub name: String,
    /// The rules that were followed, in their order.
    pub rules: Vec<String>,
    /// Names of the destinations that would get it; none where it would be dropped.
    pub to: Vec<String>,
    /// The rule that would drop it.
    pub dropped_by: Option<String>,
}

/// What one destination would get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct DryRunPart {
    /// Name of the destination.
    pub destination: String,
    /// Spans, log records or data points.
    pub items: u64,
    /// Bytes, as protobuf and not compressed.
    pub bytes: usize,
    /// The request itself, OTLP protobuf.
    #[serde(skip)]
    pub request: Bytes,
}

impl Rules {
    /// Goes through a request as it would be gone through, and tells what was found.
    pub(in crate::delivery) fn dry_run(
        &self,
        signal: Signal,
        body: &Bytes,
    ) -> Result<DryRun, Malformed> {
        let total = count::items(signal, body)?;
        let mut judge = Judge::new(self, signal, true);
        let tree = judge.request(body)?;
        let mut report = DryRun::default();
        let mut told = |fate: &Fate, name: &[u8]| {
            if report.items.len() < MAX_ITEMS {
                report.items.push(self.item(fate, name));
            }
        };
        tell(signal, 0, body, &tree, b"", &mut |fate, name| {
            if let Some(fate) = judge.fates.get(fate as usize) {
                told(fate, name);
            }
        })?;
        report.omitted = total.saturating_sub(report.items.len() as u64);
        let counts = write::counts(signal, body, &tree, judge.fates.len())?;
        let plan = self.cut(signal, body, &tree, &judge.fates, &counts)?;
        for part in plan.parts {
            for name in self.names_of(part.to) {
                report.parts.push(DryRunPart {
                    destination: name,
                    items: part.items,
                    bytes: part.body.len(),
                    request: part.body.clone(),
                });
            }
        }
        for (rule, items) in plan.dropped {
            *report
                .dropped
                .entry(self.name(rule).to_owned())
                .or_default() += items;
        }
        Ok(report)
    }

    fn item(&self, fate: &Fate, name: &[u8]) -> DryRunItem {
        let rules = (0..self.routes.len()).filter(|at| fate.rules >> at & 1 == 1);
        let to = fate.sends.iter().fold(0, |all, (to, _)| all | to);
        let name = String::from_utf8_lossy(name);
        DryRunItem {
            name: name.chars().take(MAX_NAME).collect(),
            rules: rules.map(|at| self.name(at).to_owned()).collect(),
            to: self.names_of(to),
            dropped_by: fate.dropped_by.map(|rule| self.name(rule).to_owned()),
        }
    }

    fn names_of(&self, to: u32) -> Vec<String> {
        let network = self.names.iter().enumerate();
        let network = network.filter(|(at, _)| to >> at & 1 == 1);
        let store = (to & STORE != 0).then(|| EMBEDDED.to_owned());
        network.map(|(_, name)| name.clone()).chain(store).collect()
    }
}

/// Calls `told` with the fate and the name of each item, in their order.
fn tell(
    signal: Signal,
    level: usize,
    message: &[u8],
    tree: &Tree,
    name: &[u8],
    told: &mut dyn FnMut(u32, &[u8]),
) -> Result<(), Malformed> {
    let Some(step) = path(signal).get(level) else {
        let item = Item::read(signal, 0, message, |_| Ok(()))?;
        if let Tree::All(fate) = tree {
            let own = if signal == Signal::Metrics {
                name
            } else {
                item.name
            };
            told(*fate, own);
        }
        return Ok(());
    };
    let mut name = name;
    if signal == Signal::Metrics && level == 3 {
        for field in Fields::new(message) {
            let field = field?;
            if let (1, Some(text)) = (field.number, field.content) {
                name = text;
            }
        }
    }
    let mut next = 0;
    for field in Fields::new(message) {
        let field = field?;
        let Some(content) = field.content.filter(|_| step.contains(&field.number)) else {
            continue;
        };
        let tree = match tree {
            Tree::All(_) => tree,
            Tree::Each(trees) => trees.get(next).ok_or(Malformed)?,
        };
        next += 1;
        tell(signal, level + 1, content, tree, name, told)?;
    }
    Ok(())
}
