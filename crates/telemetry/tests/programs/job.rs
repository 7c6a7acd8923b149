//! A command without Socket.IO or HTTP.

use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use tokio::process::Command;

use crate::support::backend::{Act, Backend, status};
use crate::support::decoded::{attribute, logs, metrics, spans};
use crate::support::program::{Ended, Program, example};

async fn run(backend: &Backend, files: &[&str]) -> Ended {
    let mut job = Command::new(example("job"));
    job.args(files).current_dir(env!("CARGO_MANIFEST_DIR"));
    Program::spawn(job, &backend.url, &[]).ended().await
}

#[tokio::test]
async fn spans_logs_and_a_metric_arrive_before_it_ends() {
    let backend = Backend::start([], Some(status(200))).await;
    let ended = run(&backend, &["tests/readme.rs", "no/such/file"]).await;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.out.ends_with(" tests/readme.rs\n"), "{ended:?}");
    assert_eq!(ended.error, "all telemetry was delivered\n");

    let received = backend.received();
    let spans = spans(&received);
    let all = spans.iter().find(|span| span.name == "count all").unwrap();
    let each: Vec<_> = spans.iter().filter(|span| span.name == "count").collect();
    assert_eq!(each.len(), 2);
    for span in each {
        assert_eq!(span.parent_span_id, all.span_id);
        assert_eq!(span.trace_id, all.trace_id);
    }
    let logs = logs(&received);
    let texts: Vec<_> = logs.iter().map(|log| log.text()).collect();
    assert_eq!(texts, ["a file was left out", "done"]);
    for log in &logs {
        assert_eq!(
            (&log.record.span_id, log.scope.as_str()),
            (&all.span_id, "job")
        );
    }
    let message = attribute(&logs[0].record.attributes, "exception.message");
    assert!(message.unwrap().starts_with("No such file"));
    let metrics = metrics(&received);
    let words = metrics.iter().find(|metric| metric.name == "job.words");
    let Some(Data::Sum(words)) = words.and_then(|metric| metric.data.as_ref()) else {
        panic!("no words: {metrics:?}")
    };
    let printed: i64 = ended.out.split(' ').next().unwrap().parse().unwrap();
    assert_eq!(words.data_points[0].value, Some(Value::AsInt(printed)));
}

#[tokio::test]
async fn a_backend_that_hangs_is_told_and_fails_it() {
    let backend = Backend::start([], Some(Act::Hang)).await;
    let ended = run(&backend, &["tests/readme.rs"]).await;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.error.starts_with("not delivered:"), "{ended:?}");
}

#[tokio::test]
async fn wrong_settings_are_named_and_end_it_only_where_that_is_asked_for() {
    let run = async |strict| {
        let mut job = Command::new(example("job"));
        job.arg("tests/readme.rs")
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        let strict = ("AETHER_TELEMETRY_STRICT", strict);
        let ended = Program::spawn(job, "not a url", &[strict]).ended().await;
        let named = ended.error.contains("OTEL_EXPORTER_OTLP_ENDPOINT");
        assert!(named && !ended.error.contains("delivered"), "{ended:?}");
        (ended.status.code(), ended.out.is_empty())
    };
    assert_eq!(run("false").await, (Some(0), false));
    assert_eq!(run("true").await, (Some(2), true));
}
