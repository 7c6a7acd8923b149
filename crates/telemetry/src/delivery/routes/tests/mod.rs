//! What becomes of requests, by the rules.

mod changes;
mod model;
mod whole;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;

use super::*;
use crate::config::{Subject, Test};
use crate::otlp::testing::{attribute, text};

/// Bits of the destinations a, b and c.
const A: u32 = 1;
const B: u32 = 2;
const C: u32 = 4;

/// Rules for the destinations a and b, which take everything, and c, which takes traces and logs.
fn rules(routes: impl IntoIterator<Item = Route>) -> Rules {
    let config = Config {
        routes: routes.into_iter().collect(),
        ..Config::default()
    };
    let names = ["a", "b", "c"].map(str::to_owned).to_vec();
    Rules::new(&config, names, [A | B | C, A | B | C, A | B]).unwrap()
}

fn resource(attributes: Vec<KeyValue>, scopes: Vec<(&str, Vec<Span>)>) -> ResourceSpans {
    let scopes = scopes.into_iter().map(|(name, spans)| ScopeSpans {
        scope: Some(InstrumentationScope {
            name: name.to_owned(),
            version: "1.2".to_owned(),
            attributes: vec![text("side", name)],
            ..InstrumentationScope::default()
        }),
        spans,
        ..ScopeSpans::default()
    });
    ResourceSpans {
        resource: Some(Resource {
            attributes,
            ..Resource::default()
        }),
        scope_spans: scopes.collect(),
        ..ResourceSpans::default()
    }
}

fn span(name: &str) -> Span {
    Span {
        trace_id: vec![1; 16],
        name: name.to_owned(),
        start_time_unix_nano: 1_000_000_000,
        end_time_unix_nano: 1_250_000_000,
        ..Span::default()
    }
}

fn encode(resources: Vec<ResourceSpans>) -> Bytes {
    let request = ExportTraceServiceRequest {
        resource_spans: resources,
    };
    request.encode_to_vec().into()
}

fn plan(rules: &Rules, body: &Bytes) -> Plan {
    let items = crate::otlp::count::items(Signal::Traces, body).unwrap();
    rules.plan(Signal::Traces, body, items).unwrap()
}

/// The names of the spans that a destination gets, and how often it gets a part.
fn names(plan: &Plan, to: u32) -> (Vec<String>, usize) {
    let (mut names, mut parts) = (Vec::new(), 0);
    for part in plan.parts.iter().filter(|part| part.to & to != 0) {
        let request = ExportTraceServiceRequest::decode(part.body.clone()).unwrap();
        let scopes = request.resource_spans.into_iter();
        let scopes = scopes.flat_map(|resource| resource.scope_spans);
        let spans = scopes.flat_map(|scope| scope.spans);
        let before = names.len();
        names.extend(spans.map(|span| span.name));
        assert_eq!(part.items, (names.len() - before) as u64);
        parts += 1;
    }
    (names, parts)
}

/// A request with everything that conditions ask about.
fn shop() -> Bytes {
    let mut failed = span("POST /pay");
    failed.kind = 2;
    failed.status = Some(Status {
        code: 2,
        ..Status::default()
    });
    failed.attributes = vec![
        attribute("http.response.status_code", Any::IntValue(503)),
        text("http.route", "/pay"),
    ];
    let mut slow = span("GET /list");
    slow.kind = 3;
    slow.end_time_unix_nano = 4_000_000_000;
    slow.attributes = vec![attribute("http.response.status_code", Any::IntValue(200))];
    encode(vec![
        resource(
            vec![
                text("service.name", "shop"),
                text("aether.source", "browser"),
            ],
            vec![("fetch", vec![span("click")]), ("empty", vec![])],
        ),
        resource(
            vec![text("service.name", "pay"), text("aether.client", "till")],
            vec![("axum", vec![failed, slow])],
        ),
        resource(
            vec![text("service.name", "own")],
            vec![("axum", vec![span("GET /health")])],
        ),
    ])
}

/// What the rule matches of [`shop`].
fn matched(route: Route) -> Vec<String> {
    let rules = rules([route.to(["b"]), Route::new("rest").to(["a"])]);
    let plan = plan(&rules, &shop());
    let (mut rest, _) = names(&plan, A);
    let (matched, _) = names(&plan, B);
    rest.extend(matched.clone());
    rest.sort();
    assert_eq!(rest, ["GET /health", "GET /list", "POST /pay", "click"]);
    assert_eq!(names(&plan, C).0, [""; 0]);
    matched
}

#[test]
fn conditions_on_everything() {
    use Subject::{Attribute, DurationMs, Kind, Name, ScopeAttribute, ScopeName, ScopeVersion};
    let key = |key: &str| Attribute(key.to_owned());
    let of_resource = |key: &str| Subject::Resource(key.to_owned());
    let code = "http.response.status_code";
    for (subject, test, expected) in [
        (of_resource("service.name"), Test::equals("shop"), "click"),
        (of_resource("service.name"), Test::glob("[ps]*"), ""),
        (
            of_resource("service.name"),
            Test::regex("^[ps]"),
            "click, POST /pay, GET /list",
        ),
        (
            of_resource("missing"),
            Test::Exists(false),
            "click, POST /pay, GET /list, GET /health",
        ),
        (ScopeName, Test::equals("fetch"), "click"),
        (
            ScopeVersion,
            Test::equals("1.2"),
            "click, POST /pay, GET /list, GET /health",
        ),
        (
            ScopeAttribute("side".to_owned()),
            Test::equals("axum"),
            "POST /pay, GET /list, GET /health",
        ),
        (Name, Test::glob("GET *"), "GET /list, GET /health"),
        (Kind, Test::equals("server"), "POST /pay"),
        (Kind, Test::equals("internal"), "click, GET /health"),
        (Subject::Status, Test::equals("error"), "POST /pay"),
        (
            Subject::Status,
            Test::not(Test::equals("error")),
            "click, GET /list, GET /health",
        ),
        (DurationMs, Test::AtLeast(3000.0), "GET /list"),
        (
            DurationMs,
            Test::equals(250.0),
            "click, POST /pay, GET /health",
        ),
        (key(code), Test::AtLeast(500.0), "POST /pay"),
        (key(code), Test::Exists(true), "POST /pay, GET /list"),
        (key("http.route"), Test::equals("/pay"), "POST /pay"),
        (Subject::Severity, Test::AtLeast(1.0), ""),
    ] {
        let what = format!("{subject:?} {test:?}");
        let found = matched(Route::new("rule").when(subject, test));
        assert_eq!(found.join(", "), expected, "{what}");
    }
}

#[test]
fn sources() {
    for (source, expected) in [
        ("browser", "click"),
        ("till", "POST /pay, GET /list"),
        ("server", "GET /health"),
        ("nobody", ""),
    ] {
        let found = matched(Route::new("rule").source(source));
        assert_eq!(found.join(", "), expected, "{source}");
    }
}

#[test]
fn without_a_rule_that_matches_everything_goes_everywhere_as_it_is() {
    let body = shop();
    let never = Route::new("never")
        .when(Subject::Name, Test::equals("x"))
        .to(["b"]);
    let plan = plan(&rules([never]), &body);
    assert_eq!(plan.parts.len(), 1);
    assert_eq!((plan.parts[0].to, plan.parts[0].items), (A | B | C, 4));
    assert_eq!(plan.parts[0].body.as_ptr(), body.as_ptr(), "not copied");
}

#[test]
fn the_first_that_sends_ends_the_way_unless_it_goes_on() {
    let errors = || Route::new("errors").when(Subject::Status, Test::equals("error"));
    let servers = Route::new("servers")
        .when(Subject::Kind, Test::equals("server"))
        .to(["b", "c"]);
    let first = plan(&rules([errors().to(["a"]), servers.clone()]), &shop());
    assert_eq!(names(&first, A).0.len(), 4);
    assert_eq!(names(&first, B).0.len(), 3, "all but the error");
    let both = plan(&rules([errors().to(["a"]).and_on(), servers]), &shop());
    assert_eq!(names(&both, A).0.len(), 4);
    assert_eq!(names(&both, B).0.len(), 4);
}

#[test]
fn a_destination_gets_one_part_even_where_rules_differ() {
    let rules = rules([
        Route::new("errors")
            .when(Subject::Status, Test::equals("error"))
            .to(["a", "b"]),
        Route::new("rest").to(["a"]),
    ]);
    let body = shop();
    let plan = plan(&rules, &body);
    assert_eq!(names(&plan, A).1, 1);
    assert_eq!(names(&plan, B), (vec!["POST /pay".to_owned()], 1));
    let whole = plan.parts.iter().find(|part| part.to == A).unwrap();
    assert_eq!(whole.body.as_ptr(), body.as_ptr(), "all of it: not copied");
}

#[test]
fn what_is_dropped_is_counted_by_its_rule() {
    let rules = rules([
        Route::new("copy")
            .when(Subject::Name, Test::equals("click"))
            .to(["c"])
            .and_on(),
        Route::new("gone")
            .when(Subject::Name, Test::glob("*l*"))
            .drop_it(),
    ]);
    let plan = plan(&rules, &shop());
    assert_eq!(names(&plan, A).0, ["POST /pay"]);
    assert_eq!(names(&plan, C).0, ["click", "POST /pay"], "sent before");
    assert_eq!(plan.dropped, [(1, 2)]);
    assert_eq!(rules.name(1), "gone");
}

#[test]
fn what_nobody_takes_is_known() {
    let rules = rules([Route::new("c").to(["c"])]);
    let metrics = Bytes::from_static(b"");
    let plan = rules.plan(Signal::Metrics, &metrics, 7).unwrap();
    assert_eq!((plan.parts.len(), plan.nowhere), (0, 7));
}

#[test]
fn rules_on_resources_look_at_no_span() {
    let mut rubbish = resource(vec![text("service.name", "shop")], vec![]).encode_to_vec();
    // A scope with two spans that are no protobuf.
    rubbish.extend_from_slice(b"\x12\x08\x12\x02\xff\xff\x12\x02\xff\xff");
    let mut body = Vec::new();
    crate::otlp::wire::put_bytes(&mut body, 1, &rubbish);
    let other = resource(
        vec![text("service.name", "pay")],
        vec![("x", vec![span("x")])],
    );
    crate::otlp::wire::put_bytes(&mut body, 1, &other.encode_to_vec());
    let shop = Route::new("shop")
        .when(
            Subject::Resource("service.name".to_owned()),
            Test::equals("shop"),
        )
        .to(["b"]);
    let plan = plan(&rules([shop]), &body.into());
    let items: Vec<_> = plan
        .parts
        .iter()
        .map(|part| (part.to, part.items))
        .collect();
    assert_eq!(items, [(A | C, 1), (B, 3)]);
}
