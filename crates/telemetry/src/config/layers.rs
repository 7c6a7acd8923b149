//! Where settings stand: builder, environment, file, in this order, and last what the program
//! takes for its default. Each layer answers for the name of a setting's variable; what none of
//! them answers has the library's default.

use std::collections::BTreeMap;
use std::fmt;

use super::file::{DestinationTable, File};
use super::{Problem, Route};

/// Answers with the value of an environment variable.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A place for settings; the smaller one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layer {
    Builder,
    Environment,
    File,
    Program,
}

/// The value of a setting and where it stood. Not `Debug`: the text may be a secret.
#[derive(Clone)]
pub(super) struct Found {
    /// Name of the variable that means this setting.
    pub(super) variable: String,
    /// The value, trimmed and not empty.
    pub(super) text: String,
    pub(super) layer: Layer,
    /// Where it stood, for messages: the variable, `telemetry.toml:3: exporter.otlp.endpoint`, or
    /// `TelemetryBuilder::endpoint`.
    pub(super) place: String,
}

/// Settings that a program made with the builder.
#[derive(Clone, Default)]
pub(crate) struct Given {
    values: BTreeMap<String, (String, String)>,
    /// Those that hold where nothing else does.
    defaults: BTreeMap<String, (String, String)>,
    /// Rules, in their order.
    pub(super) routes: Vec<Route>,
    /// Destinations, in their order.
    pub(super) destinations: Vec<DestinationTable>,
    /// What is wrong with their keys.
    pub(super) wrong: Vec<Problem>,
}

impl fmt::Debug for Given {
    /// Names without values: some of them are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

impl Given {
    /// Sets a variable; `method` is what messages call it.
    pub(crate) fn set(&mut self, variable: &str, method: &str, value: String) {
        let place = format!("TelemetryBuilder::{method}");
        self.values.insert(variable.to_owned(), (place, value));
    }

    /// Sets what holds where no layer has a value; `method` is what messages call it.
    pub(crate) fn set_default(&mut self, variable: &str, method: &str, value: String) {
        let place = format!("TelemetryBuilder::{method}");
        self.defaults.insert(variable.to_owned(), (place, value));
    }

    /// Adds a rule behind the others.
    pub(crate) fn route(&mut self, route: Route) {
        self.routes.push(route);
    }

    /// Adds a destination behind the others.
    pub(crate) fn destination<'a>(
        &mut self,
        name: &str,
        settings: impl IntoIterator<Item = (&'a str, String)>,
    ) {
        let table = DestinationTable::given(name, settings, &mut self.wrong);
        self.destinations.push(table);
    }

    /// The names of the rules.
    pub(crate) fn rules(&self) -> impl Iterator<Item = &str> {
        self.routes.iter().map(|route| route.name.as_str())
    }

    /// Adds a key and its value to a setting that is a list of them.
    pub(crate) fn add(&mut self, variable: &str, method: &str, key: &str, value: &str) {
        let before = self.values.get(variable).map(|(_, list)| list.as_str());
        let list = super::parse::append_pair(before.unwrap_or_default(), key, value);
        self.set(variable, method, list);
    }

    /// Variables that were set, each with the method that did.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        let entries = self.values.iter();
        entries.map(|(variable, (place, _))| (variable.as_str(), place.as_str()))
    }
}

/// All layers of one reading.
#[derive(Clone, Copy)]
pub(super) struct Layers<'a> {
    pub(super) given: &'a Given,
    pub(super) environment: Lookup<'a>,
    pub(super) file: Option<&'a File>,
}

impl Layers<'_> {
    /// Every layer's value of a setting, the one that wins first.
    pub(super) fn all(&self, variable: &str) -> Vec<Found> {
        let given = self.given.values.get(variable);
        let given = given.map(|(place, text)| (text.clone(), Layer::Builder, place.clone()));
        let environment = (self.environment)(variable)
            .map(|text| (text, Layer::Environment, variable.to_owned()));
        let file = self.file.and_then(|file| file.entry(variable));
        let file = file.map(|entry| (entry.text.clone(), Layer::File, entry.place.clone()));
        let default = self.given.defaults.get(variable);
        let default = default.map(|(place, text)| (text.clone(), Layer::Program, place.clone()));
        [given, environment, file, default]
            .into_iter()
            .flatten()
            .filter_map(|(text, layer, place)| found(variable, &text, layer, place))
            .collect()
    }
}

/// A value, unless it is empty, which counts as not set.
pub(super) fn found(variable: &str, text: &str, layer: Layer, place: String) -> Option<Found> {
    let text = text.trim();
    (!text.is_empty()).then(|| Found {
        variable: variable.to_owned(),
        text: text.to_owned(),
        layer,
        place,
    })
}
