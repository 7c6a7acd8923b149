//! Several backends at once: the `[[destination]]` tables of the file.
//!
//! Each stands for itself: nothing of one table, of `exporter.otlp` or of the environment reaches
//! another, so no key is sent to a host that it was not meant for.

use std::collections::BTreeMap;

use super::catalogue::Setting;
use super::endpoint::{OTLP_ENDPOINT, endpoint};
use super::file::{DestinationTable, NAME, SIGNALS};
use super::reader::{OTLP, Reader, shortened};
use super::{Destination, Flow, Problem, Retry, exporters, flow, read, retry};
use crate::Signal;

/// What holds for destinations that do not have their own.
#[derive(Clone, Copy)]
pub(super) struct General {
    pub(super) retry: Retry,
    pub(super) flow: Flow,
}

/// Reads the tables, of which the second says whether they stand in the file, for the `signals` that have no endpoint elsewhere, and adds what they come to.
pub(super) fn read<'a>(
    reader: &mut Reader<'a>,
    tables: &[(&'a DestinationTable, bool)],
    signals: &[Signal],
    general: General,
    destinations: &mut Vec<Destination>,
) {
    if signals.len() == Signal::ALL.len() {
        without_effect(reader);
    }
    for (table, in_file) in tables.iter().copied() {
        let found = reader.within(table, |reader| one(reader, table, signals, general));
        let Some((mut destination, named)) = found else {
            if in_file {
                reader.named(None);
            }
            continue;
        };
        let taken = |name: &str| destinations.iter().any(|known| known.name == name);
        if taken(&destination.name) {
            if named {
                let remedy = "another destination has this name, by which logs and metrics tell them apart; choose another one";
                reader.push(Problem {
                    variable: String::new(),
                    place: format!("{}: name", table.place),
                    value: destination.name,
                    remedy: remedy.to_owned(),
                });
                continue;
            }
            let numbered = |number| format!("{} {number}", destination.name);
            if let Some(free) = (2..).map(numbered).find(|name| !taken(name)) {
                destination.name = free;
            }
        }
        if in_file {
            reader.named(Some(destination.name.clone()));
        }
        destinations.push(destination);
    }
}

/// The destination of a table, and whether its name was chosen.
fn one(
    reader: &mut Reader<'_>,
    table: &DestinationTable,
    signals: &[Signal],
    general: General,
) -> Option<(Destination, bool)> {
    let wanted = reader.value(SIGNALS, parse_signals);
    let wanted = wanted.unwrap_or_else(|| Signal::ALL.to_vec());
    let name = reader.value(NAME, parse_name);
    let queue_bytes = read::queue_bytes(reader);
    let retry = retry::read(reader, general.retry);
    let flow = flow::read(reader, general.flow);
    let mut endpoints = BTreeMap::new();
    let mut addressed = false;
    for signal in wanted {
        addressed |= reader
            .find_either(&Reader::own(signal), OTLP, "ENDPOINT")
            .is_some();
        if !signals.contains(&signal) || !exporters::read(reader, signal).otlp {
            continue;
        }
        if let Some(endpoint) = endpoint(reader, signal) {
            endpoints.insert(signal, endpoint);
        }
    }
    if !addressed {
        reader.push(Problem {
            variable: OTLP_ENDPOINT.to_owned(),
            place: table.place.clone(),
            value: String::new(),
            remedy: "a destination needs an endpoint: endpoint = \"http://localhost:4318\""
                .to_owned(),
        });
    }
    let first = endpoints.values().next()?;
    let flow = flow.for_host(&first.url);
    let named = name.is_some();
    let name = name.unwrap_or_else(|| super::address::authority(&first.url));
    let destination = Destination {
        name,
        endpoints,
        queue_bytes,
        flow,
        retry: (retry != general.retry).then_some(retry),
    };
    Some((destination, named))
}

/// Says which settings of the exporter nothing uses while destinations are listed.
fn without_effect(reader: &mut Reader<'_>) {
    let layers = reader.layers();
    for setting in Setting::all() {
        let of_exporter = setting.variable.starts_with(OTLP);
        if !of_exporter || !DestinationTable::has(setting.variable) {
            continue;
        }
        for found in layers.all(setting.variable) {
            reader.warning(format!(
                "{} has no effect: each [[destination]] has its own settings; set an endpoint beside it to replace them all",
                found.place
            ));
        }
    }
}

fn parse_signals(text: &str) -> Result<Vec<Signal>, String> {
    let names = text.split(',').map(str::trim).filter(|n| !n.is_empty());
    let mut signals = Vec::new();
    for name in names {
        let mut all = Signal::ALL.into_iter();
        let known = all.find(|signal| signal.as_str().eq_ignore_ascii_case(name));
        signals.push(known.ok_or("expected a list of traces, logs and metrics")?);
    }
    Ok(signals)
}

fn parse_name(text: &str) -> Result<String, String> {
    if text.chars().count() > 64 || text.chars().any(char::is_control) {
        return Err("expected a name of up to 64 characters".to_owned());
    }
    Ok(shortened(text))
}
