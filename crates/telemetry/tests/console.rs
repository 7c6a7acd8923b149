//! The console exporter, seen from outside: this program starts itself again and reads what comes
//! out. Standard output belongs to the whole process, so it cannot be looked at from within.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::process::{Command, Stdio};

use http::StatusCode;
use serde_json::Value;
use support::{PATIENCE, config, relay, start, three_spans};

const CHILD: &str = "CONSOLE_TEST_CHILD";

/// Does nothing in the test run itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let telemetry = start(config(&[
        ("OTEL_TRACES_EXPORTER", "console"),
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_LOGS_EXPORTER", "none"),
    ]));
    assert_eq!(relay(&telemetry, three_spans()).await, StatusCode::OK);
    let report = telemetry.shutdown(PATIENCE).await;
    assert!(report.is_complete(), "{report}");
    let status = telemetry.status();
    let exported = support::count(&status, aether_telemetry::Outcome::Exported, "console", "");
    assert_eq!(exported, 3);
}

#[test]
fn a_request_is_one_line_of_json() {
    let this = std::env::current_exe().unwrap();
    let output = Command::new(this)
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD, "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    // The test runner prints, too, and may leave its line open.
    let json: Vec<Value> = text
        .lines()
        .filter_map(|line| serde_json::from_str(&line[line.find('{')?..]).ok())
        .collect();
    assert_eq!(json.len(), 1, "{text}");
    let spans = &json[0]["resourceSpans"][0]["scopeSpans"][0]["spans"];
    assert_eq!(spans.as_array().unwrap().len(), 3);
    assert_eq!(spans[0]["traceId"], "01".repeat(16));
    assert_eq!(spans[0]["startTimeUnixNano"], "1700000000000000000");
}
