//! The tests in a rule's conditions: from TOML values to [`Test`]s.

use toml::Spanned;
use toml::de::DeValue;

use super::super::route::{Literal, Subject, Test};

const COMPARISONS: &[&str] = &[
    "equals", "glob", "regex", "exists", "above", "at_least", "below", "at_most", "not", "any",
];
/// The lowest number of each severity.
/// <https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber>
const SEVERITIES: [(&str, f64); 6] = [
    ("trace", 1.0),
    ("debug", 5.0),
    ("info", 9.0),
    ("warn", 13.0),
    ("error", 17.0),
    ("fatal", 21.0),
];

/// What a value says about its subject: that it is the same, one of a list, or what a table says.
pub(super) fn test(subject: &Subject, value: &Spanned<DeValue<'_>>) -> Result<Test, String> {
    match value.get_ref() {
        DeValue::Array(items) => any(subject, items.iter()),
        DeValue::Table(table) => {
            let mut tests = Vec::new();
            for (key, value) in table {
                tests.push(comparison(subject, key.get_ref(), value)?);
            }
            match (tests.pop(), tests.is_empty()) {
                (None, _) => Err("an empty table says nothing".to_owned()),
                (Some(test), true) => Ok(test),
                (Some(last), false) => {
                    tests.push(last);
                    Ok(Test::All(tests))
                }
            }
        }
        value => literal(value).map(Test::Equals),
    }
}

fn comparison(subject: &Subject, key: &str, value: &Spanned<DeValue<'_>>) -> Result<Test, String> {
    let inner = value.get_ref();
    let number = || number(subject, inner);
    Ok(match key {
        "equals" => Test::Equals(literal(inner)?),
        "glob" => Test::Glob(text(inner)?),
        "regex" => Test::Regex(text(inner)?),
        "exists" => match inner {
            DeValue::Boolean(truth) => Test::Exists(*truth),
            _ => return Err("exists: expected true or false".to_owned()),
        },
        "above" => Test::Above(number()?),
        "at_least" => Test::AtLeast(number()?),
        "below" => Test::Below(number()?),
        "at_most" => Test::AtMost(number()?),
        "not" => Test::not(test(subject, value)?),
        "any" => match inner {
            DeValue::Array(items) => any(subject, items.iter())?,
            _ => return Err("any: expected a list".to_owned()),
        },
        _ => {
            return Err(format!(
                "there is no comparison `{key}`; there are {}. The key of an attribute that has dots stands in quotes",
                COMPARISONS.join(", ")
            ));
        }
    })
}

fn any<'a, 'v: 'a>(
    subject: &Subject,
    items: impl Iterator<Item = &'a Spanned<DeValue<'v>>>,
) -> Result<Test, String> {
    let tests: Result<Vec<_>, _> = items.map(|item| test(subject, item)).collect();
    Ok(Test::Any(tests?))
}

fn number(subject: &Subject, value: &DeValue<'_>) -> Result<f64, String> {
    match literal(value)? {
        Literal::Int(number) => Ok(number as f64),
        Literal::Float(number) => Ok(number),
        Literal::Text(name) if *subject == Subject::Severity => {
            let known = SEVERITIES.iter().find(|(known, _)| *known == name);
            known.map(|(_, number)| *number).ok_or_else(|| {
                "expected trace, debug, info, warn, error, fatal or a number".to_owned()
            })
        }
        _ => Err("expected a number".to_owned()),
    }
}

/// A plain value.
pub(super) fn literal(value: &DeValue<'_>) -> Result<Literal, String> {
    Ok(match value {
        DeValue::String(text) => Literal::Text(text.as_ref().to_owned()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map(Literal::Int)
            .map_err(|_| "the number is too large".to_owned())?,
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .map(Literal::Float)
            .map_err(|_| "expected a number".to_owned())?,
        DeValue::Boolean(truth) => Literal::Bool(*truth),
        _ => return Err("expected a text, a number or a truth value".to_owned()),
    })
}

pub(super) fn text(value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.as_ref().to_owned()),
        _ => Err("expected a text".to_owned()),
    }
}
