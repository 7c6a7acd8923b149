use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use proptest::prelude::*;
use prost::Message;

use super::*;

const SECOND: u64 = 1_000_000_000;

fn span(trace: u8, id: u8) -> Span {
    Span {
        trace_id: vec![trace; 16],
        span_id: vec![id; 8],
        start_time_unix_nano: 100 * SECOND,
        end_time_unix_nano: 101 * SECOND,
        ..Span::default()
    }
}

fn failed(span: Span) -> Span {
    Span {
        status: Some(Status {
            code: 2,
            ..Status::default()
        }),
        ..span
    }
}

fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

fn pieces(spans: Vec<Span>) -> Vec<Piece> {
    piece::cut(&request(spans).encode_to_vec(), Source::Own).unwrap()
}

fn held(change: impl FnOnce(&mut Settings)) -> Held {
    let mut settings = Settings {
        share: 0.0,
        ..Settings::default()
    };
    change(&mut settings);
    Held::new(Some(settings))
}

/// The ids of the spans that are to be handed on; they are.
fn kept(held: &mut Held) -> Vec<u8> {
    let ready = held.take_ready();
    let request = piece::join(ready.iter().map(|waiting| &waiting.piece));
    for waiting in &ready {
        held.handed_on(waiting);
    }
    let request = ExportTraceServiceRequest::decode(&*request).unwrap();
    let scopes = request.resource_spans.into_iter();
    let scopes = scopes.flat_map(|resource| resource.scope_spans);
    let spans = scopes.flat_map(|scope| scope.spans);
    let mut ids: Vec<_> = spans.map(|span| span.span_id[0]).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn whole_traces_are_kept_for_an_error_anywhere() {
    let mut held = held(|_| ());
    let now = Instant::now();
    held.insert(now, pieces(vec![span(1, 1), span(2, 2)]), None);
    held.insert(now, pieces(vec![failed(span(1, 3))]), None);
    let due = held.due(Some(now)).unwrap();
    assert_eq!(due, now + Duration::from_secs(10));
    assert!(held.take_ready().is_empty(), "not before its time");
    assert_eq!(held.due(Some(due)), None);
    assert_eq!(kept(&mut held), [1, 3]);
    assert_eq!(held.lost(), 1);
    let status = held.status();
    assert_eq!((status.kept, status.dropped), (1, 1));
    assert_eq!((status.traces, status.spans, status.bytes), (0, 0, 0));
    assert!(held.is_empty());
}

#[test]
fn duration_is_that_of_the_whole_trace() {
    let mut held = held(|tail| tail.slower_than = Some(Duration::from_secs(5)));
    let now = Instant::now();
    let mut late = span(1, 2);
    late.start_time_unix_nano = 104 * SECOND;
    late.end_time_unix_nano = 105 * SECOND;
    held.insert(now, pieces(vec![span(1, 1), span(2, 3)]), None);
    held.insert(now, pieces(vec![late]), None);
    held.due(None);
    assert_eq!(kept(&mut held), [1, 2], "no span of it took five seconds");
}

#[test]
fn a_share_of_the_rest_is_kept() {
    let mut held = held(|tail| tail.share = 0.5);
    for trace in 0..=255 {
        held.insert(Instant::now(), pieces(vec![span(trace, 1)]), None);
    }
    held.due(None);
    let found = kept(&mut held).len() as u64;
    assert!((90..=166).contains(&found), "{found}");
    assert_eq!(held.lost(), 256 - found);
}

#[test]
fn late_spans_follow_their_trace() {
    let mut held = held(|_| ());
    let now = Instant::now();
    held.insert(now, pieces(vec![failed(span(1, 1)), span(2, 2)]), None);
    held.due(None);
    assert_eq!(kept(&mut held), [1]);
    held.insert(now, pieces(vec![span(1, 3), span(2, 4)]), None);
    assert_eq!(kept(&mut held), [3]);
    held.insert(now, pieces(vec![failed(span(2, 5))]), None);
    held.insert(now, pieces(vec![span(2, 6)]), None);
    assert_eq!(kept(&mut held), [5, 6], "from the error on");
    assert_eq!(held.lost(), 2);
    assert_eq!(held.status().late, 4);
}

#[test]
fn the_oldest_are_decided_early_where_there_is_no_room() {
    let mut held = held(|tail| tail.bytes = 4000);
    let now = Instant::now();
    for trace in 1..=200 {
        let one = if trace % 2 == 0 {
            failed(span(trace, trace))
        } else {
            span(trace, trace)
        };
        let new = pieces(vec![one]);
        let cost = new.iter().map(Piece::cost).sum();
        if held.reserve(cost) {
            held.release(cost);
            held.insert(now, new, None);
        }
        assert!(held.status().bytes <= 4000);
    }
    let status = held.status();
    assert!(status.early > 0 && status.traces > 0, "{status:?}");
    let ids = kept(&mut held);
    assert!(
        ids.contains(&2) && ids.iter().all(|id| id % 2 == 0),
        "{ids:?}"
    );
    // What is kept took its part of the room, so new ones were refused in the end.
    assert!(ids.len() < 100);
    let new = pieces(vec![span(1, 1)]);
    assert!(held.reserve(new[0].cost()), "there is room again");
}

#[test]
fn a_request_larger_than_all_the_room_goes_alone() {
    let mut held = held(|tail| tail.bytes = 4000);
    assert!(held.reserve(10_000));
    assert!(!held.reserve(1));
    held.release(10_000);
    assert!(held.reserve(1));
}

#[test]
fn switched_off_everything_is_handed_on() {
    let mut held = Held::new(None);
    held.insert(Instant::now(), pieces(vec![span(1, 1), span(2, 2)]), None);
    assert_eq!(kept(&mut held), [1, 2]);
}

proptest! {
    #[test]
    fn pieces_joined_are_the_request(
        shape in prop::collection::vec(
            (0u32..2, prop::collection::vec(("[ab]", prop::collection::vec(0u8..4, 0..5)), 0..3)),
            0..3,
        ),
    ) {
        let mut next = 0;
        let resources = shape.iter().map(|(number, scopes)| ResourceSpans {
            resource: Some(Resource {
                dropped_attributes_count: *number,
                ..Resource::default()
            }),
            schema_url: "outer".to_owned(),
            scope_spans: scopes.iter().map(|(name, traces)| ScopeSpans {
                scope: Some(InstrumentationScope {
                    name: name.clone(),
                    ..InstrumentationScope::default()
                }),
                spans: traces.iter().map(|trace| {
                    next += 1;
                    Span { start_time_unix_nano: next, ..span(*trace, 1) }
                }).collect(),
                ..ScopeSpans::default()
            }).collect(),
        });
        let request = ExportTraceServiceRequest { resource_spans: resources.collect() };
        let pieces = piece::cut(&request.encode_to_vec(), Source::Own).unwrap();
        let joined = piece::join(pieces.iter());
        let joined = ExportTraceServiceRequest::decode(&*joined).unwrap();
        let placed = |request: ExportTraceServiceRequest| {
            let mut placed = Vec::new();
            for resource in request.resource_spans {
                let number = resource.resource.unwrap().dropped_attributes_count;
                assert_eq!(resource.schema_url, "outer");
                for scope in resource.scope_spans {
                    let name = scope.scope.unwrap().name;
                    let spans = scope.spans.into_iter();
                    placed.extend(spans.map(|span| (span.start_time_unix_nano, number, name.clone())));
                }
            }
            placed.sort();
            placed
        };
        prop_assert!(joined.resource_spans.len() <= 2, "the same resource once");
        prop_assert_eq!(placed(joined), placed(request));
    }

    #[test]
    fn rubbish_is_refused_without_a_panic(bytes: Vec<u8>) {
        let _ = piece::cut(&bytes, Source::Own);
    }
}

#[test]
fn other_settings_hold_for_what_waits() {
    let mut held = held(|_| ());
    let now = Instant::now();
    held.insert(now, pieces(vec![span(1, 1)]), None);
    let second = Duration::from_secs(1);
    held.set(Some(Settings {
        wait: second,
        share: 1.0,
        ..Settings::default()
    }));
    assert_eq!(held.due(Some(now)), Some(now + second));
    assert_eq!(held.due(Some(now + second)), None);
    assert_eq!(kept(&mut held), [1]);
    held.insert(now, pieces(vec![span(2, 2)]), None);
    held.set(None);
    assert_eq!(kept(&mut held), [2], "decided by what held before");
    assert!(
        held.reserve(10),
        "there is still room for what is on its way"
    );
    held.release(10);
    held.insert(now, pieces(vec![span(3, 3)]), None);
    assert_eq!(kept(&mut held), [3], "nothing is held any more");
    assert!(held.is_empty());
}
