//! From a change to the text that the file would have.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};
use toml_edit::{Item, Table};

use super::document::{DESTINATION, Document, ROUTE};
use super::inner::{Inner, State, unknown, whole};
use super::json::{Merge, Place, show_table};
use super::{LiveChange, LiveError, LiveProblem, file};
use crate::DestinationState;

/// What the file would be.
#[derive(Debug)]
pub(super) struct Proposal {
    pub(super) text: String,
    pub(super) document: Document,
    /// Destinations, by their place in the file, that keep secrets which nobody gave anew.
    pub(super) carried: BTreeSet<usize>,
    /// Whether lines of the text mean something to whoever made the change.
    pub(super) lines: bool,
    /// What pointers begin with that the change does not have.
    pub(super) base: String,
}

impl Proposal {
    fn new(document: Document) -> Self {
        Self {
            text: document.text(),
            document,
            carried: BTreeSet::new(),
            lines: false,
            base: String::new(),
        }
    }

    pub(super) fn wrong_as_a_whole(&self, remedy: String) -> LiveError {
        LiveError::Invalid(vec![whole(remedy)])
    }
}

impl Inner {
    /// `disk` is what the file says, where that matters.
    pub(super) fn propose(
        &self,
        state: &State,
        change: &LiveChange,
        disk: Option<&str>,
    ) -> Result<Proposal, LiveError> {
        match change {
            LiveChange::Settings {
                destinations,
                routes,
            } => settings(state, destinations.as_deref(), routes.as_deref()),
            LiveChange::File(text) => {
                let mut document = parsed(&state.document.with_comments(text))?;
                let (carried, wrong) = document.unmask(&state.document);
                if !wrong.is_empty() {
                    return Err(LiveError::Invalid(
                        wrong.into_iter().map(nothing_behind).collect(),
                    ));
                }
                Ok(Proposal {
                    carried,
                    lines: true,
                    ..Proposal::new(document)
                })
            }
            LiveChange::Destination { name, settings } => one(state, name, settings),
            LiveChange::Delete(name) => {
                let mut document = state.document.clone();
                self.take_out(state, &mut document, name)?;
                Ok(Proposal::new(document))
            }
            LiveChange::State(name, wanted) => self.told(state, name, *wanted),
            LiveChange::Reload => Ok(Proposal {
                lines: true,
                ..Proposal::new(parsed(disk.unwrap_or(&state.text))?)
            }),
            LiveChange::Restore(0) => Ok(Proposal::new(state.document.clone())),
            LiveChange::Restore(number) => {
                let path = self.path.as_deref();
                let text = path.and_then(|path| file::earlier(path, *number));
                let text = text.ok_or_else(|| {
                    LiveError::Unknown(format!(
                        "there is no version {number}; GET config/versions lists all of them"
                    ))
                })?;
                Ok(Proposal {
                    lines: true,
                    ..Proposal::new(parsed(&text)?)
                })
            }
        }
    }

    /// Takes a destination out of a file.
    pub(super) fn take_out(
        &self,
        state: &State,
        document: &mut Document,
        name: &str,
    ) -> Result<(), LiveError> {
        let Some(at) = place(state, name) else {
            return Err(self.elsewhere(state, name));
        };
        let mut tables = document.tables(DESTINATION);
        if at < tables.len() {
            tables.remove(at);
        }
        document.set_tables(DESTINATION, tables);
        let config = &state.parsed.config;
        let without = |names: &BTreeSet<String>| {
            let mut names = names.clone();
            names.remove(name);
            names
        };
        document.set_names("paused", &without(&config.paused));
        document.set_names("draining", &without(&config.draining));
        Ok(())
    }

    fn told(
        &self,
        state: &State,
        name: &str,
        wanted: DestinationState,
    ) -> Result<Proposal, LiveError> {
        let config = &state.parsed.config;
        let known = config.destinations.iter().any(|d| d.name == name)
            || (name == "console" && !config.console.is_empty());
        if !known {
            return Err(unknown(name));
        }
        if wanted == DestinationState::Draining && place(state, name).is_none() {
            return Err(self.elsewhere(state, name));
        }
        let mut document = state.document.clone();
        let lists = [
            ("paused", &config.paused, DestinationState::Paused),
            ("draining", &config.draining, DestinationState::Draining),
        ];
        for (key, names, means) in lists {
            let mut names = names.clone();
            if wanted == means {
                names.insert(name.to_owned());
            } else {
                names.remove(name);
            }
            document.set_names(key, &names);
        }
        Ok(Proposal::new(document))
    }

    /// Why a destination cannot be taken away.
    fn elsewhere(&self, state: &State, name: &str) -> LiveError {
        let config = &state.parsed.config;
        if config.destinations.iter().any(|d| d.name == name) {
            let remedy = format!(
                "{name} does not stand in the file but in the environment, the flags or the program: take it away there"
            );
            return LiveError::Invalid(vec![whole(remedy)]);
        }
        unknown(name)
    }
}

/// Where a destination stands in the file.
pub(super) fn place(state: &State, name: &str) -> Option<usize> {
    let mut tables = state.parsed.tables.iter();
    tables.position(|known| known.as_deref() == Some(name))
}

/// A destination of the file with the name that it is known by.
type Named = (Option<String>, Table);

fn known(state: &State) -> Vec<Named> {
    let tables = state.document.tables(DESTINATION).into_iter().enumerate();
    let named = tables.map(|(at, table)| {
        let own = table.get("name").and_then(Item::as_str).map(str::to_owned);
        let name = state.parsed.tables.get(at).cloned().flatten();
        (name.or(own), table)
    });
    named.collect()
}

fn one(state: &State, name: &str, settings: &Json) -> Result<Proposal, LiveError> {
    let wrong =
        |pointer: &str, remedy: &str| LiveError::Invalid(vec![at(pointer, remedy.to_owned())]);
    let Json::Object(settings) = settings else {
        return Err(wrong(
            "",
            "expected an object with the keys of a [[destination]]",
        ));
    };
    let mut settings = settings.clone();
    match settings.get("name") {
        None => drop(settings.insert("name".to_owned(), name.into())),
        Some(Json::String(own)) if own == name => {}
        Some(_) => {
            return Err(wrong(
                "/name",
                "a destination keeps its name: add one with the new name, and drain this one",
            ));
        }
    }
    let mut tables = known(state);
    let place = tables
        .iter()
        .position(|(known, _)| known.as_deref() == Some(name));
    let is_elsewhere = state.parsed.config.destinations.iter();
    let is_elsewhere = place.is_none() && is_elsewhere.clone().any(|d| d.name == name);
    if is_elsewhere {
        return Err(wrong(
            "",
            "this destination does not stand in the file but in the environment, the flags or the program: change it there",
        ));
    }
    let mut problems = Vec::new();
    let (table, carried) = merged(place.map(|at| &tables[at]), &settings, "", &mut problems);
    if !problems.is_empty() {
        return Err(LiveError::Invalid(told(problems)));
    }
    let place = place.unwrap_or(tables.len());
    let named = (Some(name.to_owned()), table);
    if place < tables.len() {
        tables[place] = named;
    } else {
        tables.push(named);
    }
    let mut document = state.document.clone();
    let tables = tables.into_iter().map(|(_, table)| table);
    document.set_tables(DESTINATION, tables.collect());
    Ok(Proposal {
        carried: carried.then_some(place).into_iter().collect(),
        base: format!("/destinations/{place}"),
        ..Proposal::new(document)
    })
}

fn settings(
    state: &State,
    destinations: Option<&[Json]>,
    routes: Option<&[Json]>,
) -> Result<Proposal, LiveError> {
    let mut document = state.document.clone();
    let mut problems = Vec::new();
    let mut carried = BTreeSet::new();
    if let Some(destinations) = destinations {
        let before = known(state);
        let mut tables = Vec::new();
        for (place, json) in destinations.iter().enumerate() {
            let pointer = format!("/destinations/{place}");
            let Json::Object(json) = json else {
                let remedy = "expected an object with the keys of a [[destination]]";
                problems.push((pointer, remedy.to_owned()));
                continue;
            };
            let Some(name) = json.get("name").and_then(Json::as_str) else {
                let remedy = "a destination needs a name, by which it is known from now on";
                problems.push((format!("{pointer}/name"), remedy.to_owned()));
                continue;
            };
            let old = before
                .iter()
                .find(|(known, _)| known.as_deref() == Some(name));
            let (table, carries) = merged(old, json, &pointer, &mut problems);
            if carries {
                carried.insert(place);
            }
            tables.push(table);
        }
        document.set_tables(DESTINATION, tables);
        let gone = |name: &String| {
            let was = before.iter().any(|(known, _)| known.as_ref() == Some(name));
            let mut now = destinations.iter();
            was && !now.any(|json| json.get("name").and_then(Json::as_str) == Some(name))
        };
        let config = &state.parsed.config;
        for (key, names) in [("paused", &config.paused), ("draining", &config.draining)] {
            let names = names.iter().filter(|name| !gone(name)).cloned();
            document.set_names(key, &names.collect());
        }
    }
    if let Some(routes) = routes {
        let before = state.document.tables(ROUTE);
        let place = Place::root(false);
        let mut tables = Vec::new();
        for (index, json) in routes.iter().enumerate() {
            let pointer = format!("/routes/{index}");
            let Json::Object(json) = json else {
                let remedy = "expected an object with the keys of a [[route]]";
                problems.push((pointer, remedy.to_owned()));
                continue;
            };
            let name = json.get("name").and_then(Json::as_str);
            let same = |old: &&Table| old.get("name").and_then(Item::as_str) == name;
            let mut table = before.iter().find(same).cloned().unwrap_or_default();
            let mut merge = Merge {
                wrong: &mut problems,
                carried: false,
            };
            merge.table(&mut table, json, &place, &pointer);
            tables.push(table);
        }
        document.set_tables(ROUTE, tables);
    }
    if !problems.is_empty() {
        return Err(LiveError::Invalid(told(problems)));
    }
    Ok(Proposal {
        carried,
        ..Proposal::new(document)
    })
}

/// The table of a destination, and whether it keeps secrets that it had.
fn merged(
    old: Option<&Named>,
    json: &Map<String, Json>,
    pointer: &str,
    problems: &mut Vec<(String, String)>,
) -> (Table, bool) {
    let place = Place::root(true);
    let mut table = old.map_or_else(Table::new, |(_, table)| table.clone());
    if let Some((name, _)) = old {
        let mut shown = show_table(&table, &place);
        if let (Json::Object(shown), Some(name)) = (&mut shown, name) {
            shown.insert("name".to_owned(), name.as_str().into());
        }
        if shown.as_object() == Some(json) {
            return (table, true);
        }
    }
    if let (None, Some(Json::String(name))) = (old, json.get("name")) {
        // What a new one is called stands first.
        table.insert("name", toml_edit::value(name));
    }
    let mut merge = Merge {
        wrong: problems,
        carried: false,
    };
    merge.table(&mut table, json, &place, pointer);
    let carried = merge.carried;
    (table, carried)
}

pub(super) fn parsed(text: &str) -> Result<Document, LiveError> {
    Document::parse(text)
        .map_err(|error| LiveError::Invalid(vec![whole(format!("this is not TOML: {error}"))]))
}

fn nothing_behind(key: String) -> LiveProblem {
    LiveProblem {
        place: key,
        ..whole("\"****\" stands for a secret that is known already, and there is none; give the value, or { env = \"NAME\" }".to_owned())
    }
}

fn told(problems: Vec<(String, String)>) -> Vec<LiveProblem> {
    let problems = problems.into_iter();
    problems
        .map(|(pointer, remedy)| at(&pointer, remedy))
        .collect()
}

fn at(pointer: &str, remedy: String) -> LiveProblem {
    LiveProblem {
        pointer: pointer.to_owned(),
        place: pointer.trim_start_matches('/').replace('/', "."),
        ..whole(remedy)
    }
}
