//! Walks through the tables of a file and gives each key its place.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::Problem;
use super::super::catalogue::{Setting, nearest};
use super::super::layers::{Found, Lookup};
use super::super::reader::shortened;
use super::routes::texts;
use super::states::{NamesEntry, STATES};
use super::{DestinationTable, Entry, File, RouteTable, bounded, routes, value};

/// Settings are short; a larger file is another one.
const MAX_BYTES: u64 = 1024 * 1024;
/// More backends than this are a mistake: each has a queue, and everything is sent to all.
pub(crate) const MAX_DESTINATIONS: usize = 16;

/// Reads the file that the setting names. What is wrong is in the result's problems.
pub(in crate::config) fn load(path: &Found, environment: Lookup<'_>) -> File {
    let name = std::path::Path::new(&path.text).file_name();
    let mut file = File {
        name: name.unwrap_or_default().to_string_lossy().into_owned(),
        ..File::default()
    };
    let text = bounded::read(&path.text, MAX_BYTES)
        .and_then(|bytes| String::from_utf8(bytes).map_err(|_| "the file is not UTF-8".to_owned()));
    match text {
        Ok(text) => parse(&file.name, &text, environment),
        Err(remedy) => {
            file.problems.push(Problem {
                variable: path.variable.clone(),
                place: format!("{}={}", path.place, shortened(&path.text)),
                value: String::new(),
                remedy,
            });
            file
        }
    }
}

/// Reads the text of a file of this name.
pub(in crate::config) fn parse(name: &str, text: &str, environment: Lookup<'_>) -> File {
    let mut file = File {
        name: name.to_owned(),
        ..File::default()
    };
    match DeTable::parse(text) {
        Ok(table) => {
            let mut walk = Walk {
                file: &mut file,
                text,
                environment,
                destination: None,
            };
            walk.table("", table.get_ref());
        }
        // Only the parser's message: what it points at may be a secret.
        Err(error) => {
            let line = error.span().map_or(1, |span| line(text, span.start));
            file.problems.push(Problem {
                variable: "AETHER_TELEMETRY_CONFIG".to_owned(),
                place: format!("{}:{line}", file.name),
                value: String::new(),
                remedy: format!("the file is not TOML: {}", error.message()),
            });
        }
    }
    file
}

struct Walk<'a> {
    file: &'a mut File,
    text: &'a str,
    environment: Lookup<'a>,
    /// The `[[destination]]` that is walked through, and the name it has in messages.
    destination: Option<(DestinationTable, String)>,
}

impl Walk<'_> {
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let path = format!("{prefix}{}", key.get_ref());
            let start = key.span().start;
            if let Some(setting) = self.setting(&path) {
                self.entry(&setting, &path, start, value);
            } else if let DeValue::Table(inner) = value.get_ref()
                && self.is_table(&path)
            {
                self.table(&format!("{path}."), inner);
            } else if path == "destination" && self.destination.is_none() {
                self.destinations(start, value);
            } else if path == "route" && self.destination.is_none() {
                self.routes(start, value);
            } else if STATES.contains(&&*path) && self.destination.is_none() {
                self.states(&path, start, value);
            } else {
                self.unknown(&path, start, value);
            }
        }
    }

    fn destinations(&mut self, start: usize, value: &Spanned<DeValue<'_>>) {
        let place = self.place("destination", start);
        let DeValue::Array(tables) = value.get_ref() else {
            return self.problem("", place, "write each one as [[destination]]".to_owned());
        };
        if tables.len() > MAX_DESTINATIONS {
            let remedy = format!("there may be {MAX_DESTINATIONS} destinations at most");
            return self.problem("", place, remedy);
        }
        for (index, table) in tables.iter().enumerate() {
            let name = format!("destination {}", index + 1);
            let place = self.place(&name, table.span().start);
            let DeValue::Table(inner) = table.get_ref() else {
                self.problem("", place, "write each one as [[destination]]".to_owned());
                continue;
            };
            let empty = DestinationTable {
                place,
                ..DestinationTable::default()
            };
            self.destination = Some((empty, name));
            self.table("", inner);
            if let Some((filled, _)) = self.destination.take() {
                self.file.destinations.push(filled);
            }
        }
    }

    /// Names of destinations that are paused or emptied.
    fn states(&mut self, path: &str, start: usize, value: &Spanned<DeValue<'_>>) {
        let place = self.place(path, start);
        match texts(value.get_ref()) {
            Ok(names) => self.file.states.push(NamesEntry {
                draining: path == STATES[1],
                names,
                place,
            }),
            Err(remedy) => self.problem("", place, remedy),
        }
    }

    fn routes(&mut self, start: usize, value: &Spanned<DeValue<'_>>) {
        let DeValue::Array(tables) = value.get_ref() else {
            let place = self.place("route", start);
            return self.problem("", place, "write each one as [[route]]".to_owned());
        };
        for (index, table) in tables.iter().enumerate() {
            let start = table.span().start;
            let DeValue::Table(inner) = table.get_ref() else {
                let place = self.place("route", start);
                self.problem("", place, "write each one as [[route]]".to_owned());
                continue;
            };
            let mut wrong = Vec::new();
            let route = routes::read(inner, &mut wrong);
            let name = match route.name.as_str() {
                "" => format!("route {}", index + 1),
                name => format!("route \"{}\"", shortened(name)),
            };
            let place = self.place(&name, start);
            let whole = wrong.is_empty();
            for (at, remedy) in wrong {
                let place = self.place(&name, at);
                self.problem("", place, remedy);
            }
            // What was read of it only would be judged without what is missing.
            if whole {
                self.file.routes.push(RouteTable { route, place });
            }
        }
    }

    /// The setting that a key means here.
    fn setting(&self, path: &str) -> Option<Setting> {
        if self.destination.is_none() {
            return Setting::find_key(path).copied();
        }
        DestinationTable::setting(path)
    }

    /// Whether there are settings below a key.
    fn is_table(&self, path: &str) -> bool {
        let start = format!("{path}.");
        self.keys().iter().any(|key| key.starts_with(&start))
    }

    fn keys(&self) -> Vec<&'static str> {
        if self.destination.is_some() {
            DestinationTable::keys().collect()
        } else {
            let keys = Setting::all().filter_map(|setting| setting.key);
            keys.chain(["destination", "route"]).chain(STATES).collect()
        }
    }

    fn entry(&mut self, setting: &Setting, path: &str, start: usize, value: &Spanned<DeValue<'_>>) {
        let place = self.place(path, start);
        match value::text(setting, value.get_ref(), self.environment) {
            Ok(text) => {
                let entries = match &mut self.destination {
                    Some((destination, _)) => &mut destination.entries,
                    None => &mut self.file.entries,
                };
                entries.insert(setting.variable, Entry { text, place });
            }
            Err(remedy) => self.file.problems.push(Problem {
                variable: setting.variable.to_owned(),
                place,
                value: shortened(&value::shown(setting, value)),
                remedy,
            }),
        }
    }

    fn unknown(&mut self, path: &str, start: usize, value: &Spanned<DeValue<'_>>) {
        let place = self.place(&shortened(path), start);
        let keys = self.keys();
        let nearest = nearest(path, keys.iter().copied()).unwrap_or_default();
        let remedy = if keys.iter().any(|key| key.starts_with(&format!("{path}."))) {
            let kind = value.get_ref().type_str();
            format!("expected a table, not a {kind}; one of its keys is `{nearest}`")
        } else {
            format!("there is no such key; did you mean `{nearest}`?")
        };
        self.problem("", place, remedy);
    }

    fn problem(&mut self, variable: &str, place: String, remedy: String) {
        self.file.problems.push(Problem {
            variable: variable.to_owned(),
            place,
            value: String::new(),
            remedy,
        });
    }

    fn place(&self, path: &str, start: usize) -> String {
        let (name, line) = (&self.file.name, line(self.text, start));
        match &self.destination {
            Some((_, destination)) => format!("{name}:{line}: {destination}: {path}"),
            None => format!("{name}:{line}: {path}"),
        }
    }
}

/// The number of the line that holds the byte at `position`.
fn line(text: &str, position: usize) -> usize {
    let before = text.as_bytes().iter().take(position);
    before.filter(|byte| **byte == b'\n').count() + 1
}
