//! Whatever stands in the settings: reading never panics, and what is said holds no secret.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::folder::Folder;
use crate::Config;
use crate::config::catalogue::Setting;

/// Part of every secret below, and of nothing else.
const SECRET: &str = "hunter2";

/// Values that are nearly right.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z0-9:/.,=%@\\[\\] -]{0,40}",
        select(
            &[
                "true",
                "0",
                "1",
                "0.5",
                "4096",
                "grpc",
                "http/json",
                "zstd",
                "b3,none",
                "delta",
                "otlp,console",
                "http://box:4317",
                "https://me:hunter2@box:4318/v1/traces?k=hunter2",
                "box:4317",
                "[::1]:4317",
                "https://otlp.datadoghq.com",
                "a=hunter2",
                "a b=hunter2",
                "a=hunter2\u{7f},b",
                "/dev/null",
                "/dev/zero",
            ][..]
        )
        .prop_map(str::to_owned),
    ]
}

fn variables() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let names: Vec<_> = Setting::all().map(|setting| setting.variable).collect();
    vec((select(names), value()), 0..12)
}

/// All that anybody may see of a reading.
fn shown(variables: &[(&str, String)]) -> String {
    let read = Config::from_lookup(|name| {
        let found = variables.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| value.clone())
    });
    match read {
        Ok(config) => format!("{config:?} {:?}", config.warnings),
        Err(error) => format!("{error} {error:?}"),
    }
}

proptest! {
    #[test]
    fn no_environment_makes_reading_panic(variables in variables()) {
        shown(&variables);
    }

    #[test]
    fn secrets_are_never_shown(mut variables in variables(), junk in "\\PC{0,8}", place in 0..4usize) {
        // Where a secret may stand, whatever surrounds it and whatever else is set.
        let secret = format!("{junk}{SECRET}{junk}");
        let (name, value) = match place {
            0 => ("OTEL_EXPORTER_OTLP_HEADERS", format!("key={secret}")),
            1 => ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", secret),
            2 => ("DD_API_KEY", secret),
            _ => ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("https://me:{SECRET}@otlp.datadoghq.com/?k={SECRET}")),
        };
        // The values above hold secrets where any setting may put them on show; only these count.
        variables.retain(|(_, value)| !value.contains(SECRET));
        variables.insert(0, (name, value));
        if place != 3 {
            variables.push(("OTEL_EXPORTER_OTLP_ENDPOINT", "https://otlp.datadoghq.com".to_owned()));
        }
        let shown = shown(&variables);
        prop_assert!(!shown.contains(SECRET), "{}", shown);
    }

    #[test]
    fn no_file_makes_reading_panic(text in file()) {
        let folder = Folder::new();
        let path = folder.file("telemetry.toml", &text);
        let read = Config::from_lookup(|name| (name == "AETHER_TELEMETRY_CONFIG").then(|| path.clone()));
        let shown = match read {
            Ok(config) => format!("{config:?}"),
            Err(error) => format!("{error} {error:?}"),
        };
        prop_assert!(!shown.contains(SECRET), "{}", shown);
    }
}

/// Files of known and unknown keys, with values of every shape.
fn file() -> impl Strategy<Value = String> {
    let mut keys: Vec<String> = Setting::all()
        .filter_map(|setting| setting.key.map(str::to_owned))
        .collect();
    keys.extend(["unknown", "exporter", "destination", "a.b"].map(str::to_owned));
    let value = select(
        &[
            "1",
            "-1",
            "0.5",
            "inf",
            "true",
            "''",
            "'x'",
            "[]",
            "[1, 'a']",
            "[[]]",
            "{}",
            "{ a = 1 }",
            "{ env = 'PATH_OF_TEST' }",
            "{ file = '/dev/zero' }",
            "1979-05-27T07:32:00Z",
            "99999999999999999999",
            "'http://box:4318'",
        ][..],
    );
    let line = (select(keys), value).prop_map(|(key, value)| format!("{key} = {value}\n"));
    let secret = Just(format!("exporter.otlp.headers = {{ a = '{SECRET}' }}\n"));
    let tables = prop_oneof![
        Just(String::new()),
        Just("[[destination]]\n".to_owned()),
        Just(format!(
            "[[destination]]\nendpoint = 'http://box'\nheaders.a = \"{SECRET}\\u0001\"\n"
        )),
    ];
    prop_oneof![
        any::<String>(),
        (vec(line, 0..4), secret, tables)
            .prop_map(|(lines, secret, tables)| { format!("{}{secret}{tables}", lines.concat()) }),
    ]
}
