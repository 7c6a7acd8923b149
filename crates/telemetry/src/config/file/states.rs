//! `paused` and `draining`: names of destinations that are not sent to, or are to be gone.

use std::collections::BTreeSet;

use super::super::reader::{Reader, shortened};

/// The keys: nothing is sent for now; nothing is taken any more.
pub(super) const STATES: [&str; 2] = ["paused", "draining"];

/// What stands behind one of them.
pub(super) struct NamesEntry {
    pub(super) draining: bool,
    pub(super) names: Vec<String>,
    /// `telemetry.toml:3: paused`.
    pub(super) place: String,
}

/// Destinations that are not just sent to.
#[derive(Default)]
pub(in crate::config) struct States {
    pub(in crate::config) paused: BTreeSet<String>,
    pub(in crate::config) draining: BTreeSet<String>,
}

/// What the file says; a name that is none is a warning, because a destination may be taken out of
/// the file by hand.
pub(in crate::config) fn read(reader: &mut Reader<'_>, known: &[&str]) -> States {
    let mut states = States::default();
    let file = reader.layers().file;
    for entry in file.iter().flat_map(|file| &file.states) {
        for name in &entry.names {
            if !known.contains(&name.as_str()) {
                reader.warning(format!(
                    "{} names {}, and there is no such destination",
                    entry.place,
                    shortened(name)
                ));
            } else if entry.draining {
                states.draining.insert(name.clone());
            } else {
                states.paused.insert(name.clone());
            }
        }
    }
    states
}
