//! Tables of the file as JSON and back, and which of their values are secrets.

use serde_json::{Map, Value as Json};
use toml_edit::{Item, TableLike, Value};

use super::MASK;
use crate::config::Setting;
use crate::config::masked_address;

/// How a value may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Plain,
    /// Not at all, unless it only says where the secret stands.
    Secret,
    /// Without what may be a secret in it.
    Address,
}

/// Where a value stands: the key with all tables it is in.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Whether the key is one of a `[[destination]]`.
    of_destination: bool,
    path: String,
    pub(super) class: Class,
}

impl Place {
    /// The outermost table, of the file or of a destination.
    pub(super) fn root(of_destination: bool) -> Self {
        Self {
            of_destination,
            path: String::new(),
            class: Class::Plain,
        }
    }

    /// A key in this table.
    pub(super) fn key(&self, key: &str) -> Self {
        let path = match self.path.as_str() {
            "" => key.to_owned(),
            above => format!("{above}.{key}"),
        };
        let setting = if self.of_destination {
            let exporter = Setting::find_key(&format!("exporter.otlp.{path}"));
            exporter.or_else(|| Setting::find_key(&path))
        } else {
            Setting::find_key(&path)
        };
        let class = match setting {
            Some(setting) if setting.secret => Class::Secret,
            Some(setting) if setting.variable.ends_with("_ENDPOINT") => Class::Address,
            _ => self.class,
        };
        Self {
            of_destination: self.of_destination,
            path,
            class,
        }
    }
}

/// What of an item may be shown.
pub(super) fn show(item: &Item, place: &Place) -> Json {
    match item {
        Item::None => Json::Null,
        Item::Value(value) => show_value(value, place),
        Item::Table(table) => show_table(table, place),
        Item::ArrayOfTables(tables) => tables
            .iter()
            .map(|table| show_table(table, place))
            .collect(),
    }
}

/// As [`show`], of a table.
pub(super) fn show_table(table: &dyn TableLike, place: &Place) -> Json {
    let plain = Place {
        class: Class::Plain,
        ..place.clone()
    };
    let reference = is_reference(table);
    let entries = table.iter().map(|(key, item)| {
        let shown = if reference {
            show(item, &plain)
        } else {
            show(item, &place.key(key))
        };
        (key.to_owned(), shown)
    });
    Json::Object(entries.collect())
}

fn show_value(value: &Value, place: &Place) -> Json {
    match value {
        Value::InlineTable(table) => show_table(table, place),
        Value::Array(array) => array.iter().map(|value| show_value(value, place)).collect(),
        _ if place.class == Class::Secret => MASK.into(),
        Value::String(text) if place.class == Class::Address => masked_address(text.value()).into(),
        Value::String(text) => text.value().as_str().into(),
        Value::Integer(number) => (*number.value()).into(),
        Value::Float(number) => (*number.value()).into(),
        Value::Boolean(truth) => (*truth.value()).into(),
        Value::Datetime(time) => time.value().to_string().into(),
    }
}

/// Whether a table says where a value stands: `{ env = "NAME" }`, `{ file = "path" }`.
fn is_reference(table: &dyn TableLike) -> bool {
    table.len() == 1 && (table.contains_key("env") || table.contains_key("file"))
}

/// Whether a secret itself stands in an item.
pub(super) fn holds_secret(item: &Item, place: &Place) -> bool {
    if let Some(table) = item.as_table_like() {
        return !is_reference(table)
            && table
                .iter()
                .any(|(key, item)| holds_secret(item, &place.key(key)));
    }
    match item.as_value() {
        Some(value) => place.class == Class::Secret && !value.is_inline_table(),
        None => false,
    }
}

/// A value for the file.
///
/// # Errors
/// A sentence about what TOML cannot hold.
pub(super) fn to_toml(json: &Json) -> Result<Value, String> {
    Ok(match json {
        Json::Null => return Err("null takes a header away; leave other keys out".to_owned()),
        Json::Bool(truth) => (*truth).into(),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.into(),
            (None, Some(real)) => real.into(),
            (None, None) => return Err("the number is too large".to_owned()),
        },
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => {
            let items: Result<toml_edit::Array, _> = items.iter().map(to_toml).collect();
            items?.into()
        }
        Json::Object(entries) => {
            let mut table = toml_edit::InlineTable::new();
            for (key, value) in entries.iter().filter(|(_, value)| !value.is_null()) {
                table.insert(key, to_toml(value)?);
            }
            table.into()
        }
    })
}

/// Changes a table to what JSON says, and only where it says something else: what stays keeps its
/// comments, its form and its secrets.
pub(super) struct Merge<'a> {
    /// What is wrong: a pointer into the JSON and a sentence.
    pub(super) wrong: &'a mut Vec<(String, String)>,
    /// Whether a secret that stands in the table stays.
    pub(super) carried: bool,
}

impl Merge<'_> {
    pub(super) fn table(
        &mut self,
        table: &mut dyn TableLike,
        json: &Map<String, Json>,
        place: &Place,
        pointer: &str,
    ) {
        let left_out = table.iter().map(|(key, _)| key.to_owned());
        let left_out: Vec<_> = left_out.filter(|key| !json.contains_key(key)).collect();
        for key in left_out {
            let place = place.key(&key);
            match table.get(&key) {
                // Secrets can only be written, so who leaves one out does not mean to delete it.
                Some(item) if place.class == Class::Secret => {
                    self.carried |= holds_secret(item, &place);
                }
                _ => drop(table.remove(&key)),
            }
        }
        for (key, value) in json {
            let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
            self.entry(table, key, value, &place.key(key), &pointer);
        }
    }

    fn entry(
        &mut self,
        table: &mut dyn TableLike,
        key: &str,
        value: &Json,
        place: &Place,
        pointer: &str,
    ) {
        if value.is_null() {
            table.remove(key);
            return;
        }
        if let Some(item) = table.get(key)
            && show(item, place) == *value
        {
            self.carried |= holds_secret(item, place);
            return;
        }
        if let Json::Object(json) = value
            && !is_json_reference(json)
        {
            let known = table.get(key).and_then(Item::as_table_like);
            if known.is_none_or(is_reference) {
                put(table, key, toml_edit::InlineTable::new().into());
            }
            if let Some(inner) = table.get_mut(key).and_then(Item::as_table_like_mut) {
                return self.table(inner, json, place, pointer);
            }
        }
        let unknown = match (place.class, value) {
            (Class::Secret, value) => has_mask(value),
            // Where it is the stored one, it was so above.
            (Class::Address, Json::String(text)) => text.contains(MASK),
            _ => false,
        };
        if unknown {
            let remedy = format!(
                "\"{MASK}\" stands for a secret that is known already, and there is none; give the value, or {{\"env\": \"NAME\"}}"
            );
            return self.wrong.push((pointer.to_owned(), remedy));
        }
        match to_toml(value) {
            Ok(value) => put(table, key, value),
            Err(remedy) => self.wrong.push((pointer.to_owned(), remedy)),
        }
    }
}

/// Sets a key; what stands around its value stays.
fn put(table: &mut dyn TableLike, key: &str, mut value: Value) {
    if let Some(old) = table.get(key).and_then(Item::as_value) {
        *value.decor_mut() = old.decor().clone();
    }
    table.insert(key, Item::Value(value));
}

fn is_json_reference(json: &Map<String, Json>) -> bool {
    json.len() == 1 && (json.contains_key("env") || json.contains_key("file"))
}

fn has_mask(json: &Json) -> bool {
    match json {
        Json::String(text) => text == MASK,
        Json::Array(items) => items.iter().any(has_mask),
        Json::Object(entries) => entries.values().any(has_mask),
        _ => false,
    }
}
