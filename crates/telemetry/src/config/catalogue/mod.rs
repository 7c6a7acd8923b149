//! Every setting there is: variable, key in the file, builder method, meaning, default.
//!
//! The reader looks settings up by variable, the file by key. The reference in
//! `docs/settings.md` and the flags of a program are made from this list, so they cannot drift.

mod exporter;
mod general;
mod page;
mod relay;

/// One setting of telemetry, for programs that offer settings as flags or show them.
///
/// ```
/// let endpoint = aether_telemetry::Setting::find("OTEL_EXPORTER_OTLP_ENDPOINT").unwrap();
/// assert_eq!(endpoint.key, Some("exporter.otlp.endpoint"));
/// assert!(!endpoint.secret);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Setting {
    /// Name of the environment variable, which also names the setting everywhere else.
    pub variable: &'static str,
    /// Key in the TOML file, tables separated by dots; `None` where the file cannot hold it.
    pub key: Option<&'static str>,
    /// Method of [`TelemetryBuilder`](crate::TelemetryBuilder) that sets it. Any setting can be
    /// set with [`TelemetryBuilder::setting`](crate::TelemetryBuilder::setting).
    pub method: Option<&'static str>,
    /// What it does, with its unit, as one line of text.
    pub help: &'static str,
    /// What holds where nothing is said.
    pub default: &'static str,
    /// Whether its value is never to be shown.
    pub secret: bool,
    pub(super) kind: Kind,
}

/// What a value consists of, which decides how TOML may write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One text, number or truth value.
    Scalar,
    /// Names; `a,b` in a variable, an array in TOML.
    List,
    /// Keys and values; `a=b,c=d` in a variable, a table in TOML.
    Pairs,
}

impl Setting {
    /// Every setting, in the order of the reference.
    pub fn all() -> impl Iterator<Item = &'static Setting> {
        let parts = [
            general::SWITCHES,
            general::IDENTITY,
            general::EXPORTERS,
            exporter::ALL_SIGNALS,
            exporter::TRACES,
            exporter::LOGS,
            exporter::METRICS,
            general::TRACES,
            general::LIMITS,
            general::BATCHES,
            general::OWN,
            relay::ALL,
            page::ALL,
        ];
        parts.into_iter().flatten()
    }

    /// The setting of that variable.
    #[must_use]
    pub fn find(variable: &str) -> Option<&'static Setting> {
        Self::all().find(|setting| setting.variable == variable)
    }

    /// A key that only a `[[destination]]` of the file has, and no variable means.
    pub(super) const fn of_destination(key: &'static str, kind: Kind) -> Self {
        plain(key, key, "", "").of(kind)
    }

    /// The setting of that key in the file.
    pub(crate) fn find_key(key: &str) -> Option<&'static Setting> {
        Self::all().find(|setting| setting.key == Some(key))
    }
}

const fn plain(
    variable: &'static str,
    key: &'static str,
    help: &'static str,
    default: &'static str,
) -> Setting {
    Setting {
        variable,
        key: Some(key),
        method: None,
        help,
        default,
        secret: false,
        kind: Kind::Scalar,
    }
}

impl Setting {
    const fn method(self, method: &'static str) -> Self {
        Self {
            method: Some(method),
            ..self
        }
    }

    const fn secret(self) -> Self {
        Self {
            secret: true,
            ..self
        }
    }

    const fn of(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    const fn without_key(self) -> Self {
        Self { key: None, ..self }
    }
}

/// Of `candidates`, the one that is most like `name`: what was probably meant.
pub(super) fn nearest<'c>(
    name: &str,
    candidates: impl Iterator<Item = &'c str>,
) -> Option<&'c str> {
    let name = name.to_ascii_lowercase();
    let last = |text: &str| text.rsplit('.').next().unwrap_or_default().to_owned();
    candidates.min_by_key(|candidate| {
        let candidate = candidate.to_ascii_lowercase();
        let whole = distance(&name, &candidate);
        // `endpoint` is meant to be found in `exporter.otlp.endpoint`.
        whole.min(distance(&last(&name), &last(&candidate)) + 1)
    })
}

/// How many characters have to be put in, taken out or changed (Levenshtein). Names beyond 128
/// characters count as their beginning.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(128).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().take(128).enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_keys_are_no_tables() {
        let mut variables = BTreeSet::new();
        let mut keys = BTreeSet::new();
        for setting in Setting::all() {
            assert!(variables.insert(setting.variable), "{setting:?}");
            if let Some(key) = setting.key {
                assert!(keys.insert(key), "{setting:?}");
            }
            assert!(!setting.help.contains('|') && !setting.default.contains('|'));
        }
        for key in &keys {
            let table = format!("{key}.");
            assert!(keys.iter().all(|other| !other.starts_with(&table)), "{key}");
        }
    }

    #[test]
    fn what_was_meant() {
        let keys = || Setting::all().filter_map(|setting| setting.key);
        for (written, meant) in [
            ("exporter.otlp.endpiont", "exporter.otlp.endpoint"),
            ("exporter.otlp.timeout", "exporter.otlp.timeout_ms"),
            ("endpoint", "exporter.otlp.endpoint"),
            ("service_name", "resource.service_name"),
            ("Strict", "strict"),
        ] {
            assert_eq!(nearest(written, keys()), Some(meant), "{written}");
        }
    }
}
