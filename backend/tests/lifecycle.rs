//! Terminals that outlive their pages, that cannot be had, and that end with the server.
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it should be"
)]

mod support;

use aether_telemetry::Telemetry;
use serde_json::json;
use support::{Server, runs, settings, shell_pid, until};

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
