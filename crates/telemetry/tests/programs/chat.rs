//! A chat, before and after it was instrumented: it does the same, and afterwards it tells.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::Client;
use crate::support::backend::{Backend, Received, status};
use crate::support::decoded::{logs, spans};
use crate::support::program::{Program, example};
use crate::{LISTEN, get, hex};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Somebody in the lobby. Handlers run side by side, so only the answer says that he is in.
async fn enter(port: u16) -> Client {
    let mut client = Client::plain(port).await;
    client.call(json!(["join", "lobby"])).await;
    client
}

/// The same without telemetry, where a task of its own binds the handlers, and socketioxide drops
/// the events that come before it has had its turn: who is not answered comes again.
async fn enter_bare(port: u16) -> Client {
    for _ in 0..10 {
        if let Ok(client) = tokio::time::timeout(Duration::from_secs(5), enter(port)).await {
            return client;
        }
    }
    panic!("no answer to an event");
}

/// Two people in a room, one of whom says something: what both of them and a browser were told, and
/// what was received until the server had ended.
async fn played(example_name: &str, carrier: Option<Value>) -> (Vec<Value>, Vec<Received>) {
    let backend = Backend::start([], Some(status(200))).await;
    let mut server = Program::start(example(example_name), &backend.url, &[LISTEN]);
    let port = server.port().await;
    let (mut anna, mut bert) = if carrier.is_some() {
        (enter(port).await, enter(port).await)
    } else {
        (enter_bare(port).await, enter_bare(port).await)
    };
    let mut event = vec![json!("say"), json!({"room": "lobby", "text": "psst"})];
    event.extend(carrier);
    let heard = anna.call(Value::Array(event)).await;
    let said = bert.event().await;
    let url = format!("http://127.0.0.1:{port}/rooms/lobby");
    let topic = get(&url, &format!("{TRACE}-00f067aa0ba902b7-1")).await;
    server.terminate().await;
    let ended = server.ended().await;
    assert!(ended.status.success(), "{ended:?}");
    (vec![heard, said, json!(topic)], backend.received())
}

#[tokio::test]
async fn instrumented_it_does_the_same_and_tells() {
    let (before, nothing) = played("chat_before", None).await;
    assert!(nothing.is_empty());
    let carrier = json!({"_trace": {"b3": format!("{TRACE}-00f067aa0ba902b7-1")}});
    let (after, received) = played("chat_after", Some(carrier)).await;
    assert_eq!(before, after);

    let spans = spans(&received);
    let joined = spans.iter().filter(|span| hex(&span.trace_id) == TRACE);
    let mut names: Vec<_> = joined.clone().map(|span| span.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["GET /rooms/{room}", "process say", "send said"]);
    let process = joined
        .clone()
        .find(|span| span.name == "process say")
        .unwrap();
    let send = joined
        .clone()
        .find(|span| span.name == "send said")
        .unwrap();
    assert_eq!(hex(&process.parent_span_id), "00f067aa0ba902b7");
    assert_eq!(send.parent_span_id, process.span_id);
    let logs = logs(&received);
    let said = logs
        .iter()
        .find(|log| log.record.span_id == process.span_id);
    assert_eq!(said.unwrap().text(), "said");
    assert!(!format!("{spans:?} {logs:?}").contains("psst"));
}
