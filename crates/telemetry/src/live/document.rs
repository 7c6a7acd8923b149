//! The text of the file: its tables taken out and put back, comments and order kept.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, TableLike, Value};

use super::json::{Class, Place, holds_secret, show_table};
use super::{MASK, comments};
use crate::config::masked_address;

/// The key of destinations.
pub(super) const DESTINATION: &str = "destination";
/// The key of rules.
pub(super) const ROUTE: &str = "route";

/// A file of settings.
#[derive(Debug, Clone)]
pub(super) struct Document(DocumentMut);

impl Document {
    /// # Errors
    /// The parser's message without the line it shows, in which a secret may stand.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let parsed = text.parse().map(Self);
        parsed.map_err(|error: toml_edit::TomlError| error.message().to_owned())
    }

    pub(super) fn text(&self) -> String {
        self.0.to_string()
    }

    /// The text with masks for secrets.
    pub(super) fn masked(&self) -> String {
        let mut masked = self.0.clone();
        mask(masked.as_table_mut(), &Place::root(false));
        for_destinations(&mut masked, |_, table| mask(table, &Place::root(true)));
        comments::masked(&masked.to_string())
    }

    /// A text with the comments that this one has where the text has their masks.
    pub(super) fn with_comments(&self, text: &str) -> String {
        comments::unmasked(text, &self.text())
    }

    /// Everything as JSON, secrets included: to compare, never to show.
    pub(super) fn settings(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        leaves(self.0.as_table(), "", &mut found);
        found
    }

    /// The tables of an array of tables.
    pub(super) fn tables(&self, key: &str) -> Vec<Table> {
        let Some(item) = self.0.get(key).cloned() else {
            return Vec::new();
        };
        let tables = item.into_array_of_tables();
        tables.map_or_else(|_| Vec::new(), |tables| tables.into_iter().collect())
    }

    /// How many tables there are in an array of tables.
    pub(super) fn count(&self, key: &str) -> usize {
        match self.0.get(key) {
            Some(Item::ArrayOfTables(tables)) => tables.len(),
            Some(Item::Value(Value::Array(values))) => values.len(),
            _ => 0,
        }
    }

    /// Puts tables in place of all of an array of tables.
    pub(super) fn set_tables(&mut self, key: &str, tables: Vec<Table>) {
        if tables.is_empty() {
            self.0.remove(key);
            return;
        }
        let mut array = ArrayOfTables::new();
        for mut table in tables {
            // Tables are written by their place in the text they came from, which is not this one.
            displace(&mut table);
            array.push(table);
        }
        self.0.insert(key, Item::ArrayOfTables(array));
    }

    /// A list of names; where there are none, the key is not there.
    pub(super) fn set_names(&mut self, key: &str, names: &BTreeSet<String>) {
        if names.is_empty() {
            self.0.remove(key);
        } else {
            let list: toml_edit::Array = names.iter().map(String::as_str).collect();
            self.0.insert(key, Item::Value(list.into()));
        }
    }

    /// The destinations as JSON without secrets; `names` are those they are known by.
    pub(super) fn destinations(&self, names: &[Option<String>]) -> Vec<Json> {
        let tables = self.tables(DESTINATION).into_iter().enumerate();
        let tables = tables.map(|(at, table)| {
            let mut shown = show_table(&table, &Place::root(true));
            if let (Json::Object(shown), Some(Some(name))) = (&mut shown, names.get(at)) {
                shown.insert("name".to_owned(), name.as_str().into());
            }
            shown
        });
        tables.collect()
    }

    /// The rules as JSON.
    pub(super) fn routes(&self) -> Vec<Json> {
        let tables = self.tables(ROUTE);
        let place = Place::root(false);
        tables
            .iter()
            .map(|table| show_table(table, &place))
            .collect()
    }

    /// Puts what `stored` has where there are masks. Says which destinations have secrets that they
    /// had before, and which keys have a mask for which nothing is stored.
    pub(super) fn unmask(&mut self, stored: &Self) -> (BTreeSet<usize>, Vec<String>) {
        let mut carried = BTreeSet::new();
        let mut wrong = Vec::new();
        let root = Place::root(false);
        let old = Some(stored.0.as_table() as &dyn TableLike);
        let mut unmask = Unmask {
            carried: false,
            wrong: &mut wrong,
        };
        unmask.table(self.0.as_table_mut(), old, &root, "");
        let before = stored.tables(DESTINATION);
        for_destinations(&mut self.0, |at, table| {
            let name = table.get("name").and_then(Item::as_str);
            let same = |old: &&Table| old.get("name").and_then(Item::as_str) == name;
            let old = match name {
                Some(_) => before.iter().find(same),
                None => before.get(at).filter(same),
            };
            let mut unmask = Unmask {
                carried: false,
                wrong: &mut wrong,
            };
            let prefix = format!("destination {}: ", at + 1);
            let old = old.map(|old| old as &dyn TableLike);
            unmask.table(table, old, &Place::root(true), &prefix);
            if unmask.carried {
                carried.insert(at);
            }
        });
        (carried, wrong)
    }
}

fn for_destinations(document: &mut DocumentMut, mut act: impl FnMut(usize, &mut dyn TableLike)) {
    match document.get_mut(DESTINATION) {
        Some(Item::ArrayOfTables(tables)) => {
            for (at, table) in tables.iter_mut().enumerate() {
                act(at, table);
            }
        }
        Some(Item::Value(Value::Array(values))) => {
            for (at, value) in values.iter_mut().enumerate() {
                if let Some(table) = value.as_inline_table_mut() {
                    act(at, table);
                }
            }
        }
        _ => {}
    }
}

fn mask(table: &mut dyn TableLike, place: &Place) {
    for (key, item) in table.iter_mut() {
        let place = place.key(&key);
        let secret = holds_secret(item, &place);
        if let Some(inner) = item.as_table_like_mut() {
            mask(inner, &place);
        } else if let Some(value) = item.as_value_mut() {
            let shown = match (place.class, value.as_str()) {
                (Class::Secret, _) if secret => MASK.to_owned(),
                (Class::Address, Some(text)) => masked_address(text),
                _ => continue,
            };
            if value.as_str() != Some(&shown) {
                replace(value, shown.into());
            }
        }
    }
}

fn replace(value: &mut Value, mut by: Value) {
    *by.decor_mut() = value.decor().clone();
    *value = by;
}

struct Unmask<'a> {
    carried: bool,
    wrong: &'a mut Vec<String>,
}

impl Unmask<'_> {
    fn table(
        &mut self,
        table: &mut dyn TableLike,
        old: Option<&dyn TableLike>,
        place: &Place,
        path: &str,
    ) {
        for (key, item) in table.iter_mut() {
            let old = old.and_then(|old| old.get(&key));
            let (place, path) = (place.key(&key), format!("{path}{}", &*key));
            if let Some(inner) = item.as_table_like_mut() {
                let old = old.and_then(Item::as_table_like);
                self.table(inner, old, &place, &format!("{path}."));
                continue;
            }
            let (Some(value), old) = (item.as_value_mut(), old.and_then(Item::as_value)) else {
                continue;
            };
            match (place.class, value.as_str(), old) {
                (Class::Secret, Some(MASK), Some(old)) => {
                    replace(value, old.clone());
                    self.carried = true;
                }
                (Class::Secret, Some(MASK), None) => self.wrong.push(path),
                (Class::Address, Some(text), old) => {
                    match old
                        .filter(|old| old.as_str().map(masked_address).as_deref() == Some(text))
                    {
                        Some(old) => replace(value, old.clone()),
                        // Of another address nobody knows what is behind it.
                        None if text.contains(MASK) => self.wrong.push(path),
                        None => {}
                    }
                }
                _ => {}
            }
        }
    }
}

fn displace(table: &mut Table) {
    table.set_position(None);
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(inner) => displace(inner),
            Item::ArrayOfTables(tables) => tables.iter_mut().for_each(displace),
            _ => {}
        }
    }
}

fn leaves(table: &dyn TableLike, prefix: &str, found: &mut BTreeMap<String, String>) {
    for (key, item) in table.iter() {
        let path = format!("{prefix}{key}");
        match item.as_table_like() {
            Some(inner) => leaves(inner, &format!("{path}."), found),
            None => {
                let value = item.as_value().cloned();
                let plain = value.map(|value| value.decorated("", "").to_string());
                found.insert(path, plain.unwrap_or_else(|| item.to_string()));
            }
        }
    }
}
