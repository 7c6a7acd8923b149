//! Whole traces, and reports about whole requests.

use super::*;

#[test]
fn a_share_takes_whole_traces_of_both_signals() {
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
    let tenth = Route::new("tenth")
        .signals([Signal::Traces, Signal::Logs])
        .share(0.1)
        .to(["b"]);
    let rules = rules([tenth, Route::new("rest").drop_it()]);
    let mut chosen = 0;
    for trace in 0..300u128 {
        let trace_id = trace.to_be_bytes().to_vec();
        let one = |name| Span {
            trace_id: trace_id.clone(),
            ..span(name)
        };
        let body = encode(vec![resource(
            vec![],
            vec![("s", vec![one("x"), one("y")])],
        )]);
        let spans = plan(&rules, &body);
        let record = LogRecord {
            trace_id: trace_id.clone(),
            ..LogRecord::default()
        };
        let logs = ExportLogsServiceRequest {
            resource_logs: vec![ResourceLogs {
                scope_logs: vec![ScopeLogs {
                    log_records: vec![record],
                    ..ScopeLogs::default()
                }],
                ..ResourceLogs::default()
            }],
        };
        let logs = rules
            .plan(Signal::Logs, &logs.encode_to_vec().into(), 1)
            .unwrap();
        match names(&spans, B).0.len() {
            2 => {
                chosen += 1;
                assert_eq!(logs.parts.len(), 1);
            }
            0 => assert_eq!(logs.parts.len(), 0),
            other => panic!("{other} of two spans of a trace"),
        }
    }
    assert!((10..60).contains(&chosen), "{chosen} of 300");
}

#[test]
fn a_dry_run_tells_each_item() {
    let rules = rules([
        Route::new("hashed").hash("http.route"),
        Route::new("errors")
            .when(Subject::Status, Test::equals("error"))
            .to(["b"])
            .and_on(),
        Route::new("health")
            .when(Subject::Name, Test::glob("*health"))
            .drop_it(),
    ]);
    let body = shop();
    let report = rules.dry_run(Signal::Traces, &body).unwrap();
    let told: Vec<_> = report
        .items
        .iter()
        .map(|item| {
            format!(
                "{}: {} -> {}",
                item.name,
                item.rules.join("+"),
                item.to.join("+")
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "click: hashed -> a+b+c",
            "POST /pay: hashed+errors -> b",
            "GET /list: hashed -> a+b+c",
            "GET /health: hashed+health -> ",
        ]
    );
    assert_eq!(report.items[3].dropped_by.as_deref(), Some("health"));
    assert_eq!(report.dropped, [("health".to_owned(), 1)].into());
    let parts: Vec<_> = report
        .parts
        .iter()
        .map(|part| (&*part.destination, part.items))
        .collect();
    assert_eq!(parts, [("a", 2), ("c", 2), ("b", 3)]);
    let planned = plan(&rules, &body);
    for part in &report.parts {
        let bit = [("a", A), ("b", B), ("c", C)]
            .iter()
            .find(|(name, _)| *name == part.destination)
            .unwrap()
            .1;
        let real = planned
            .parts
            .iter()
            .find(|real| real.to & bit != 0)
            .unwrap();
        assert_eq!(
            part.request, real.body,
            "what would be sent is what is sent"
        );
    }
}
