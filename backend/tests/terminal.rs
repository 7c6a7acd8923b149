//! Real shells over real Socket.IO connections.
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it should be"
)]

mod support;

use aether_telemetry::Telemetry;
use serde_json::json;
use support::{Server, settings, until};

/// Whether a process exists and is not a zombie.
fn runs(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .starts_with(" Z")
    })
}

/// The process id of the shell in a terminal.
async fn shell_pid(client: &mut support::Client, id: &str) -> String {
    client.type_in(id, "echo pid:$$:\r").await;
    let mut text = client.output_until(id, "pid:").await;
    loop {
        // The echoed command has dollar signs where the answer has digits.
        if let Some(pid) = text
            .split("pid:")
            .filter_map(|rest| rest.split_once(':'))
            .map(|(pid, _)| pid)
            .find(|pid| !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return pid.to_owned();
        }
        text.push_str(client.event().await.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_typed_and_its_output_read() {
    let server = Server::start().await;
    let mut client = server.client().await;
    client
        .emit("terminal:create", json!({"cols": 91, "rows": 33}))
        .await;
    let created = client.event().await;
    assert_eq!(created.name, "terminal:created");
    let id = created.data()["terminalId"].as_str().unwrap().to_owned();
    assert_eq!(
        created.data(),
        &json!({"terminalId": id, "title": "sh", "cols": 91, "rows": 33})
    );
    client
        .type_in(&id, "echo $((6*7))-$TERM-$COLORTERM\r")
        .await;
    client
        .output_until(&id, "42-xterm-256color-truecolor")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keystrokes_arrive_in_their_order() {
    let server = Server::start().await;
    let (mut client, id) = server.terminal().await;
    client
        .type_in(&id, "stty -echo; echo quiet-$((1+1))\r")
        .await;
    client.output_until(&id, "quiet-2").await;
    let keys: String = (0..400_u32)
        .map(|n| char::from_digit(n * 7 % 36, 36).unwrap())
        .collect();
    client.type_in(&id, "echo ").await;
    for key in keys.chars() {
        client.type_in(&id, &key.to_string()).await;
    }
    client.type_in(&id, "-end\r").await;
    let output = client.output_until(&id, "-end").await;
    assert!(output.contains(&keys), "{output:?} should contain {keys:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_size_reaches_the_program() {
    let server = Server::start().await;
    let (mut client, id) = server.terminal().await;
    client.type_in(&id, "stty size\r").await;
    client.output_until(&id, "24 80").await;
    client
        .emit(
            "terminal:resize",
            json!({"terminalId": id, "cols": 101, "rows": 37}),
        )
        .await;
    client.type_in(&id, "stty size\r").await;
    client.output_until(&id, "37 101").await;
    let list = client.list_until(|_| true).await;
    assert_eq!(
        (&list[0]["cols"], &list[0]["rows"]),
        (&json!(101), &json!(37))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_character_cut_in_two_arrives_whole() {
    let server = Server::start().await;
    let (mut client, id) = server.terminal().await;
    // The pause makes two reads of it; the test itself does not wait.
    client
        .type_in(&id, r"printf 'a\346\227'; sleep 0.1; printf '\245b\n'")
        .await;
    client.type_in(&id, "\r").await;
    let output = client.output_until(&id, "a日b").await;
    assert!(!output.contains('\u{fffd}'));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exit_is_told_with_its_code() {
    let server = Server::start().await;
    let (mut client, id) = server.terminal().await;
    client.type_in(&id, "exit 7\r").await;
    let closed = client.wait_for("terminal:closed").await;
    assert_eq!(
        closed.data(),
        &json!({"terminalId": id, "reason": "exit", "exitCode": 7})
    );
    client.type_in(&id, "x").await;
    let error = client.error().await;
    assert_eq!(
        (&error["code"], &error["terminalId"]),
        (&json!("unknown_terminal"), &json!(id))
    );
    assert_eq!(server.app.terminals.running(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_ends_the_shell_and_what_runs_in_it() {
    let server = Server::start().await;
    let (mut client, id) = server.terminal().await;
    let shell = shell_pid(&mut client, &id).await;
    client
        .type_in(&id, "sh -c 'echo child:$$:; exec sleep 1000'\r")
        .await;
    client
        .emit("terminal:close", json!({"terminalId": id}))
        .await;
    let closed = client.wait_for("terminal:closed").await;
    assert_eq!(closed.data()["reason"], "closed");
    until("the shell is gone", || !runs(&shell)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_that_does_not_want_to_end_is_killed() {
    let server = Server::start().await;
    let (mut client, id) = server.terminal().await;
    let shell = shell_pid(&mut client, &id).await;
    client
        .type_in(&id, "trap '' HUP TERM; echo deaf-$((1+1))\r")
        .await;
    client.output_until(&id, "deaf-2").await;
    client
        .emit("terminal:close", json!({"terminalId": id}))
        .await;
    let closed = client.wait_for("terminal:closed").await;
    assert_eq!(
        closed.data(),
        &json!({"terminalId": id, "reason": "closed", "exitCode": 137})
    );
    until("the shell is gone", || !runs(&shell)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_comes_back_sees_what_it_missed_and_goes_on() {
    let server = Server::start().await;
    let (mut first, id) = server.terminal().await;
    first
        .type_in(&id, "kept=still; echo first-$((1+1))\r")
        .await;
    first.output_until(&id, "first-2").await;
    drop(first);

    let mut second = server.client().await;
    let list = second.list_until(|list| list[0]["attached"] == 0).await;
    assert_eq!(
        (&list[0]["terminalId"], &list[0]["alive"]),
        (&json!(id), &json!(true))
    );
    assert!(
        list[0]["createdAt"].as_u64().unwrap() > 1_600_000_000_000,
        "milliseconds since 1970"
    );
    let attached = second
        .ask("terminal:attach", json!({"terminalId": id}))
        .await;
    assert_eq!(
        (&attached["ok"], &attached["cols"]),
        (&json!(true), &json!(80))
    );
    assert!(attached["replay"].as_str().unwrap().contains("first-2"));
    let seq = attached["seq"].as_u64().unwrap();
    second.type_in(&id, "echo $kept-second\r").await;
    let next = second.event().await;
    assert_eq!(
        next.data()["seq"],
        seq + 1,
        "nothing between the replay and what follows"
    );
    if !next.text().contains("still-second") {
        second.output_until(&id, "still-second").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_pages_watch_one_terminal() {
    let server = Server::start().await;
    let (mut one, id) = server.terminal().await;
    let mut two = server.client().await;
    assert_eq!(
        two.ask("terminal:attach", json!({"terminalId": id})).await["ok"],
        true
    );
    two.type_in(&id, "echo both-$((1+1))\r").await;
    one.output_until(&id, "both-2").await;
    two.output_until(&id, "both-2").await;
    one.type_in(&id, "exit\r").await;
    assert_eq!(
        one.wait_for("terminal:closed").await,
        two.wait_for("terminal:closed").await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_that_nobody_saw_is_shown_to_the_next() {
    let server = Server::start().await;
    let (mut first, id) = server.terminal().await;
    first
        .type_in(&id, "read line; echo last words; exit 3\r")
        .await;
    first.output_until(&id, "exit 3").await;
    let mut second = server.client().await;
    drop(first);
    second.list_until(|list| list[0]["attached"] == 0).await;
    // Typing needs no attaching.
    second.type_in(&id, "\r").await;
    second.list_until(|list| list[0]["alive"] == false).await;
    assert_eq!(
        server.app.terminals.running(),
        0,
        "an ended terminal takes no place"
    );
    let attached = second
        .ask("terminal:attach", json!({"terminalId": id}))
        .await;
    assert!(attached["replay"].as_str().unwrap().contains("last words"));
    let closed = second.event().await;
    assert_eq!(closed.name, "terminal:closed");
    assert_eq!(
        closed.data(),
        &json!({"terminalId": id, "reason": "exit", "exitCode": 3})
    );
    second.list_until(|list| list.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_nobody_comes_back_to_is_closed() {
    let settings = aetherterm_backend::Settings {
        orphan_timeout: 1,
        ..settings()
    };
    let server = Server::with(settings, &Telemetry::disabled()).await;
    let (mut client, id) = server.terminal().await;
    let shell = shell_pid(&mut client, &id).await;
    drop(client);
    let mut other = server.client().await;
    other.list_until(|list| list.is_empty()).await;
    until("the shell is gone", || !runs(&shell)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_terminals_than_allowed_are_refused() {
    let settings = aetherterm_backend::Settings {
        max_terminals: 2,
        ..settings()
    };
    let server = Server::with(settings, &Telemetry::disabled()).await;
    let (mut client, first) = server.terminal().await;
    client.create().await;
    client
        .emit("terminal:create", json!({"cols": 80, "rows": 24}))
        .await;
    let error = client.wait_for("terminal:error").await;
    assert_eq!(error.data()["code"], "table_full");
    assert!(
        error.data()["message"]
            .as_str()
            .unwrap()
            .contains("AETHERTERM_MAX_TERMINALS")
    );
    client
        .emit("terminal:close", json!({"terminalId": first}))
        .await;
    client.wait_for("terminal:closed").await;
    client.create().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_that_cannot_be_started_is_named() {
    let settings = aetherterm_backend::Settings {
        shell: Some("/no/such/shell".into()),
        ..settings()
    };
    let server = Server::with(settings, &Telemetry::disabled()).await;
    let mut client = server.client().await;
    client
        .emit("terminal:create", json!({"cols": 80, "rows": 24}))
        .await;
    let error = client.error().await;
    assert_eq!(error["code"], "shell_failed");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("/no/such/shell") && message.contains("AETHERTERM_SHELL"),
        "{message}"
    );
    assert_eq!(server.app.terminals.running(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_that_ends_at_once_is_explained() {
    let settings = aetherterm_backend::Settings {
        shell: Some("/bin/false".into()),
        ..settings()
    };
    let server = Server::with(settings, &Telemetry::disabled()).await;
    let (mut client, id) = server.terminal().await;
    let error = client.error().await;
    assert_eq!(
        (&error["code"], &error["terminalId"]),
        (&json!("shell_died"), &json!(id))
    );
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("AETHERTERM_SHELL")
    );
    let closed = client.event().await;
    assert_eq!(
        closed.data(),
        &json!({"terminalId": id, "reason": "exit", "exitCode": 1})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn going_down_tells_the_pages_and_leaves_no_shell() {
    let server = Server::start().await;
    let (mut client, id) = server.terminal().await;
    let shell = shell_pid(&mut client, &id).await;
    let app = server.app.clone();
    let down = tokio::spawn(async move { app.shut_down(std::time::Duration::from_secs(5)).await });
    let closed = client.wait_for("terminal:closed").await;
    assert_eq!(
        (&closed.data()["terminalId"], &closed.data()["reason"]),
        (&json!(id), &json!("shutdown"))
    );
    down.await.unwrap();
    assert!(!runs(&shell));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_with_an_event_is_said() {
    let server = Server::start().await;
    let (mut client, id) = server.terminal().await;
    // The prompt, so that only errors follow.
    client.output_until(&id, " ").await;
    let wrong = [
        (
            json!(["terminal:create", {"cols": "80", "rows": 24}]),
            "field cols must be a whole number",
        ),
        (
            json!(["terminal:create", {"cols": 80}]),
            "field rows is missing",
        ),
        (json!(["terminal:create", 5]), "must be an object"),
        (json!(["terminal:create"]), "terminal:create"),
        (
            json!(["terminal:create", {"cols": 80, "rows": 24, "flowControl": 1}]),
            "field flowControl must be a boolean",
        ),
        (
            json!(["terminal:input", {"terminalId": id, "data": 5}]),
            "field data must be a string",
        ),
        (
            json!(["terminal:input", {"data": "x"}]),
            "field terminalId is missing",
        ),
        (
            json!(["terminal:input", {"terminalId": "nope", "data": "x"}]),
            "no such terminal",
        ),
        (json!(["terminal:input", [id, "x"]]), "not an array"),
        (
            json!(["terminal:resize", {"terminalId": id, "cols": 0, "rows": 5}]),
            "field cols",
        ),
        (
            json!(["terminal:close", {"terminalId": ["a"]}]),
            "field terminalId must be a string",
        ),
        (
            json!(["terminal:close", {"terminalId": "nope"}]),
            "no such terminal",
        ),
        (
            json!(["terminal:attach", {"terminalId": "nope"}]),
            "no such terminal",
        ),
        (
            json!(["terminal:ack", {"terminalId": id, "seq": -1}]),
            "field seq must be a whole number",
        ),
        (
            json!(["terminal:dance", {}]),
            "\"terminal:dance\" means nothing here",
        ),
    ];
    for (event, expected) in wrong {
        client.emit_raw(event.clone()).await;
        let error = client.error().await;
        let message = error["message"].as_str().unwrap();
        assert!(
            message.contains(expected),
            "{event} is answered with {message:?}, not {expected:?}"
        );
        assert!(error["code"].is_string());
    }
    for data in [
        json!({"terminalId": "nope"}),
        json!({"terminalId": 1}),
        json!("x"),
    ] {
        let refused = client.ask("terminal:attach", data.clone()).await;
        assert_eq!(refused["ok"], false, "{data}");
        assert!(refused["error"]["message"].is_string() && refused["error"]["code"].is_string());
    }
    client.type_in(&id, "echo fine-$((1+1))\r").await;
    client.output_until(&id, "fine-2").await;
}
