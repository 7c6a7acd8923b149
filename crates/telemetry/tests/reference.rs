//! `docs/settings.md` lists every setting as the library has it.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use aether_telemetry::{Config, Setting};

const REFERENCE: &str = include_str!("../../../docs/settings.md");
const BUILDER: &str = include_str!("../src/telemetry/builder.rs");

/// The line of a setting in the reference.
fn row(setting: &Setting) -> String {
    let code = |text: Option<&str>| text.map_or("–".to_owned(), |text| format!("`{text}`"));
    let help = match setting.help.strip_suffix(". Secret") {
        Some(help) => format!("{help}. **Secret**"),
        None => setting.help.to_owned(),
    };
    format!(
        "| `{}` | {} | {} | {help} | {} |",
        setting.variable,
        code(setting.key),
        code(setting.method),
        setting.default
    )
}

#[test]
fn the_reference_is_complete_and_right() {
    let listed: BTreeMap<&str, &str> = REFERENCE
        .lines()
        .filter_map(|line| Some((line.strip_prefix("| `")?.split_once('`')?.0, line)))
        .collect();
    let mut wrong = Vec::new();
    for setting in Setting::all() {
        let row = row(setting);
        if listed.get(setting.variable) != Some(&row.as_str()) {
            wrong.push(row);
        }
    }
    assert!(
        wrong.is_empty(),
        "these lines are missing in docs/settings.md, or other than they are here:\n{}",
        wrong.join("\n")
    );
    for name in listed.keys() {
        let ours = name.starts_with("OTEL_") || name.starts_with("AETHER_TELEMETRY_");
        assert!(
            !ours || Setting::find(name).is_some(),
            "there is no setting {name}"
        );
    }
}

#[test]
fn secrets_are_called_so() {
    for setting in Setting::all() {
        assert_eq!(
            setting.help.ends_with(". Secret"),
            setting.secret,
            "{}",
            setting.variable
        );
    }
}

#[test]
fn methods_of_the_builder_are_there() {
    for setting in Setting::all() {
        if let Some(method) = setting.method {
            let signature = format!("pub fn {method}(");
            assert!(BUILDER.contains(&signature), "{method}");
        }
    }
}

/// The settings files that a document shows.
fn files(document: &str) -> Vec<&str> {
    let blocks = document.split("```toml\n").skip(1);
    blocks.filter_map(|rest| rest.split("```").next()).collect()
}

/// What a file comes to, with what it takes from the environment.
fn read(file: &str) -> Config {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("aether-reference-{}-{number}.toml", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, file).unwrap();
    let config = Config::from_lookup(|name| match name {
        "AETHER_TELEMETRY_CONFIG" => path.to_str().map(str::to_owned),
        "NEW_RELIC_KEY" | "ARCHIVE_AUTHORIZATION" | "HASH_KEY" => Some("hunter2".to_owned()),
        "AGENT_KEYS" => Some("pk_agent_new pk_agent_old".to_owned()),
        _ => None,
    });
    std::fs::remove_file(&path).unwrap();
    let config = config.unwrap_or_else(|error| panic!("{file}\n{error}"));
    assert_eq!(config.warnings, [""; 0], "{file}");
    config
}

#[test]
fn files_of_the_reference_can_be_used() {
    let found = files(REFERENCE).into_iter().map(read);
    let destinations: Vec<_> = found.map(|config| config.destinations.len()).collect();
    assert_eq!(destinations, [1, 3, 0]);
}

#[test]
fn files_about_routing_can_be_used() {
    let found = files(include_str!("../../../docs/routing.md"));
    let [first, tail, second] = found[..] else {
        panic!("{found:?}")
    };
    // The file of a secret is not there.
    let second = second.replace("{ file = \"/run/secrets/new-relic\" }", "\"hunter2\"");
    let config = read(&format!("{tail}\n{second}\n{first}"));
    assert_eq!((config.destinations.len(), config.routes.len()), (3, 5));
    assert_eq!(config.tail.map(|tail| tail.share), Some(0.05));
}

#[test]
fn files_of_the_relays_guide_can_be_used() {
    let found = files(include_str!("../../../docs/relay.md"));
    assert_eq!(found.len(), 3);
    for file in found {
        assert_ne!(read(file).relay, Config::default().relay, "{file}");
    }
}

#[test]
fn the_file_in_the_readme_can_be_used() {
    let found = files(include_str!("../../../README.md"));
    let [file] = found[..] else {
        panic!("{found:?}")
    };
    let config = read(file);
    assert_eq!((config.destinations.len(), config.routes.len()), (2, 2));
    assert!(config.durable.is_some());
}
