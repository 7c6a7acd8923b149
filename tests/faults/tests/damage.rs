//! Files of queued telemetry that something happened to between a kill and the next start.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use aether_faults_tests::books::arrived;
use aether_faults_tests::load::{Ledger, Load, plain};
use aether_faults_tests::queue_file::{FIXED, Place, copy, files, read};
use aether_faults_tests::server::Setup;
use aether_faults_tests::sink::{Mood, Sink};
use aether_faults_tests::wait_for;

/// Delivered before the backend falls ill.
const DELIVERED: usize = 10;
/// Queued when the server is killed.
const QUEUED: usize = 60;

/// A folder that a killed server left, with telemetry in it, and what the client was told.
async fn left() -> (tempfile::TempDir, Ledger) {
    let (folder, sink) = (tempfile::tempdir().unwrap(), Sink::start(Mood::Well).await);
    let setup = Setup::new(folder.path(), "").destination("a", &sink, "");
    let server = setup.start().await;
    let load = Load::new(plain(500));
    load.send(&server, DELIVERED).await;
    wait_for("they are delivered", async || {
        (server.status().await.queue("a", "items") == 0).then_some(())
    })
    .await;
    let cursors = setup.queue().join("cursors");
    wait_for("that is noted down", async || {
        (fs::metadata(&cursors).ok()?.len() > 0).then_some(())
    })
    .await;
    sink.mood(Mood::Status(503));
    load.send(&server, QUEUED).await;
    server.kill();
    (folder, load.ledger())
}

/// What a start says.
struct Said {
    damaged: u64,
    torn_bytes: u64,
    log: String,
    /// Files set aside.
    aside: usize,
    duplicates: u64,
}

/// Starts on a copy that something was done to; all but the lost spans arrive.
async fn start_after(
    what: &str,
    (left, ledger): (&Path, &Ledger),
    lost: &[u64],
    hurt: impl FnOnce(&Path),
) -> Said {
    let (folder, sink) = (tempfile::tempdir().unwrap(), Sink::start(Mood::Well).await);
    copy(left, folder.path());
    let setup = Setup::new(folder.path(), "").destination("a", &sink, "");
    hurt(&setup.queue());
    let server = setup.start().await;
    let mut expected: BTreeSet<u64> = ledger.accepted.iter().skip(DELIVERED).copied().collect();
    expected.retain(|number| !lost.contains(number));
    arrived(what, &sink, &expected, ledger).await;
    wait_for("nothing is left", async || {
        (server.status().await.queue("a", "items") == 0).then_some(())
    })
    .await;
    let mine = sink.spans();
    assert!(lost.iter().all(|number| !mine.contains(number)), "{what}");
    // It works on.
    let load = Load::new(plain(500));
    load.send(&server, 5).await;
    wait_for("it works on", async || {
        (server.status().await.count("exported", "a", "") >= expected.len() as u64 + 5)
            .then_some(())
    })
    .await;
    let status = server.status().await;
    let aside = fs::read_dir(setup.queue().join("damaged"));
    Said {
        damaged: status.storage_number("damaged"),
        torn_bytes: status.storage_number("torn_bytes"),
        aside: aside.map_or(0, Iterator::count),
        duplicates: sink.duplicates(),
        log: server.kill(),
    }
}

/// Every part of a request, each in a request of its own with sound ones between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bits_flipped_in_every_region() {
    let (folder, ledger) = left().await;
    let regions: [(&str, fn(&Place) -> usize); 18] = [
        ("mark", |place| place.header),
        ("end of mark", |place| place.header + 7),
        ("sum", |place| place.header + 8),
        ("version", |place| place.header + 12),
        ("signal", |place| place.header + 13),
        ("source", |place| place.header + 14),
        ("padding", |place| place.header + 15),
        ("number", |place| place.header + 16),
        ("time", |place| place.header + 24),
        ("items", |place| place.header + 32),
        ("length", |place| place.header + 40),
        ("high byte of length", |place| place.header + 43),
        ("sum of body", |place| place.header + 44),
        ("length of note", |place| place.header + 48),
        ("note", |place| place.header + FIXED + 2),
        ("first of body", |place| place.body),
        ("middle of body", |place| {
            usize::midpoint(place.body, place.end)
        }),
        ("last of body", |place| place.end - 1),
    ];
    let (_, _, places) = read(&folder.path().join("telemetry"));
    // The first that waits, the last, and every third between; 18 of them.
    let queued = &places[DELIVERED..];
    let mut chosen: Vec<&Place> = queued.iter().step_by(3).take(regions.len() - 1).collect();
    chosen.push(&queued[QUEUED - 1]);
    let lost: Vec<_> = chosen.iter().map(|place| place.number).collect();
    let source = (folder.path(), &ledger);
    let said = start_after("flipped bits", source, &lost, |queue| {
        let (path, mut bytes, _) = read(queue);
        for ((_, at), place) in regions.iter().zip(&chosen) {
            bytes[at(place)] ^= 0x10;
        }
        fs::write(path, bytes).unwrap();
    })
    .await;
    assert_eq!(said.damaged, regions.len() as u64, "{}", said.log);
    assert_eq!(said.aside, regions.len(), "{}", said.log);
    assert_eq!(said.log.matches("is damaged").count(), regions.len());
    assert_eq!(said.duplicates, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_last_write_that_is_torn() {
    let (folder, ledger) = left().await;
    let source = (folder.path(), &ledger);
    // What a power cut leaves of a request that nobody was told was accepted.
    for (what, part) in [
        ("in its mark", 5),
        ("in its header", 30),
        ("in its body", 300),
    ] {
        let said = start_after(&format!("torn {what}"), source, &[], |queue| {
            let (path, mut bytes, places) = read(queue);
            let last = places.last().unwrap();
            let torn = bytes[last.header..last.header + part].to_vec();
            bytes.extend(torn);
            fs::write(path, bytes).unwrap();
        })
        .await;
        assert_eq!((said.damaged, said.torn_bytes), (0, part as u64), "{what}");
        assert!(said.log.contains("unfinished"), "{}", said.log);
    }
    // The disk had only some of its blocks, where zeros had been written ahead.
    let said = start_after("torn between blocks", source, &[], |queue| {
        let (path, mut bytes, places) = read(queue);
        let last = places.last().unwrap();
        let mut torn = bytes[last.header..last.end].to_vec();
        let block = bytes.len().next_multiple_of(512) - bytes.len();
        let end = torn.len().min(block + 512);
        torn[block..end].fill(0);
        bytes.extend(torn);
        bytes.resize(bytes.len() + 100_000, 0);
        fs::write(path, bytes).unwrap();
    })
    .await;
    assert_eq!(said.damaged, 0, "{}", said.log);
    assert!(said.torn_bytes > 0, "{}", said.log);
    // A disk that lied about what it had written.
    let (_, _, places) = read(&folder.path().join("telemetry"));
    let last = places.last().unwrap().clone();
    let said = start_after("cut off", source, &[last.number], |queue| {
        let (path, mut bytes, _) = read(queue);
        bytes.truncate(last.end - 100);
        fs::write(path, bytes).unwrap();
    })
    .await;
    assert!(
        said.torn_bytes > 0 && said.log.contains("unfinished"),
        "{}",
        said.log
    );
}

/// The index says how far each backend is: where it is hurt, something may come twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_that_is_hurt() {
    let (folder, ledger) = left().await;
    let source = (folder.path(), &ledger);
    let flips: &[usize] = &[0, 4, 6, 8, 16, 24, 25, 511];
    let hurts: [(&str, fn(Vec<u8>, &[usize]) -> Vec<u8>); 5] = [
        ("flipped", |mut bytes, flips| {
            for place in bytes.chunks_mut(512) {
                for at in flips {
                    if let Some(byte) = place.get_mut(*at) {
                        *byte ^= 1;
                    }
                }
            }
            bytes
        }),
        ("cut", |mut bytes, _| {
            bytes.truncate(100);
            bytes
        }),
        ("empty", |_, _| Vec::new()),
        ("zeros", |bytes, _| vec![0; bytes.len()]),
        ("nonsense", |_, _| vec![b'?'; 5000]),
    ];
    for (what, hurt) in hurts {
        let what = format!("index {what}");
        let said = start_after(&what, source, &[], |queue| {
            let path = queue.join("cursors");
            fs::write(&path, hurt(fs::read(&path).unwrap(), flips)).unwrap();
        })
        .await;
        assert_eq!(said.damaged, 0, "{what}: no telemetry is damaged");
    }
    let said = start_after("index gone", source, &[], |queue| {
        fs::remove_file(queue.join("cursors")).unwrap();
    })
    .await;
    assert_eq!(said.damaged, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_nonsense() {
    let (folder, ledger) = left().await;
    let source = (folder.path(), &ledger);
    let said = start_after("nonsense", source, &[], |queue| {
        let file = |number: u64| queue.join(format!("{number:020}-0123456789abcdef.queue"));
        fs::write(file(1_000_000), vec![b'?'; 10_000]).unwrap();
        fs::write(file(1_000_001), b"").unwrap();
        fs::write(file(1_000_002), [0; 700]).unwrap();
        fs::write(queue.join("lock"), b"nobody").unwrap();
        fs::create_dir_all(queue.join("dead")).unwrap();
        fs::write(queue.join("dead/0-0.letter"), b"nothing").unwrap();
        fs::write(queue.join("other.queue"), b"nothing of ours").unwrap();
    })
    .await;
    assert_eq!((said.damaged, said.aside), (1, 1), "{}", said.log);
    assert_eq!(said.torn_bytes, 0, "zeros are there for what comes next");
    let (mut queue, path) = (Vec::new(), folder.path().join("telemetry"));
    queue.extend(files(&path));
    assert_eq!(queue.len(), 1, "the folder that was left is as it was");
}
