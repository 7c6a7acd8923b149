//! Files that commands are given.

use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};

use super::remote::Failure;

/// Longest file, in bytes; the server takes no longer body.
const MAX_BYTES: u64 = 1024 * 1024;

/// Reads a file, or standard input where it is `-`.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| wrong(format!("{}: {error}", path.display()));
    let mut text = String::new();
    let read: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path).map_err(failed)?)
    };
    let mut read = read.take(MAX_BYTES + 1);
    read.read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(wrong(format!(
            "{}: longer than {MAX_BYTES} bytes",
            path.display()
        )));
    }
    Ok(text)
}

/// The body that a file of settings is, by its name: JSON, or TOML.
pub(super) fn settings(path: &Path) -> Result<(&'static str, String), Failure> {
    let text = read(path)?;
    let kind = match path.extension() {
        Some(extension) if extension.eq_ignore_ascii_case("json") => "application/json",
        _ => "application/toml",
    };
    Ok((kind, text))
}

/// A file of JSON.
pub(super) fn json(path: &Path) -> Result<Value, Failure> {
    let text = read(path)?;
    serde_json::from_str(&text)
        .map_err(|error| wrong(format!("{} is not JSON: {error}", path.display())))
}

/// Sets `retry.max_ms=5000` in an object. What is no JSON is a text.
pub(super) fn put(settings: &mut Map<String, Value>, assignment: &str) -> Result<(), Failure> {
    let parts = assignment.split_once('=');
    let (key, value) = parts.filter(|(key, _)| !key.is_empty()).ok_or_else(|| {
        wrong(format!(
            "`{assignment}` is no KEY=VALUE; write for example timeout_ms=5000"
        ))
    })?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
    let mut table = settings;
    let mut keys = key.split('.').peekable();
    while let Some(key) = keys.next() {
        if keys.peek().is_none() {
            table.insert(key.to_owned(), value);
            return Ok(());
        }
        let inner = table
            .entry(key)
            .or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(inner) = inner else {
            return Err(wrong(format!("`{key}` is no table")));
        };
        table = inner;
    }
    Ok(())
}

/// Something that no server needs to be asked for.
pub(super) fn wrong(message: String) -> Failure {
    Failure {
        message,
        answered: true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn assignments() {
        let mut settings = Map::new();
        for assignment in [
            "endpoint=http://a:1/x?y=z",
            "timeout_ms=5000",
            "signals=[\"traces\"]",
            "retry.max_ms=7",
            "retry.initial_ms=1",
            "insecure=true",
        ] {
            put(&mut settings, assignment).unwrap();
        }
        let expected = json!({
            "endpoint": "http://a:1/x?y=z", "timeout_ms": 5000, "signals": ["traces"],
            "retry": {"max_ms": 7, "initial_ms": 1}, "insecure": true,
        });
        assert_eq!(Value::Object(settings.clone()), expected);
        for wrong in ["x", "=1", "timeout_ms.a=1"] {
            assert!(put(&mut settings, wrong).is_err(), "{wrong}");
        }
    }
}
