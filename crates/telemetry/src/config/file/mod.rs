//! The TOML file of settings: from keys to the values that their variables would have.
//!
//! Nothing is validated here but the shape: a value is written as the text that its variable
//! would hold, so the file and the environment are read and judged by the same code.

mod bounded;
mod conditions;
mod load;
mod routes;
mod value;

use std::collections::BTreeMap;

use super::Problem;
use super::catalogue::Setting;
use super::reader::OTLP;

pub(super) use bounded::read as read_bounded;
pub(super) use load::load;
pub(super) use routes::RouteTable;

/// What a file says.
#[derive(Default)]
pub(super) struct File {
    entries: BTreeMap<&'static str, Entry>,
    /// Its `[[destination]]` tables, in order.
    pub(super) destinations: Vec<DestinationTable>,
    /// Its `[[route]]` tables, in order.
    pub(super) routes: Vec<RouteTable>,
    /// What is wrong with its shape.
    pub(super) problems: Vec<Problem>,
    /// Name of the file, without its folder.
    pub(super) name: String,
}

/// The value of a key. Not `Debug`: it may be a secret.
pub(super) struct Entry {
    /// The text that the variable would hold.
    pub(super) text: String,
    /// `telemetry.toml:3: exporter.otlp.endpoint`.
    pub(super) place: String,
}

/// One `[[destination]]`: the keys of `exporter.otlp`, and some of its own.
#[derive(Default)]
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
