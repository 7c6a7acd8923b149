//! `[[route]]`: rules in the file and of the program.

use super::file::read;
use super::folder::Folder;
use crate::{
    Action, Change, Config, Edit, Literal, Owner, Route, Signal, Subject, Telemetry, Test,
};

const DESTINATIONS: &str = "
[[destination]]
name = \"archive\"
endpoint = \"http://archive:4318\"
[[destination]]
name = \"debug\"
endpoint = \"http://debug:4318\"
";

fn routes(text: &str) -> Vec<Route> {
    let text = format!("{text}\n{DESTINATIONS}");
    let config = read(&Folder::new(), &text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    assert_eq!(config.warnings, [""; 0]);
    config.routes
}

fn problems(text: &str) -> Vec<String> {
    let text = format!("{text}\n{DESTINATIONS}");
    let error = read(&Folder::new(), &text).unwrap_err();
    error.problems().iter().map(ToString::to_string).collect()
}

#[test]
fn everything_that_a_rule_can_say() {
    let read = routes(
        r#"
[[route]]
name = "all"
signals = ["traces"]
source = ["browser", "till"]
share = 0.25
to = ["archive", "debug"]
continue = true
set = { "deployment" = "blue", "n" = 3, "x" = 0.5, "t" = true }
delete = ["http.request.header.*", "b"]
hash = "user.email"
resource = { delete = "host.name" }

[route.when]
name = { glob = "GET *" }
kind = ["server", "consumer"]
status = { not = "error" }
duration_ms = { at_least = 100, below = 1000.5 }
scope = { name = "axum", version = { regex = "^1" }, attribute = { "a.b" = { exists = true } } }
resource = { "service.name" = "shop" }
attribute = { "http.response.status_code" = { any = [404, { above = 499 }] } }
"#,
    );
    let test = |subject, test| (subject, test);
    let mut expected = Route::new("all")
        .signals([Signal::Traces])
        .source("browser")
        .source("till")
        .share(0.25)
        .to(["archive", "debug"])
        .and_on();
    expected.conditions = vec![
        test(
            Subject::Attribute("http.response.status_code".into()),
            Test::Any(vec![Test::equals(404), Test::Above(499.0)]),
        ),
        test(
            Subject::DurationMs,
            Test::All(vec![Test::AtLeast(100.0), Test::Below(1000.5)]),
        ),
        test(
            Subject::Kind,
            Test::Any(vec![Test::equals("server"), Test::equals("consumer")]),
        ),
        test(Subject::Name, Test::glob("GET *")),
        test(
            Subject::Resource("service.name".into()),
            Test::equals("shop"),
        ),
        test(Subject::ScopeAttribute("a.b".into()), Test::Exists(true)),
        test(Subject::ScopeName, Test::equals("axum")),
        test(Subject::ScopeVersion, Test::regex("^1")),
        test(Subject::Status, Test::not(Test::equals("error"))),
    ];
    expected = expected
        .delete("http.request.header.*")
        .delete("b")
        .hash("user.email");
    expected.changes.push(Change {
        of: Owner::Resource,
        edit: Edit::Delete("host.name".into()),
    });
    expected = expected
        .set("deployment", "blue")
        .set("n", 3)
        .set("t", true)
        .set("x", 0.5);
    assert_eq!(read, [expected]);
}

#[test]
fn logs_by_the_name_of_their_severity() {
    let read =
        routes("[[route]]\nname = \"loud\"\nwhen.severity.at_least = \"warn\"\nto = \"debug\"");
    assert_eq!(
        read[0].conditions,
        [(Subject::Severity, Test::AtLeast(13.0))]
    );
    assert_eq!(read[0].action, Some(Action::Send(vec!["debug".into()])));
}

#[test]
fn a_mistake_names_the_rule_and_what_would_be_right() {
    for (rule, told) in [
        (
            "to = \"debgu\"",
            "did you mean `debug`? There are: archive, debug",
        ),
        ("to = []", "drop = true"),
        ("", "it does nothing"),
        ("drop = true\nto = \"debug\"", "not both"),
        ("drop = true\nhash = \"a\"", "either `drop` or the changes"),
        ("drop = true\ncontinue = true", "one that drops cannot"),
        ("drop = 1", "expected true"),
        ("drop = true\nshare = 1.5", "from 0 to 1"),
        (
            "drop = true\nshare = 0.5",
            "signals = [\"traces\", \"logs\"]",
        ),
        (
            "drop = true\nsignals = \"spans\"",
            "traces, logs and metrics",
        ),
        (
            "drop = true\nsignals = \"logs\"\nwhen.status = \"error\"",
            "of traces",
        ),
        ("drop = true\nwhen.status = \"failed\"", "unset, ok, error"),
        ("drop = true\nwhen.kind = 2", "producer"),
        ("drop = true\nwhen.name = 2", "in quotes"),
        (
            "drop = true\nwhen.name.above = 2",
            "compared with the number 2",
        ),
        ("drop = true\nwhen.duration_ms = \"long\"", "write a number"),
        ("drop = true\nwhen.name.regex = \"(\"", "unclosed group"),
        ("drop = true\nwhen.name = []", "empty list"),
        ("drop = true\nwhen.name = {}", "empty table"),
        (
            "drop = true\nwhen.resource.service.name = \"x\"",
            "stands in quotes",
        ),
        (
            "drop = true\nwhen.statuz = \"error\"",
            "there is no key `statuz`",
        ),
        (
            "drop = true\nwehn.status = \"error\"",
            "there is no key `wehn`",
        ),
        ("drop = true\nwhen = \"error\"", "expected a table"),
        ("set = { \"a*\" = 1 }", "not set"),
        ("set = { a = [1] }", "a text, a number or a truth value"),
        ("resource = { drop = [\"a\"] }", "set, delete, hash"),
    ] {
        let text = format!("[[route]]\nname = \"mine\"\n{rule}");
        let found = problems(&text);
        assert_eq!(found.len(), 1, "{rule}: {found:?}");
        assert!(found[0].contains(told), "{rule}: {}", found[0]);
        assert!(found[0].contains(": route \"mine\""), "{}", found[0]);
        assert!(found[0].starts_with("telemetry.toml:"), "{}", found[0]);
    }
    let twice = "[[route]]\nname = \"a\"\ndrop = true\n[[route]]\nname = \"a\"\ndrop = true";
    assert!(problems(twice)[0].contains("another rule has this name"));
    assert!(problems("[[route]]\ndrop = true")[0].contains("route 1"));
    assert!(problems("route = 1")[0].contains("[[route]]"));
}

#[test]
fn rules_of_the_program_come_first_and_are_checked_alike() {
    let folder = Folder::new();
    let file = format!("[[route]]\nname = \"file\"\ndrop = true\n{DESTINATIONS}");
    let path = folder.file("telemetry.toml", &file);
    let builder = || {
        Telemetry::builder()
            .environment(|_| None)
            .config_file(&path)
    };
    let config = builder().route(Route::new("program").to(["debug"])).read();
    let names: Vec<_> = config.unwrap().routes.into_iter().map(|r| r.name).collect();
    assert_eq!(names, ["program", "file"]);
    let error = builder().route(Route::new("program").to(["x"])).read();
    let error = error.unwrap_err().to_string();
    assert!(
        error
            .starts_with("TelemetryBuilder::route: route \"program\": there is no destination `x`"),
        "{error}"
    );
}

#[test]
fn the_store_and_the_console_are_destinations() {
    let config = Config::from_lookup(|name| match name {
        "OTEL_TRACES_EXPORTER" => Some("console".to_owned()),
        "AETHER_TELEMETRY_STORE" => Some("always".to_owned()),
        "AETHER_TELEMETRY_HASH_KEY" => Some("hunter2".to_owned()),
        _ => None,
    });
    let config = config.unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    let given = Telemetry::builder()
        .environment(|name| match name {
            "OTEL_TRACES_EXPORTER" => Some("console".to_owned()),
            "AETHER_TELEMETRY_STORE" => Some("always".to_owned()),
            _ => None,
        })
        .route(Route::new("both").to(["embedded", "console"]));
    assert_eq!(given.read().unwrap().routes.len(), 1);
    let value: Literal = "text".into();
    assert_eq!(value, Literal::Text("text".into()));
}
