//! Folders that something happened to.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use aether_telemetry::Outcome;

use super::sink::Mood;
use super::small::Small;
use super::*;
use support::count;

const SHORT: Duration = Duration::from_millis(500);

/// Files of batches in a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "queue"));
    paths
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flipped_bit_costs_one_request() {
    let (folder, sink) = (Folder::new("flipped"), Sink::start(Mood::Status(503)).await);
    let config = durable(folder.path(), &[&sink.url()]);
    let telemetry = start(config.clone()).await;
    let accepted = send(&telemetry, 0..20).await;
    telemetry.shutdown(SHORT).await;
    let file = files(folder.path()).remove(0);
    let mut bytes = fs::read(&file).unwrap();
    // All 20 are of the same length, most of which is the body: the middle of the eleventh.
    let middle = bytes.len() / 20 * 10 + bytes.len() / 40;
    bytes[middle] ^= 0x20;
    fs::write(&file, bytes).unwrap();

    sink.mood(Mood::Well);
    let telemetry = start(config).await;
    wait_for("the rest arrives", || {
        (sink.spans().len() == 19).then_some(())
    })
    .await;
    assert!(sink.spans().is_subset(&accepted));
    let status = telemetry.status();
    assert_eq!(count(&status, Outcome::Dropped, &sink.name(), "damaged"), 1);
    let storage = status.storage.unwrap();
    assert_eq!((storage.damaged, storage.recovered), (1, 19));
    assert_eq!(
        fs::read_dir(folder.path().join("damaged")).unwrap().count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_nonsense_are_moved_away() {
    let (folder, sink) = (Folder::new("nonsense"), Sink::start(Mood::Well).await);
    let nonsense = folder
        .path()
        .join("00000000000000000001-0123456789abcdef.queue");
    fs::write(&nonsense, vec![b'?'; 10_000]).unwrap();
    fs::write(folder.path().join("cursors"), vec![b'!'; 3_000]).unwrap();
    fs::create_dir(folder.path().join("dead")).unwrap();
    fs::write(folder.path().join("dead/0-0.letter"), b"nothing").unwrap();
    let telemetry = start(durable(folder.path(), &[&sink.url()])).await;
    let accepted = send(&telemetry, 0..5).await;
    assert_eq!(accepted.len(), 5);
    arrived("beside nonsense", &sink, &accepted).await;
    assert_eq!(telemetry.status().storage.unwrap().damaged, 1);
    assert!(!nonsense.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_and_recovers() {
    let (folder, sink) = (Folder::new("disk"), Sink::start(Mood::Status(503)).await);
    let Some(_small) = Small::mount(folder.path(), "1m") else {
        return;
    };
    let config = durable(folder.path(), &[&sink.url()]);
    let telemetry = start(config.clone()).await;
    let mut accepted = BTreeSet::new();
    let mut refused = 0;
    // As long as the relay lets a text be.
    for number in 0..120 {
        match support::relay(&telemetry, request(number, 16_000)).await {
            StatusCode::OK => {
                accepted.insert(number);
            }
            status => {
                assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
                refused += 1;
            }
        }
    }
    assert!(
        accepted.len() > 20 && refused > 20,
        "{} {refused}",
        accepted.len()
    );
    let status = telemetry.status();
    let storage = status.storage.clone().unwrap();
    assert_eq!(storage.state, StorageState::Full);
    assert!(storage.problem.unwrap().contains("free some space"));
    assert_eq!(
        count(&status, Outcome::Rejected, "relay", "disk_full"),
        refused
    );

    // Full as it is, it starts, and what is in it is sent.
    telemetry.shutdown(SHORT).await;
    let telemetry = start(config).await;
    assert_eq!(
        telemetry.status().storage.unwrap().recovered,
        accepted.len() as u64
    );
    sink.mood(Mood::Well);
    arrived("a full disk", &sink, &accepted).await;
    // Delivered files are deleted, so there is space again.
    wait_for("telemetry is accepted again", || {
        (telemetry.status().storage?.bytes == 0).then_some(())
    })
    .await;
    let later = send(&telemetry, 200..210).await;
    assert_eq!(later.len(), 10);
    assert_eq!(
        telemetry.status().storage.unwrap().state,
        StorageState::Ready
    );
    arrived("a full disk, later", &sink, &later).await;
    accepted.extend(later);
    assert_eq!(sink.spans(), accepted, "what was refused was not sent");
}
