use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use proptest::prelude::*;

use super::*;

const MIB: usize = 1024 * 1024;

fn id(number: u64) -> TraceId {
    u128::from(number).to_be_bytes()
}

fn span(trace: u64, span: u64, name: &str, padding: usize) -> Span {
    Span {
        trace_id: id(trace).to_vec(),
        span_id: span.to_be_bytes().to_vec(),
        name: name.to_owned(),
        kind: 2,
        start_time_unix_nano: trace * 1_000,
        end_time_unix_nano: trace * 1_000 + 500,
        trace_state: "x".repeat(padding),
        ..Span::default()
    }
}

fn request(service: &str, spans: Vec<Span>) -> ExportTraceServiceRequest {
    let name = KeyValue {
        key: "service.name".to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(service.to_owned())),
        }),
        ..KeyValue::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: vec![name],
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans {
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

fn names(names: &[Arc<str>]) -> Vec<&str> {
    names.iter().map(|name| &**name).collect()
}

#[test]
fn spans_of_both_sides_join_one_trace() {
    let store = Store::new(MIB);
    store.insert(request("page", vec![span(1, 1, "click", 0)]));
    store.insert(request(
        "server",
        vec![span(1, 2, "handle", 0), span(2, 3, "other", 0)],
    ));
    let trace = store.trace(id(1)).unwrap();
    let services: Vec<_> = trace.records.iter().map(|r| &*r.origin.service).collect();
    assert_eq!(services, ["page", "server"]);
    assert_eq!(trace.records[1].span(), span(1, 2, "handle", 0));
    assert_eq!(names(&store.services()), ["page", "server"]);
    let operations = store.operations("server");
    assert_eq!(operations, [("handle".into(), 2), ("other".into(), 2)]);
    assert!(store.operations("nobody").is_empty());
}

#[test]
fn the_oldest_trace_goes_whole_and_is_recognised_when_it_comes_back() {
    let store = Store::new(MIB);
    store.insert(request(
        "old",
        vec![span(1, 1, "a", 1000), span(1, 2, "b", 1000)],
    ));
    let mut last = 1;
    while store.trace(id(1)).is_some() {
        last += 1;
        store.insert(request("new", vec![span(last, 1, "c", 1000)]));
    }
    let status = store.status();
    assert_eq!((status.evicted_traces, status.evicted_spans), (1, 2));
    assert!(status.bytes <= MIB);
    assert!(store.trace(id(2)).is_some(), "only the oldest had to go");
    assert_eq!(names(&store.services()), ["new"], "no trace left of `old`");

    store.insert(request("old", vec![span(1, 3, "late", 0)]));
    let late = store.trace(id(1)).unwrap();
    assert!(late.partial && late.records.len() == 1);
    assert!(!store.trace(id(last)).unwrap().partial);
}

#[test]
fn one_trace_cannot_fill_the_store() {
    let store = Store::new(MIB);
    store.insert(request("other", vec![span(2, 1, "kept", 0)]));
    let spans = (1..=1000).map(|n| span(1, n, "big", 1000)).collect();
    let inserted = store.insert(request("greedy", spans));
    assert_eq!(inserted.stored + inserted.trace_full, 1000);
    assert!(inserted.trace_full > 0);
    let trace = store.trace(id(1)).unwrap();
    assert_eq!(trace.dropped, inserted.trace_full);
    assert!(store.status().bytes <= MIB / TRACE_SHARE * 2);
    assert!(
        store.trace(id(2)).is_some(),
        "others are not evicted for it"
    );
}

#[test]
fn spans_of_one_trace_are_bounded_in_number() {
    let store = Store::new(1024 * MIB);
    let count = MAX_SPANS_PER_TRACE as u64 + 5;
    let spans = (1..=count).map(|n| span(1, n, "s", 0)).collect();
    let inserted = store.insert(request("a", spans));
    assert_eq!(inserted.trace_full, 5);
    assert_eq!(
        store.trace(id(1)).unwrap().records.len(),
        MAX_SPANS_PER_TRACE
    );
}

#[test]
fn what_could_never_fit_is_refused() {
    let store = Store::new(MIB);
    let inserted = store.insert(request("a", vec![span(1, 1, "huge", MIB)]));
    assert_eq!((inserted.stored, inserted.trace_full), (0, 1));
    let inserted = store.insert(request(&"n".repeat(MIB), vec![span(2, 1, "s", 0)]));
    assert_eq!((inserted.stored, inserted.trace_full), (0, 1));
    let status = store.status();
    assert_eq!((status.traces, status.bytes), (0, 0));
}

#[test]
fn a_span_sent_twice_is_kept_once() {
    let store = Store::new(MIB);
    for _ in 0..3 {
        let inserted = store.insert(request("a", vec![span(1, 1, "s", 0)]));
        assert_eq!(inserted.stored, 1);
    }
    assert_eq!(store.status().spans, 1);
}

#[test]
fn spans_without_valid_ids_are_counted() {
    let store = Store::new(MIB);
    let mut short = span(1, 1, "s", 0);
    short.trace_id.pop();
    let inserted = store.insert(request(
        "a",
        vec![span(0, 1, "s", 0), span(1, 0, "s", 0), short],
    ));
    assert_eq!((inserted.stored, inserted.invalid), (0, 3));
}

#[test]
fn search_finds_the_newest_that_match() {
    let store = Store::new(MIB);
    for n in 1..=200 {
        let service = if n % 2 == 0 { "even" } else { "odd" };
        store.insert(request(
            service,
            vec![span(n, 1, &format!("op{}", n % 10), 0)],
        ));
    }
    let found = |filter: &Filter, limit| -> Vec<u64> {
        let found = store.search(filter, limit, |_| true);
        let starts = found.iter().map(|trace| trace.records[0].start / 1000);
        starts.collect()
    };
    assert_eq!(found(&Filter::default(), 3), [200, 199, 198]);
    let mut filter = Filter {
        service: Some("odd".to_owned()),
        ..Filter::default()
    };
    assert_eq!(found(&filter, 2), [199, 197]);
    filter.operation = Some("op3".to_owned());
    assert_eq!(found(&filter, 100).len(), 20);
    filter.end = Some(100_000);
    assert_eq!(found(&filter, 1), [93]);
    filter.min_duration = Some(501);
    assert!(found(&filter, 1).is_empty());
    // Far back, behind more than one chunk of candidates.
    let early = Filter {
        end: Some(1_000),
        ..Filter::default()
    };
    assert_eq!(found(&early, 5), [1]);
    let rejected = store.search(&Filter::default(), 5, |record| record.start == 7_000);
    assert_eq!(rejected[0].id, id(7));
}

proptest! {
    /// Whatever comes in, the bound holds, the sums agree with what is there, and when all is
    /// evicted nothing is left behind.
    #[test]
    fn sums_agree_and_the_bound_holds(
        inserts in prop::collection::vec((1u64..40, 1u64..20, 0usize..6, 0usize..30_000), 1..120)
    ) {
        let store = Store::new(256 * 1024);
        for (trace, number, service, padding) in inserts {
            let span = span(trace, number, &format!("op{number}"), padding);
            store.insert(request(&format!("s{service}"), vec![span]));
            prop_assert!(store.status().bytes <= 256 * 1024);
        }
        let mut state = store.lock();
        let spans: usize = state.traces.values().map(|trace| trace.records.len()).sum();
        prop_assert_eq!(state.spans, spans);
        let records = state.traces.values().flat_map(|trace| &trace.records);
        let records: usize = records.map(|record| record.cost()).sum();
        let origins: usize = state.origins.values().map(|(origin, _)| origin.cost()).sum();
        prop_assert_eq!(state.bytes, records + origins);
        while state.evict_oldest() {}
        prop_assert_eq!((state.bytes, state.spans, state.traces.len()), (0, 0, 0));
        prop_assert!(state.origins.is_empty() && state.index.is_empty());
    }
}
