//! Typing, reading, resizing and closing: real shells over real Socket.IO connections.
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it should be"
)]

mod support;

use serde_json::json;
use support::{Server, printed_pid, runs, shell_pid, until};

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
    let child = printed_pid(&mut client, "child:").await;
    client
        .emit("terminal:close", json!({"terminalId": id}))
        .await;
    let closed = client.wait_for("terminal:closed").await;
    assert_eq!(closed.data()["reason"], "closed");
    until("the shell is gone", || !runs(&shell)).await;
    until("what ran in it is gone", || !runs(&child)).await;
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
