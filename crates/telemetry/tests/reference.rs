//! `docs/settings.md` lists every setting as the library has it.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;

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

#[test]
fn files_of_the_reference_can_be_used() {
    let blocks = REFERENCE.split("```toml\n").skip(1);
    let blocks: Vec<_> = blocks.filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 3);
    for (number, block) in blocks.iter().enumerate() {
        let name = format!("aether-reference-{}-{number}.toml", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, block).unwrap();
        let config = Config::from_lookup(|name| match name {
            "AETHER_TELEMETRY_CONFIG" => path.to_str().map(str::to_owned),
            "NEW_RELIC_KEY" | "ARCHIVE_AUTHORIZATION" => Some("hunter2".to_owned()),
            _ => None,
        });
        std::fs::remove_file(&path).unwrap();
        let config = config.unwrap_or_else(|error| panic!("{block}\n{error}"));
        assert_eq!(config.warnings, [""; 0], "{block}");
        assert_eq!(config.destinations.len(), [1, 3, 0][number], "{block}");
    }
}

#[test]
fn files_about_routing_can_be_used() {
    let document = include_str!("../../../docs/routing.md");
    let mut blocks = document.split("```toml\n").skip(1);
    let mut block = || blocks.next().unwrap().split("```").next().unwrap();
    let first = block();
    let tail = block();
    // The file of a secret is not there.
    let second = block().replace("{ file = \"/run/secrets/new-relic\" }", "\"hunter2\"");
    let block = format!("{tail}\n{second}\n{first}");
    let name = format!("aether-routing-{}.toml", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, &block).unwrap();
    let config = Config::from_lookup(|name| match name {
        "AETHER_TELEMETRY_CONFIG" => path.to_str().map(str::to_owned),
        "NEW_RELIC_KEY" => Some("hunter2".to_owned()),
        _ => None,
    });
    std::fs::remove_file(&path).unwrap();
    let config = config.unwrap_or_else(|error| panic!("{block}\n{error}"));
    assert_eq!(config.warnings, [""; 0]);
    assert_eq!((config.destinations.len(), config.routes.len()), (3, 5));
    assert_eq!(config.tail.map(|tail| tail.share), Some(0.05));
}

#[test]
fn files_of_the_relays_guide_can_be_used() {
    const GUIDE: &str = include_str!("../../../docs/relay.md");
    let blocks = GUIDE.split("```toml\n").skip(1);
    let blocks: Vec<_> = blocks.filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 3);
    for (number, block) in blocks.iter().enumerate() {
        let name = format!("aether-relay-{}-{number}.toml", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, block).unwrap();
        let config = Config::from_lookup(|name| match name {
            "AETHER_TELEMETRY_CONFIG" => path.to_str().map(str::to_owned),
            "HASH_KEY" => Some("any".to_owned()),
            "AGENT_KEYS" => Some("pk_agent_new pk_agent_old".to_owned()),
            _ => None,
        });
        std::fs::remove_file(&path).unwrap();
        let config = config.unwrap_or_else(|error| panic!("{block}\n{error}"));
        assert_ne!(config.relay, Config::default().relay, "{block}");
    }
}
