//! From `[[route]]` tables and the builder's rules to the rules that hold: the builder's first.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::reader::Reader;
use super::route::{Action, MAX_ROUTES, Names, Route, check};
use super::{Destination, Problem};

/// Name under which rules send to the store in memory.
pub(crate) const EMBEDDED: &str = "embedded";
/// Name under which rules send to standard output.
const CONSOLE: &str = "console";

/// The key of [`Edit::Hash`](crate::Edit::Hash). Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct HashKey(Arc<[u8]>);

impl HashKey {
    /// A key of these bytes.
    #[must_use]
    pub fn new(key: impl AsRef<[u8]>) -> Self {
        Self(key.as_ref().into())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(****)")
    }
}

/// Everything that rules may send to.
pub(crate) fn names(destinations: &[Destination], embedded: bool, console: bool) -> Vec<&str> {
    let mut names: Vec<&str> = destinations.iter().map(|d| d.name.as_str()).collect();
    names.extend(embedded.then_some(EMBEDDED));
    names.extend(console.then_some(CONSOLE));
    names
}

/// The key of attributes that are hashed.
pub(super) fn hash_key(reader: &mut Reader<'_>) -> Option<HashKey> {
    let found = reader.find("AETHER_TELEMETRY_HASH_KEY")?;
    if found.text.chars().any(char::is_control) {
        let remedy = "expected a text without control characters, such as 32 random letters";
        reader.problem(&found, "****".to_owned(), remedy.to_owned());
        return None;
    }
    Some(HashKey::new(found.text))
}

/// The rules of the builder and of the file; what is wrong with one is a problem that names it.
pub(super) fn read(
    reader: &mut Reader<'_>,
    names: &[&str],
    draining: &BTreeSet<String>,
) -> Vec<Route> {
    let layers = reader.layers();
    let given = layers.given.routes.iter().map(|route| {
        let place = format!("TelemetryBuilder::route: route \"{}\"", route.name);
        (place, route.clone())
    });
    let file = layers.file.map(|file| &file.routes[..]).unwrap_or_default();
    let file = file
        .iter()
        .map(|table| (table.place.clone(), table.route.clone()));
    let mut routes = Vec::<Route>::new();
    for (place, route) in given.chain(file) {
        let mut wrong = check(&route, Names(names));
        if let Some(Action::Send(to)) = &route.action {
            let leaving = to.iter().filter(|name| draining.contains(*name));
            wrong.extend(leaving.map(|name| {
                format!("it sends to `{name}`, which takes nothing new because it is drained: send elsewhere, or resume it")
            }));
        }
        if routes.iter().any(|known| known.name == route.name) {
            wrong.push(
                "another rule has this name, by which they are counted; choose another one"
                    .to_owned(),
            );
        }
        if routes.len() == MAX_ROUTES {
            wrong.push(format!("there may be {MAX_ROUTES} rules at most"));
        }
        for remedy in wrong {
            reader.push(Problem {
                variable: String::new(),
                place: place.clone(),
                value: String::new(),
                remedy,
            });
        }
        if routes.len() < MAX_ROUTES {
            routes.push(route);
        }
    }
    routes
}
