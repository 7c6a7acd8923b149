//! Panics of real processes: their log record arrives although the process ends. Without a harness,
//! because in its children `main` must be the main thread.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use aether_telemetry::{SHUTDOWN_TIMEOUT, Telemetry};
use support::backend::{Act, Backend, Received, status};
use support::decoded::{attribute, logs};
use support::program::{Ended, Program};
use tracing_subscriber::prelude::*;

/// What a child is to do.
const ROLE: &str = "AETHER_TEST_ROLE";

fn main() {
    let Ok(role) = std::env::var(ROLE) else {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(tests());
        println!("panics: ok");
        return;
    };
    if role == "abort" {
        std::panic::set_hook(Box::new(|_| std::process::abort()));
    }
    let telemetry = Telemetry::builder()
        .default_service_name("panics")
        .panic_hook(true)
        .build()
        .unwrap();
    tracing_subscriber::registry()
        .with(telemetry.tracing_layer())
        .with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr))
        .init();
    match role.as_str() {
        "task" => task(&telemetry),
        "dropped" => {
            tracing::info!("waits");
            telemetry.flush();
            drop(telemetry);
        }
        _ => tracing::info_span!("work").in_scope(|| panic!("hunter2 was typed")),
    }
}

/// A task panics on the main thread, and the process goes on.
fn task(telemetry: &Telemetry) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let task = tokio::spawn(async { panic!("hunter2 was typed") });
        assert!(task.await.is_err());
        println!("going on");
        let report = telemetry.shutdown(SHUTDOWN_TIMEOUT).await;
        assert!(report.is_complete(), "{report}");
    });
}

/// Runs a child to its end. Nothing leaves it by itself: batches wait for an hour.
async fn run(role: &str, backend: &Backend) -> Ended {
    let this = std::env::current_exe().unwrap();
    let hour = "3600000";
    let variables = [
        (ROLE, role),
        ("OTEL_BSP_SCHEDULE_DELAY", hour),
        ("OTEL_BLRP_SCHEDULE_DELAY", hour),
        ("OTEL_METRIC_EXPORT_INTERVAL", hour),
    ];
    Program::start(this, &backend.url, &variables).ended().await
}

fn assert_logged(received: &[Received], in_span: bool) {
    let logs = logs(received);
    let [log] = &logs[..] else {
        panic!("one panic, not {logs:?}")
    };
    assert_eq!(log.text(), "a thread panicked");
    assert_eq!(
        (log.scope.as_str(), log.record.severity_text.as_str()),
        ("panic", "ERROR")
    );
    let get = |key| attribute(&log.record.attributes, key);
    assert_eq!(get("exception.type").as_deref(), Some("panic"));
    assert_eq!(get("thread.name").as_deref(), Some("main"));
    assert!(get("code.file.path").unwrap().ends_with("panics.rs"));
    assert!(get("code.line.number").is_some());
    assert_eq!(log.record.trace_id.is_empty(), !in_span);
    assert!(!format!("{log:?}").contains("hunter2"));
}

async fn tests() {
    let backend = Backend::start([], Some(status(200))).await;
    let ended = run("main", &backend).await;
    assert_eq!(ended.status.code(), Some(101), "{ended:?}");
    assert!(
        ended.error.contains("hunter2"),
        "told on the spot: {ended:?}"
    );
    assert_logged(&backend.received(), true);

    let backend = Backend::start([], Some(status(200))).await;
    let ended = run("abort", &backend).await;
    assert_eq!(ended.status.code(), None, "ended by a signal: {ended:?}");
    assert_logged(&backend.received(), true);

    let backend = Backend::start([], Some(status(200))).await;
    let ended = run("task", &backend).await;
    assert!(
        ended.status.success() && ended.out.contains("going on"),
        "{ended:?}"
    );
    assert_logged(&backend.received(), false);

    // A backend that never answers does not keep the process.
    let backend = Backend::start([], Some(Act::Hang)).await;
    let ended = run("main", &backend).await;
    assert_eq!(ended.status.code(), Some(101), "{ended:?}");
    let ended = run("dropped", &backend).await;
    assert!(ended.status.success(), "{ended:?}");
    assert!(
        ended.error.contains("dropped without a shutdown"),
        "{ended:?}"
    );
}
