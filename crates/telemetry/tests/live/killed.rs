//! A process that is killed while it writes its settings: one of both versions is there, whole.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::*;

const FOLDER: &str = "AETHER_TEST_CHILD_FOLDER";
const STARTED: &str = "changes begin";

/// The process that is killed: it changes its settings as fast as it can, until the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the other test runs it as a process of its own"]
async fn child() {
    let folder = std::env::var(FOLDER).expect("set by the test that runs this one");
    let folder = std::mem::ManuallyDrop::new(Folder::at(PathBuf::from(folder)));
    let telemetry = started(&folder, &[]);
    println!("\n{STARTED}");
    for number in 0_u64.. {
        let settings = json!({ "endpoint": format!("http://127.0.0.1:{}", 1 + number % 60_000), "timeout_ms": 1 + number });
        let done = put(&telemetry, "/destinations/a", settings).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    }
}

fn spawn(folder: &Folder) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::child", "--ignored", "--nocapture"])
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut lines = lines.map_while(Result::ok);
    assert!(lines.any(|line| line == STARTED), "the process begins");
    child
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_are_whole_after_kill_9() {
    let folder = Folder::new("killed");
    std::fs::write(file(&folder), "# mine\n").unwrap();
    for round in 0..10_u32 {
        let before = folder.read("telemetry.toml");
        let mut child = spawn(&folder);
        wait_for("it changes something", || {
            (folder.read("telemetry.toml") != before).then_some(())
        })
        .await;
        // Any moment is as good as another.
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let moment = u64::from(now.unwrap().subsec_micros() % 30);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let text = folder.read("telemetry.toml");
        assert!(text.contains("# mine"), "round {round}: {text}");
        let telemetry = started(&folder, &[]);
        let shown = get(&telemetry).await;
        assert_eq!(shown.destinations(), ["a"], "round {round}: {text}");
        let number = shown.body["destinations"][0]["timeout_ms"]
            .as_u64()
            .unwrap();
        let port = format!("http://127.0.0.1:{number}");
        assert_eq!(
            shown.body["destinations"][0]["endpoint"], port,
            "of one version"
        );
    }
}
