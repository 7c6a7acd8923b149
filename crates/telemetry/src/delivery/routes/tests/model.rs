//! Rules on random requests, held against an obvious way to follow them on decoded ones.

use proptest::prelude::*;

use super::*;

/// Number of a span, and its marks.
type Seen = (u64, Vec<i64>);

/// A rule of a small world: what it asks, what it does.
#[derive(Debug, Clone)]
struct Rule {
    resource: Option<i64>,
    scope: Option<String>,
    item: Option<i64>,
    mark: bool,
    mark_resource: bool,
    action: Option<Option<Vec<String>>>,
    and_on: bool,
}

fn rule() -> impl Strategy<Value = Rule> {
    let to = prop::collection::vec("[abc]", 1..3);
    (
        prop::option::of(0i64..2),
        prop::option::of("[xy]"),
        prop::option::of(0i64..3),
        any::<bool>(),
        any::<bool>(),
        prop::option::of(prop::option::weighted(0.8, to)),
        any::<bool>(),
    )
        .prop_map(
            |(resource, scope, item, mark, mark_resource, action, and_on)| Rule {
                resource,
                scope,
                item,
                mark,
                mark_resource,
                action,
                and_on,
            },
        )
}

impl Rule {
    fn route(&self, at: usize) -> Route {
        let mut route = Route::new(format!("rule {at}"));
        if let Some(value) = self.resource {
            route = route.when(Subject::Resource("r".into()), Test::equals(value));
        }
        if let Some(name) = &self.scope {
            route = route.when(Subject::ScopeName, Test::equals(name.as_str()));
        }
        if let Some(value) = self.item {
            route = route.when(Subject::Attribute("i".into()), Test::equals(value));
        }
        let value = Literal::Int(at as i64);
        if self.mark {
            route = route.set(format!("mark {at}"), value.clone());
        }
        if self.mark_resource {
            let set = Wanted::Set(format!("mark {at}"), value);
            route = route.change(Owner::Resource, set);
        }
        match &self.action {
            Some(Some(to)) => route = route.to(to.clone()),
            Some(None) => route = route.drop_it(),
            None => {}
        }
        route.and_on = self.and_on && self.action.as_ref().is_some_and(Option::is_some);
        route
    }
}

fn number(attributes: &[KeyValue], key: &str) -> i64 {
    let found = attributes.iter().find(|one| one.key == key).unwrap();
    match found.value.as_ref().unwrap().value {
        Some(Any::IntValue(number)) => number,
        ref other => panic!("{other:?}"),
    }
}

fn marks(attributes: &[KeyValue]) -> Vec<i64> {
    let marks = attributes.iter().filter(|one| one.key.starts_with("mark"));
    marks.map(|one| number(attributes, &one.key)).collect()
}

/// What a destination is to get, sorted, and how many items are dropped by each rule.
fn expected(
    rules: &[Rule],
    request: &ExportTraceServiceRequest,
    destination: &str,
) -> (Vec<(Seen, Vec<i64>)>, Vec<u64>) {
    let mut seen = Vec::new();
    let mut dropped = vec![0; rules.len()];
    for outer in &request.resource_spans {
        let resource = number(&outer.resource.as_ref().unwrap().attributes, "r");
        for inner in &outer.scope_spans {
            let scope = &inner.scope.as_ref().unwrap().name;
            for span in &inner.spans {
                let item = number(&span.attributes, "i");
                let (mut marks, mut on_resource) = (Vec::new(), Vec::new());
                let (mut sent, mut got) = (false, false);
                let mut see = |marks: &Vec<i64>, on_resource: &Vec<i64>| {
                    if !got {
                        let span = (span.start_time_unix_nano, marks.clone());
                        seen.push((span, on_resource.clone()));
                        got = true;
                    }
                };
                for (at, rule) in rules.iter().enumerate() {
                    let matches = rule.resource.is_none_or(|wanted| wanted == resource)
                        && rule.scope.as_ref().is_none_or(|wanted| wanted == scope)
                        && rule.item.is_none_or(|wanted| wanted == item);
                    if !matches {
                        continue;
                    }
                    marks.extend(rule.mark.then_some(at as i64));
                    on_resource.extend(rule.mark_resource.then_some(at as i64));
                    match &rule.action {
                        Some(Some(to)) => {
                            if to.iter().any(|name| name == destination) {
                                see(&marks, &on_resource);
                            }
                            sent = true;
                            if !rule.and_on {
                                break;
                            }
                        }
                        Some(None) => {
                            dropped[at] += u64::from(!sent);
                            sent = true;
                            break;
                        }
                        None => {}
                    }
                }
                if !sent {
                    see(&marks, &on_resource);
                }
            }
        }
    }
    seen.sort();
    (seen, dropped)
}

/// What a part holds, sorted.
fn found(body: &Bytes) -> Vec<(Seen, Vec<i64>)> {
    let request = ExportTraceServiceRequest::decode(body.clone()).unwrap();
    let mut seen = Vec::new();
    for outer in &request.resource_spans {
        let on_resource = marks(&outer.resource.as_ref().unwrap().attributes);
        assert_eq!(outer.schema_url, "outer");
        for inner in &outer.scope_spans {
            for span in &inner.spans {
                let span = (span.start_time_unix_nano, marks(&span.attributes));
                seen.push((span, on_resource.clone()));
            }
        }
    }
    seen.sort();
    seen
}

/// Resources, in each scopes, in each items, all with what rules ask about.
fn request() -> impl Strategy<Value = ExportTraceServiceRequest> {
    let items = prop::collection::vec(0i64..3, 0..4);
    let scopes = prop::collection::vec(("[xy]", items), 0..3);
    let resources = prop::collection::vec((0i64..2, scopes), 0..4);
    resources.prop_map(|resources| {
        let mut next = 0;
        let int = |key, value| attribute(key, Any::IntValue(value));
        let resources = resources.iter().map(|(value, scopes)| {
            let scopes = scopes.iter().map(|(name, items)| {
                let spans = items.iter().map(|value| {
                    next += 1;
                    Span {
                        start_time_unix_nano: next,
                        attributes: vec![int("i", *value)],
                        ..Span::default()
                    }
                });
                (name.as_str(), spans.collect())
            });
            ResourceSpans {
                schema_url: "outer".to_owned(),
                ..resource(vec![int("r", *value)], scopes.collect())
            }
        });
        ExportTraceServiceRequest {
            resource_spans: resources.collect(),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_item_goes_where_it_is_to_go(
        routes in prop::collection::vec(rule(), 0..6),
        request in request(),
    ) {
        let rules = rules(routes.iter().enumerate().map(|(at, rule)| rule.route(at)));
        let body = encode(request.resource_spans.clone());
        let plan = plan(&rules, &body);
        for (name, bit) in [("a", A), ("b", B), ("c", C)] {
            let (expected, dropped) = expected(&routes, &request, name);
            let mut parts = plan.parts.iter().filter(|part| part.to & bit != 0);
            let part = parts.next();
            prop_assert!(parts.next().is_none(), "one part for each destination");
            let seen = part.map_or(Vec::new(), |part| found(&part.body));
            prop_assert_eq!(&seen, &expected, "{}", name);
            prop_assert_eq!(part.map_or(0, |part| part.items), expected.len() as u64);
            for (rule, items) in dropped.iter().enumerate() {
                let counted = plan.dropped.iter().filter(|(at, _)| *at == rule);
                prop_assert_eq!(counted.map(|(_, items)| items).sum::<u64>(), *items);
            }
        }
    }

    #[test]
    fn rubbish_is_refused_or_passed_without_a_panic(
        routes in prop::collection::vec(rule(), 0..4),
        body: Vec<u8>,
    ) {
        let rules = rules(routes.iter().enumerate().map(|(at, rule)| rule.route(at)));
        let body = Bytes::from(body);
        for signal in Signal::ALL {
            let _ = rules.plan(signal, &body, 1);
            let _ = rules.dry_run(signal, &body);
        }
    }
}
