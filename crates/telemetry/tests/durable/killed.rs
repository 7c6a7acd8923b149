//! A process that is killed at any moment while it is being sent telemetry.
//!
//! Ten rounds; `AETHER_TEST_KILLS` sets another number. `tests/faults` does the same to the whole
//! program, fifty times.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::sink::Mood;
use super::*;

const FOLDER: &str = "AETHER_TEST_CHILD_FOLDER";
const DESTINATION: &str = "AETHER_TEST_CHILD_DESTINATION";
const ADDRESS: &str = "relay at ";

/// The process that is killed: a relay, until the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the other tests run it as a process of its own"]
async fn child() {
    let variable = |name| std::env::var(name).expect("set by the test that runs this one");
    let folder = PathBuf::from(variable(FOLDER));
    let mut config = durable(&folder, &[&variable(DESTINATION)]);
    // What piles up while the destination is ill has room on any machine.
    config.queue_bytes = 512 * 1024 * 1024;
    let telemetry = start(config).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("\n{ADDRESS}{}", listener.local_addr().unwrap());
    axum::serve(listener, telemetry.relay_router())
        .await
        .unwrap();
}

/// Starts the process; gives its URL.
fn spawn(folder: &Path, sink: &Sink) -> (Child, String) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::child", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .env(DESTINATION, sink.url())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix(ADDRESS).map(str::to_owned))
        .expect("the process listens");
    (child, format!("http://{address}/v1/traces"))
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .tls_certs_only([])
        .build()
        .unwrap()
}

/// Sends one span after the other until the process is gone.
async fn ingest(url: String, next: Arc<AtomicU64>, accepted: Arc<Mutex<BTreeSet<u64>>>) {
    let client = client();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let sent = client
            .post(&url)
            .header("content-type", "application/x-protobuf")
            .body(request(number, 5_000))
            .send()
            .await;
        match sent {
            Ok(answer) if answer.status() == StatusCode::OK => {
                accepted.lock().unwrap().insert(number);
            }
            // The disk is busy: nothing was accepted, so nothing can be lost.
            Ok(answer) if answer.status() == StatusCode::SERVICE_UNAVAILABLE => {}
            Ok(answer) => panic!("{}", answer.status()),
            Err(_) => return,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_accepted_is_lost_by_kill_9() {
    let rounds = std::env::var("AETHER_TEST_KILLS").map_or(10, |text| text.parse().unwrap());
    let (folder, sink) = (Folder::new("killed"), Sink::start(Mood::Well).await);
    let next = Arc::new(AtomicU64::new(0));
    let accepted = Arc::new(Mutex::new(BTreeSet::new()));
    for round in 0..rounds {
        // Some rounds find their destination ill, so that much is waiting when the end comes.
        sink.mood(match round % 3 {
            0 => Mood::Well,
            1 => Mood::Status(503),
            _ => Mood::Slow(Duration::from_millis(5)),
        });
        let (mut child, url) = spawn(folder.path(), &sink);
        let before = accepted.lock().unwrap().len();
        let clients: Vec<_> = (0..4)
            .map(|_| {
                tokio::spawn(ingest(
                    url.clone(),
                    Arc::clone(&next),
                    Arc::clone(&accepted),
                ))
            })
            .collect();
        wait_for("telemetry flows", || {
            (accepted.lock().unwrap().len() > before + 3).then_some(())
        })
        .await;
        // Any moment is as good as another.
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let moment = u64::from(now.unwrap().subsec_micros() % 150);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        for client in clients {
            client.await.unwrap();
        }
    }
    sink.mood(Mood::Well);
    let (mut child, _) = spawn(folder.path(), &sink);
    let accepted = accepted.lock().unwrap().clone();
    assert!(accepted.len() > 3 * rounds, "{}", accepted.len());
    arrived(&format!("kill -9, {rounds} times"), &sink, &accepted).await;
    child.kill().unwrap();
    child.wait().unwrap();
}
