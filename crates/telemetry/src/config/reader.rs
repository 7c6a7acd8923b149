//! Looks settings up by the name of their variable, and remembers what was wrong with them.
//!
//! Every setting is read through here, wherever it stands, so precedence, trimming, masking and
//! the words of a problem are the same for all of them.

use super::Problem;
use super::catalogue::Setting;
use super::file::DestinationTable;
use super::layers::{Found, Layer, Layers, found};
use crate::Signal;

/// Prefix of the settings of the OTLP exporter that hold for every signal.
pub(super) const OTLP: &str = "OTEL_EXPORTER_OTLP_";

/// Looks settings up and remembers what was wrong with them.
pub(super) struct Reader<'a> {
    layers: Layers<'a>,
    /// The `[[destination]]` that is read at the moment.
    scope: Option<&'a DestinationTable>,
    problems: Vec<Problem>,
    warnings: Vec<String>,
    /// Names of the destinations of the file, in its order.
    named: Vec<Option<String>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(layers: Layers<'a>) -> Self {
        Self {
            layers,
            scope: None,
            problems: Vec::new(),
            warnings: Vec::new(),
            named: Vec::new(),
        }
    }

    /// Prefix of the exporter's settings for one signal.
    pub(super) fn own(signal: Signal) -> String {
        format!("{OTLP}{}_", signal.as_str().to_uppercase())
    }

    pub(super) fn layers(&self) -> Layers<'a> {
        self.layers
    }

    /// Reads with the settings of a destination in place of those that a destination has of its
    /// own.
    pub(super) fn within<T>(
        &mut self,
        destination: &'a DestinationTable,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        self.scope = Some(destination);
        let result = read(self);
        self.scope = None;
        result
    }

    /// Every layer's value of a setting, the one that wins first.
    pub(super) fn all(&self, variable: &str) -> Vec<Found> {
        debug_assert!(
            Setting::find(variable).is_some() || self.scope.is_some(),
            "{variable} is missing in the catalogue"
        );
        match self.scope {
            Some(scope) if DestinationTable::has(variable) => {
                let entry = scope.entry(variable).and_then(|entry| {
                    found(variable, &entry.text, Layer::File, entry.place.clone())
                });
                entry.into_iter().collect()
            }
            _ => self.layers.all(variable),
        }
    }

    /// The value of a setting; an empty one counts as not set.
    pub(super) fn find(&self, variable: &str) -> Option<Found> {
        self.all(variable).into_iter().next()
    }

    /// `{own}{name}`, or where that is set nowhere `{general}{name}`.
    pub(super) fn find_either(&self, own: &str, general: &str, name: &str) -> Option<Found> {
        let own = self.find(&format!("{own}{name}"));
        own.or_else(|| self.find(&format!("{general}{name}")))
    }

    /// As [`Reader::find_either`], every layer's value.
    pub(super) fn all_either(&self, own: &str, general: &str, name: &str) -> Vec<Found> {
        let own = self.all(&format!("{own}{name}"));
        if own.is_empty() {
            self.all(&format!("{general}{name}"))
        } else {
            own
        }
    }

    /// A value that is no secret, so a problem may show it.
    pub(super) fn value<T>(
        &mut self,
        variable: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let found = self.find(variable);
        self.parsed(found, parse)
    }

    /// As [`Reader::value`], of `{own}{name}` or else `{general}{name}`.
    pub(super) fn either<T>(
        &mut self,
        own: &str,
        general: &str,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let found = self.find_either(own, general, name);
        self.parsed(found, parse)
    }

    /// What a value means; a problem where it means nothing.
    pub(super) fn parsed<T>(
        &mut self,
        found: Option<Found>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let found = found?;
        match parse(&found.text) {
            Ok(value) => Some(value),
            Err(remedy) => {
                self.problem(&found, shortened(&found.text), remedy);
                None
            }
        }
    }

    /// Whether nothing was wrong so far.
    pub(super) fn is_fine(&self) -> bool {
        self.problems.is_empty()
    }

    /// Remembers a problem of a value. `value` is shown, so it holds no secret.
    pub(super) fn problem(&mut self, found: &Found, value: String, remedy: String) {
        self.push(Problem {
            variable: found.variable.clone(),
            place: found.place.clone(),
            value,
            remedy,
        });
    }

    /// Remembers a problem, once per place and reason.
    pub(super) fn push(&mut self, problem: Problem) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Remembers a sentence about something that works and looks like a mistake.
    pub(super) fn warning(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// The next destination of the file has this name, or nothing is sent to it.
    pub(super) fn named(&mut self, name: Option<String>) {
        self.named.push(name);
    }

    /// The names of all destinations of the file; those that were not looked at have none.
    pub(super) fn tables(&self) -> Vec<Option<String>> {
        let mut named = self.named.clone();
        let file = self.layers.file;
        named.resize(file.map_or(0, |file| file.destinations.len()), None);
        named
    }

    /// What was wrong, and what looked so.
    pub(super) fn finish(self) -> (Vec<Problem>, Vec<String>) {
        (self.problems, self.warnings)
    }
}

/// At most 64 characters of a value, for messages.
pub(super) fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(64).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
