//! The TOML file of settings: from keys to the values that their variables would have.
//!
//! Nothing is validated here but the shape: a value is written as the text that its variable
//! would hold, so the file and the environment are read and judged by the same code.

mod bounded;
mod conditions;
mod load;
mod routes;
mod states;
mod value;

use std::collections::BTreeMap;

use super::Problem;
use super::catalogue::{Kind, Setting, nearest};
use super::reader::OTLP;

pub(super) use bounded::read as read_bounded;
pub(crate) use load::MAX_DESTINATIONS;
pub(super) use load::{load, parse};
pub(super) use routes::RouteTable;
pub(super) use states::read as states;

/// What a file says.
#[derive(Default)]
pub(super) struct File {
    entries: BTreeMap<&'static str, Entry>,
    /// Its `[[destination]]` tables, in order.
    pub(super) destinations: Vec<DestinationTable>,
    /// Its `[[route]]` tables, in order.
    pub(super) routes: Vec<RouteTable>,
    /// What it says about the states of destinations.
    states: Vec<states::NamesEntry>,
    /// What is wrong with its shape.
    pub(super) problems: Vec<Problem>,
    /// Name of the file, without its folder.
    pub(super) name: String,
}

/// The value of a key. Not `Debug`: it may be a secret.
#[derive(Clone)]
pub(super) struct Entry {
    /// The text that the variable would hold.
    pub(super) text: String,
    /// `telemetry.toml:3: exporter.otlp.endpoint`.
    pub(super) place: String,
}

/// One `[[destination]]`: the keys of `exporter.otlp`, and some of its own.
#[derive(Default, Clone)]
pub(super) struct DestinationTable {
    entries: BTreeMap<&'static str, Entry>,
    /// `telemetry.toml:3: destination 1`.
    pub(super) place: String,
}

impl File {
    pub(super) fn entry(&self, variable: &str) -> Option<&Entry> {
        self.entries.get(variable)
    }
}

/// What a destination may hold besides the keys of `exporter.otlp`, `retry` and `send`.
pub(super) const NAME: &str = "name";
pub(super) const SIGNALS: &str = "signals";

impl DestinationTable {
    /// A destination of the program: keys of the file, values as their variables would hold them.
    /// What is wrong with a key is in `wrong`.
    pub(super) fn given<'a>(
        name: &str,
        settings: impl IntoIterator<Item = (&'a str, String)>,
        wrong: &mut Vec<Problem>,
    ) -> Self {
        let place = format!("TelemetryBuilder::destination: {name}");
        let mut table = Self {
            place: place.clone(),
            ..Self::default()
        };
        let own = [("name", name.to_owned())];
        for (key, text) in own.into_iter().chain(settings) {
            let place = format!("{place}: {key}");
            if let Some(setting) = Self::setting(key) {
                let entry = Entry { text, place };
                table.entries.insert(setting.variable, entry);
            } else {
                let nearest = nearest(key, Self::keys()).unwrap_or_default();
                wrong.push(Problem {
                    variable: String::new(),
                    place,
                    value: String::new(),
                    remedy: format!("there is no such key; did you mean `{nearest}`?"),
                });
            }
        }
        table
    }

    /// The setting that a key of a destination means.
    fn setting(key: &str) -> Option<Setting> {
        match key {
            NAME => return Some(Setting::of_destination(NAME, Kind::Scalar)),
            SIGNALS => return Some(Setting::of_destination(SIGNALS, Kind::List)),
            _ => {}
        }
        let setting = Setting::find_key(&format!("exporter.otlp.{key}"))
            .or_else(|| Setting::find_key(key))?;
        Self::has(setting.variable).then_some(*setting)
    }

    /// Whether the setting is a destination's own, so that no other layer answers for it.
    pub(super) fn has(variable: &str) -> bool {
        let metrics = variable.ends_with("_PREFERENCE") || variable.ends_with("_AGGREGATION");
        (variable.starts_with(OTLP) && !metrics)
            || variable.starts_with("AETHER_TELEMETRY_RETRY_")
            || variable.starts_with("AETHER_TELEMETRY_SEND_")
            || variable == "AETHER_TELEMETRY_QUEUE_BYTES"
            || variable == NAME
            || variable == SIGNALS
    }

    /// Every key that may stand in a destination.
    fn keys() -> impl Iterator<Item = &'static str> {
        let settings = Setting::all().filter(|setting| Self::has(setting.variable));
        let keys = settings.filter_map(|setting| setting.key);
        keys.map(|key| key.strip_prefix("exporter.otlp.").unwrap_or(key))
            .chain([NAME, SIGNALS])
    }

    pub(super) fn entry(&self, variable: &str) -> Option<&Entry> {
        self.entries.get(variable)
    }
}
