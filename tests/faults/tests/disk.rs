//! A disk that is full.

use std::fs;

use aether_faults_tests::books::arrived;
use aether_faults_tests::load::{Load, plain};
use aether_faults_tests::server::Setup;
use aether_faults_tests::sink::{Mood, Sink};
use aether_faults_tests::small::Small;
use aether_faults_tests::wait_for;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_and_recovers() {
    let (folder, sink) = (
        tempfile::tempdir().unwrap(),
        Sink::start(Mood::Status(503)).await,
    );
    let Some(_small) = Small::mount(folder.path(), "2m") else {
        return;
    };
    // Somebody else's: half of the disk.
    let ballast = folder.path().join("ballast");
    fs::write(&ballast, vec![1; 1024 * 1024]).unwrap();
    let setup = Setup::new(folder.path(), "").destination("a", &sink, "");
    let server = setup.start().await;
    // Every 503 has Retry-After: the client looks.
    let load = Load::new(plain(10_000));
    load.send(&server, 150).await;
    let (accepted, refused) = (load.ledger().accepted, load.ledger().refused);
    assert!(
        accepted.len() > 20 && refused.len() > 20,
        "{}",
        accepted.len()
    );
    let status = server.status().await;
    assert_eq!(status.storage("state"), "full", "{status:?}");
    assert!(status.storage("problem").contains("free some space"));
    assert_eq!(
        status.count("rejected", "relay", "disk_full"),
        refused.len() as u64
    );

    // Full as it is, it is killed and starts.
    server.kill();
    let server = setup.start().await;
    let status = server.status().await;
    assert_eq!(status.storage_number("recovered"), accepted.len() as u64);

    // Somebody makes room while the backend is still ill.
    fs::remove_file(&ballast).unwrap();
    load.send(&server, 20).await;
    assert_eq!(load.accepted(), accepted.len() + 20, "there is room again");
    assert_eq!(server.status().await.storage("state"), "ready");

    // It fills up again; what is delivered makes room.
    load.send(&server, 200).await;
    assert_eq!(server.status().await.storage("state"), "full");
    sink.mood(Mood::Well);
    let ledger = load.ledger();
    arrived("a full disk", &sink, &ledger.accepted, &ledger).await;
    wait_for("delivered files are gone", async || {
        (server.status().await.storage_number("bytes") == 0).then_some(())
    })
    .await;
    let before = load.accepted();
    load.send(&server, 20).await;
    assert_eq!(load.accepted(), before + 20, "there is room again");
    assert_eq!(server.status().await.storage("state"), "ready");
    let ledger = load.ledger();
    arrived("a full disk, later", &sink, &ledger.accepted, &ledger).await;
    assert_eq!(
        sink.spans(),
        ledger.accepted,
        "what was refused was not sent"
    );
}
