//! A page that stops reading. Alone in its file, because it measures the memory of the process.
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it should be"
)]

mod support;

use serde_json::json;
use support::Server;

/// Memory of this process in MiB, the application and its clients together.
fn memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_does_not_read_stops_its_own_terminal_only() {
    let server = Server::start().await;
    let (mut stuck, flooded) = server.terminal().await;
    let (mut busy, quick) = server.terminal().await;
    busy.output_until(&quick, " ").await;
    let before = memory_mib();
    // From here on `stuck` reads nothing.
    stuck
        .type_in(&flooded, "yes terminal output without an end\r")
        .await;
    for round in 0..200 {
        busy.type_in(&quick, &format!("echo round-$((1000+{round}))\r"))
            .await;
        busy.output_until(&quick, &format!("round-{}", 1000 + round))
            .await;
    }
    let grown = memory_mib().saturating_sub(before);
    assert!(grown < 48, "memory has grown by {grown} MiB");
    // It reads again: what was printed comes without a gap, and the terminal can be closed.
    stuck.output_until(&flooded, "without an end").await;
    stuck
        .emit("terminal:close", json!({"terminalId": flooded}))
        .await;
    let closed = stuck.wait_for("terminal:closed").await;
    assert_eq!(closed.data()["reason"], "closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_does_not_read_does_not_stop_others_who_watch_the_same() {
    let server = Server::start().await;
    let (mut reading, id) = server.terminal().await;
    let mut stuck = server.client().await;
    let attach = json!({"terminalId": id, "flowControl": true});
    assert_eq!(
        stuck.ask("terminal:attach", attach.clone()).await["ok"],
        true
    );
    // About 4 MB; `stuck` takes half a megabyte of it and acknowledges nothing.
    reading
        .type_in(&id, "seq 600000; echo done-$((1+1))\r")
        .await;
    reading.output_until(&id, "done-2").await;
    // It comes back: the gap is closed by the replay, and it is one of the watchers again.
    let attached = stuck.ask("terminal:attach", attach).await;
    assert!(attached["replay"].as_str().unwrap().contains("done-2"));
    stuck.drain_early();
    reading.type_in(&id, "echo again-$((1+1))\r").await;
    stuck.output_until(&id, "again-2").await;
}
