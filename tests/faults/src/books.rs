//! The books: what was accepted against what arrived.

use std::collections::BTreeSet;

use crate::load::Ledger;
use crate::server::Server;
use crate::sink::Sink;
use crate::wait_for;

/// Waits until all of these spans are at a backend, and looks that none is there that was refused.
/// Says how many came more than once.
pub async fn arrived(what: &str, sink: &Sink, expected: &BTreeSet<u64>, ledger: &Ledger) {
    wait_for(what, async || sink.has_all(expected).then_some(())).await;
    let refused: Vec<_> = sink
        .spans()
        .intersection(&ledger.refused)
        .copied()
        .collect();
    assert!(refused.is_empty(), "{what}: refused and sent: {refused:?}");
    println!(
        "{what}: {} accepted, {} refused, {} unanswered, {} of {} expected arrived, {} duplicates",
        ledger.accepted.len(),
        ledger.refused.len(),
        ledger.open.len(),
        expected.len(),
        expected.len(),
        sink.duplicates()
    );
}

/// Waits until nothing is queued for a destination, then compares what this run of the server says
/// with what was told and what arrived.
pub async fn agree(server: &Server, name: &str, sink: &Sink, ledger: &Ledger) {
    wait_for("the queue is empty", async || {
        (server.status().await.queue(name, "items") == 0).then_some(())
    })
    .await;
    assert_eq!(sink.spans(), ledger.accepted, "what was accepted, no more");
    let status = server.status().await;
    let accepted = ledger.accepted.len() as u64;
    assert_eq!(status.count("accepted", name, ""), accepted);
    assert_eq!(status.count("exported", name, ""), accepted);
    let counts = status.0["counts"].as_array().unwrap().iter();
    let lost = counts.filter(|count| count["outcome"] == "dropped" && count["signal"] == "traces");
    let lost: Vec<_> = lost.collect();
    assert!(lost.is_empty(), "{lost:?}");
}
