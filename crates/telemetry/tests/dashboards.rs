//! `deploy/grafana`: every query is PromQL and asks for metrics and labels that a server really has.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[path = "socketio/client.rs"]
#[allow(dead_code, reason = "of the client, only a part is needed here")]
mod client;
#[path = "common/spans.rs"]
#[allow(dead_code, unused_imports, reason = "of the spans, patience is needed")]
mod spans;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use aether_telemetry::Outcome;
use aether_telemetry::http::layer;
use aether_telemetry::socketio::{SocketTelemetry, TracedEmit, traced, traced_connect};
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use client::Client;
use futures_util::FutureExt;
use http::{Request, StatusCode};
use promql_parser::label::Matchers;
use promql_parser::parser::{self, Expr, LabelModifier};
use serde_json::{Value, json};
use socketioxide::SocketIo;
use socketioxide::extract::{Data, SocketRef};
use support::backend::{Backend, status};
use support::{config, relay, start, three_spans, wait_for};
use tokio::net::TcpListener;
use tower::ServiceExt;

/// Labels that Prometheus adds to what it scrapes, and those of histograms.
const ADDED: [&str; 3] = ["job", "instance", "le"];

/// The labels of every metric that is asked for.
type Asked = BTreeMap<String, BTreeSet<String>>;

fn deploy(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/grafana");
    std::fs::read_to_string(folder.join(file)).unwrap()
}

/// Every query of a dashboard, those for the values of its variables among them.
fn queries(dashboard: &str) -> Vec<String> {
    let dashboard: Value = serde_json::from_str(dashboard).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels
        .iter()
        .flat_map(|panel| panel["targets"].as_array().unwrap());
    let queries = targets.map(|target| target["expr"].as_str().unwrap());
    // As Grafana fills them in.
    let queries = queries.map(|query| query.replace("$__rate_interval", "1m"));
    let variables = dashboard["templating"]["list"].as_array().unwrap().iter();
    let variables = variables.filter_map(|variable| {
        // `label_values(metric{…}, label)` is no PromQL; this asks for the same.
        let query = variable["query"]["query"].as_str()?;
        let query = query.strip_prefix("label_values(")?.strip_suffix(')')?;
        let (series, label) = query.rsplit_once(", ").unwrap();
        Some(format!("sum by ({label}) ({series})"))
    });
    queries.chain(variables).collect()
}

/// Every query of a rule file: on the line of its key, or on the deeper lines after it.
fn rules(file: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = file.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(query) = line.trim().strip_prefix("expr: ") else {
            continue;
        };
        let indent = line.len() - line.trim_start().len();
        let deeper = |next: &&str| next.len() - next.trim_start().len() > indent;
        let mut query = query.trim_start_matches('|').to_owned();
        while let Some(next) = lines.next_if(deeper) {
            query.push_str(next);
            query.push('\n');
        }
        found.push(query);
    }
    found
}

fn ask(expr: &Expr, by: &BTreeSet<String>, asked: &mut Asked) {
    let mut selector = |name: Option<&String>, matchers: &Matchers| {
        let labels = asked.entry(name.unwrap().clone()).or_default();
        labels.extend(matchers.matchers.iter().map(|one| one.name.clone()));
        labels.extend(by.iter().cloned());
    };
    match expr {
        Expr::VectorSelector(one) => selector(one.name.as_ref(), &one.matchers),
        Expr::MatrixSelector(one) => selector(one.vs.name.as_ref(), &one.vs.matchers),
        Expr::Aggregate(one) => {
            let mut by = by.clone();
            if let Some(LabelModifier::Include(labels)) = &one.modifier {
                by.extend(labels.labels.iter().cloned());
            }
            ask(&one.expr, &by, asked);
        }
        Expr::Call(one) => {
            for argument in &one.args.args {
                ask(argument, by, asked);
            }
        }
        Expr::Binary(one) => {
            ask(&one.lhs, by, asked);
            ask(&one.rhs, by, asked);
        }
        Expr::Subquery(one) => ask(&one.expr, by, asked),
        Expr::Paren(one) => ask(&one.expr, by, asked),
        Expr::Unary(one) => ask(&one.expr, by, asked),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) => {}
        Expr::Extension(_) => panic!("{expr:?}"),
    }
}

/// The labels of every metric in a scrape.
fn scraped(text: &str) -> Asked {
    let mut found = Asked::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, _) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let names = labels.split("=\"").filter_map(|part| {
            let name = part.rsplit(['"', ',', '{']).next()?;
            (!name.is_empty() && name != "}").then(|| name.to_owned())
        });
        found.entry(name.to_owned()).or_default().extend(names);
    }
    found
}

async fn scrape(router: Router) -> String {
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    String::from_utf8(support::body(response).await).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn they_ask_for_what_there_is() {
    let mut asked = Asked::new();
    let mut number = 0;
    for query in queries(&deploy("socketio.json"))
        .into_iter()
        .chain(queries(&deploy("delivery.json")))
        .chain(rules(&deploy("alerts.yaml")))
    {
        let expr = parser::parse(&query).unwrap_or_else(|error| panic!("{query}: {error}"));
        ask(&expr, &BTreeSet::new(), &mut asked);
        number += 1;
    }
    assert!(number >= 40, "only {number} queries were found");

    // A backend that takes one request and refuses the others, so that there is everything.
    let backend = Backend::start([status(200)], Some(status(400))).await;
    let telemetry = start(config(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &backend.url),
        ("OTEL_METRICS_EXPORTER", "otlp,prometheus"),
    ]));
    let (sockets, io) = SocketIo::new_layer();
    let on_connect = async |socket: SocketRef| {
        socket.on(
            "order",
            traced(async |socket: SocketRef, Data(good): Data<bool>| {
                let _ = socket.traced().emit("ordered", &good);
                if good { Ok(()) } else { Err("sold out") }
            }),
        );
    };
    io.ns("/", traced_connect(SocketTelemetry::new(), on_connect));
    let app = telemetry
        .relay_router()
        .route("/hello", get(async || "hello"))
        .layer(sockets)
        .layer(layer());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(axum::serve(listener, app.clone()).into_future());

    assert_eq!(relay(&telemetry, three_spans()).await, StatusCode::OK);
    let bad = Request::post("/v1/traces").header("content-type", "text/plain");
    let bad = bad.body(Body::empty()).unwrap();
    let bad = app.clone().oneshot(bad).await.unwrap();
    assert_eq!(bad.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let hello = Request::get("/hello").body(Body::empty()).unwrap();
    // A request has ended when its answer has been read.
    support::body(app.oneshot(hello).await.unwrap()).await;
    let mut client = Client::plain(port).await;
    // More at once than begin a trace within a second.
    for number in 0..40 {
        client.emit(json!(["order", number % 2 == 0])).await;
    }
    telemetry.flush();
    wait_for("a success and a refusal", || {
        let counts = telemetry.status().counts;
        let exported = counts.iter().any(|one| one.outcome == Outcome::Exported);
        let refused = counts.iter().any(|one| &*one.reason == "http_400");
        (exported && refused).then_some(())
    })
    .await;

    wait_for("every metric and label", || {
        // The answer is made without waiting for anything.
        let text = scrape(telemetry.prometheus_router()).now_or_never()?;
        let missing = missing(&asked, &scraped(&text));
        println!("missing: {missing:?}");
        missing.is_empty().then_some(())
    })
    .await;
}

/// What is asked for and not there.
fn missing(asked: &Asked, there: &Asked) -> Vec<String> {
    let nothing = BTreeSet::new();
    let mut missing = Vec::new();
    for (metric, labels) in asked {
        let has = there.get(metric).unwrap_or(&nothing);
        if has.is_empty() {
            missing.push(metric.clone());
        }
        let labels = labels.iter().filter(|label| !has.contains(*label));
        let labels = labels.filter(|label| !ADDED.contains(&label.as_str()));
        missing.extend(labels.map(|label| format!("{metric}{{{label}}}")));
    }
    missing
}
