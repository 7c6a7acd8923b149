//! Much output: nothing is lost, and a page gets no more than it says it can draw.
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it should be"
)]

mod support;

use serde_json::json;
use support::Server;

#[tokio::test(flavor = "multi_thread")]
async fn much_output_arrives_complete() {
    let server = Server::start().await;
    let (mut client, id) = server.terminal().await;
    // 40 000 numbered lines, about 4 MB.
    client.type_in(&id, "stty -onlcr; seq -f '%06.0f 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890' 40000; echo done-$((1+1))\r").await;
    let output = client.output_until(&id, "done-2").await;
    // The prompt may stand before the first number.
    let numbers: Vec<u32> = output
        .lines()
        .filter_map(|line| line.split_once(" 0123")?.0.rsplit(' ').next()?.parse().ok())
        .collect();
    for (expected, number) in (1..=40_000).zip(&numbers) {
        assert_eq!(*number, expected, "every line once and in order");
    }
    assert_eq!(numbers.len(), 40_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_flow_control_gets_no_more_than_it_can_draw() {
    let server = Server::start().await;
    let mut client = server.client().await;
    client
        .emit(
            "terminal:create",
            json!({"cols": 80, "rows": 24, "flowControl": true}),
        )
        .await;
    let created = client.wait_for("terminal:created").await;
    let id = created.data()["terminalId"].as_str().unwrap().to_owned();
    client.type_in(&id, "yes 0123456789\r").await;
    let mut bytes = 0;
    let mut seq = 0;
    // 512 KiB may be on the way; the last event may go over that.
    while bytes < 512 * 1024 {
        let event = client.wait_for("terminal:output").await;
        bytes += event.text().len();
        seq = event.data()["seq"].as_u64().unwrap();
    }
    // Nothing more comes: the answer to a question overtakes no output, so any would be before it.
    let mut early = 0;
    for _ in 0..50 {
        client.ask("session:list", json!({})).await;
        early += client.drain_early();
    }
    assert_eq!(early, 0, "the window is closed after {bytes} bytes");
    client
        .emit("terminal:ack", json!({"terminalId": id, "seq": seq}))
        .await;
    let next = client.wait_for("terminal:output").await;
    assert_eq!(next.data()["seq"], seq + 1);
    client
        .emit("terminal:close", json!({"terminalId": id}))
        .await;
    client.wait_for("terminal:closed").await;
}
