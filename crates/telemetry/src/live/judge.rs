//! Whether a proposal may be put into force. All reasons against it are told at once.

use std::collections::BTreeSet;

use super::document::{DESTINATION, ROUTE};
use super::inner::{Inner, State, whole};
use super::propose::Proposal;
use super::{LiveError, LiveProblem};
use crate::config::{Config, MAX_DESTINATIONS, MAX_ROUTES, Parsed};
use crate::{Destination, Problem};

/// Problems that are told at a time.
const MAX_PROBLEMS: usize = 200;

impl Inner {
    /// # Errors
    /// Every reason why the proposal cannot be used; with `discard` what waits is none.
    pub(super) fn judge(
        &self,
        state: &State,
        proposal: &Proposal,
        discard: bool,
    ) -> Result<Parsed, LiveError> {
        for (key, most) in [(DESTINATION, MAX_DESTINATIONS), (ROUTE, MAX_ROUTES)] {
            let count = proposal.document.count(key);
            if count > most {
                let remedy = format!("there may be {most} of them at most, and there are {count}");
                return Err(LiveError::Invalid(vec![LiveProblem {
                    pointer: format!("/{key}s"),
                    place: key.to_owned(),
                    ..whole(remedy)
                }]));
            }
        }
        let parsed = self.read(&proposal.text).map_err(|error| {
            let problems = error.problems().iter().take(MAX_PROBLEMS);
            let pointed = problems.map(|problem| pointed(problem, proposal));
            LiveError::Invalid(pointed.collect())
        })?;
        if !parsed.config.enabled {
            let remedy = "telemetry cannot be switched off while it runs: restart the program with it, or pause the destinations";
            return Err(LiveError::Invalid(vec![LiveProblem {
                place: "enabled".to_owned(),
                ..whole(remedy.to_owned())
            }]));
        }
        let mut problems = without_effect(state, proposal, &parsed);
        problems.extend(moved(state, proposal, &parsed));
        if !problems.is_empty() {
            return Err(LiveError::Invalid(problems));
        }
        if !discard {
            self.nothing_waits(state, &parsed.config)?;
        }
        Ok(parsed)
    }

    /// Whether a destination would be gone for which something waits.
    fn nothing_waits(&self, state: &State, config: &Config) -> Result<(), LiveError> {
        let stays = |name: &str| config.destinations.iter().any(|d| d.name == name);
        let before = state.parsed.config.destinations.iter();
        let waiting = before.filter(|destination| !stays(&destination.name));
        let waiting = waiting.filter_map(|destination| {
            let level = self.movable.delivery.level(&destination.name)?;
            let items: u64 = level.items.iter().sum();
            (level.batches > 0).then(|| format!("{items} items wait for {}", destination.name))
        });
        let waiting: Vec<_> = waiting.collect();
        if waiting.is_empty() {
            return Ok(());
        }
        Err(LiveError::Waiting(format!(
            "{}, which would be gone; drain it first, or say that they are to be dropped (discard=true, on the command line --discard)",
            waiting.join(", ")
        )))
    }
}

/// Destinations of the file that are changed or new, and nothing is sent to.
fn without_effect(state: &State, proposal: &Proposal, parsed: &Parsed) -> Vec<LiveProblem> {
    let before = state.document.destinations(&[]);
    let after = proposal.document.destinations(&[]).into_iter().enumerate();
    let mute = after.filter(|(at, json)| {
        parsed.tables.get(*at).is_none_or(Option::is_none) && !before.contains(json)
    });
    let problems = mute.map(|(at, _)| LiveProblem {
        pointer: relative(&format!("/destinations/{at}"), &proposal.base),
        place: format!("destination {}", at + 1),
        ..whole("nothing would be sent there: an endpoint in the environment or the program (OTEL_EXPORTER_OTLP_ENDPOINT) replaces the destinations of the file, or OTEL_…_EXPORTER is not otlp for its signals".to_owned())
    });
    problems.collect()
}

/// Secrets that would be sent to another host than the one they were given for.
fn moved(state: &State, proposal: &Proposal, parsed: &Parsed) -> Vec<LiveProblem> {
    let mut problems = Vec::new();
    for at in &proposal.carried {
        let Some(Some(name)) = parsed.tables.get(*at) else {
            continue;
        };
        let find = |config: &Config| {
            let mut all = config.destinations.iter();
            all.find(|destination| destination.name == *name).cloned()
        };
        let (Some(old), Some(new)) = (find(&state.parsed.config), find(&parsed.config)) else {
            continue;
        };
        let before = hosts(&old);
        if hosts(&new).is_subset(&before) || !has_secrets(proposal, *at) {
            continue;
        }
        problems.push(LiveProblem {
            pointer: relative(&format!("/destinations/{at}/headers"), &proposal.base),
            place: format!("destination {}: headers", at + 1),
            value: super::MASK.to_owned(),
            ..whole("its address is at another host now, and its secrets are not sent to a host that they were not meant for: give the values anew, or null for those that are not needed".to_owned())
        });
    }
    problems
}

fn has_secrets(proposal: &Proposal, at: usize) -> bool {
    let tables = proposal.document.tables(DESTINATION);
    let place = super::json::Place::root(true);
    tables.get(at).is_some_and(|table| {
        let mut entries = table.iter();
        entries.any(|(key, item)| super::json::holds_secret(item, &place.key(key)))
    })
}

fn hosts(destination: &Destination) -> BTreeSet<String> {
    let urls = destination.endpoints.values().map(|endpoint| &endpoint.url);
    urls.map(|url| url.origin().ascii_serialization()).collect()
}

/// A problem of the file as one of the change.
fn pointed(problem: &Problem, proposal: &Proposal) -> LiveProblem {
    let place = match problem.place.split_once(": ") {
        // `telemetry.toml:3: …`
        Some((_, place)) if !proposal.lines => place,
        _ => &problem.place,
    };
    LiveProblem {
        pointer: relative(&pointer(&problem.place, proposal), &proposal.base),
        place: place.to_owned(),
        value: problem.value.clone(),
        remedy: problem.remedy.clone(),
    }
}

/// `telemetry.toml:3: destination 2: retry.max_ms` is `/destinations/1/retry/max_ms`.
fn pointer(place: &str, proposal: &Proposal) -> String {
    let Some((_, place)) = place.split_once(": ") else {
        return String::new();
    };
    let (what, key) = place.split_once(": ").unwrap_or((place, ""));
    let found = if let Some(number) = what.strip_prefix("destination ") {
        let number = number.parse::<usize>().ok();
        number.map(|number| format!("/destinations/{}", number.saturating_sub(1)))
    } else if let Some(name) = what.strip_prefix("route ") {
        let number = name.parse::<usize>().ok();
        let index = number.map(|number| number.saturating_sub(1)).or_else(|| {
            let name = name.trim_matches('"');
            let mut routes = proposal.document.tables(ROUTE).into_iter();
            routes.position(|route| route.get("name").and_then(|n| n.as_str()) == Some(name))
        });
        index.map(|index| format!("/routes/{index}"))
    } else {
        None
    };
    let Some(found) = found else {
        return String::new();
    };
    if key.is_empty() {
        return found;
    }
    format!("{found}/{}", key.replace('.', "/"))
}

fn relative(pointer: &str, base: &str) -> String {
    pointer.strip_prefix(base).unwrap_or(pointer).to_owned()
}
