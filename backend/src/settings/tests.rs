//! Settings as a person gives them. The environment of the test run is left alone: what depends on it is not asked.

use clap::CommandFactory;

use super::*;

fn parse(flags: &[&str]) -> Result<Settings, String> {
    let all = ["aetherterm"].iter().chain(flags);
    match Cli::try_parse_from(all).map(Cli::into_task) {
        Ok(Task::Serve(settings)) => Ok(*settings),
        Ok(task) => Err(format!("{task:?}")),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn a_check_takes_telemetry_settings_and_nothing_else() {
    let check = |flags: &[&str]| {
        let all = ["aetherterm", "telemetry", "check"].iter().chain(flags);
        Cli::try_parse_from(all).map(Cli::into_task)
    };
    match check(&["--json", "--otel-service-name", "shop"]) {
        Ok(Task::Check(check)) => {
            assert!(check.json);
            assert_eq!(check.otel.get("OTEL_SERVICE_NAME"), Some("shop"));
        }
        other => panic!("{other:?}"),
    }
    assert!(check(&["--aetherterm-listen", "127.0.0.1:0"]).is_err());
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn serve_may_be_left_out() {
    for flags in [
        &["--aetherterm-listen", "[::1]:0"][..],
        &["serve", "--aetherterm-listen", "[::1]:0"],
        &["--listen", "[::1]:0"],
    ] {
        assert_eq!(
            parse(flags).unwrap().listen.to_string(),
            "[::1]:0",
            "{flags:?}"
        );
    }
}

#[test]
fn defaults_are_what_help_says() {
    let (parsed, written) = (parse(&[]).unwrap(), Settings::defaults());
    assert_eq!(parsed.max_terminals, written.max_terminals);
    assert_eq!(parsed.max_connections, written.max_connections);
    assert_eq!(parsed.max_sockets, written.max_sockets);
    assert_eq!(parsed.bounds().of_one_address, 384);
    assert_eq!(parsed.scrollback_bytes, written.scrollback_bytes);
    assert_eq!(parsed.orphan_timeout, written.orphan_timeout);
    assert_eq!(parsed.header_timeout, written.header_timeout);
    let limits = written.limits();
    assert_eq!(
        (
            limits.terminals,
            limits.scrollback,
            limits.orphan_timeout.as_secs()
        ),
        (32, 256 * 1024, 600)
    );
    assert_eq!(written.listen.to_string(), "127.0.0.1:57575");
}

#[test]
fn a_token_that_cannot_be_used_is_not_repeated() {
    for token in ["hunter2", "hunter2 with a space in it"] {
        let error = parse(&["--aetherterm-token", token]).unwrap_err();
        assert!(error.contains("AETHERTERM_TOKEN"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn bad_values_name_the_setting_and_what_is_allowed() {
    let cases: [(&[&str], &[&str]); 6] = [
        (
            &["--aetherterm-listen", "here"],
            &["--aetherterm-listen", "'here'"],
        ),
        (
            &["--aetherterm-token", "short"],
            &["--aetherterm-token", "at least 16 characters"],
        ),
        (
            &["--aetherterm-max-terminals", "0"],
            &["--aetherterm-max-terminals", "1..=1024"],
        ),
        (
            &["--aetherterm-scrollback-bytes", "12"],
            &["--aetherterm-scrollback-bytes", "4096..=16777216"],
        ),
        (
            &["--aetherterm-orphan-timeout", "soon"],
            &["--aetherterm-orphan-timeout", "soon"],
        ),
        (
            &["--aetherterm-public-origins", "https://a,nonsense"],
            &["nonsense", "https://term.example.org"],
        ),
    ];
    for (flags, expected) in cases {
        let error = parse(flags).expect_err("should be refused");
        for part in expected {
            assert!(error.contains(part), "{error:?} should contain {part:?}");
        }
    }
}

#[test]
fn lists_of_origins() {
    let settings = parse(&[
        "--public-origins",
        "https://a.example, http://b.example:8080",
    ])
    .unwrap();
    let expected =
        ["https://a.example", "http://b.example:8080"].map(|text| Origin::parse(text).unwrap());
    assert_eq!(settings.public_origins, expected);
}

#[test]
fn telemetry_flags_have_the_names_of_their_variables() {
    let settings = parse(&[
        "serve",
        "--otel-exporter-otlp-endpoint",
        "http://localhost:4318",
        "--otel-enabled",
        "true",
    ])
    .unwrap();
    assert_eq!(
        settings.otel.get("OTEL_EXPORTER_OTLP_ENDPOINT"),
        Some("http://localhost:4318")
    );
    assert_eq!(settings.otel.get("OTEL_ENABLED"), Some("true"));
    assert_eq!(settings.otel.get("OTEL_UNHEARD_OF"), None);
}

#[test]
fn secrets_are_not_shown() {
    let settings = parse(&[
        "--aetherterm-token",
        "0123456789abcdef-SECRET",
        "--otel-exporter-otlp-headers",
        "authorization=SECRET",
    ])
    .unwrap();
    assert!(!format!("{settings:?}").contains("SECRET"));
    let help = Cli::command().render_long_help().to_string();
    for name in [
        "AETHERTERM_TOKEN",
        "OTEL_EXPORTER_OTLP_HEADERS",
        "DD_API_KEY",
    ] {
        assert!(
            help.contains(&format!("[env: {name}]")),
            "{name} is in the help, without its value"
        );
    }
}

#[test]
fn help_and_manual_know_every_setting() {
    let manual = include_str!("../../../docs/settings.md");
    let help = Cli::command().render_long_help().to_string();
    for argument in Cli::command().get_arguments() {
        let Some(variable) = argument.get_env().and_then(|name| name.to_str()) else {
            continue;
        };
        assert!(
            help.contains(&format!("[env: {variable}")),
            "{variable} is missing in --help"
        );
        assert!(
            manual.contains(&format!("`{variable}`")),
            "{variable} is missing in docs/settings.md"
        );
        let flag = format!("--{}", variable.to_ascii_lowercase().replace('_', "-"));
        assert_eq!(
            argument.get_long().map(|long| format!("--{long}")),
            Some(flag)
        );
    }
}

#[test]
fn every_setting_of_telemetry_is_a_flag() {
    let command = Cli::command();
    for setting in aether_telemetry::Setting::all() {
        let argument = command
            .get_arguments()
            .find(|argument| argument.get_env() == Some(setting.variable.as_ref()));
        let argument = argument.unwrap_or_else(|| panic!("{} is no flag", setting.variable));
        assert_eq!(argument.is_hide_env_values_set(), setting.secret);
    }
}

#[test]
fn telemetry_with_a_wrong_setting_is_off_unless_it_is_strict() {
    let wrong = ["--otel-sample-rate", "2"];
    let telemetry = parse(&wrong).unwrap().start_telemetry().unwrap();
    assert!(!telemetry.is_enabled());
    assert_eq!(telemetry.status().problems[0].variable, "OTEL_SAMPLE_RATE");
    let strict = [&wrong[..], &["--aether-telemetry-strict", "true"]].concat();
    let error = parse(&strict).unwrap().start_telemetry().unwrap_err();
    assert!(error.to_string().contains("OTEL_SAMPLE_RATE=2"), "{error}");
}

#[test]
fn telemetry_waits_in_the_data_folder() {
    let dir = std::env::temp_dir().join(format!("aetherterm-settings-{}", std::process::id()));
    let given = ["--data-dir", dir.to_str().unwrap()];
    let telemetry = parse(&given).unwrap().start_telemetry().unwrap();
    let storage = telemetry.status().storage.expect("queues are on disk");
    assert_eq!(storage.folder, dir.join("telemetry"));
    // A thread of its own makes the folder; this test takes it away.
    while !dir.join("telemetry/lock").exists() {
        std::thread::yield_now();
    }
    let memory = [&given[..], &["--aether-telemetry-queue", "memory"]].concat();
    let telemetry = parse(&memory).unwrap().start_telemetry().unwrap();
    assert_eq!(telemetry.status().storage, None);
    std::fs::remove_dir_all(&dir).unwrap();
}
