//! Tables as JSON and back: what is shown, what stays, what is told.

use serde_json::{Value as Json, json};
use toml_edit::Table;

use super::document::{DESTINATION, Document};
use super::json::{Merge, Place, show_table};

const FILE: &str = r#"# about all
strict = true

[[destination]]
name = "a"              # first
endpoint = "https://user:hunter2@a.example/x?key=hunter2"
headers = { key = "hunter2", other = { env = "OTHER" } }
timeout_ms = 0x10

[destination.retry]
max_ms = 5_000          # long

# about the second
[[destination]]
endpoint = "http://b:4318"
headers = "key=hunter2" # before: key=hunter2
traces = { headers = { x = { file = "/run/x" }, y = "hunter2" } }

[relay]
keys = { shop = "hunter2" }
# hash_key = "hunter2"
"#;

fn shown(at: usize) -> Json {
    let document = Document::parse(FILE).unwrap();
    let tables = document.tables(DESTINATION);
    show_table(&tables[at], &Place::root(true))
}

#[test]
fn nothing_secret_is_shown() {
    let first = json!({
        "name": "a", "endpoint": "https://****@a.example/x?****",
        "headers": { "key": "****", "other": { "env": "OTHER" } },
        "timeout_ms": 16, "retry": { "max_ms": 5000 },
    });
    assert_eq!(shown(0), first);
    let second = json!({
        "endpoint": "http://b:4318", "headers": "****",
        "traces": { "headers": { "x": { "file": "/run/x" }, "y": "****" } },
    });
    assert_eq!(shown(1), second);
    let masked = Document::parse(FILE).unwrap().masked();
    assert!(!masked.contains("hunter2"), "{masked}");
    assert!(masked.contains("# about the second"), "{masked}");
}

#[test]
fn the_whole_file_with_masks_is_the_file() {
    let stored = Document::parse(FILE).unwrap();
    assert_eq!(stored.text(), FILE);
    let mut sent = Document::parse(&stored.with_comments(&stored.masked())).unwrap();
    let (carried, wrong) = sent.unmask(&stored);
    assert_eq!((carried.len(), wrong.len()), (2, 0));
    assert_eq!(sent.text(), FILE);
    let mut nothing = Document::parse(
        "hash_key = \"****\"\n[[destination]]\nendpoint = \"https://****@b\"\nheaders = { a = \"****\" }\n",
    );
    let (_, wrong) = nothing.as_mut().unwrap().unmask(&stored);
    let expected = [
        "hash_key",
        "destination 1: endpoint",
        "destination 1: headers.a",
    ];
    assert_eq!(wrong, expected);
}

/// What a table is after JSON was merged into it, and what was wrong.
fn merged(at: usize, json: Json) -> (Table, Vec<String>, bool) {
    let mut table = Document::parse(FILE).unwrap().tables(DESTINATION)[at].clone();
    let Json::Object(json) = json else {
        panic!("an object");
    };
    let mut wrong = Vec::new();
    let mut merge = Merge {
        wrong: &mut wrong,
        carried: false,
    };
    merge.table(&mut table, &json, &Place::root(true), "");
    let carried = merge.carried;
    let wrong = wrong.into_iter().map(|(pointer, _)| pointer);
    (table, wrong.collect(), carried)
}

#[test]
fn what_is_not_changed_stays_as_it_is() {
    let mut json = shown(0);
    json["timeout_ms"] = 20.into();
    json["retry"]["initial_ms"] = 7.into();
    let (table, wrong, carried) = merged(0, json);
    assert!(wrong.is_empty() && carried);
    let mut document = Document::parse(FILE).unwrap();
    let second = document.tables(DESTINATION).remove(1);
    document.set_tables(DESTINATION, vec![table, second]);
    let expected = FILE
        .replace("0x10", "20")
        .replace("# long\n", "# long\ninitial_ms = 7\n");
    assert_eq!(document.text(), expected);
}

#[test]
fn secrets_stay_until_they_are_given_or_taken_away() {
    let secret = |table: &Table| table.to_string().matches("hunter2").count();
    for (json, secrets, carried) in [
        (json!({ "endpoint": "http://a:1" }), 1, true),
        (json!({ "endpoint": "http://a:1", "headers": {} }), 1, true),
        (
            json!({ "endpoint": "http://a:1", "headers": { "key": "****" } }),
            1,
            true,
        ),
        (
            json!({ "endpoint": "http://a:1", "headers": { "key": "new" } }),
            0,
            false,
        ),
        (
            json!({ "endpoint": "http://a:1", "headers": { "key": null } }),
            0,
            false,
        ),
        (
            json!({ "endpoint": "http://a:1", "headers": { "key": { "env": "K" } } }),
            0,
            false,
        ),
        (
            json!({ "endpoint": "http://a:1", "headers": null }),
            0,
            false,
        ),
        (
            json!({ "endpoint": "https://****@a.example/x?****" }),
            3,
            true,
        ),
    ] {
        let (table, wrong, carries) = merged(0, json.clone());
        assert_eq!((secret(&table), carries), (secrets, carried), "{json}");
        assert!(wrong.is_empty(), "{json}: {wrong:?}");
    }
    let (_, wrong, _) = merged(0, json!({ "headers": { "new": "****" } }));
    assert_eq!(wrong, ["/headers/new"]);
    // Another path, and who knows the password?
    let (_, wrong, _) = merged(0, json!({ "endpoint": "https://****@a.example/y?****" }));
    assert_eq!(wrong, ["/endpoint"]);
    let (_, wrong, _) = merged(
        0,
        json!({ "signals": [null], "retry": { "max_ms": 1e300 } }),
    );
    assert_eq!(wrong, ["/signals"]);
}

#[test]
fn destinations_can_change_places() {
    let mut document = Document::parse(FILE).unwrap();
    let mut tables = document.tables(DESTINATION);
    tables.reverse();
    document.set_tables(DESTINATION, tables);
    let text = document.text();
    let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what}: {text}"));
    assert!(place("http://b:4318") < place("a.example"), "{text}");
    assert!(place("a.example") < place("max_ms"), "{text}");
    assert!(place("max_ms") < place("[relay]"), "{text}");
    assert_eq!(Document::parse(&text).unwrap().tables(DESTINATION).len(), 2);
    document.set_tables(DESTINATION, Vec::new());
    assert!(
        !document.text().contains("destination]]"),
        "{}",
        document.text()
    );
}
