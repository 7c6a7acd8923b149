//! Two backends, one of which is dead.

use aether_faults_tests::books::arrived;
use aether_faults_tests::load::{Load, plain};
use aether_faults_tests::server::Setup;
use aether_faults_tests::sink::{Mood, Sink};
use aether_faults_tests::wait_for;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_is_dead_and_its_queue_is_full() {
    const QUEUE: u64 = 64 * 1024;
    let folder = tempfile::tempdir().unwrap();
    let (dead, quick) = (
        Sink::start(Mood::Hangs).await,
        Sink::start(Mood::Well).await,
    );
    let server = Setup::new(folder.path(), "")
        .destination("dead", &dead, &format!("queue_bytes = {QUEUE}"))
        .destination("quick", &quick, "")
        .start()
        .await;
    let load = Load::new(plain(1000));
    load.send(&server, 300).await;
    let ledger = load.ledger();
    assert_eq!(ledger.accepted.len(), 300, "one of them has room");
    arrived("the other one", &quick, &ledger.accepted, &ledger).await;

    let status = server.status().await;
    let lost = status.count("dropped", "dead", "queue_full");
    assert!(lost > 100, "its queue is full: {status:?}");
    assert!(status.queue("dead", "bytes") <= QUEUE);
    assert_eq!(status.count("accepted", "dead", ""), 300 - lost);
    assert!(dead.spans().is_empty());
    wait_for("the quick one is done", async || {
        let status = server.status().await;
        (status.count("exported", "quick", "") == 300).then_some(())
    })
    .await;
    assert_eq!(quick.duplicates(), 0);

    // What had room is kept for it, also by the next run.
    server.kill();
    dead.mood(Mood::Well);
    let server = Setup::new(folder.path(), "")
        .destination("dead", &dead, "")
        .destination("quick", &quick, "")
        .start()
        .await;
    wait_for("what was counted as accepted arrives", async || {
        (dead.spans().len() as u64 == 300 - lost).then_some(())
    })
    .await;
    wait_for("nothing is left", async || {
        (server.status().await.queue("dead", "items") == 0).then_some(())
    })
    .await;
    assert!(dead.spans().is_subset(&ledger.accepted));
    assert_eq!(dead.spans().len() as u64, 300 - lost, "and no more");
}
