//! What the API answers, and that a change that cannot be made changes nothing.

use super::sink::Mood;
use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_told_at_once_and_changes_nothing() {
    let folder = Folder::new("wrong");
    let sink = Sink::start(Mood::Well).await;
    let telemetry = start(&folder, &table("a", &sink));
    let (text, before) = (folder.read("telemetry.toml"), get(&telemetry).await);
    let wrong = json!({
        "destinations": [
            { "name": "a", "endpoint": "nonsense", "timeout_ms": "soon" },
            { "name": "b", "endpoint": "http://localhost:4318", "retries": 3, "headers": { "x": "****" } },
            { "endpoint": "http://localhost:4318" },
        ],
        "routes": [{ "name": "r", "to": ["nobody"] }, { "name": "s", "share": 7, "drop": true }],
    });
    for (method, path) in [(Method::PUT, "/config"), (Method::POST, "/config/check")] {
        let answer = ask(&telemetry, method, path, "*", Some(wrong.clone())).await;
        assert_eq!(
            answer.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{}",
            answer.text
        );
        let problems = answer.body["problems"].as_array().unwrap();
        let pointers: BTreeSet<_> = problems
            .iter()
            .map(|problem| problem["pointer"].as_str().unwrap())
            .collect();
        // What the JSON says wrongly comes before what the settings would come to.
        assert_eq!(
            pointers,
            BTreeSet::from(["/destinations/1/headers/x", "/destinations/2/name"]),
            "{}",
            answer.text
        );
    }
    let mut wrong = wrong;
    wrong["destinations"][1]["headers"] = json!({});
    wrong["destinations"].as_array_mut().unwrap().pop();
    let answer = put(&telemetry, "/config", wrong).await;
    assert_eq!(
        answer.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        answer.text
    );
    let problems = answer.body["problems"].as_array().unwrap();
    for pointer in [
        "/destinations/0/endpoint",
        "/destinations/0/timeout_ms",
        "/destinations/1/retries",
        "/routes/0",
        "/routes/1",
    ] {
        let told = problems
            .iter()
            .find(|problem| problem["pointer"] == pointer);
        let told = told.unwrap_or_else(|| panic!("{pointer}: {}", answer.text));
        assert!(!told["remedy"].as_str().unwrap().is_empty());
        assert!(!told["place"].as_str().unwrap().contains("telemetry.toml"));
    }
    assert_eq!(folder.read("telemetry.toml"), text);
    let after = get(&telemetry).await;
    assert_eq!((after.etag, after.body), (before.etag, before.body));
    assert!(!folder.path().join("telemetry.toml.1").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_writers_one_is_told() {
    let folder = Folder::new("writers");
    let sink = Sink::start(Mood::Well).await;
    let telemetry = start(&folder, &table("a", &sink));
    let (one, other) = (get(&telemetry).await.etag, get(&telemetry).await.etag);
    let rules = |name: &str| Some(json!({ "routes": [{ "name": name, "to": ["a"] }] }));
    let done = ask(&telemetry, Method::PUT, "/routes", &one, rules("mine")).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    assert_ne!(done.etag, one);
    assert_eq!(done.etag, done.body["file"]["etag"].as_str().unwrap());
    let late = ask(&telemetry, Method::PUT, "/routes", &other, rules("theirs")).await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);
    assert!(late.detail().contains("somebody changed"), "{}", late.text);
    let none = ask(&telemetry, Method::PUT, "/routes", "", rules("theirs")).await;
    assert_eq!(none.status, StatusCode::PRECONDITION_REQUIRED);
    assert!(folder.read("telemetry.toml").contains("mine"));
    // Both at once: exactly one is.
    let race = tokio::join!(
        ask(&telemetry, Method::PUT, "/routes", &done.etag, rules("x")),
        ask(&telemetry, Method::PUT, "/routes", &done.etag, rules("y")),
    );
    let statuses = BTreeSet::from([race.0.status, race.1.status]);
    let expected = BTreeSet::from([StatusCode::OK, StatusCode::PRECONDITION_FAILED]);
    assert_eq!(statuses, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_changed_by_hand_is_not_overwritten() {
    let folder = Folder::new("by-hand");
    let sink = Sink::start(Mood::Well).await;
    let telemetry = start(&folder, &table("a", &sink));
    let by_hand = folder.read("telemetry.toml") + &table("b", &sink);
    std::fs::write(file(&folder), &by_hand).unwrap();
    let shown = get(&telemetry).await;
    assert_eq!(shown.body["file"]["changed_by_hand"], true);
    assert_eq!(shown.destinations(), ["a"]);
    let refused = put(&telemetry, "/destinations/c", destination("c", &sink)).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text);
    assert!(
        refused.detail().contains("changed by hand"),
        "{}",
        refused.text
    );
    assert_eq!(folder.read("telemetry.toml"), by_hand);
    let adopted = post(&telemetry, "/config/reload").await;
    assert_eq!(adopted.status, StatusCode::OK, "{}", adopted.text);
    assert_eq!(adopted.destinations(), ["a", "b"]);
    assert_eq!(adopted.body["file"]["changed_by_hand"], false);
    assert_eq!(folder.read("telemetry.toml"), by_hand);
    assert!(!folder.read("telemetry.toml.1").contains("\"b\""));

    std::fs::write(file(&folder), "nonsense").unwrap();
    let broken = post(&telemetry, "/config/reload").await;
    assert_eq!(
        broken.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        broken.text
    );
    let back = ask(
        &telemetry,
        Method::POST,
        "/config/versions/0/restore",
        "*",
        None,
    )
    .await;
    assert_eq!(back.status, StatusCode::OK, "{}", back.text);
    assert_eq!(folder.read("telemetry.toml"), by_hand);
    assert_eq!(folder.read("telemetry.toml.1"), "nonsense");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_only_checked_says_how_the_file_is() {
    let folder = Folder::new("checked");
    let sink = Sink::start(Mood::Well).await;
    let telemetry = start(&folder, &table("a", &sink));
    let before = get(&telemetry).await;
    let more = folder.read("telemetry.toml") + &table("b", &sink);
    let check = async || {
        let request = Request::post("/config/check").header("content-type", "application/toml");
        answer(&telemetry, request.body(Body::from(more.clone())).unwrap()).await
    };
    let checked = check().await;
    assert_eq!(checked.destinations(), ["a", "b"], "{}", checked.text);
    assert_eq!(checked.body["file"], before.body["file"]);
    assert_eq!(checked.body["file"]["changed_by_hand"], false);

    std::fs::write(file(&folder), "# another\n").unwrap();
    let checked = check().await;
    assert_eq!(checked.status, StatusCode::OK, "{}", checked.text);
    assert_eq!(checked.body["file"]["changed_by_hand"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn earlier_versions_are_kept_and_restored() {
    let folder = Folder::new("versions");
    let sink = Sink::start(Mood::Well).await;
    let telemetry = start(&folder, &table("a", &sink));
    let first = folder.read("telemetry.toml");
    for number in 0..7 {
        let name = format!("extra {number}");
        let path = format!("/destinations/extra%20{number}");
        let answer = put(&telemetry, &path, destination(&name, &sink)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        if number == 0 {
            assert_eq!(folder.read("telemetry.toml.1"), first);
        }
    }
    let versions = ask(&telemetry, Method::GET, "/config/versions", "", None).await;
    let versions = versions.body["versions"].as_array().unwrap().clone();
    let numbers: Vec<_> = versions
        .iter()
        .map(|v| v["number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    assert_eq!(versions[0]["destinations"].as_array().unwrap().len(), 7);
    let newest = folder.read("telemetry.toml");
    assert!(
        newest.contains("[[destination]]\nname = \"extra 6\"\n"),
        "{newest}"
    );
    let path = "/config/versions/5/restore";
    let restored = ask(&telemetry, Method::POST, path, "*", None).await;
    assert_eq!(restored.status, StatusCode::OK, "{}", restored.text);
    assert_eq!(restored.destinations(), ["a", "extra 0", "extra 1"]);
    assert_eq!(folder.read("telemetry.toml.1"), newest);
    #[cfg(unix)]
    for name in ["telemetry.toml", "telemetry.toml.1"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.path().join(name)).unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600, "{name}");
    }
    let none = ask(
        &telemetry,
        Method::POST,
        "/config/versions/9/restore",
        "*",
        None,
    )
    .await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proposed_rules_are_tried_on_samples() {
    let folder = Folder::new("dry-run");
    let sink = Sink::start(Mood::Well).await;
    let telemetry = start(&folder, &table("a", &sink));
    opened(&telemetry).await;
    let sample = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [
        { "traceId": "01".repeat(16), "spanId": "02".repeat(8), "name": "GET /health" },
        { "traceId": "03".repeat(16), "spanId": "04".repeat(8), "name": "GET /" },
    ] }] }] });
    let rules = json!([{ "name": "health", "when": { "name": "GET /health" }, "drop": true }]);
    let ask = async |body: Value| {
        let path = "/routes/dry-run";
        super::ask(&telemetry, Method::POST, path, "", Some(body)).await
    };
    let now = ask(json!({ "samples": [sample] })).await;
    let items = &now.body["runs"][0]["items"];
    assert_eq!(items[0]["to"], json!(["a"]), "{}", now.text);
    let then = ask(json!({ "samples": [sample], "routes": rules })).await;
    let run = &then.body["runs"][0];
    assert_eq!(run["items"][0]["dropped_by"], "health", "{}", then.text);
    assert_eq!(run["items"][1]["to"], json!(["a"]));
    assert_eq!(run["dropped"], json!({ "health": 1 }));
    let bad = ask(json!({ "samples": [{ "spans": [] }] })).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(bad.body["problems"][0]["pointer"], "/samples/0");
    for bad in [
        json!({ "samples": [sample], "routes": [{ "name": "x" }] }),
        // No sample was seen so far.
        json!({ "routes": [{ "name": "x" }] }),
    ] {
        let bad = ask(bad).await;
        assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", bad.text);
        let problem = &bad.body["problems"][0];
        assert_eq!(problem["pointer"], "/routes/0", "{}", bad.text);
    }
    let accepted = send(&telemetry, 0..1).await;
    arrived("the sample", &sink, &accepted).await;
    let seen = post(&telemetry, "/routes/dry-run").await;
    let run = &seen.body["runs"][0];
    assert_eq!(
        (&run["sample"], &run["items"][0]["name"]),
        (&json!("seen"), &json!("GET /"))
    );
    assert!(
        !folder.read("telemetry.toml").contains("health"),
        "nothing was changed"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn destinations_of_the_environment_are_shown_and_paused_only() {
    let folder = Folder::new("elsewhere");
    let variables = &[(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "http://user:hunter2@127.0.0.1:1",
    )];
    let telemetry = started(&folder, variables);
    let shown = get(&telemetry).await;
    assert_eq!(
        shown.body["elsewhere"][0]["name"], "127.0.0.1:1",
        "{}",
        shown.text
    );
    assert!(!shown.text.contains("hunter2"), "{}", shown.text);
    assert_eq!(shown.destinations(), [""; 0]);
    let paused = post(&telemetry, "/destinations/127.0.0.1:1/pause").await;
    assert_eq!(
        paused.body["paused"],
        json!(["127.0.0.1:1"]),
        "{}",
        paused.text
    );
    assert_eq!(
        folder.read("telemetry.toml"),
        "paused = [\"127.0.0.1:1\"]\n"
    );
    for (method, path, body) in [
        (Method::DELETE, "/destinations/127.0.0.1:1", None),
        (Method::POST, "/destinations/127.0.0.1:1/drain", None),
        (
            Method::PUT,
            "/destinations/127.0.0.1:1",
            Some(json!({ "endpoint": "http://x:1" })),
        ),
        (
            Method::PUT,
            "/destinations/x",
            Some(json!({ "endpoint": "http://x:1" })),
        ),
    ] {
        let refused = ask(&telemetry, method, path, "*", body).await;
        assert_eq!(
            refused.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{}",
            refused.text
        );
        assert!(refused.detail().contains("environment"), "{}", refused.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_file_changes_hold_until_the_end() {
    let sink = Sink::start(Mood::Well).await;
    let telemetry = Telemetry::builder()
        .environment(|_| None)
        .destination("a", [("endpoint", &*sink.base()), ("signals", "traces")])
        .build()
        .unwrap();
    let answer = put(&telemetry, "/destinations/b", destination("b", &sink)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.body["file"]["saved"], false);
    let problem = answer.body["file"]["problem"].as_str().unwrap();
    assert!(problem.contains("AETHER_TELEMETRY_CONFIG"), "{problem}");
    assert_eq!(answer.body["names"], json!(["a", "b"]));
    assert_eq!(answer.body["elsewhere"][0]["name"], "a");
    let tested = post(&telemetry, "/destinations/b/test").await;
    assert_eq!(
        tested.body["results"][0]["accepted"], true,
        "{}",
        tested.text
    );
    let accepted = send(&telemetry, 0..3).await;
    arrived("all", &sink, &accepted).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_are_bounded_and_of_a_known_type() {
    let telemetry = Telemetry::disabled();
    for (kind, body, status, told) in [
        (
            "application/json",
            " ".repeat((1 << 20) + 1),
            413,
            "bytes at most",
        ),
        ("text/plain", "{}".to_owned(), 415, "application/json"),
        ("application/json", "{".to_owned(), 400, "line 1"),
        (
            "application/json",
            "{\"x\":1}".to_owned(),
            400,
            "no key `x`",
        ),
        ("application/json", "{}".to_owned(), 400, "routes"),
        (
            "application/json; charset=utf-8",
            "{\"routes\":[]}".to_owned(),
            409,
            "does not run",
        ),
    ] {
        let request = Request::put("/config").header("if-match", "*");
        let request = request.header("content-type", kind).body(Body::from(body));
        let answer = answer(&telemetry, request.unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
        assert!(answer.detail().contains(told), "{}", answer.text);
    }
}
