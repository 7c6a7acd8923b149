//! From a TOML value to the text that a variable would hold.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::catalogue::{Kind, Setting};
use super::super::layers::Lookup;
use super::super::parse;
use super::bounded;

/// Secrets are short; a larger file is another one.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// The text of `value` for `setting`, or what is wrong with it. A value may stand elsewhere:
/// `{ env = "NAME" }` is an environment variable, `{ file = "path" }` the content of a file.
pub(super) fn text(
    setting: &Setting,
    value: &DeValue<'_>,
    environment: Lookup<'_>,
) -> Result<String, String> {
    match (setting.kind, value) {
        (Kind::List, DeValue::Array(items)) => {
            if items.is_empty() {
                return Err("an empty list says nothing; leave the key out".to_owned());
            }
            let texts: Result<Vec<_>, _> = items.iter().map(|item| plain(item.get_ref())).collect();
            Ok(texts?.join(","))
        }
        (Kind::Pairs, DeValue::Table(table)) if setting.secret => {
            let mut list = String::new();
            for (key, value) in table {
                let value = one(value.get_ref(), environment)
                    .map_err(|remedy| format!("{}: {remedy}", key.get_ref()))?;
                list = parse::append_pair(&list, key.get_ref(), &value);
            }
            Ok(list)
        }
        (Kind::Pairs, DeValue::Table(table)) => {
            let mut list = String::new();
            flatten("", table, &mut list)?;
            Ok(list)
        }
        (_, value) => one(value, environment),
    }
}

/// A plain value, or one that stands elsewhere.
fn one(value: &DeValue<'_>, environment: Lookup<'_>) -> Result<String, String> {
    let DeValue::Table(table) = value else {
        return plain(value);
    };
    let mut entries = table.iter();
    let (Some((key, value)), None) = (entries.next(), entries.next()) else {
        return Err(EXPECTED.to_owned());
    };
    let DeValue::String(named) = value.get_ref() else {
        return Err(EXPECTED.to_owned());
    };
    let found = match key.get_ref().as_ref() {
        "env" => {
            // What is no name may be the secret itself, written in the wrong place.
            let is_name = named
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if !is_name {
                return Err("expected the name of an environment variable".to_owned());
            }
            environment(named)
                .ok_or_else(|| format!("the environment variable {named} is not set"))?
        }
        "file" => {
            let bytes = bounded::read(named, MAX_SECRET_BYTES)
                .map_err(|remedy| format!("{named}: {remedy}"))?;
            String::from_utf8(bytes).map_err(|_| format!("{named}: the file is not UTF-8"))?
        }
        _ => return Err(EXPECTED.to_owned()),
    };
    let found = found.trim();
    if found.is_empty() {
        return Err(format!("{named} is empty"));
    }
    Ok(found.to_owned())
}

const EXPECTED: &str = "expected a text, { env = \"NAME\" } or { file = \"path\" }";

fn plain(value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.as_ref().to_owned()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map(|number| number.to_string())
            .map_err(|_| "the number is too large".to_owned()),
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        DeValue::Boolean(truth) => Ok(truth.to_string()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
            Err("expected a text, a number or a truth value".to_owned())
        }
    }
}

/// Keys of attributes have dots, which TOML reads as tables unless they are quoted.
fn flatten(prefix: &str, table: &DeTable<'_>, list: &mut String) -> Result<(), String> {
    for (key, value) in table {
        let key = format!("{prefix}{}", key.get_ref());
        match value.get_ref() {
            DeValue::Table(inner) => flatten(&format!("{key}."), inner, list)?,
            value => {
                let value = plain(value).map_err(|remedy| format!("{key}: {remedy}"))?;
                *list = parse::append_pair(list, &key, &value);
            }
        }
    }
    Ok(())
}

/// What of a value may stand in a message.
pub(super) fn shown(setting: &Setting, value: &Spanned<DeValue<'_>>) -> String {
    match (setting.secret, setting.kind) {
        (false, Kind::Scalar | Kind::List) => plain(value.get_ref()).unwrap_or_default(),
        _ => "****".to_owned(),
    }
}
