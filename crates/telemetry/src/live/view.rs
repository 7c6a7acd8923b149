//! What is in force, as it may be shown.

use super::document::{DESTINATION, ROUTE};
use super::inner::{Inner, State};
use super::{LiveConfig, LiveElsewhere, LiveFile, LiveVersion, document, file};
use crate::Signal;
use crate::config::{Config, names};

/// Keys of the file that hold at once, by what they begin with.
const AT_ONCE: [&str; 14] = [
    "destination",
    "draining",
    "exporter.otlp.",
    "hash_key",
    "page.",
    "paused",
    "queue_bytes",
    "relay.",
    "retry.",
    "route",
    "sample_rate",
    "sampler.",
    "send.",
    "tail.",
];

/// Keys among them that do not: providers are made once.
const AT_NEXT_START: [&str; 2] = [
    "exporter.otlp.metrics.histogram_aggregation",
    "exporter.otlp.metrics.temporality",
];

impl Inner {
    /// What is in force, or would be. The file is the one there is: what was only checked is not in it.
    pub(super) fn view(&self, state: &State, in_force: &State) -> LiveConfig {
        let config = &state.parsed.config;
        let in_file = |name: &str| {
            let mut tables = state.parsed.tables.iter();
            tables.any(|known| known.as_deref() == Some(name))
        };
        let elsewhere = config.destinations.iter().filter(|d| !in_file(&d.name));
        let elsewhere = elsewhere.map(|destination| LiveElsewhere {
            name: destination.name.clone(),
            endpoint: destination
                .endpoints
                .values()
                .next()
                .map(crate::Endpoint::masked_url)
                .unwrap_or_default(),
            signals: destination.endpoints.keys().copied().collect(),
        });
        let store = self.movable.delivery.has_store();
        let all = names(&config.destinations, store, !config.console.is_empty());
        let all = all
            .into_iter()
            .filter(|name| !config.draining.contains(*name));
        let rules = self.given.rules();
        LiveConfig {
            file: self.file(in_force),
            destinations: state.document.destinations(&state.parsed.tables),
            routes: state.document.routes(),
            names: all.map(str::to_owned).collect(),
            elsewhere: elsewhere.collect(),
            rules_of_program: rules.map(str::to_owned).collect(),
            paused: config.paused.clone(),
            draining: config.draining.clone(),
            warnings: config.warnings.clone(),
            restart: self.restart(state),
        }
    }

    fn file(&self, state: &State) -> LiveFile {
        let disk = self.on_disk();
        let (mut saved, mut by_hand, mut problem) = (true, false, None);
        match disk {
            Ok(Some(disk)) if disk != state.text => {
                by_hand = true;
                saved = false;
                problem = Some(self.by_hand().to_string());
            }
            Ok(Some(_)) => {}
            Ok(None) => {
                saved = false;
                problem = Some("changes hold until the process ends, because there is no file to keep them in: set AETHER_TELEMETRY_CONFIG to the path of one (in aetherterm AETHERTERM_DATA_DIR to a folder is enough)".to_owned());
            }
            Err(error) => {
                saved = false;
                problem = Some(error.to_string());
            }
        }
        LiveFile {
            path: self.path.clone(),
            etag: self.etag(&state.text),
            saved,
            changed_by_hand: by_hand,
            problem,
        }
    }

    /// What differs from the start and cannot hold before the next one.
    fn restart(&self, state: &State) -> Vec<String> {
        let before = self.started.document.settings();
        let after = state.document.settings();
        let at_once = |key: &str| {
            !AT_NEXT_START.contains(&key) && AT_ONCE.iter().any(|start| key.starts_with(start))
        };
        let changed = after
            .iter()
            .filter(|(key, value)| before.get(*key) != Some(value));
        let gone = before.keys().filter(|key| !after.contains_key(*key));
        let keys = changed.map(|(key, _)| key).chain(gone).cloned();
        let mut restart: Vec<String> = keys.filter(|key| !at_once(key)).collect();
        let (started, config) = (&self.started.config, &state.parsed.config);
        if started.metric_temporality != config.metric_temporality {
            restart.push(format!(
                "metrics are sent as {} until the next start, and a destination wants them otherwise",
                match started.metric_temporality {
                    crate::Temporality::Cumulative => "totals",
                    _ => "differences",
                }
            ));
        }
        for signal in [Signal::Logs, Signal::Metrics] {
            let takes = |config: &Config| {
                config
                    .destinations
                    .iter()
                    .any(|d| d.endpoints.contains_key(&signal))
                    || config.console.contains(&signal)
            };
            if takes(config) && !takes(started) {
                restart.push(format!(
                    "this program's own {signal} are made from the next start on, because no destination took any at this one; those of browsers are sent now"
                ));
            }
        }
        if started.store_bytes.is_some() != config.store_bytes.is_some() {
            restart.push(if config.store_bytes.is_some() {
                "the store in memory begins with the next start".to_owned()
            } else {
                "the store in memory ends with the next start, unless AETHER_TELEMETRY_STORE=always"
                    .to_owned()
            });
        }
        restart
    }

    pub(super) fn versions(&self) -> Vec<LiveVersion> {
        let Some(path) = &self.path else {
            return Vec::new();
        };
        let versions = file::versions(path).into_iter();
        versions
            .map(|(number, replaced_ms, text)| {
                let document = document::Document::parse(&text).ok();
                let names = |key| {
                    let tables = document.as_ref().map(|document| document.tables(key));
                    let tables = tables.into_iter().flatten();
                    let name = |table: toml_edit::Table| {
                        let name = table.get("name").and_then(|name| name.as_str());
                        name.unwrap_or("without a name").to_owned()
                    };
                    tables.map(name).collect()
                };
                LiveVersion {
                    number,
                    replaced_ms,
                    bytes: text.len() as u64,
                    destinations: names(DESTINATION),
                    routes: names(ROUTE),
                }
            })
            .collect()
    }
}
